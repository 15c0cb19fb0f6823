package credentials

import (
	"encoding/json"
)

// The bounds of an import, in bytes unless the name says otherwise. They keep absurd values out of indexes and documents.
// No real value reaches them.
const (
	MaxProviderBytes   = 255  // name of a provider
	MaxSubjectBytes    = 1024 // id of an account at a provider
	MaxProviders       = 100  // links in one import, of each type
	MaxTOTPURLBytes    = 4096
	MaxCodeBytes       = 255 // a recovery code
	MaxCodes           = 100 // recovery codes in one import
	MaxKeys            = 100 // keys in one import, of each type
	MaxKeyIDBytes      = 2048
	MaxUserHandleBytes = 64 // the bound of WebAuthn Level 2, section 5.4.3
)

// Import holds the credentials to merge into those of an identity. A nil field keeps
// the credentials of its type unchanged. Every type in it that holds a secret prints
// as a placeholder and keeps the secret out of encoding/json.
type Import struct {
	Password     *ImportPassword
	OIDC         *ImportOIDC
	SAML         *ImportSAML
	TOTP         *ImportTOTP
	LookupSecret *ImportLookupSecret
	WebAuthn     *ImportWebAuthn
	Passkey      *ImportPasskey
	Code         *ImportCode
}

// ImportPassword replaces the password. At least one field must be set. If several
// are set, the first in the order below is used and the others are ignored.
type ImportPassword struct {
	// Password is the plain password, to be hashed.
	Password string `json:"-"`
	// HashedPassword is a hash in a format that [passwordhash.Parse] reads.
	HashedPassword string `json:"-"`
	// UsePasswordMigrationHook means that the application is asked at the first sign-in.
	UsePasswordMigrationHook bool
}

// ImportOIDC adds links. A link with the provider and subject of an existing one replaces that link's other fields.
// Provider and Subject must not be empty. The identifier of a link is "provider:subject", so the provider's name must
// not contain a colon: otherwise two links could have the same identifier.
type ImportOIDC struct {
	Providers []Provider
}

// ImportSAML adds links, as [ImportOIDC] does.
type ImportSAML struct {
	Providers []Provider
}

// ImportTOTP replaces the authenticator app.
type ImportTOTP struct {
	// URL is an otpauth://totp/ URL with the shared secret.
	URL string `json:"-"`
}

// ImportLookupSecret adds recovery codes. A code that exists already gets the new UsedAt. The existing codes stay
// valid. To replace them all, use idem.Manager.ReplaceLookupCodes.
type ImportLookupSecret struct {
	Codes []RecoveryCode `json:"-"`
}

// ImportWebAuthn adds keys. A key with the id of an existing key replaces that key.
type ImportWebAuthn struct {
	// Credentials are JSON objects as [ParseKey] reads them. Their binary members (the id, the public key, the AAGUID, the
	// attestation) may also be in any form that [ParseBytes] reads.
	Credentials []json.RawMessage `json:"-"`
	// UserHandle replaces the user handle. Empty keeps it.
	UserHandle []byte `json:"-"`
}

// ImportPasskey adds keys, as [ImportWebAuthn] does. It must hold at least one key,
// and a user handle. The user handle is the identifier of the credential.
type ImportPasskey struct {
	Credentials []json.RawMessage `json:"-"`
	UserHandle  []byte            `json:"-"`
}

// ImportCode imports nothing: the addresses that a code can be sent to follow from the traits. It exists so that a
// credential that was read with its config can be sent back. The Manager refuses addresses that neither the identity has
// nor the traits give.
type ImportCode struct {
	Addresses []CodeAddress
}
