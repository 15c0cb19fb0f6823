package credentials

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Apply returns set with the prepared credentials merged in. It does not change set
// or its slices. The result shares the unchanged parts with set. Apply is pure: the
// same arguments give the same result.
//
// A password and a totp replace the existing one. Links, recovery codes and keys are added. One that exists already (the
// same provider and subject, the same code, the same id) is replaced at its position; a code that was used stays used.
// owner is the identity's id as text; it is the identifier of totp and lookup_secret. Identifiers that come from traits
// stay unchanged.
//
// A new credential gets now as CreatedAt and UpdatedAt. A credential whose identifiers
// or config changed gets now as UpdatedAt. Other credentials keep their times.
func (p *Prepared) Apply(set Set, owner string, now time.Time) Set {
	if p == nil || p.parts == nil {
		return set
	}
	m := merge{set: make(Set, len(set)+1), owner: owner, now: now}
	for t, c := range set {
		m.set[t] = c
	}
	m.put(TypePassword, p.parts.password, replaceConfig)
	m.put(TypeOIDC, p.parts.oidc, addProviders)
	m.put(TypeSAML, p.parts.saml, addProviders)
	m.put(TypeTOTP, p.parts.totp, replaceConfig)
	m.put(TypeLookupSecret, p.parts.lookupSecret, addRecoveryCodes)
	m.put(TypeWebAuthn, p.parts.webauthn, addKeys)
	m.put(TypePasskey, p.parts.passkey, addKeys)
	return m.set
}

type merge struct {
	set   Set
	owner string
	now   time.Time
}

// put merges one type's config with the rule of that type.
func (m *merge) put(t Type, imported *Config, rule func(current, imported Config) Config) {
	if imported == nil {
		return
	}
	current, exists := m.set[t]
	next := current
	next.Config = rule(current.Config, imported.Clone())
	if !exists && next.Config.IsZero() {
		return // an empty list adds nothing, and so does not make a credential
	}
	if !t.IdentifiersFromTraits() {
		next.Identifiers = identifiersOf(t, next.Config, m.owner)
	}
	if exists && next.Config.Equal(current.Config) && slices.Equal(next.Identifiers, current.Identifiers) {
		return
	}
	if !exists {
		next.CreatedAt = m.now
	}
	next.Type, next.Version, next.UpdatedAt = t, t.Version(), m.now
	m.set[t] = next
}

// identifiersOf returns the identifiers of a type whose identifiers do not come
// from traits.
func identifiersOf(t Type, config Config, owner string) []string {
	switch t {
	case TypeOIDC, TypeSAML:
		identifiers := make([]string, 0, len(config.Providers))
		for _, p := range config.Providers {
			identifiers = append(identifiers, p.Identifier())
		}
		slices.Sort(identifiers)
		return slices.Compact(identifiers)
	case TypePasskey:
		return []string{UserHandleIdentifier(config.UserHandle)}
	}
	return []string{owner}
}

func isText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func replaceConfig(_, imported Config) Config { return imported }

func addProviders(current, imported Config) Config {
	current.Providers = addTo(current.Providers, imported.Providers, Provider.Identifier)
	return current
}

func addRecoveryCodes(current, imported Config) Config {
	stored := firstByName(current.RecoveryCodes, RecoveryCode.name)
	for n, code := range imported.RecoveryCodes {
		if at, found := stored[code.name()]; found && code.UsedAt.IsZero() {
			imported.RecoveryCodes[n].UsedAt = current.RecoveryCodes[at].UsedAt // it may have been read before it was used
		}
	}
	current.RecoveryCodes = addTo(current.RecoveryCodes, imported.RecoveryCodes, RecoveryCode.name)
	return current
}

func addKeys(current, imported Config) Config {
	stored := firstByName(current.Keys, Key.name)
	for n, key := range imported.Keys {
		at, found := stored[key.name()]
		if found && bytes.Equal(normalizeKey(current.Keys[at].JSON), key.JSON) {
			imported.Keys[n] = current.Keys[at] // the same key in another spelling is no change
		}
	}
	current.Keys = addTo(current.Keys, imported.Keys, Key.name)
	if len(imported.UserHandle) > 0 {
		current.UserHandle = imported.UserHandle
	}
	return current
}

// addTo returns current with each of added put in the place of the one that has the same name, or else at the end. The
// last of several with one name counts.
func addTo[T any](current, added []T, name func(T) string) []T {
	result := slices.Clone(current)
	at := firstByName(result, name)
	for _, item := range added {
		n, found := at[name(item)]
		if !found {
			at[name(item)] = len(result)
			result = append(result, item)
			continue
		}
		result[n] = item
	}
	return result
}

// firstByName returns where in list the first element of each name is.
func firstByName[T any](list []T, name func(T) string) map[string]int {
	at := make(map[string]int, len(list))
	for n, item := range list {
		if _, found := at[name(item)]; !found {
			at[name(item)] = n
		}
	}
	return at
}

// name tells a code from the others of its identity.
func (code RecoveryCode) name() string { return code.Code }

// name tells a key from the others of its identity: two ids that are the same bytes are one name.
func (k Key) name() string {
	if id, ok := decodeBase64(k.ID); ok {
		return "bytes " + string(id)
	}
	return "text " + k.ID
}
