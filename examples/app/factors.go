package main

import (
	"net/http"
	"net/url"

	"github.com/idemkit/idem/credentials"
)

// pendingApp is an authenticator app that is being added.
type pendingApp struct {
	Handle string `json:"handle"`
	URL    string `json:"url"` // otpauth://totp/…
}

// Secret is what a person types into an app that cannot scan.
func (p pendingApp) Secret() string {
	u, err := url.Parse(p.URL)
	if err != nil {
		return ""
	}
	return u.Query().Get("secret")
}

// beginApp begins to add an authenticator app. The account has it once the person has typed a code of it.
func (a *app) beginApp(w http.ResponseWriter, r *http.Request, p person) error {
	enrolment, err := a.desk.BeginTOTP(r.Context(), p.proof, applicationName)
	if err != nil {
		return err
	}
	if err := a.put(r.Context(), appKey, pendingApp{enrolment.Handle, enrolment.URL}); err != nil {
		return err
	}
	return a.redirect(w, r, "/account/app")
}

// appPage shows the URL of the app as text. An application shows it as a QR code.
func (a *app) appPage(w http.ResponseWriter, r *http.Request, _ person) error {
	pending, found := get[pendingApp](a, r.Context(), appKey)
	if !found {
		return a.redirect(w, r, "/account")
	}
	return a.show(w, r, "app", pending)
}

func (a *app) finishApp(w http.ResponseWriter, r *http.Request, p person) error {
	pending, found := get[pendingApp](a, r.Context(), appKey)
	if !found {
		return a.redirect(w, r, "/account")
	}
	changed, err := a.desk.FinishTOTP(r.Context(), p.proof, pending.Handle, r.PostFormValue("code"))
	if err != nil {
		return a.again(w, r, "app", pending, err)
	}
	a.sessions.Remove(r.Context(), appKey)
	if err := a.changed(r.Context(), changed, "An authenticator app was added to your account."); err != nil {
		return err
	}
	return a.redirect(w, r, "/account")
}

// newLookupCodes shows new lookup codes, once: only their hashes are kept.
func (a *app) newLookupCodes(w http.ResponseWriter, r *http.Request, p person) error {
	codes, changed, err := a.desk.NewLookupCodes(r.Context(), p.proof)
	if err != nil {
		return err
	}
	if err := a.changed(r.Context(), changed, "Your account has new lookup codes."); err != nil {
		return err
	}
	return a.show(w, r, "codes", codes)
}

// removeApp removes the authenticator app and the lookup codes, which are there for when it is lost.
func (a *app) removeApp(w http.ResponseWriter, r *http.Request, p person) error {
	for _, t := range []credentials.Type{credentials.TypeLookupSecret, credentials.TypeTOTP} {
		if _, has := p.identity.Credentials[t]; !has {
			continue
		}
		changed, err := a.desk.RemoveFactor(r.Context(), p.proof, t, "")
		if err != nil {
			return err
		}
		if err := a.changed(r.Context(), changed, "The authenticator app or the lookup codes were removed from your account."); err != nil {
			return err
		}
		p.proof = changed.Proof
	}
	return a.redirect(w, r, "/account")
}
