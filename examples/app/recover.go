package main

import (
	"context"
	"net/http"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
)

func (a *app) recoverPage(w http.ResponseWriter, r *http.Request) error {
	return a.show(w, r, "recover", nil)
}

// sendRecovery sends a code to a person who has forgotten the password. The answer is the same for an address without an
// account.
func (a *app) sendRecovery(w http.ResponseWriter, r *http.Request) error {
	email := r.PostFormValue("email")
	sent, err := a.desk.IssueCode(attempt(r), signin.Recovery, identity.ViaEmail, email)
	if err != nil {
		return a.again(w, r, "recover", nil, err)
	}
	a.mailCode(sent, "A new password", "set a new password")
	return a.awaitCode(w, r, recoveryKey, "/password", sent, email)
}

func (a *app) newPasswordPage(w http.ResponseWriter, r *http.Request) error {
	pending, found := get[pendingCode](a, r.Context(), recoveryKey)
	if !found {
		return a.redirect(w, r, "/recover")
	}
	return a.show(w, r, "password", pending)
}

// newPassword sets a new password by the code of the mail, ends all other sign-ins, and signs in. A person with a second factor
// must give it as well. The form always has a field for it, so it does not reveal who has one.
func (a *app) newPassword(w http.ResponseWriter, r *http.Request) error {
	ctx := attempt(r)
	pending, found := get[pendingCode](a, ctx, recoveryKey)
	if !found {
		return a.redirect(w, r, "/recover")
	}
	var second []signin.SecondFactor
	switch code := r.PostFormValue("second"); {
	case code == "":
	case r.PostFormValue("kind") == "lookup":
		second = append(second, signin.WithLookupCode(code))
	default:
		second = append(second, signin.WithTOTP(code))
	}
	who, err := a.desk.Recover(ctx, pending.Handle, r.PostFormValue("code"), r.PostFormValue("password"), second...)
	if err != nil {
		return a.again(w, r, "password", pending, err)
	}
	if err := a.cancelNewEmail(context.WithoutCancel(ctx), who.Identity.ID); err != nil {
		return err
	}
	for _, address := range who.Identity.VerifiableAddresses {
		if address.Verified {
			a.notify([]signin.Address{{Via: address.Via, Value: address.Value}}, "Your password was changed, by a code that we had sent.")
		}
	}
	return a.entered(w, r, who)
}
