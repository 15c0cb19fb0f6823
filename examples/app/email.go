package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// changeEmail stores the new address of a member as pending, and sends a code to it. The old address stays in use until the
// code has come back. It needs a fresh sign-in, because the owner of the address can set a new password.
func (a *app) changeEmail(w http.ResponseWriter, r *http.Request, p person) error {
	ctx, email := attempt(r), r.PostFormValue("email")
	before, err := a.desk.StepUp(ctx, p.proof)
	if err != nil {
		return err
	}
	if err := a.limit(ctx, "e-mail change", before.ID.String(), emailChangesPerDay, 24*time.Hour); err != nil {
		return err
	}
	kept, err := a.setNewEmail(ctx, before, email)
	if errors.Is(err, storage.ErrConflict) && a.releaseAddress(ctx, email) {
		kept, err = a.setNewEmail(ctx, before, email)
	}
	if err != nil {
		return err
	}
	if kept {
		return a.redirect(w, r, "/account")
	}
	var verified []signin.Address
	for _, address := range before.VerifiableAddresses {
		if address.Verified {
			verified = append(verified, signin.Address{Via: address.Via, Value: address.Value})
		}
	}
	a.notify(verified, "Somebody who has signed in asked to change the address of your account to "+email+".")
	sent, err := a.desk.IssueCode(ctx, signin.Verification, identity.ViaEmail, email)
	if err != nil {
		return err
	}
	a.mailCode(sent, "Your code", "use this address")
	return a.awaitCode(w, r, verifyKey, "/verify", sent, email)
}

// setNewEmail makes email the pending address of an identity. kept reports that it is the address that the identity has:
// that cancels a change.
func (a *app) setNewEmail(ctx context.Context, before *identity.Identity, email string) (kept bool, err error) {
	_, err = a.manager.ModifyIdentity(ctx, before.ID, func(u *identity.Update) error {
		t, err := readTraits(u.Traits)
		if err != nil {
			return err
		}
		if email == "" {
			return violation.New("/email", "minLength", "must not be empty")
		}
		if t.NewEmail, kept = email, sameAddress(email, t.Email); kept {
			t.NewEmail = ""
		}
		u.Traits = t.json()
		return nil
	}, a.desk.IfCurrent(before))
	return kept, err
}

// adoptNewEmail replaces the address of an identity by the pending one, if that is verified. Nobody can sign in or recover with
// the old address any more. The new one stays verified, because idem compares addresses and not the names of traits.
//
// verified is the identity as it was when its address was verified. If its sign-ins have ended since, as by a recovery, the
// owner may have thrown out the one who asked for the change: then the error is signin.ErrSignedOut.
func (a *app) adoptNewEmail(ctx context.Context, verified *identity.Identity) error {
	var old string
	_, err := a.manager.EditIdentity(ctx, verified.ID, func(current *identity.Identity, e *identity.Edit) error {
		old = ""
		t, err := readTraits(current.Traits)
		if err != nil || t.NewEmail == "" || !isVerified(current, t.NewEmail) {
			return err
		}
		if isVerified(current, t.Email) {
			old = t.Email
		}
		e.Traits = traits{Email: t.NewEmail}.json()
		return nil
	}, a.desk.IfCurrent(verified))
	if err == nil && old != "" {
		a.notify([]signin.Address{{Via: identity.ViaEmail, Value: old}}, "The address of your account was changed, and this one no longer belongs to it.")
	}
	return err
}

// cancelNewEmail removes the pending address of an identity. It may come from a stranger who had the account before its
// owner recovered it.
func (a *app) cancelNewEmail(ctx context.Context, id uuid.UUID) error {
	_, err := a.manager.ModifyIdentity(ctx, id, func(u *identity.Update) error {
		t, err := readTraits(u.Traits)
		u.Traits = traits{Email: t.Email}.json()
		return err
	})
	return err
}

// releaseAddress takes an address from the identity that has it, and reports whether it did. So nobody can block the address
// of another person by asking for it. It takes a pending address that is not verified. It also takes the current address if
// that is not verified and the pending one is: then adoptNewEmail was not reached, and happens here.
func (a *app) releaseAddress(ctx context.Context, email string) bool {
	holder, err := a.manager.FindByAddress(ctx, storage.TypeVerifiableAddress, identity.ViaEmail, email)
	if err != nil {
		return false
	}
	_, err = a.manager.EditIdentity(ctx, holder.ID, func(current *identity.Identity, e *identity.Edit) error {
		t, err := readTraits(current.Traits)
		switch {
		case err != nil:
			return err
		case isVerified(current, email):
			return errNotReleased
		case sameAddress(t.NewEmail, email):
			e.Traits = traits{Email: t.Email}.json()
		case sameAddress(t.Email, email) && isVerified(current, t.NewEmail):
			e.Traits = traits{Email: t.NewEmail}.json()
		default:
			return errNotReleased
		}
		return nil
	})
	return err == nil
}

var errNotReleased = errors.New("the address stays with its identity")
