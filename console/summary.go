package console

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// summary is a person as a list shows them.
type summary struct {
	*identity.Identity
	// Name is what people call them, as far as the traits tell: see nameOf.
	Name string
	// Identifiers are what they sign in with and how they are reached, without doubles.
	Identifiers []string
	// Addresses are all verifiable addresses, Verified how many of them are verified.
	Addresses, Verified int
}

// longest is how long a name or identifier is in a list; more is shown on the person's page.
const longest = 120

func summarize(i *identity.Identity) summary {
	s := summary{Identity: i, Name: shorten(nameOf(i), longest), Addresses: len(i.VerifiableAddresses)}
	for _, identifier := range identifiersOf(i) {
		if identifier != s.Name {
			s.Identifiers = append(s.Identifiers, shorten(identifier, longest))
		}
	}
	for _, a := range i.VerifiableAddresses {
		if a.Verified {
			s.Verified++
		}
	}
	return s
}

// identifiersOf returns what somebody signs in with or is reached by, as people would read it.
func identifiersOf(i *identity.Identity) []string {
	var all []string
	add := func(value string) {
		if value != "" && !slices.Contains(all, value) {
			all = append(all, value)
		}
	}
	for _, a := range i.VerifiableAddresses {
		add(a.Value)
	}
	for t, c := range i.Credentials.Sorted() {
		if t.IdentifiersFromTraits() {
			for _, identifier := range c.Identifiers {
				add(identifier)
			}
		}
	}
	add(i.ExternalID)
	return all
}

// names are the traits that hold what somebody is called, the best first. A list of several is joined.
var names = [][]string{
	{"name"}, {"full_name"}, {"fullName"}, {"display_name"}, {"displayName"},
	{"first_name", "last_name"}, {"firstName", "lastName"}, {"given_name", "family_name"}, {"givenName", "familyName"},
	{"nickname"}, {"username"}, {"preferred_username"}, {"title"},
}

// parts are the same within a trait that is an object.
var parts = [][]string{{"full"}, {"display"}, {"first", "last"}, {"given", "family"}, {"givenName", "familyName"}, {"first_name", "last_name"}}

// nameOf returns what somebody is called: a trait with a usual name, else what they sign in with, else their id.
func nameOf(i *identity.Identity) string {
	var traits map[string]json.RawMessage
	if json.Unmarshal(i.Traits, &traits) == nil {
		if name := pick(traits, names); name != "" {
			return name
		}
	}
	if identifiers := identifiersOf(i); len(identifiers) > 0 {
		return identifiers[0]
	}
	for _, c := range []credentials.Type{credentials.TypeOIDC, credentials.TypeSAML} {
		if links := i.Credentials[c].Identifiers; len(links) > 0 {
			return links[0]
		}
	}
	return i.ID.String()
}

func pick(members map[string]json.RawMessage, candidates [][]string) string {
	for _, candidate := range candidates {
		var words []string
		for _, member := range candidate {
			if word := wordOf(members[member]); word != "" {
				words = append(words, word)
			}
		}
		if len(words) > 0 {
			return strings.Join(words, " ")
		}
	}
	return ""
}

// wordOf returns the text of a trait, or that of an object that is a name in parts.
func wordOf(trait json.RawMessage) string {
	var word string
	if json.Unmarshal(trait, &word) == nil {
		return strings.Join(strings.FieldsFunc(word, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(trait, &members) != nil {
		return ""
	}
	for _, name := range []string{"first", "given", "full", "display", "givenName", "first_name"} {
		if len(members[name]) > 0 && members[name][0] == '"' {
			return pick(members, parts)
		}
	}
	return ""
}
