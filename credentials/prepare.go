package credentials

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/violation"
)

// Prepared is an [Import] after its checks, with its password hashed. It is immutable and safe for concurrent use. It can
// be applied any number of times. It prints as a placeholder.
type Prepared struct {
	parts *parts // behind a pointer, so that fmt cannot reach the secrets of an unexported field
}

// parts are the configs to merge; nil means that the type is not touched.
type parts struct {
	password     *Config
	oidc, saml   *Config
	totp         *Config
	lookupSecret *Config
	webauthn     *Config
	passkey      *Config
}

// Limits bounds what an import may hold. The zero value is the default.
type Limits struct {
	// HashCost is the most that verifying an imported password hash may cost. A field that is zero takes its value from
	// [passwordhash.DefaultBound].
	HashCost passwordhash.Cost
	// Stored holds the credentials that the identity has. Values in them are accepted again, even if a newer rule refuses
	// them. So a caller that read a value may send it back.
	Stored Set
}

// isOrganization reports whether text can be the id of an organization: a UUID, or none.
func isOrganization(text string) bool {
	_, err := uuid.Parse(text)
	return text == "" || err == nil && len(text) == len(uuid.Nil.String())
}

// Prepare checks every part of imp, parses an imported hash and hashes a plain password with hasher. It does all work that
// is slow or can fail, so that [Prepared.Apply] can run inside a transaction. The result shares no memory with imp. A nil
// imp gives a Prepared that changes nothing.
//
// Errors: a [*violation.Error] with all violations. Its pointers are relative to the object of credentials in its wire
// form: "/oidc/config/providers/0/subject". Hashing comes last and runs only if nothing else is wrong. Its errors are the
// [*violation.Error] for a plain password that hasher refuses, the error of ctx, and any other error of hasher.
func (imp *Import) Prepare(ctx context.Context, hasher passwordhash.Hasher, limits Limits) (*Prepared, error) {
	prepared, err := imp.check(limits)
	if err != nil {
		return nil, err
	}
	if imp != nil && imp.Password != nil && imp.Password.Password != "" {
		encoded, err := hashPlain(ctx, hasher, imp.Password.Password)
		if err != nil {
			return nil, err
		}
		prepared.parts.password.HashedPassword = encoded
	}
	return prepared, nil
}

// Check does the checks of [Import.Prepare] without the hashing. A caller uses it to report all violations of a request
// before it spends time on a hash. It returns the same error, but cannot report what only a Hasher refuses.
func (imp *Import) Check(limits Limits) error {
	_, err := imp.check(limits)
	return err
}

func (imp *Import) check(limits Limits) (*Prepared, error) {
	if imp == nil {
		return &Prepared{parts: &parts{}}, nil
	}
	check := &check{limits: limits}
	prepared := &Prepared{parts: &parts{
		password:     check.password(imp.Password),
		oidc:         check.oidc(imp.OIDC),
		saml:         check.saml(imp.SAML),
		totp:         check.totp(imp.TOTP),
		lookupSecret: check.lookupSecret(imp.LookupSecret),
		webauthn:     check.webauthn(imp.WebAuthn),
		passkey:      check.passkey(imp.Passkey),
	}}
	return prepared, violation.Join(check.errs...)
}

func hashPlain(ctx context.Context, hasher passwordhash.Hasher, plain string) (string, error) {
	password := []byte(plain)
	defer clear(password)
	encoded, err := hasher.Hash(ctx, password)
	if invalid, ok := errors.AsType[*violation.Error](err); ok {
		return "", invalid.Under(plainPasswordField)
	}
	return encoded, err
}

const plainPasswordField = "/password/config/password"

// check collects what is wrong while it turns the parts of an import into configs.
type check struct {
	limits Limits
	errs   []error
}

func (c *check) fail(pointer, message string) {
	c.errs = append(c.errs, violation.New(pointer, "", message))
}

// under adds the violations of err, which are relative to what pointer names.
func (c *check) under(pointer string, err error) {
	if invalid, ok := errors.AsType[*violation.Error](err); ok {
		err = invalid.Under(pointer)
	}
	c.errs = append(c.errs, err)
}

// password leaves a plain password to be hashed later.
func (c *check) password(imp *ImportPassword) *Config {
	switch {
	case imp == nil:
		return nil
	case imp.Password != "":
		password := []byte(imp.Password)
		defer clear(password)
		c.under(plainPasswordField, passwordhash.CheckPassword(password))
		return &Config{}
	case imp.HashedPassword != "":
		if imp.HashedPassword != c.limits.Stored[TypePassword].Config.HashedPassword {
			_, err := passwordhash.ParseWithin(imp.HashedPassword, c.limits.HashCost)
			c.under("/password/config/hashed_password", err)
		}
		return &Config{HashedPassword: imp.HashedPassword}
	case imp.UsePasswordMigrationHook:
		return &Config{UsePasswordMigrationHook: true}
	}
	c.fail("/password/config", "needs a password, a hashed_password or use_password_migration_hook")
	return nil
}

func (c *check) oidc(imp *ImportOIDC) *Config {
	if imp == nil {
		return nil
	}
	return c.providers(TypeOIDC, imp.Providers)
}

func (c *check) saml(imp *ImportSAML) *Config {
	if imp == nil {
		return nil
	}
	return c.providers(TypeSAML, imp.Providers)
}

