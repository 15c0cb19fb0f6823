package credentials

import "slices"

// Type is a kind of credential. Its text is the name on the wire.
type Type string

const (
	// TypePassword is a password, used with an identifier from the traits.
	TypePassword Type = "password"
	// TypeOIDC is a set of links to accounts at OpenID Connect or OAuth2 providers.
	TypeOIDC Type = "oidc"
	// TypeSAML is a set of links to accounts at SAML providers.
	TypeSAML Type = "saml"
	// TypeTOTP is an authenticator app (RFC 6238), a second factor.
	TypeTOTP Type = "totp"
	// TypeLookupSecret is a set of single-use recovery codes, a second factor.
	TypeLookupSecret Type = "lookup_secret"
	// TypeWebAuthn is a set of security keys, each a first or a second factor.
	TypeWebAuthn Type = "webauthn"
	// TypePasskey is a set of discoverable WebAuthn credentials, a first factor.
	TypePasskey Type = "passkey"
	// TypeCode is a one-time code sent to an address from the traits.
	TypeCode Type = "code"
)

// Types returns all types, sorted by name. The slice is the caller's.
func Types() []Type {
	return []Type{
		TypeCode, TypeLookupSecret, TypeOIDC, TypePasskey,
		TypePassword, TypeSAML, TypeTOTP, TypeWebAuthn,
	}
}

// ParseType returns the type with the name s, in exactly that spelling. The error is
// [ErrUnknownType].
func ParseType(s string) (Type, error) {
	if t := Type(s); t.IsKnown() {
		return t, nil
	}
	return "", ErrUnknownType
}

// IsKnown reports whether t is one of [Types].
func (t Type) IsKnown() bool { return slices.Contains(Types(), t) }

// IsFirstFactor reports whether a credential of type t can be enough to sign in.
// For webauthn that depends on the key, see [Key].
func (t Type) IsFirstFactor() bool {
	switch t {
	case TypePassword, TypeOIDC, TypeSAML, TypeWebAuthn, TypePasskey, TypeCode:
		return true
	}
	return false
}

// IdentifiersFromTraits reports whether the schema derives the identifiers of type t from the traits. The rules of this
// package do not change such identifiers. The rules of package identity set them.
func (t Type) IdentifiersFromTraits() bool {
	switch t {
	case TypePassword, TypeWebAuthn, TypeCode:
		return true
	}
	return false
}

// Version returns the version of the layout that the config of type t has: 1 for
// webauthn (each key says whether it is passwordless) and code (a list of addresses), whose layouts changed once in the
// API that we are compatible with; 0 for the others.
func (t Type) Version() int {
	switch t {
	case TypeWebAuthn, TypeCode:
		return 1
	}
	return 0
}
