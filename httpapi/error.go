package httpapi

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// problem is an answer that describes an error. It is the error type of this package. problemOf
// converts the errors of package idem to it.
type problem struct {
	status     int
	id         string                // stable, for programs
	message    string                // what kind of thing went wrong
	reason     string                // what exactly, for a person; may be empty
	violations []violation.Violation // the first violation.Max are reported
	conflict   *storage.ConflictError
	header     http.Header // to be set on the answer; may be nil
}

func (p *problem) Error() string { return p.message }

var errNoRoute = &problem{status: http.StatusNotFound, id: "no_such_route", message: "There is no route for this path."}

func methodNotAllowed(allowed []string) *problem {
	return &problem{
		status: http.StatusMethodNotAllowed, id: "method_not_allowed",
		message: "This path does not support this method.",
		reason:  "Allowed: " + strings.Join(allowed, ", ") + ".",
		header:  http.Header{"Allow": {strings.Join(allowed, ", ")}},
	}
}

// denial is the error type that [Unauthorized] and [Forbidden] return.
type denial struct{ problem }

// Unwrap makes the problem visible to errors.As.
func (d *denial) Unwrap() error { return &d.problem }

// Unauthorized returns an error for the authorize function of [New]. It is answered with 401:
// the client has not authenticated. challenge is sent as WWW-Authenticate (RFC 9110, section
// 11.6.1); if it is empty, "Bearer" is sent. reason is shown to the client and may be empty.
func Unauthorized(challenge, reason string) error {
	if challenge == "" {
		challenge = "Bearer"
	}
	return &denial{problem{
		status: http.StatusUnauthorized, id: "unauthorized",
		message: "The request must be authenticated.", reason: reason,
		header: http.Header{"Www-Authenticate": {challenge}},
	}}
}

// Forbidden returns an error for the authorize function of [New]. It is answered with 403. An
// error that does not come from this package is answered with 403 too. reason is shown to the
// client and may be empty.
func Forbidden(reason string) error {
	return &denial{problem{
		status: http.StatusForbidden, id: "forbidden",
		message: "The request is not allowed.", reason: reason,
	}}
}

// kinds maps the kind of an error to its answer. It is the only such table. A kind that is
// missing from it is an internal fault.
var kinds = map[idem.Kind]problem{
	idem.KindInvalid:      {status: http.StatusBadRequest, id: "validation_failed", message: "The request is not valid."},
	idem.KindNotFound:     {status: http.StatusNotFound, id: "not_found", message: "There is no such identity."},
	idem.KindConflict:     {status: http.StatusConflict, id: "conflict", message: "Something that must be unique belongs to another identity."},
	idem.KindPrecondition: {status: http.StatusPreconditionFailed, id: "precondition_failed", message: "The identity is not at the expected revision."},
	idem.KindVetoed:       {status: http.StatusUnprocessableEntity, id: "vetoed", message: "The application refused the change."},
	idem.KindGone:         {status: http.StatusGone, id: "gone", message: "Changes after this position were pruned. Read the identities again."},
	idem.KindUnavailable:  {status: http.StatusServiceUnavailable, id: "unavailable", message: "The service cannot answer now. Try again later."},
	idem.KindCanceled:     {status: http.StatusServiceUnavailable, id: "canceled", message: "The request was canceled before it was done."},
}

var internalProblem = problem{status: http.StatusInternalServerError, id: "internal_error", message: "Internal server error."}

// problemOf returns how err is answered.
func problemOf(err error) *problem {
	if p := (*problem)(nil); errors.As(err, &p) {
		return p
	}
	e := (*idem.Error)(nil)
	if !errors.As(err, &e) {
		// A part of the body that was read here, before a use case saw it.
		if invalid := violations(err); invalid != nil {
			return invalidBody(&violation.Error{Violations: invalid})
		}
		return &internalProblem
	}
	p, known := kinds[e.Kind]
	if !known {
		return &internalProblem
	}
	switch e.Kind {
	case idem.KindInvalid:
		p.violations = violations(e.Err)
		p.reason = reason(p.violations)
		if p.violations == nil {
			// Why a credential stays: said by package credentials, with no field to name.
			p.reason = sentence(e.Err.Error())
		}
	case idem.KindConflict:
		if errors.As(err, &p.conflict) {
			p.reason = sentence(p.conflict.Error())
		} else {
			p.id, p.message = "test_failed", "A test of the patch failed."
			p.reason = sentence(e.Err.Error())
		}
	case idem.KindVetoed:
		if veto := (*idem.VetoError)(nil); errors.As(err, &veto) {
			p.reason = veto.Error()
		}
	case idem.KindNotFound:
		if errors.Is(err, credentials.ErrNoCredential) {
			p.message = "The identity has no such credential."
		}
	}
	return &p
}

// under returns p for a part of a request: its pointers are into the whole, and it has
// its first violations, at most as many as given with those of their alternatives.
func (p *problem) under(pointer string, most int) *problem {
	moved := *p
	if len(p.violations) > 0 {
		placed := (&violation.Error{Violations: first(p.violations, most)}).Under(pointer)
		moved.violations = placed.Violations
	}
	if moved.violations != nil {
		moved.reason = reason(moved.violations)
		if untold := len(p.violations) - len(moved.violations); untold > 0 {
			moved.reason += fmt.Sprintf("; and %d more", untold)
		}
	}
	if p.conflict != nil && p.conflict.Pointer != "" {
		conflict := *p.conflict
		conflict.Pointer = pointer + conflict.Pointer
		moved.conflict = &conflict
	}
	return &moved
}