func (c *check) providers(t Type, providers []Provider) *Config {
	field := "/" + string(t) + "/config/providers"
	config, stored := &Config{}, c.limits.Stored[t].Config.Providers
	at := firstByName(stored, Provider.Identifier)
	if !count(c, field, providers, MaxProviders, Provider.Identifier, at) {
		return config
	}
	for n, p := range providers {
		known, found := at[p.Identifier()]
		if !found || stored[known].Provider != p.Provider || stored[known].Organization != p.Organization {
			c.provider(fmt.Sprintf("%s/%d", field, n), p)
			p.Organization = strings.ToLower(p.Organization) // as all ids are written
		}
		config.Providers = append(config.Providers, p)
	}
	return config
}

func (c *check) provider(at string, p Provider) {
	c.required(at+"/provider", p.Provider, MaxProviderBytes)
	if strings.Contains(p.Provider, ":") {
		c.fail(at+"/provider", "must not hold a colon")
	}
	c.required(at+"/subject", p.Subject, MaxSubjectBytes)
	if !isOrganization(p.Organization) {
		c.fail(at+"/organization", "must be a UUID, or empty")
	}
}

func (c *check) totp(imp *ImportTOTP) *Config {
	if imp == nil {
		return nil
	}
	const field = "/totp/config/totp_url"
	if imp.URL != "" && imp.URL == c.limits.Stored[TypeTOTP].Config.TOTPURL {
		return &Config{TOTPURL: imp.URL}
	}
	if c.required(field, imp.URL, MaxTOTPURLBytes) {
		if reason := checkTOTPURL(imp.URL); reason != "" {
			c.fail(field, reason)
		}
	}
	return &Config{TOTPURL: imp.URL}
}

func (c *check) lookupSecret(imp *ImportLookupSecret) *Config {
	if imp == nil {
		return nil
	}
	const field = "/lookup_secret/config/codes"
	config := &Config{}
	at := firstByName(c.limits.Stored[TypeLookupSecret].Config.RecoveryCodes, RecoveryCode.name)
	if !count(c, field, imp.Codes, MaxCodes, RecoveryCode.name, at) {
		return config
	}
	for n, code := range imp.Codes {
		if _, found := at[code.name()]; !found {
			c.required(fmt.Sprintf("%s/%d/code", field, n), code.Code, MaxCodeBytes)
		}
		// The precision that stores keep: else the same code again would be a change.
		code.UsedAt = code.UsedAt.UTC().Truncate(time.Microsecond)
		config.RecoveryCodes = append(config.RecoveryCodes, code)
	}
	return config
}

func (c *check) webauthn(imp *ImportWebAuthn) *Config {
	if imp == nil {
		return nil
	}
	return c.keys(TypeWebAuthn, imp.Credentials, imp.UserHandle)
}

func (c *check) passkey(imp *ImportPasskey) *Config {
	if imp == nil {
		return nil
	}
	const field = "/passkey/config"
	if len(imp.UserHandle) == 0 {
		c.fail(field+"/user_handle", "must not be empty")
	}
	if len(imp.Credentials) == 0 {
		c.fail(field+"/credentials", "must not be empty")
	}
	return c.keys(TypePasskey, imp.Credentials, imp.UserHandle)
}

func (c *check) keys(t Type, keys []json.RawMessage, userHandle []byte) *Config {
	field, stored := "/"+string(t)+"/config", c.limits.Stored[t].Config
	if len(userHandle) > MaxUserHandleBytes && !bytes.Equal(userHandle, stored.UserHandle) {
		c.fail(field+"/user_handle", fmt.Sprintf("must be at most %d bytes long", MaxUserHandleBytes))
	}
	config := &Config{UserHandle: append([]byte(nil), userHandle...)}
	at := firstByName(stored.Keys, keyText)
	if !count(c, field+"/credentials", keys, MaxKeys, func(raw json.RawMessage) string { return string(raw) }, at) {
		return &Config{}
	}
	for n, raw := range keys {
		if known, found := at[string(raw)]; found {
			config.Keys = append(config.Keys, stored.Keys[known])
			continue
		}
		if len(raw) <= maxRawKeyBytes {
			raw = normalizeKey(raw)
		}
		key, err := ParseKey(append([]byte(nil), raw...))
		if err == nil {
			err = checkBytes(raw)
		}
		c.under(fmt.Sprintf("%s/credentials/%d", field, n), err)
		config.Keys = append(config.Keys, key)
	}
	return config
}

// keyText is the JSON of a key as an answer has it.
func keyText(k Key) string { return string(k.JSON) }

// count reports whether the entries are few enough. Those that the identity has already do not count: it may have more
// than an import may add. Too many are not checked one by one: the violations would add up.
func count[T any](c *check, field string, entries []T, most int, name func(T) string, stored map[string]int) bool {
	added := len(entries)
	if added > most {
		for _, entry := range entries {
			if _, found := stored[name(entry)]; found {
				added--
			}
		}
	}
	if added > most {
		c.fail(field, fmt.Sprintf("must have at most %d entries", most))
	}
	return added <= most
}

func (c *check) required(field, value string, most int) bool {
	if strings.TrimSpace(value) == "" {
		c.fail(field, "must not be empty")
		return false
	}
	return c.text(field, value, most)
}

// text checks what holds for every text: NUL is refused because not every
// database can keep it.
func (c *check) text(field, value string, most int) bool {
	switch {
	case len(value) > most:
		c.fail(field, fmt.Sprintf("must be at most %d bytes long", most))
	case !utf8.ValidString(value):
		c.fail(field, "must be valid UTF-8")
	case strings.ContainsRune(value, 0):
		c.fail(field, "must not hold NUL characters")
	default:
		return true
	}
	return false
}
