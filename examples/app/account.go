package main

import (
	"net/http"

	"github.com/idemkit/idem/credentials"
)

// account shows a member what there is of them.
func (a *app) account(w http.ResponseWriter, r *http.Request, p person) error {
	t, err := readTraits(p.identity.Traits)
	if err != nil {
		return err
	}
	own := p.identity.Credentials
	data := struct {
		Member, Email, NewEmail    string
		Verified, Password, App    bool
		LookupCodes, Passkeys, AAL int
		Linked                     []credentials.Provider
		Waiting                    string // an account at Google that can be linked
	}{
		Email: t.Email, NewEmail: t.NewEmail, Verified: isVerified(p.identity, t.Email), AAL: int(p.proof.AAL),
		Password: own[credentials.TypePassword].Config.HashedPassword != "",
		App:      own[credentials.TypeTOTP].Config.TOTPURL != "",
		Passkeys: len(own[credentials.TypePasskey].Config.Keys),
		Linked:   own[credentials.TypeOIDC].Config.Providers,
	}
	for _, code := range own[credentials.TypeLookupSecret].Config.RecoveryCodes {
		if code.UsedAt.IsZero() {
			data.LookupCodes++
		}
	}
	if link, found := a.waitingLink(r.Context(), p); found {
		data.Waiting = link.Claims.Email
	}
	// The application's own row, by the id of the identity that has signed in, and by nothing that the request says.
	if err := a.db.QueryRowContext(r.Context(), "SELECT name FROM members WHERE id = ?", p.identity.ID.String()).Scan(&data.Member); err != nil {
		return err
	}
	return a.show(w, r, "account", data)
}

// changePassword changes the password, or gives the first to a member who has none.
func (a *app) changePassword(w http.ResponseWriter, r *http.Request, p person) error {
	changed, err := a.desk.ChangePassword(attempt(r), p.proof, r.PostFormValue("old"), r.PostFormValue("new"))
	if err != nil {
		return err
	}
	if err := a.changed(r.Context(), changed, "Your password was changed."); err != nil {
		return err
	}
	return a.redirect(w, r, "/account")
}
