package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/violation"
)

// credentialsBody is the credentials of a request, by type, as they are imported. What
// [View] writes can be read back with it.
type credentialsBody struct {
	Password     *entry[passwordConfig]     `json:"password"`
	OIDC         *entry[oidcConfig]         `json:"oidc"`
	SAML         *entry[samlConfig]         `json:"saml"`
	TOTP         *entry[totpConfig]         `json:"totp"`
	LookupSecret *entry[lookupSecretConfig] `json:"lookup_secret"`
	WebAuthn     *entry[webAuthnConfig]     `json:"webauthn"`
	Passkey      *entry[webAuthnConfig]     `json:"passkey"`
	Code         *entry[codeConfig]         `json:"code"`
}

// entry is a credential. One without a config, as identities are answered with,
// changes nothing.
type entry[Config any] struct {
	Type        ignored `json:"type"`
	Identifiers ignored `json:"identifiers"`
	Config      *Config `json:"config"`
	Version     ignored `json:"version"`
	CreatedAt   ignored `json:"created_at"`
	UpdatedAt   ignored `json:"updated_at"`
}

func (e *entry[Config]) config() *Config {
	if e == nil {
		return nil
	}
	return e.Config
}

// isEmpty reports whether the entry is there and has no config.
func (e *entry[Config]) isEmpty() bool { return e != nil && e.Config == nil }

type passwordConfig struct {
	Password                 string `json:"password"`
	HashedPassword           string `json:"hashed_password"`
	UsePasswordMigrationHook bool   `json:"use_password_migration_hook"`
}

type oidcConfig struct {
	Providers []oidcProvider `json:"providers"`
	// Config is what older descriptions of the API show here by mistake.
	Config ignored `json:"config"`
}

type oidcProvider struct {
	Provider            string  `json:"provider"`
	Subject             string  `json:"subject"`
	Organization        string  `json:"organization"`
	UseAutoLink         bool    `json:"use_auto_link"`
	InitialIDToken      ignored `json:"initial_id_token"`
	InitialAccessToken  ignored `json:"initial_access_token"`
	InitialRefreshToken ignored `json:"initial_refresh_token"`
}

type samlConfig struct {
	Providers []samlProvider `json:"providers"`
}

type samlProvider struct {
	Provider     string `json:"provider"`
	Subject      string `json:"subject"`
	Organization string `json:"organization"`
	UseAutoLink  bool   `json:"use_auto_link"`
}

type totpConfig struct {
	URL string `json:"totp_url"`
}

type lookupSecretConfig struct {
	Codes []recoveryCodeBody `json:"codes"`
	// RecoveryCodes is the name under which the codes are answered.
	RecoveryCodes []recoveryCodeBody `json:"recovery_codes"`
}

type recoveryCodeBody struct {
	Code   string  `json:"code"`
	UsedAt *string `json:"used_at"`
}

type webAuthnConfig struct {
	Credentials []jsontext.Value `json:"credentials"`
	UserHandle  jsontext.Value   `json:"user_handle"`
}

type codeConfig struct {
	Addresses []codeAddress `json:"addresses"`
}

type codeAddress struct {
	Channel string `json:"channel"`
	Address string `json:"address"`
}

// requireConfigs refuses an entry without a config. In an update it is what an answer looked like, and is kept. A new
// identity has nothing that could be kept, and a copy whose secrets came out as null must not seem to succeed. A code
// credential alone follows from the traits.
func (b *credentialsBody) requireConfigs() error {
	if b == nil {
		return nil
	}
	var missing []error
	for _, entry := range []struct {
		t       credentials.Type
		missing bool
	}{
		{credentials.TypePassword, b.Password.isEmpty()}, {credentials.TypeOIDC, b.OIDC.isEmpty()}, {credentials.TypeSAML, b.SAML.isEmpty()},
		{credentials.TypeTOTP, b.TOTP.isEmpty()}, {credentials.TypeLookupSecret, b.LookupSecret.isEmpty()},
		{credentials.TypeWebAuthn, b.WebAuthn.isEmpty()}, {credentials.TypePasskey, b.Passkey.isEmpty()},
	} {
		if entry.missing {
			missing = append(missing, violation.New("/credentials/"+string(entry.t)+"/config", "required", "is missing: a new identity has none that could be kept"))
		}
	}
	return violation.Join(append(missing, b.requireLists())...)
}

// requireLists refuses a config whose list is null or left out, for the same reason.
func (b *credentialsBody) requireLists() error {
	var missing []error
	require := func(t credentials.Type, list string, given bool) {
		if !given {
			missing = append(missing, violation.New("/credentials/"+string(t)+"/config/"+list, "required", "is missing: a new identity has none that could be kept"))
		}
	}
	if c := b.OIDC.config(); c != nil {
		require(credentials.TypeOIDC, "providers", c.Providers != nil)
	}
	if c := b.SAML.config(); c != nil {
		require(credentials.TypeSAML, "providers", c.Providers != nil)
	}
	if c := b.LookupSecret.config(); c != nil {
		require(credentials.TypeLookupSecret, "codes", c.Codes != nil || c.RecoveryCodes != nil)
	}
	if c := b.WebAuthn.config(); c != nil {
		require(credentials.TypeWebAuthn, "credentials", c.Credentials != nil)
	}
	if c := b.Passkey.config(); c != nil {
		require(credentials.TypePasskey, "credentials", c.Credentials != nil)
	}
	return violation.Join(missing...)
}

