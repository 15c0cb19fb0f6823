package console

import (
	"encoding/json"
	"time"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// credentialView is a credential as its page shows it: never a secret.
type credentialView struct {
	Type                 credentials.Type
	Identifiers          []string
	CreatedAt, UpdatedAt time.Time
	// Set tells whether there is a secret or link, and not only an identifier.
	Set bool
	// Note says more of it; may be empty.
	Note string
	// Items are its links or keys.
	Items []credentialItem
	// Removable tells whether it can be removed as a whole.
	Removable bool
}

// credentialItem is one link or key.
type credentialItem struct {
	Label, Note string
	// Identifier removes it alone.
	Identifier string
}

func credentialViews(i *identity.Identity) []credentialView {
	var views []credentialView
	for t, c := range i.Credentials.Sorted() {
		v := credentialView{Type: t, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Set: !c.Config.IsZero()}
		if t.IdentifiersFromTraits() {
			v.Identifiers = c.Identifiers
		}
		v.describe(c)
		views = append(views, v)
	}
	return views
}

func (v *credentialView) describe(c credentials.Credential) {
	switch v.Type {
	case credentials.TypeOIDC, credentials.TypeSAML:
		for _, p := range c.Config.Providers {
			v.Items = append(v.Items, credentialItem{Label: p.Provider, Note: p.Subject, Identifier: p.Identifier()})
		}
	case credentials.TypeWebAuthn, credentials.TypePasskey:
		for _, key := range c.Config.Keys {
			v.Items = append(v.Items, keyItem(key))
		}
	case credentials.TypeLookupSecret:
		left := 0
		for _, code := range c.Config.RecoveryCodes {
			if code.UsedAt.IsZero() {
				left++
			}
		}
		v.Note, v.Removable = textf("credential.codes_left", left, len(c.Config.RecoveryCodes)), v.Set
	case credentials.TypePassword:
		v.Removable = v.Set
		switch {
		case c.Config.UsePasswordMigrationHook:
			v.Note = text("credential.migrates")
		case !v.Set:
			v.Note = text("credential.no_password")
		}
	case credentials.TypeTOTP:
		v.Removable = v.Set
	case credentials.TypeCode:
		v.Note = text("credential.code")
	}
}

// keyItem shows a key by the name and the date that its owner's browser gave, as far as there are any.
func keyItem(key credentials.Key) credentialItem {
	var told struct {
		DisplayName string    `json:"display_name"`
		AddedAt     time.Time `json:"added_at"`
	}
	// A key whose members are of other types has no name to show.
	_ = json.Unmarshal(key.JSON, &told)
	item := credentialItem{Label: shorten(told.DisplayName, longest), Note: text("credential.second_factor"), Identifier: key.ID}
	if item.Label == "" {
		item.Label = text("credential.unnamed_key")
	}
	if key.Passwordless {
		item.Note = text("credential.first_factor")
	}
	if !told.AddedAt.IsZero() {
		item.Note += ", " + moment(told.AddedAt).Human
	}
	return item
}
