package main

import (
	"context"
	"net/http"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
)

// pendingCode is a code that this browser waits for. The handle stays on the server: the code is worth nothing in
// another browser.
type pendingCode struct {
	Handle string `json:"handle"`
	Email  string `json:"email"` // as it was typed
}

// awaitCode keeps what a code needs, and leads to the page where it is typed.
func (a *app) awaitCode(w http.ResponseWriter, r *http.Request, key, page string, sent signin.Code, email string) error {
	if err := a.put(r.Context(), key, pendingCode{sent.Handle, email}); err != nil {
		return err
	}
	return a.redirect(w, r, page)
}

func (a *app) verifyPage(w http.ResponseWriter, r *http.Request) error {
	pending, found := get[pendingCode](a, r.Context(), verifyKey)
	if !found {
		return a.redirect(w, r, "/account")
	}
	return a.show(w, r, "verify", pending)
}

// verify takes the code that shows that somebody reads the mail of an address. It signs nobody in.
func (a *app) verify(w http.ResponseWriter, r *http.Request) error {
	ctx := attempt(r)
	pending, found := get[pendingCode](a, ctx, verifyKey)
	if !found {
		return a.redirect(w, r, "/account")
	}
	who, err := a.desk.CompleteVerification(ctx, pending.Handle, r.PostFormValue("code"))
	if err != nil {
		return a.again(w, r, "verify", pending, err)
	}
	a.sessions.Remove(ctx, verifyKey)
	if err := a.adoptNewEmail(context.WithoutCancel(ctx), who.Identity); err != nil {
		return err
	}
	a.sessions.Put(ctx, noticeKey, "The address is verified.")
	if a.sessions.Exists(ctx, proofKey) {
		return a.redirect(w, r, "/account")
	}
	return a.redirect(w, r, "/sign-in")
}

// sendVerification sends a code to the pending address of a member, or else to the current one.
func (a *app) sendVerification(w http.ResponseWriter, r *http.Request, p person) error {
	ctx := attempt(r)
	t, err := readTraits(p.identity.Traits)
	if err != nil {
		return err
	}
	if t.NewEmail != "" && isVerified(p.identity, t.NewEmail) { // verify has failed between its two steps
		if err := a.adoptNewEmail(ctx, p.identity); err != nil {
			return err
		}
		return a.redirect(w, r, "/account")
	}
	email := t.Email
	if t.NewEmail != "" {
		email = t.NewEmail
	}
	sent, err := a.desk.IssueCode(ctx, signin.Verification, identity.ViaEmail, email)
	if err != nil {
		return err
	}
	a.mailCode(sent, "Your code", "verify your address")
	return a.awaitCode(w, r, verifyKey, "/verify", sent, email)
}
