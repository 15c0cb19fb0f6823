package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/idemkit/idem/signin"
)

// googleName is the provider's name in credentials. It must never change, since links are kept by it.
const googleName = "google"

var errGoogle = errors.New("the sign-in with Google did not work, please try again")

// provider is an identity provider (OpenID Connect).
type provider struct {
	issuer, clientID, clientSecret string

	client   *http.Client
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// discover reads the provider's addresses and keys.
func (p *provider) discover(ctx context.Context, redirect string) error {
	p.client = &http.Client{Timeout: 10 * time.Second}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.issuer)
	if err != nil {
		return err
	}
	p.oauth = oauth2.Config{
		ClientID: p.clientID, ClientSecret: p.clientSecret, RedirectURL: redirect,
		Endpoint: found.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "email"},
	}
	p.verifier = found.Verifier(&oidc.Config{ClientID: p.clientID})
	return nil
}

// origin is where the provider asks people to sign in.
func (p *provider) origin() string {
	u, err := url.Parse(p.oauth.Endpoint.AuthURL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// pendingGoogle is what must come back from the provider. State comes in the URL: without it an attacker could sign a victim's
// browser in to the attacker's account. Nonce comes in the ID token, which works once. Verifier shows that the code was issued
// to this browser (PKCE, RFC 7636).
type pendingGoogle struct{ State, Nonce, Verifier string }

func (a *app) beginGoogle(w http.ResponseWriter, r *http.Request) error {
	if a.google == nil {
		return errGoogle
	}
	pending := pendingGoogle{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	if err := a.put(r.Context(), googleKey, pending); err != nil {
		return err
	}
	to := a.google.oauth.AuthCodeURL(pending.State, oidc.Nonce(pending.Nonce), oauth2.S256ChallengeOption(pending.Verifier))
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// finishGoogle is where the provider sends the browser back to.
func (a *app) finishGoogle(w http.ResponseWriter, r *http.Request) error {
	claims, err := a.claims(r)
	if err != nil {
		return err
	}
	return a.arrive(w, r, claims)
}

// claims returns what the provider says about the person who comes back, after the checks of OpenID Connect Core 1.0, section
// 3.1.3.7.
func (a *app) claims(r *http.Request) (claims signin.Claims, err error) {
	ctx, query := r.Context(), r.URL.Query()
	pending, found := take[pendingGoogle](a, ctx, googleKey) // each works once
	if !found || a.google == nil || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(pending.State)) != 1 {
		return claims, errGoogle
	}
	if query.Get("code") == "" { // the person has said no
		return claims, errGoogle
	}
	token, err := a.google.oauth.Exchange(oidc.ClientContext(ctx, a.google.client), query.Get("code"), oauth2.VerifierOption(pending.Verifier))
	if err != nil {
		a.logger.WarnContext(ctx, "no token from the provider", "error", err)
		return claims, errGoogle
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := a.google.verifier.Verify(ctx, raw) // signature, issuer, audience and time
	if err != nil || subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(pending.Nonce)) != 1 {
		a.logger.WarnContext(ctx, "an ID token was refused", "error", err)
		return claims, errGoogle
	}
	var said struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err := verified.Claims(&said); err != nil {
		return claims, fmt.Errorf("%w: %w", errGoogle, err)
	}
	claims = signin.Claims{Provider: googleName, Subject: verified.Subject}
	if said.Verified { // anybody can claim another address, and would learn whether it has an account
		claims.Email, claims.EmailVerified = said.Email, true
	}
	return claims, nil
}