// toImport returns what is to be imported, nil for nil. The error is a
// [*violation.Error] for what package credentials has no form for.
func (b *credentialsBody) toImport() (*credentials.Import, error) {
	if b == nil {
		return nil, nil
	}
	var i credentials.Import
	if c := b.Password.config(); c != nil {
		i.Password = &credentials.ImportPassword{
			Password: c.Password, HashedPassword: c.HashedPassword, UsePasswordMigrationHook: c.UsePasswordMigrationHook,
		}
	}
	if c := b.OIDC.config(); c != nil {
		i.OIDC = &credentials.ImportOIDC{}
		for _, p := range c.Providers {
			i.OIDC.Providers = append(i.OIDC.Providers, credentials.Provider{
				Provider: p.Provider, Subject: p.Subject, Organization: p.Organization, UseAutoLink: p.UseAutoLink,
			})
		}
	}
	if c := b.SAML.config(); c != nil {
		i.SAML = &credentials.ImportSAML{}
		for _, p := range c.Providers {
			i.SAML.Providers = append(i.SAML.Providers, credentials.Provider(p))
		}
	}
	if c := b.TOTP.config(); c != nil {
		i.TOTP = &credentials.ImportTOTP{URL: c.URL}
	}
	if c := b.LookupSecret.config(); c != nil {
		codes, err := c.toCodes()
		if err != nil {
			return nil, err
		}
		i.LookupSecret = &credentials.ImportLookupSecret{Codes: codes}
	}
	if c := b.WebAuthn.config(); c != nil {
		keys, handle, err := c.toKeys("/credentials/webauthn/config")
		if err != nil {
			return nil, err
		}
		i.WebAuthn = &credentials.ImportWebAuthn{Credentials: keys, UserHandle: handle}
	}
	if c := b.Passkey.config(); c != nil {
		keys, handle, err := c.toKeys("/credentials/passkey/config")
		if err != nil {
			return nil, err
		}
		i.Passkey = &credentials.ImportPasskey{Credentials: keys, UserHandle: handle}
	}
	if c := b.Code.config(); c != nil {
		i.Code = &credentials.ImportCode{}
		for _, a := range c.Addresses {
			i.Code.Addresses = append(i.Code.Addresses, credentials.CodeAddress(a))
		}
	}
	return &i, nil
}

// toCodes returns the codes of both lists: a client that patches an answer may add new ones under the name that a
// request has for them, beside those that there are.
func (c *lookupSecretConfig) toCodes() ([]credentials.RecoveryCode, error) {
	codes := make([]credentials.RecoveryCode, 0, len(c.Codes)+len(c.RecoveryCodes))
	for _, list := range []struct {
		name  string
		codes []recoveryCodeBody
	}{{"codes", c.Codes}, {"recovery_codes", c.RecoveryCodes}} {
		for n, code := range list.codes {
			usedAt, err := parseTime(fmt.Sprintf("/credentials/lookup_secret/config/%s/%d/used_at", list.name, n), code.UsedAt)
			if err != nil {
				return nil, err
			}
			codes = append(codes, credentials.RecoveryCode{Code: code.Code, UsedAt: usedAt})
		}
	}
	return codes, nil
}

func (c *webAuthnConfig) toKeys(pointer string) (keys []json.RawMessage, handle []byte, err error) {
	for _, key := range c.Credentials {
		keys = append(keys, json.RawMessage(key))
	}
	if handle, err = credentials.ParseBytes(c.UserHandle); err != nil {
		if invalid := (*violation.Error)(nil); errors.As(err, &invalid) {
			err = invalid.Under(pointer + "/user_handle")
		}
		return nil, nil, err
	}
	return keys, handle, nil
}

// parseTime reads an RFC 3339 time, of which nil, for null and absent, means none.
// The error is a [*violation.Error] at pointer.
func parseTime(pointer string, s *string) (time.Time, error) {
	if s == nil {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, *s)
	// In UTC it may be of a year that RFC 3339 cannot write.
	if year := t.UTC().Year(); err != nil || year < 1 || year > 9999 {
		return time.Time{}, violation.New(pointer, "", "must be a date and time as RFC 3339 has it, or null")
	}
	return t, nil
}

// ignored is a field that is accepted and has no effect, such as those of an
// answer that are sent back with a full update.
type ignored struct{}

// UnmarshalJSONFrom implements the interface of that name of the JSON package.
func (*ignored) UnmarshalJSONFrom(decoder *jsontext.Decoder) error { return decoder.SkipValue() }
