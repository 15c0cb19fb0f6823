package main

import (
	"net/http"

	"github.com/idemkit/idem/signin"
)

func (a *app) home(w http.ResponseWriter, r *http.Request) error { return a.show(w, r, "home", nil) }

func (a *app) signInPage(w http.ResponseWriter, r *http.Request) error {
	return a.show(w, r, "sign-in", nil)
}

// signIn signs in with a password. An unknown address gets the same answer as a wrong password, after the same time.
func (a *app) signIn(w http.ResponseWriter, r *http.Request) error {
	ctx, email := attempt(r), r.PostFormValue("email")
	device := cookieName("device", a.sessions.Cookie.Secure)
	if cookie, err := r.Cookie(device); err == nil {
		ctx = signin.WithDevice(ctx, cookie.Value)
	}
	who, err := a.desk.Password(ctx, email, r.PostFormValue("password"))
	if err != nil {
		return a.again(w, r, "sign-in", struct{ Email string }{email}, err)
	}
	// With this cookie the owner does not wait when strangers guess at their password.
	http.SetCookie(w, &http.Cookie{
		Name: device, Value: who.Device, Path: "/", MaxAge: 365 * 24 * 60 * 60,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: a.sessions.Cookie.Secure,
	})
	return a.entered(w, r, who)
}

// entered begins the session of a person who has signed in, and leads on.
func (a *app) entered(w http.ResponseWriter, r *http.Request, who signin.SignIn) error {
	next, err := a.enter(r.Context(), who)
	if err != nil {
		return err
	}
	return a.redirect(w, r, next)
}

func (a *app) secondFactorPage(w http.ResponseWriter, r *http.Request) error {
	if _, found := get[signin.Proof](a, r.Context(), firstKey); !found {
		return a.redirect(w, r, "/sign-in")
	}
	return a.show(w, r, "second", nil)
}

// secondFactor takes a code of the authenticator app, or a lookup code.
func (a *app) secondFactor(w http.ResponseWriter, r *http.Request) error {
	ctx := attempt(r)
	first, found := get[signin.Proof](a, ctx, firstKey)
	if !found {
		return a.redirect(w, r, "/sign-in")
	}
	second := a.desk.TOTP
	if r.PostFormValue("kind") == "lookup" {
		second = a.desk.LookupCode
	}
	who, err := second(ctx, first, r.PostFormValue("code"))
	if err != nil {
		return a.again(w, r, "second", nil, err)
	}
	return a.entered(w, r, who)
}
