package adminview

import (
	"encoding/base64"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/internal/jsonwriter"
)

// writeConfig writes the secret part of a credential, in the shape that its type
// has in the wire contract.
func writeConfig(w *jsonwriter.Writer, t credentials.Type, c credentials.Config) {
	w.BeginObject()
	switch t {
	case credentials.TypePassword:
		writePassword(w, c)
	case credentials.TypeOIDC, credentials.TypeSAML:
		w.Name("providers")
		writeProviders(w, t, c.Providers)
	case credentials.TypeTOTP:
		w.Name("totp_url")
		w.String(c.TOTPURL)
	case credentials.TypeLookupSecret:
		w.Name("recovery_codes")
		writeRecoveryCodes(w, c.RecoveryCodes)
	case credentials.TypeWebAuthn, credentials.TypePasskey:
		writeKeys(w, c)
	case credentials.TypeCode:
		w.Name("addresses")
		writeCodeAddresses(w, c.Addresses)
	}
	w.EndObject()
}

func writePassword(w *jsonwriter.Writer, c credentials.Config) {
	if c.HashedPassword != "" {
		w.Name("hashed_password")
		w.String(c.HashedPassword)
	}
	if c.UsePasswordMigrationHook {
		w.Name("use_password_migration_hook")
		w.Bool(true)
	}
}

// writeProviders writes the token fields of oidc links because clients expect
// them; they are always empty, since idem keeps no tokens.
func writeProviders(w *jsonwriter.Writer, t credentials.Type, providers []credentials.Provider) {
	w.BeginArray()
	for _, p := range providers {
		w.BeginObject()
		w.Name("subject")
		w.String(p.Subject)
		w.Name("provider")
		w.String(p.Provider)
		if t == credentials.TypeOIDC {
			for _, token := range []string{"initial_id_token", "initial_access_token", "initial_refresh_token"} {
				w.Name(token)
				w.String("")
			}
		}
		if p.Organization != "" {
			w.Name("organization")
			w.String(p.Organization)
		}
		if p.UseAutoLink {
			w.Name("use_auto_link")
			w.Bool(true)
		}
		w.EndObject()
	}
	w.EndArray()
}

func writeRecoveryCodes(w *jsonwriter.Writer, codes []credentials.RecoveryCode) {
	w.BeginArray()
	for _, code := range codes {
		w.BeginObject()
		w.Name("code")
		w.String(code.Code)
		w.Name("used_at")
		if code.UsedAt.IsZero() {
			w.Null()
		} else {
			w.Time(code.UsedAt)
		}
		w.EndObject()
	}
	w.EndArray()
}

func writeKeys(w *jsonwriter.Writer, c credentials.Config) {
	w.Name("credentials")
	w.BeginArray()
	for _, key := range c.Keys {
		w.Raw(key.JSON)
	}
	w.EndArray()
	w.Name("user_handle")
	w.String(base64.StdEncoding.EncodeToString(c.UserHandle))
}

func writeCodeAddresses(w *jsonwriter.Writer, addresses []credentials.CodeAddress) {
	w.BeginArray()
	for _, a := range addresses {
		w.BeginObject()
		w.Name("channel")
		w.String(a.Channel)
		w.Name("address")
		w.String(a.Address)
		w.EndObject()
	}
	w.EndArray()
}
