package credentials

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Remove returns s without one credential. It does not change s or its slices.
//
// identifier selects one credential of several:
//
//   - For oidc and saml it is "provider:subject", and required.
//   - For webauthn and passkey it is the id of a key, in base64 of either alphabet, padded or not. Without it, Remove
//     removes the whole passkey credential. Of a webauthn credential it removes the keys that are second factors or, if
//     there are none, the passwordless keys.
//   - The other types ignore it.
//
// Remove removes a first factor (password, oidc, saml, passkey, a passwordless key of webauthn) only if another first
// factor stays. Each of these counts as another: a password or its migration hook, or a passwordless webauthn key,
// together with an identifier; a link; a passkey; a code that can be sent to an address, since the schema marks that
// address for sign-in. Second factors (totp, lookup_secret, other webauthn keys) can always be removed.
//
// A password or webauthn credential keeps its identifiers after its config is removed, because they belong to the
// traits. A changed credential gets now as UpdatedAt.
//
// Errors: [ErrIdentifierRequired]; [ErrNotRemovable], for code; [ErrNoCredential], for an unknown type too;
// [ErrLastFirstFactor].
func (s Set) Remove(t Type, identifier string, now time.Time) (Set, error) {
	switch t {
	case TypeCode:
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
	first := t.IsFirstFactor()
	switch t {
	case TypeOIDC, TypeSAML:
		next.Config.Providers = slices.DeleteFunc(slices.Clone(current.Config.Providers), func(p Provider) bool {
			return p.Identifier() == identifier
		})
		if len(next.Config.Providers) == len(current.Config.Providers) {
			return nil, ErrNoCredential
		}
		next.Identifiers = identifiersOf(t, next.Config, "")
	case TypeWebAuthn, TypePasskey:
		var removed []Key
		next.Config.Keys, removed = removeKeys(t, current.Config.Keys, identifier)
		if len(removed) == 0 && (identifier != "" || t == TypeWebAuthn) {
			return nil, ErrNoCredential
		}
		if len(next.Config.Keys) == 0 {
			next.Config = Config{}
		}
		first = t == TypePasskey || slices.ContainsFunc(removed, func(k Key) bool { return k.Passwordless })
	default:
		next.Config = Config{}
	}
	rest := s.with(next, now)
	if first && !rest.hasFirstFactor() {
		return nil, ErrLastFirstFactor
	}
	return rest, nil
}

// removeKeys parts keys into those that stay and those that identifier, or the rule for none, removes.
func removeKeys(t Type, keys []Key, identifier string) (stay, removed []Key) {
	secondFactors := slices.ContainsFunc(keys, func(k Key) bool { return !k.Passwordless })
	// In a query, "+" means a space, and base64 has no other use for one.
	identifier = strings.ReplaceAll(identifier, " ", "+")
	for _, k := range keys {
		var goes bool
		switch {
		case identifier != "":
			goes = sameKeyID(k.ID, identifier)
		case t == TypePasskey:
			goes = true
		default:
			goes = k.Passwordless != secondFactors
		}
		if goes {
			removed = append(removed, k)
		} else {
			stay = append(stay, k)
		}
	}
	return stay, removed
}

// with returns a copy of s where c, updated at now unless it is what s has, takes the place of the credential of its
// type. One that has nothing left is gone.
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
