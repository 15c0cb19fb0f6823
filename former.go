package idem

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// findTyped looks for what somebody typed: under normal, its form of today, and under the forms that older rules gave it. The
// older rules gave some different values one form, so a hit counts only if its traits become normal today. claim makes
// the claim of a form.
//
// The older forms are looked for in any case. Else a client could choose a spelling for which that takes long, and learn from
// the time whether anybody has the identifier or the address.
func (m *Manager) findTyped(ctx context.Context, typed, normal string, claim func(form string) storage.Claim) (*identity.Identity, error) {
	found, err := m.storage.Find(ctx, claim(normal))
	if err == nil && !m.explains(found, claim(normal), normal) {
		err = storage.ErrNotFound
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	former, formerErr := m.findFormer(ctx, typed, normal, claim)
	if err == nil {
		return found, nil
	}
	return former, formerErr
}

// findFormer looks for typed under the forms that older rules gave it.
func (m *Manager) findFormer(ctx context.Context, typed, normal string, claim func(former string) storage.Claim) (*identity.Identity, error) {
	for _, former := range schema.FormerForms(typed) {
		found, err := m.storage.Find(ctx, claim(former))
		switch {
		case errors.Is(err, storage.ErrNotFound):
		case err != nil:
			return nil, err
		case m.gives(found, claim(normal), normal):
			return found, nil
		}
	}
	return nil, storage.ErrNotFound
}

// gives reports whether the traits of i give claim, whose value is normal, by the rules of today. Nobody is locked out by
// what has become of their schema: where it is not registered any more, any trait may give it.
func (m *Manager) gives(i *identity.Identity, claim storage.Claim, normal string) bool {
	s, registered := m.Schemas().Get(i.SchemaID)
	if !registered {
		return hasText(i.Traits, normal) || becomes(i.Traits, normal)
	}
	return derives(s, i, claim, normal)
}

// derives is gives for the schema of i.
func derives(s *schema.Schema, i *identity.Identity, claim storage.Claim, normal string) bool {
	derived, err := s.Derive(i.Traits)
	if err != nil {
		return false
	}
	switch claim.Kind {
	case storage.ClaimKindIdentifier:
		return slices.ContainsFunc(derived.Identifiers, func(d schema.Identifier) bool { return d.Type == claim.Type && d.Value == normal })
	case storage.ClaimKindAddress:
		addresses := derived.Verifiable
		if claim.Type == storage.TypeRecoveryAddress {
			addresses = derived.Recovery
		}
		return slices.ContainsFunc(addresses, func(a schema.Address) bool { return storage.AddressClaim(claim.Type, a.Via, a.Value) == claim })
	}
	return false
}

// explains reports whether a string in the traits of i becomes normal, which is the value of a claim that i has.
func (m *Manager) explains(i *identity.Identity, claim storage.Claim, normal string) bool {
	if hasText(i.Traits, normal) { // as most do
		return true
	}
	// Large traits may hold thousands of strings, which their owner may have made slow to normalise. The schema knows the
	// few that count, unless it has changed.
	if len(i.Traits) > cheapTraits {
		if s, registered := m.Schemas().Get(i.SchemaID); registered && derives(s, i, claim, normal) {
			return true
		}
	}
	return becomes(i.Traits, normal)
}

// cheapTraits is how long traits may be, in bytes, for all their strings to be normalised without asking the schema.
const cheapTraits = 1 << 10

// becomes reports whether a string in traits becomes normal, which is the form of a value. A string that hasText finds does:
// the form of a form is itself.
func becomes(traits []byte, normal string) bool {
	value, err := strictjson.Decode(traits, strictjson.Limits{Depth: schema.MaxTraitsDepth, Values: schema.MaxTraitsValues})
	if err != nil {
		return false
	}
	return anyText(value, func(text string) bool { return schema.Normalize(text) == normal })
}

// hasText reports whether text is surely one of the strings in traits, which are JSON, as it stands there. It finds only
// printable ASCII without quotes and backslashes that begins with a letter, a digit or a plus: none of these follows the
// end of a string.
func hasText(traits []byte, text string) bool {
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }) ||
		strings.IndexFunc(text, func(c rune) bool { return c == '+' || unicode.IsLetter(c) || unicode.IsDigit(c) }) != 0 {
		return false
	}
	quoted := []byte(`"` + text + `"`)
	for from := 0; ; {
		at := bytes.Index(traits[from:], quoted)
		if at < 0 {
			return false
		}
		at += from
		from = at + len(quoted)
		escaped := at > 0 && traits[at-1] == '\\' // it is within a longer string
		if !escaped && !bytes.HasPrefix(bytes.TrimLeft(traits[from:], " \t\r\n"), []byte(":")) {
			return true
		}
	}
}

// anyText reports whether matches is true for a string in value.
func anyText(value any, matches func(string) bool) bool {
	switch value := value.(type) {
	case string:
		return matches(value)
	case []any:
		return slices.ContainsFunc(value, func(element any) bool { return anyText(element, matches) })
	case map[string]any:
		for _, member := range value {
			if anyText(member, matches) {
				return true
			}
		}
	}
	return false
}

// hasIdentifier reports whether i has identifier, in the spelling of today or in an older one that its own traits explain.
func (m *Manager) hasIdentifier(i *identity.Identity, identifier string) bool {
	normal := schema.Normalize(identifier)
	for t, c := range i.Credentials {
		if !t.IdentifiersFromTraits() {
			if slices.Contains(c.Identifiers, identifier) {
				return true
			}
			continue
		}
		if slices.Contains(c.Identifiers, normal) ||
			slices.ContainsFunc(schema.FormerForms(identifier), func(former string) bool { return slices.Contains(c.Identifiers, former) }) && m.gives(i, storage.IdentifierClaim(t, normal), normal) {
			return true
		}
	}
	return false
}
