package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
)

// googleAccount is an account at the provider that is not linked here. Its owner uses this browser.
type googleAccount struct {
	Claims   signin.Claims
	Identity uuid.UUID // the identity that has its address, if there is one
	Until    time.Time
}

// accountLife is how long a person may take to sign up or to sign in after they come back from the provider.
const accountLife = 10 * time.Minute

// arrive signs in, asks for proof, or leads to the sign-up, as DecideFederated decides. An equal address alone proves nothing: an
// attacker may have registered it here first.
func (a *app) arrive(w http.ResponseWriter, r *http.Request, claims signin.Claims) error {
	ctx := r.Context()
	came, err := a.desk.DecideFederated(ctx, claims)
	if err == nil && came.Decision == identity.LinkNeedsProof && a.releaseAddress(ctx, claims.Email) {
		came, err = a.desk.DecideFederated(ctx, claims)
	}
	if err != nil {
		return err
	}
	switch came.Decision {
	case identity.LinkSignIn:
		if came.Joined {
			a.notify(came.Notify, "Your account at Google was linked to your account.")
		}
		return a.entered(w, r, came.SignIn)
	case identity.LinkNeedsProof:
		if err := a.put(ctx, linkKey, googleAccount{claims, came.Identity, a.now().Add(accountLife)}); err != nil {
			return err
		}
		a.sessions.Put(ctx, noticeKey, "There is an account with that address. Sign in to it, and you can link Google to it.")
		return a.redirect(w, r, "/sign-in")
	}
	if claims.Email == "" {
		return errGoogle
	}
	if err := a.put(ctx, accountKey, googleAccount{Claims: claims, Until: a.now().Add(accountLife)}); err != nil {
		return err
	}
	return a.redirect(w, r, "/google/sign-up")
}

// waitingLink returns the account at the provider that a member can link. Only the member who has its address can.
func (a *app) waitingLink(ctx context.Context, p person) (googleAccount, bool) {
	link, found := get[googleAccount](a, ctx, linkKey)
	return link, found && link.Identity == p.identity.ID && a.now().Before(link.Until)
}

// linkGoogle links the account that waits. It never happens without the member's click.
func (a *app) linkGoogle(w http.ResponseWriter, r *http.Request, p person) error {
	link, found := a.waitingLink(r.Context(), p)
	if !found {
		return a.redirect(w, r, "/account")
	}
	changed, err := a.desk.LinkFederated(r.Context(), p.proof, link.Claims)
	if err != nil {
		return err
	}
	a.sessions.Remove(r.Context(), linkKey)
	if err := a.changed(r.Context(), changed, "Your account at Google was linked to your account."); err != nil {
		return err
	}
	return a.redirect(w, r, "/account")
}

func (a *app) newcomer(ctx context.Context) (googleAccount, bool) {
	account, found := get[googleAccount](a, ctx, accountKey)
	return account, found && a.now().Before(account.Until)
}

func (a *app) googleSignUpPage(w http.ResponseWriter, r *http.Request) error {
	account, found := a.newcomer(r.Context())
	if !found {
		return a.redirect(w, r, "/sign-in")
	}
	return a.show(w, r, "google", account.Claims.Email)
}

// googleSignUp creates an account that signs in with the provider and has no password. Its address counts as verified only if
// the provider issues such addresses.
func (a *app) googleSignUp(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	account, found := a.newcomer(ctx)
	if !found {
		return a.redirect(w, r, "/sign-in")
	}
	if err := a.limit(ctx, "sign-up with Google", clientOf(r), googleSignUpsPerHour, time.Hour); err != nil {
		return err
	}
	claims := account.Claims
	create, err := a.manager.PrepareCreate(ctx, identity.Create{
		Traits: traits{Email: claims.Email}.json(),
		Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{
			Providers: []credentials.Provider{{Provider: claims.Provider, Subject: claims.Subject}},
		}},
		VerifiableAddresses: []identity.CreateVerifiableAddress{{
			Value: claims.Email, Via: identity.ViaEmail, Verified: strings.HasSuffix(strings.ToLower(claims.Email), "@gmail.com"),
		}},
	})
	if err != nil {
		return a.again(w, r, "google", claims.Email, err)
	}
	err = a.createMember(ctx, create, claims.Email, r.PostFormValue("name"))
	if err != nil && !errors.Is(err, storage.ErrConflict) {
		return a.again(w, r, "google", claims.Email, err)
	}
	// The address or the link may have been taken meanwhile, for example in another tab. So decide again.
	a.sessions.Remove(ctx, accountKey)
	return a.arrive(w, r, claims)
}
