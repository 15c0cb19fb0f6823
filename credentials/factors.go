package credentials

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// SameFactors reports whether s and o have the same factors: the same password hash, links,
// authenticator app, recovery codes and keys. It ignores the values that change when a
// credential is used: the time at which a recovery code was used, and the counter, flags
// and display name of a key. It also ignores identifiers and addresses, which follow from
// the traits.
func (s Set) SameFactors(o Set) bool {
	if s.is(o) {
		return true
	}
	for _, t := range Types() {
		if !sameFactors(t, s[t].Config, o[t].Config) {
			return false
		}
	}
	return true
}

func sameFactors(t Type, a, b Config) bool {
	switch t {
	case TypePassword:
		return a.HashedPassword == b.HashedPassword && a.UsePasswordMigrationHook == b.UsePasswordMigrationHook
	case TypeOIDC, TypeSAML:
		return sameSet(a.Providers, b.Providers, Provider.Identifier)
	case TypeTOTP:
		return a.TOTPURL == b.TOTPURL
	case TypeLookupSecret:
		return sameSet(a.RecoveryCodes, b.RecoveryCodes, func(c RecoveryCode) string { return c.Code })
	case TypeWebAuthn, TypePasskey:
		return bytes.Equal(a.UserHandle, b.UserHandle) &&
			(slices.EqualFunc(a.Keys, b.Keys, Key.Equal) || sameSet(a.Keys, b.Keys, keyFactor))
	}
	return true
}

// sameSet reports whether a and b hold the same names, in any order.
func sameSet[T any](a, b []T, name func(T) string) bool {
	names := func(all []T) map[string]bool {
		set := make(map[string]bool, len(all))
		for _, one := range all {
			set[name(one)] = true
		}
		return set
	}
	return maps.Equal(names(a), names(b))
}

// keyFactor is what makes a key the key that it is: its id, its public key, and whether it
// is enough alone.
func keyFactor(k Key) string {
	var key struct {
		PublicKey json.RawMessage `json:"public_key"`
	}
	_ = json.Unmarshal(k.JSON, &key) // of what is no key nothing is left to compare but the id
	kind := " second "
	if k.Passwordless {
		kind = " first "
	}
	return k.ID + kind + string(key.PublicKey)
}
