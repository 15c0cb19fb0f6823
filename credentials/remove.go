package credentials

import (
	"maps"
	"slices"
	"time"
)

// Remove returns s without one credential, and leaves s and its slices as they are.
// identifier tells which link of an oidc or saml credential, "provider:subject";
// other types ignore it.
//
//   - password, oidc and saml go only while another first factor stays: a password
//     or its migration hook together with an identifier, another link, a passkey, a
//     passwordless webauthn key, or a code that can be sent to an address. A code
//     counts because the schema says that its address is one to sign in with.
//   - totp and lookup_secret go at once.
//   - webauthn loses the keys that are not passwordless. These are second factors,
//     so its owner can sign in as before.
//   - code and passkey stay: ErrNotRemovable.
//
// A password or webauthn without config keeps its identifiers, which belong to the
// traits. What changes was updated at now.
//
// Errors: [ErrIdentifierRequired]; [ErrNotRemovable]; [ErrNoCredential], for an
// unknown type too; [ErrLastFirstFactor].
func (s Set) Remove(t Type, identifier string, now time.Time) (Set, error) {
	switch t {
	case TypeCode, TypePasskey:
		return nil, ErrNotRemovable
	case TypeOIDC, TypeSAML:
		if identifier == "" {
			return nil, ErrIdentifierRequired
		}
	}
	current, ok := s[t]
	if !ok || current.Config.IsZero() {
		return nil, ErrNoCredential
	}
	next := current
	switch t {
	case TypeOIDC, TypeSAML:
		next.Config.Providers = slices.DeleteFunc(slices.Clone(current.Config.Providers), func(p Provider) bool {
			return p.Identifier() == identifier
		})
		if len(next.Config.Providers) == len(current.Config.Providers) {
			return nil, ErrNoCredential
		}
		next.Identifiers = identifiersOf(t, next.Config, "")
	case TypeWebAuthn:
		next.Config.Keys = slices.DeleteFunc(slices.Clone(current.Config.Keys), func(k Key) bool { return !k.Passwordless })
		if len(next.Config.Keys) == 0 {
			next.Config = Config{}
		}
	default:
		next.Config = Config{}
	}
	rest := s.with(next, now)
	if t != TypeWebAuthn && t.IsFirstFactor() && !rest.hasFirstFactor() {
		return nil, ErrLastFirstFactor
	}
	return rest, nil
}

// with returns a copy of s where c, updated at now unless it is what s has, takes
// the place of the credential of its type. One that has nothing left is gone.
func (s Set) with(c Credential, now time.Time) Set {
	rest := maps.Clone(s)
	switch {
	case c.Config.IsZero() && (len(c.Identifiers) == 0 || !c.Type.IdentifiersFromTraits()):
		delete(rest, c.Type)
	case !c.Equal(s[c.Type]):
		c.UpdatedAt = now
		rest[c.Type] = c
	}
	return rest
}

func (s Set) hasFirstFactor() bool {
	for _, c := range s {
		if c.isFirstFactor() {
			return true
		}
	}
	return false
}