// first returns the first of the violations, at most as many as given. Those of alternatives count, too; a violation
// whose alternatives are too many has none.
func first(violations []violation.Violation, most int) []violation.Violation {
	var kept []violation.Violation
	for _, v := range violations {
		if most == 0 {
			break
		}
		size := count(v)
		if size > most {
			v.Alternatives, size = nil, 1
		}
		kept, most = append(kept, v), most-size
	}
	return kept
}

// count returns how many violations v is, with those of its alternatives.
func count(v violation.Violation) int {
	all := 1
	for _, branch := range v.Alternatives {
		for _, inner := range branch {
			all += count(inner)
		}
	}
	return all
}

// keywordInvalid stands where no keyword of JSON Schema says what is wrong.
const keywordInvalid = "invalid"

// violations collects the violations of everything that was joined into err.
func violations(err error) []violation.Violation {
	if invalid := (*violation.Error)(nil); errors.As(violation.Join(err), &invalid) {
		return invalid.Violations
	}
	return nil
}

// maxReasons is how many violations the text for a person names.
const maxReasons = 20

// reason sums violations up for a person.
func reason(violations []violation.Violation) string {
	var parts []string
	for n, v := range violations {
		if n == maxReasons {
			parts = append(parts, fmt.Sprintf("and %d more", len(violations)-n))
			break
		}
		if v.Pointer == "" {
			parts = append(parts, v.Message)
			continue
		}
		parts = append(parts, v.Pointer+" "+v.Message)
	}
	return strings.Join(parts, "; ")
}

func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// explain returns how err is answered, and logs it if it is a fault of ours that no
// use case has logged.
func (h *Handler) explain(r *http.Request, err error) *problem {
	p := problemOf(err)
	if e := (*idem.Error)(nil); p.status == http.StatusInternalServerError && !errors.As(err, &e) {
		h.logger.LogAttrs(r.Context(), slog.LevelError, "request failed", slog.String("operation", Operation(r)), slog.Any("error", err))
	}
	return p
}

func (h *Handler) writeError(w http.ResponseWriter, r *http.Request, err error) {
	p := h.explain(r, err)
	a := answer{status: p.status, header: p.header}
	if prefersProblem(r) {
		a.mediaType, a.body = "application/problem+json", p.problemDetails()
	} else {
		a.body = p.envelope()
	}
	a.write(w, r)
}

// envelope returns the body of the answer.
func (p *problem) envelope() []byte {
	w := jsonwriter.New(nil)
	w.BeginObject()
	w.Name("error")
	p.write(w)
	w.EndObject()
	return w.Bytes()
}

// write writes the problem as an object. details is always one too: clients decode it
// so.
func (p *problem) write(w *jsonwriter.Writer) {
	w.BeginObject()
	w.Name("code")
	w.Int(int64(p.status))
	w.StringMember("status", http.StatusText(p.status))
	w.StringMember("id", p.id)
	w.StringMember("message", p.message)
	if p.reason != "" {
		w.StringMember("reason", p.reason)
	}
	w.Name("details")
	p.writeDetails(w)
	w.EndObject()
}

// prefersProblem reports whether the client asked for problem details (RFC 9457) by
// name. A wildcard is no such wish.
func prefersProblem(r *http.Request) bool { return accepts(r, "application/problem+json") }

// accepts reports whether the client asked for a media type by name (RFC 9110, section
// 12.5.1).
func accepts(r *http.Request, want string) bool {
	for _, part := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		mediaType, parameters, err := mime.ParseMediaType(part)
		if err != nil || mediaType != want {
			continue
		}
		quality, err := strconv.ParseFloat(parameters["q"], 64)
		return err != nil || quality > 0
	}
	return false
}

// problemDetails returns the same information in the form of RFC 9457, section 3.1,
// with id and details as extension members. The type is about:blank, so the title is
// the text of the status.
func (p *problem) problemDetails() []byte {
	w := jsonwriter.New(nil)
	w.BeginObject()
	w.StringMember("type", "about:blank")
	w.StringMember("title", http.StatusText(p.status))
	w.Name("status")
	w.Int(int64(p.status))
	w.StringMember("detail", strings.TrimSpace(p.message+" "+p.reason))
	w.StringMember("id", p.id)
	w.Name("details")
	p.writeDetails(w)
	w.EndObject()
	return w.Bytes()
}

func (p *problem) writeDetails(w *jsonwriter.Writer) {
	w.BeginObject()
	if len(p.violations) > 0 {
		w.Name("violations")
		writeViolations(w, p.violations[:min(len(p.violations), violation.Max)])
	}
	if p.conflict != nil {
		w.Name("conflict")
		w.BeginObject()
		w.StringMember("kind", string(p.conflict.Kind))
		if p.conflict.Type != "" {
			w.StringMember("type", p.conflict.Type)
		}
		if p.conflict.Pointer != "" {
			w.StringMember("pointer", p.conflict.Pointer)
		}
		w.EndObject()
	}
	w.EndObject()
}

// writeViolations writes violations as an array of objects. Their nesting is that of the schema they break, which is
// bounded.
func writeViolations(w *jsonwriter.Writer, violations []violation.Violation) {
	w.BeginArray()
	for _, v := range violations {
		w.BeginObject()
		w.StringMember("pointer", v.Pointer)
		w.StringMember("keyword", cmp.Or(v.Keyword, keywordInvalid))
		w.StringMember("message", v.Message)
		if len(v.Alternatives) > 0 {
			w.Name("alternatives")
			w.BeginArray()
			for _, branch := range v.Alternatives {
				writeViolations(w, branch)
			}
			w.EndArray()
		}
		w.EndObject()
	}
	w.EndArray()
}
