package wire

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
		w.StringMember("totp_url", c.TOTPURL)
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
		w.StringMember("hashed_password", c.HashedPassword)
	}
	if c.UsePasswordMigrationHook {
		w.BoolMember("use_password_migration_hook", true)
	}
}

// writeProviders writes the token fields of oidc links because clients expect
// them; they are always empty, since idem keeps no tokens.
func writeProviders(w *jsonwriter.Writer, t credentials.Type, providers []credentials.Provider) {
	jsonwriter.Objects(w, providers, func(p credentials.Provider) {
		w.StringMember("subject", p.Subject)
		w.StringMember("provider", p.Provider)
		if t == credentials.TypeOIDC {
			for _, token := range []string{"initial_id_token", "initial_access_token", "initial_refresh_token"} {
				w.StringMember(token, "")
			}
		}
		if p.Organization != "" {
			w.StringMember("organization", p.Organization)
		}
		if p.UseAutoLink {
			w.BoolMember("use_auto_link", true)
		}
	})
}

func writeRecoveryCodes(w *jsonwriter.Writer, codes []credentials.RecoveryCode) {
	jsonwriter.Objects(w, codes, func(code credentials.RecoveryCode) {
		w.StringMember("code", code.Code)
		w.Name("used_at")
		if code.UsedAt.IsZero() {
			w.Null()
		} else {
			w.Time(code.UsedAt)
		}
	})
}

func writeKeys(w *jsonwriter.Writer, c credentials.Config) {
	w.Name("credentials")
	w.BeginArray()
	for _, key := range c.Keys {
		w.Raw(key.JSON)
	}
	w.EndArray()
	w.StringMember("user_handle", base64.StdEncoding.EncodeToString(c.UserHandle))
}

func writeCodeAddresses(w *jsonwriter.Writer, addresses []credentials.CodeAddress) {
	jsonwriter.Objects(w, addresses, func(a credentials.CodeAddress) {
		w.StringMember("channel", a.Channel)
		w.StringMember("address", a.Address)
	})
}
