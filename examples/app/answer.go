package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/contrib/webauthn"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

//go:embed templates
var templates embed.FS

// parsePages returns the pages by name, each with the layout around it.
func parsePages() (map[string]*template.Template, error) {
	pages := map[string]*template.Template{}
	files, err := templates.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".html")
		if pages[name], err = template.ParseFS(templates, "templates/layout.html", "templates/"+file.Name()); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// view is what a page shows.
type view struct {
	Name     string // of the application
	Notice   string // of the step before
	Problem  string // with what was sent
	SignedIn bool
	Google   bool // whether the application has it
	Data     any  // of this page
}

// show answers with a page.
func (a *app) show(w http.ResponseWriter, r *http.Request, page string, data any) error {
	return a.render(w, r, http.StatusOK, page, data, "")
}

// again answers with the page of a form whose content was refused for a reason that the person may know, and returns any
// other error.
func (a *app) again(w http.ResponseWriter, r *http.Request, page string, data any, err error) error {
	status, text := explain(w, err)
	if status == 0 {
		return err
	}
	return a.render(w, r, status, page, data, text)
}

func (a *app) render(w http.ResponseWriter, r *http.Request, status int, page string, data any, problem string) error {
	v := view{
		Name: applicationName, Notice: a.sessions.PopString(r.Context(), noticeKey), Problem: problem,
		SignedIn: a.sessions.Exists(r.Context(), proofKey), Google: a.google != nil, Data: data,
	}
	var body bytes.Buffer // so that a page which fails is not half sent
	if err := a.pages[page].ExecuteTemplate(&body, "layout.html", v); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the client may have gone
	return nil
}

// redirect leads to a page of this application, never to an address that a request names. For a script it is an object, since
// fetch would follow the redirect itself.
func (a *app) redirect(w http.ResponseWriter, r *http.Request, to string) error {
	if wantsJSON(r) {
		return answerJSON(w, http.StatusOK, map[string]string{"location": to})
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func wantsJSON(r *http.Request) bool { return r.Header.Get("Accept") == "application/json" }

func answerJSON(w http.ResponseWriter, status int, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
	return nil
}

// explain returns the status and the text of an error that the person may know the reason of, and the status 0 of another.
func explain(w http.ResponseWriter, err error) (status int, text string) {
	var (
		throttled *signin.ThrottledError
		needed    *signin.SecondFactorError
		invalid   *violation.Error
	)
	switch {
	case errors.As(err, &throttled):
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(throttled.RetryAfter.Seconds()))))
		return http.StatusTooManyRequests, "That was too often. " + sentence(throttled.Error())
	case errors.Is(err, errTooOften):
		return http.StatusTooManyRequests, sentence(errTooOften.Error())
	case errors.Is(err, idem.ErrWrongPassword):
		return http.StatusUnauthorized, "The e-mail address or the password is wrong."
	case errors.Is(err, idem.ErrInactive):
		return http.StatusForbidden, "This account is blocked."
	case errors.Is(err, signin.ErrWrongCode), errors.Is(err, signin.ErrLocked), errors.Is(err, signin.ErrNoFactor),
		errors.Is(err, webauthn.ErrRefused), errors.Is(err, webauthn.ErrCloned), errors.Is(err, errGoogle):
		return http.StatusUnauthorized, sentence(err.Error())
	case errors.As(err, &needed) && needed.Wrong:
		return http.StatusUnauthorized, "The second factor is wrong."
	case errors.As(err, &needed):
		return http.StatusUnauthorized, "This account has a second factor: type a code of it as well."
	case errors.As(err, &invalid):
		var lines []string
		for _, v := range invalid.Violations {
			lines = append(lines, fmt.Sprintf("The field %s %s.", path.Base(v.Pointer), v.Message))
		}
		return http.StatusBadRequest, strings.Join(lines, " ")
	case errors.Is(err, credentials.ErrLastFirstFactor):
		return http.StatusBadRequest, sentence(credentials.ErrLastFirstFactor.Error())
	case errors.Is(err, storage.ErrConflict):
		return http.StatusConflict, "It belongs to another account."
	}
	return 0, ""
}

// sentence makes a sentence of an error's text.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

// fail answers a request whose action has failed.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	ctx := r.Context()
	switch {
	case errors.Is(err, signin.ErrSignedOut):
		if err = a.sessions.Destroy(ctx); err == nil {
			a.sessions.Put(ctx, noticeKey, "Please sign in.")
			err = a.redirect(w, r, "/sign-in")
		}
	case errors.Is(err, signin.ErrStepUp):
		a.sessions.Put(ctx, noticeKey, "For this, please sign in once more.")
		err = a.redirect(w, r, "/sign-in")
	default:
		status, text := explain(w, err)
		switch {
		case status != 0:
		case idem.KindOf(err) == idem.KindUnavailable:
			status, text = http.StatusServiceUnavailable, "Please try again in a moment."
		default:
			a.logger.ErrorContext(ctx, "a request failed", "path", r.URL.Path, "error", err)
			status, text = http.StatusInternalServerError, "That was our fault, and we have noted it."
		}
		if wantsJSON(r) {
			err = answerJSON(w, status, map[string]string{"problem": text})
		} else {
			err = a.render(w, r, status, "problem", nil, text)
		}
	}
	if err != nil {
		a.logger.ErrorContext(ctx, "an answer failed", "path", r.URL.Path, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
	}
}
