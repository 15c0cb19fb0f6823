package main

import (
	"errors"
	"io"
	"net/http"

	"github.com/idemkit/idem/contrib/webauthn"
	"github.com/idemkit/idem/credentials"
)

// The routes of passkeys are called by static/passkey.js, with what the browser's authenticator says.

// begun keeps the handle of a ceremony in the session, so that its challenge can be answered by this browser alone, and answers
// with what the authenticator needs.
func (a *app) begun(w http.ResponseWriter, r *http.Request, ceremony webauthn.Ceremony, err error) error {
	if err != nil {
		return err
	}
	if err := a.put(r.Context(), passkeyKey, ceremony.Handle); err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, ceremony.Options)
}

// response returns the handle of the ceremony that was begun in this session, which ends, and what the authenticator says.
func (a *app) response(r *http.Request) (handle string, body []byte, err error) {
	handle, found := take[string](a, r.Context(), passkeyKey)
	if !found {
		return "", nil, webauthn.ErrRefused
	}
	body, err = io.ReadAll(r.Body) // at most what the handler allows
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		err = webauthn.ErrRefused
	}
	return handle, body, err
}

func (a *app) beginPasskey(w http.ResponseWriter, r *http.Request, p person) error {
	ceremony, err := a.passkeys.BeginPasskey(r.Context(), p.proof)
	return a.begun(w, r, ceremony, err)
}

func (a *app) finishPasskey(w http.ResponseWriter, r *http.Request, p person) error {
	handle, body, err := a.response(r)
	if err != nil {
		return err
	}
	changed, err := a.passkeys.FinishPasskey(r.Context(), p.proof, handle, body, "")
	if err != nil {
		return err
	}
	if err := a.changed(r.Context(), changed, "A passkey was added to your account."); err != nil {
		return err
	}
	return a.redirect(w, r, "/account")
}

func (a *app) removePasskeys(w http.ResponseWriter, r *http.Request, p person) error {
	changed, err := a.desk.RemoveFactor(r.Context(), p.proof, credentials.TypePasskey, "")
	if err != nil {
		return err
	}
	if err := a.changed(r.Context(), changed, "The passkeys were removed from your account."); err != nil {
		return err
	}
	return a.redirect(w, r, "/account")
}

func (a *app) beginPasskeySignIn(w http.ResponseWriter, r *http.Request) error {
	ceremony, err := a.passkeys.BeginSignIn(r.Context())
	return a.begun(w, r, ceremony, err)
}

// finishPasskeySignIn signs in with a passkey, which is enough also where a second factor is enrolled: the authenticator has
// verified its owner.
func (a *app) finishPasskeySignIn(w http.ResponseWriter, r *http.Request) error {
	handle, body, err := a.response(r)
	if err != nil {
		return err
	}
	who, err := a.passkeys.FinishSignIn(attempt(r), handle, body)
	if err != nil {
		return err
	}
	return a.entered(w, r, who)
}
