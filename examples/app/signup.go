package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

func (a *app) signUpPage(w http.ResponseWriter, r *http.Request) error {
	return a.show(w, r, "sign-up", nil)
}

// signUp creates an account. For an address that has one the answer is the same, and the mail tells its owner: otherwise the
// page would reveal who has an account. Two differences remain, and signUpsPerHour gives few chances to see them: the time of
// one commit, and whether the password works afterwards. An application that must hide this too creates the account only when
// the person has shown that they read the mail.
func (a *app) signUp(w http.ResponseWriter, r *http.Request) error {
	ctx := attempt(r)
	form := struct{ Email, Member string }{r.PostFormValue("email"), r.PostFormValue("name")}
	if err := a.limit(ctx, "sign-up", clientOf(r), signUpsPerHour, time.Hour); err != nil {
		return a.again(w, r, "sign-up", form, err)
	}
	// The password is checked and hashed before the transaction, which holds the database's lock.
	create, err := a.manager.PrepareCreate(ctx, identity.Create{
		Traits:      traits{Email: form.Email}.json(),
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: r.PostFormValue("password")}},
	})
	if err != nil {
		return a.again(w, r, "sign-up", form, err)
	}
	err = a.createMember(ctx, create, form.Email, form.Member)
	taken := errors.Is(err, storage.ErrConflict)
	if err != nil && !taken {
		return a.again(w, r, "sign-up", form, err)
	}
	sent, err := a.desk.IssueCode(ctx, signin.Verification, identity.ViaEmail, form.Email)
	if throttled := (*signin.ThrottledError)(nil); errors.As(err, &throttled) {
		a.sessions.Put(ctx, noticeKey, "We could not send a code now, because too many were asked for. Sign in, and ask for one later.")
		return a.redirect(w, r, "/sign-in")
	}
	if err != nil {
		return err
	}
	if !taken {
		a.mailCode(sent, "Your code", "verify your address")
	} else if sent.Send {
		a.outbox.put(mail{sent.To, "You have an account", "Somebody wanted to sign up at " + applicationName + " with this address, which has an account. " +
			"If it was you, sign in at " + a.baseURL + "/sign-in, or ask for a new password at " + a.baseURL + "/recover."})
	}
	return a.awaitCode(w, r, verifyKey, "/verify", sent, form.Email)
}

// createMember creates the identity and the row of a new member.
func (a *app) createMember(ctx context.Context, create identity.Create, email, name string) error {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < 1 || n > 100 {
		return violation.New("/name", "maxLength", "must have 1 to 100 characters")
	}
	err := a.insertMember(ctx, create, name)
	if errors.Is(err, storage.ErrConflict) && a.releaseAddress(ctx, email) {
		err = a.insertMember(ctx, create, name)
	}
	return err
}

// insertMember writes an identity and the application's own row for it in one transaction: there is never one without the
// other.
func (a *app) insertMember(ctx context.Context, create identity.Create, name string) error {
	tx, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	created, err := a.manager.WithStorage(a.store.WithTx(tx)).CreateIdentity(ctx, create)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO members (id, name) VALUES (?, ?)", created.ID.String(), name); err != nil {
		return err
	}
	return tx.Commit()
}
