package schema_test

import (
	"testing"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
	"github.com/stretchr/testify/require"
)

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, document, pointer, reason string }{
		{"no JSON", `{`, "", "the value ends too early"},
		{"no object", `[]`, "", "a schema is an object, true or false, not an array"},
		{"true", `true`, "", `an identity schema is an object with properties.traits: {"type": "object", "properties": {…}}`},
		{"no traits", `{"type":"object"}`, "", `the traits are not described: put them under properties.traits, as {"properties": {"traits": {"type": "object", "properties": {…}}}}`},
		{"traits of any type", `{"properties":{"traits":{"properties":{}}}}`, "/properties/traits", `traits must be an object: write "type": "object"`},
		{"traits of another type", `{"properties":{"traits":{"type":["object","null"]}}}`, "/properties/traits", `traits must be an object: write "type": "object"`},
		{"$ref to nowhere", traitsSchema(`"properties":{"a":{"$ref":"#/definitions/x"}}`), "/properties/traits/properties/a/$ref", "leads nowhere: the document has no /definitions/x"},
		{"$ref to a name", traitsSchema(`"properties":{"a":{"$ref":"#x"}}`), "/properties/traits/properties/a/$ref", "what follows # must be a JSON pointer, such as #/definitions/email"},
		{"$ref to no schema", traitsSchema(`"properties":{"a":{"$ref":"#/properties/traits/type"}}`), "/properties/traits/type", "a schema is an object, true or false, not a string"},
		{"another draft", `{"$schema":"http://json-schema.org/draft-04/schema#"}`, "/$schema", `"http://json-schema.org/draft-04/schema#" is not supported: write http://json-schema.org/draft-07/schema#`},
		{"$id below the root", traitsSchema(`"$id":"x"`), "/properties/traits/$id", "only the root may have an $id: refer to this schema as #/properties/traits"},
		{"wrong type of keyword", traitsSchema(`"required":"a"`), "/properties/traits/required", "must be a list of property names"},
		{"unknown type", traitsSchema(`"properties":{"a":{"type":"text"}}`), "/properties/traits/properties/a/type", "must be one of array, boolean, integer, null, number, object, string, or a list of them"},
		{"cycle", traitsSchema(`"properties":{"a":{"allOf":[{"$ref":"#/properties/traits/properties/a"}]}}`), "/properties/traits/properties/a/allOf/0", "refers to itself for the same value, which would never end: put a property or items in between"},
		{"name given twice", `{"properties":{"traits":{"type":"object","type":"object"}}}`, "/properties/traits/type", "the name is given twice in one object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := schema.Parse("test", []byte(test.document))
			requireRefused(t, err, test.pointer, test.reason)
		})
	}
	_, err := schema.Parse("", []byte(person))
	require.EqualError(t, err, `schema "": a schema needs an id`)
	_, err = schema.Parse("test", make([]byte, schema.MaxSchemaBytes+1))
	require.EqualError(t, err, `schema "test": the document is larger than 1 MiB`)
}

func TestTraitsMayBeDescribedElsewhere(t *testing.T) {
	for _, document := range []string{
		`{"properties":{"traits":{"$ref":"#/definitions/t"}},"definitions":{"t":{"allOf":[{"type":"object"}]}}}`,
		`{"$ref":"#/definitions/root","definitions":{"root":{"properties":{"traits":{"type":["object"]}}}}}`,
		`{"$schema":"http://json-schema.org/draft-07/schema","properties":{"traits":{"type":"object"}}}`,
	} {
		s := parse(t, document)
		_, err := s.Validate([]byte(`{}`))
		require.NoError(t, err)
	}
}

func TestWarnings(t *testing.T) {
	s := parse(t, `{"id":"x","properties":{"traits":{"type":"object","requierd":["a"],"$defs":{},"properties":{
		"a":{"format":"emial"},"b":{"$ref":"#/definitions/c","ory.sh/kratos":{}},"d":{"ory.sh/kratos":{"recovery":{"via":"email"}}}}}},"definitions":{"c":{}}}`)
	var got []string
	for _, w := range s.Warnings() {
		got = append(got, w.Pointer)
	}
	require.Equal(t, []string{"/id", "/properties/traits/$defs", "/properties/traits/properties/a/format", "/properties/traits/properties/b/ory.sh~1kratos",
		"/properties/traits/properties/d/ory.sh~1kratos", "/properties/traits/requierd"}, got)
	require.Equal(t, `an unknown keyword, ignored: did you mean "required"?`, s.Warnings()[5].Message)
	require.Empty(t, parse(t, person).Warnings())
	require.Empty(t, parse(t, benchSchema).Warnings())
}

func TestSchemaIsImmutable(t *testing.T) {
	document := []byte(person)
	s, err := schema.Parse("person", document)
	require.NoError(t, err)
	document[0] = 'x'
	require.Equal(t, person, string(s.Document()))
	s.Document()[0] = 'x'
	require.Equal(t, person, string(s.Document()))
	require.Equal(t, "person", s.ID())
}

// requireRefused checks that err refuses the schema "test" for one reason, at pointer.
func requireRefused(t *testing.T, err error, pointer, reason string) {
	t.Helper()
	var refused *violation.Error
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Violations, 1)
	require.Equal(t, pointer, refused.Violations[0].Pointer)
	require.Equal(t, reason, refused.Violations[0].Message)
	require.ErrorContains(t, err, `schema "test": `)
}
