package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
)

// What a session holds, by key. The browser has only the session's id. So a handle of a code or a challenge of a passkey that
// is kept here works in this browser alone.
const (
	proofKey    = "proof"        // signin.Proof: of a person who is signed in
	firstKey    = "first factor" // signin.Proof: of a person whose second factor is missing; good for nothing else
	verifyKey   = "verification" // pendingCode
	recoveryKey = "recovery"     // pendingCode
	appKey      = "app"          // pendingApp: an authenticator app that is being added
	passkeyKey  = "passkey"      // string: the handle of a ceremony
	googleKey   = "google"       // pendingGoogle: a sign-in at Google that has begun
	accountKey  = "account"      // googleAccount: an account at Google that can sign up
	linkKey     = "link"         // googleAccount: an account at Google that the owner of its address can link
	noticeKey   = "notice"       // string: for the next page
)

// newSessions keeps sessions in memory. An application that has several processes, or that must not sign people out when
// it starts again, gives scs one of its other stores.
func newSessions(secure bool) *scs.SessionManager {
	s := scs.New()
	s.Lifetime = 12 * time.Hour
	s.IdleTimeout = time.Hour
	s.HashTokenInStore = true
	s.Cookie.Name = cookieName("session", secure)
	s.Cookie.HttpOnly = true
	s.Cookie.SameSite = http.SameSiteLaxMode
	s.Cookie.Secure = secure
	return s
}

// cookieName is a name with a prefix that makes browsers refuse such a cookie of a subdomain or without TLS, if there is TLS.
func cookieName(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// put keeps a value in the session.
func (a *app) put(ctx context.Context, key string, value any) error {
	raw, err := json.Marshal(value)
	if err == nil {
		a.sessions.Put(ctx, key, raw)
	}
	return err
}

// get returns a value of the session, and whether there is one.
func get[T any](a *app, ctx context.Context, key string) (value T, found bool) {
	raw := a.sessions.GetBytes(ctx, key)
	return value, raw != nil && json.Unmarshal(raw, &value) == nil
}

// take is get for a value that must be used once.
func take[T any](a *app, ctx context.Context, key string) (T, bool) {
	value, found := get[T](a, ctx, key)
	a.sessions.Remove(ctx, key)
	return value, found
}

// enter begins the session of a person who has signed in, or, if a second factor is missing, one that is good for nothing
// but giving it. It returns the page to go to.
//
// The session gets a new id and loses what it held before, but for an account that can be linked. So an attacker who knows the old id, or who began something in this
// browser, gains nothing (session fixation).
func (a *app) enter(ctx context.Context, who signin.SignIn) (string, error) {
	link, linking := get[googleAccount](a, ctx, linkKey)
	if err := errors.Join(a.sessions.Clear(ctx), a.sessions.RenewToken(ctx)); err != nil {
		return "", err
	}
	if linking { // of which waitingLink says whose it is
		if err := a.put(ctx, linkKey, link); err != nil {
			return "", err
		}
	}
	if len(who.SecondFactors) > 0 {
		return "/second", a.put(ctx, firstKey, who.Proof)
	}
	return "/account", a.put(ctx, proofKey, who.Proof)
}

// changed continues the session of a person who has changed how they sign in. All their other sessions have ended. A mail tells
// them, in case somebody else made the change.
func (a *app) changed(ctx context.Context, c signin.Changed, what string) error {
	if err := a.sessions.RenewToken(ctx); err != nil {
		return err
	}
	a.notify(c.Notify, what)
	a.sessions.Put(ctx, noticeKey, what)
	return a.put(ctx, proofKey, c.Proof)
}

// person is a member who is signed in.
type person struct {
	proof    signin.Proof
	identity *identity.Identity
}

// member serves a route for people who are signed in. It checks with every request that the sign-in is still valid. A sign-in
// ends if the person signs out everywhere, changes how they sign in, or is blocked.
func (a *app) member(serve func(w http.ResponseWriter, r *http.Request, p person) error) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		proof, found := get[signin.Proof](a, r.Context(), proofKey)
		if !found {
			a.sessions.Put(r.Context(), noticeKey, "Please sign in.")
			return a.redirect(w, r, "/sign-in")
		}
		// The identity is read before the check, and so it is never one of a later sign-in than the proof.
		i, err := a.manager.GetIdentity(r.Context(), proof.Identity)
		if errors.Is(err, storage.ErrNotFound) {
			err = signin.ErrSignedOut
		}
		if err == nil {
			err = a.desk.Current(r.Context(), proof)
		}
		if err != nil {
			return err
		}
		return serve(w, r, person{proof, i})
	}
}

// signOut ends the session of this browser. scs stores a session at the end of each request, so a request that runs at the same
// time can bring the session back. Signing out everywhere has no such gap, because every request checks the epoch.
func (a *app) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := a.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	return a.redirect(w, r, "/")
}

// signOutEverywhere ends all sessions of the person, in every browser.
func (a *app) signOutEverywhere(w http.ResponseWriter, r *http.Request, p person) error {
	if err := a.desk.SignOutEverywhere(r.Context(), p.identity.ID); err != nil {
		return err
	}
	return a.signOut(w, r)
}
