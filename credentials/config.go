package credentials

import (
	"bytes"
	"slices"
	"time"
)

// Config is the secret part of a credential. Only the fields of the credential's
// type are set. The zero Config means that the credential has no config.
//
// It is a plain value whose slices belong to its holder. It prints as a placeholder, and encoding/json leaves its secrets
// out.
type Config struct {
	// HashedPassword is, for a password, the hash in a format that
	// [passwordhash.Parse] reads.
	HashedPassword string `json:"-"`
	// UsePasswordMigrationHook means, for a password, that only another system knows the hash. The application is asked at
	// the first sign-in.
	UsePasswordMigrationHook bool `json:"use_password_migration_hook,omitempty"`

	// Providers are, for oidc and saml, the linked accounts in the order in which
	// they were linked.
	Providers []Provider `json:"providers,omitempty"`

	// TOTPURL is, for totp, the otpauth:// URL with the shared secret.
	TOTPURL string `json:"-"`

	// RecoveryCodes are the codes of a lookup_secret.
	RecoveryCodes []RecoveryCode `json:"-"`

	// Keys are the keys of a webauthn or passkey credential.
	Keys []Key `json:"-"`
	// UserHandle is, for webauthn and passkey, the user handle that the keys
	// were registered with (WebAuthn Level 2, section 5.4.3).
	UserHandle []byte `json:"-"`

	// Addresses are, for code, the addresses that a code can be sent to.
	Addresses []CodeAddress `json:"addresses,omitempty"`
}

// Provider is a link to an account at an identity provider.
type Provider struct {
	// Provider is the name that the application configured the provider under.
	Provider string `json:"provider"`
	// Subject is the account's id at the provider.
	Subject string `json:"subject"`
	// Organization is the id of the organization that the link belongs to, a UUID. Empty means none.
	Organization string `json:"organization,omitempty"`
	// UseAutoLink means that the link was made because an address matched, and that its owner has not confirmed it yet.
	UseAutoLink bool `json:"use_auto_link,omitempty"`
}

// Identifier returns the identifier of the link, "provider:subject".
func (p Provider) Identifier() string { return p.Provider + ":" + p.Subject }

// RecoveryCode is a single-use code. It prints as a placeholder with fmt and log/slog. encoding/json writes it whole: an
// application shows new codes to their owner once. The types that hold codes leave them out.
type RecoveryCode struct {
	// Code is the code.
	Code string `json:"code"`
	// UsedAt is when the code was used. Zero means that it can still be used.
	UsedAt time.Time `json:"used_at,omitzero"`
}

// Equal reports whether c and o have the same content.
func (c RecoveryCode) Equal(o RecoveryCode) bool {
	return c.Code == o.Code && c.UsedAt.Equal(o.UsedAt)
}

// CodeAddress is an address that a one-time code can be sent to.
type CodeAddress struct {
	// Channel is "email" or "sms".
	Channel string `json:"channel"`
	Address string `json:"address"`
}

// IsZero reports whether c is the zero Config. An empty slice counts as an absent
// one.
func (c Config) IsZero() bool {
	return c.HashedPassword == "" && !c.UsePasswordMigrationHook &&
		len(c.Providers) == 0 && c.TOTPURL == "" && len(c.RecoveryCodes) == 0 &&
		len(c.Keys) == 0 && len(c.UserHandle) == 0 && len(c.Addresses) == 0
}

// Clone returns a copy that shares no memory with c.
func (c Config) Clone() Config {
	c.Providers = slices.Clone(c.Providers)
	c.RecoveryCodes = slices.Clone(c.RecoveryCodes)
	c.Keys = slices.Clone(c.Keys)
	for n := range c.Keys {
		c.Keys[n].JSON = bytes.Clone(c.Keys[n].JSON)
	}
	c.UserHandle = bytes.Clone(c.UserHandle)
	c.Addresses = slices.Clone(c.Addresses)
	return c
}

// Equal reports whether c and o have the same content in the same order. A nil
// slice equals an empty one.
func (c Config) Equal(o Config) bool {
	return c.HashedPassword == o.HashedPassword &&
		c.UsePasswordMigrationHook == o.UsePasswordMigrationHook &&
		slices.Equal(c.Providers, o.Providers) &&
		c.TOTPURL == o.TOTPURL &&
		slices.EqualFunc(c.RecoveryCodes, o.RecoveryCodes, RecoveryCode.Equal) &&
		slices.EqualFunc(c.Keys, o.Keys, Key.Equal) &&
		bytes.Equal(c.UserHandle, o.UserHandle) &&
		slices.Equal(c.Addresses, o.Addresses)
}
