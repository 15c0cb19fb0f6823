package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/idemkit/idem/internal/benchtest"
	"github.com/idemkit/idem/schema"
	"github.com/xeipuuv/gojsonschema"
)

// A schema as applications have them, with each kind of annotation but phone numbers.
const benchSchema = `{
	"$id": "https://example.com/person.schema.json",
	"$schema": "http://json-schema.org/draft-07/schema#",
	"title": "Person",
	"type": "object",
	"properties": {
		"traits": {
			"type": "object",
			"properties": {
				"email": {"type": "string", "format": "email", "title": "E-Mail", "minLength": 3, "ory.sh/kratos": {
					"credentials": {"password": {"identifier": true}, "webauthn": {"identifier": true}, "code": {"identifier": true, "via": "email"},
						"totp": {"account_name": true}, "passkey": {"display_name": true}},
					"verification": {"via": "email"}, "recovery": {"via": "email"}}},
				"username": {"type": "string", "pattern": "^[A-Za-z0-9_.]+$", "maxLength": 40, "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}},
				"name": {"type": "object", "properties": {"first": {"type": "string"}, "last": {"type": "string"}}, "required": ["last"]},
				"tier": {"enum": ["free", "pro"]},
				"newsletter": {"type": "boolean"},
				"age": {"type": "integer", "minimum": 0},
				"addresses": {"type": "array", "items": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}, "zip": {"type": "string"}}}}
			},
			"required": ["email"],
			"additionalProperties": false
		}
	}
}`

const benchTraits = `{"email": "Jo.Doe@Example.org", "username": "jo.doe", "name": {"first": "Jo", "last": "Doe"}, "tier": "pro", "newsletter": true, "age": 37,
 "addresses": [{"street": "Hauptstr. 1", "city": "Bonn", "zip": "53111"}, {"street": "12 High Street", "city": "York", "zip": "YO1 7AA"}]}`

func BenchmarkValidate(b *testing.B) {
	s, err := schema.Parse("person", []byte(benchSchema))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(benchTraits)))
	for b.Loop() {
		if _, err := s.Validate([]byte(benchTraits)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidatePerson is Validate of traits with a phone number.
func BenchmarkValidatePerson(b *testing.B) {
	s, err := schema.Parse(benchtest.SchemaID, []byte(benchtest.Schema))
	if err != nil {
		b.Fatal(err)
	}
	people := make([]json.RawMessage, 10_000)
	for n := range people {
		people[n] = benchtest.Traits(n, 0, benchtest.Email(n, 0))
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, err := s.Validate(people[n%len(people)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareGojsonschema is what the library needs by itself for the decoded value.
func BenchmarkBareGojsonschema(b *testing.B) {
	s, err := gojsonschema.NewSchema(gojsonschema.NewStringLoader(benchSchema))
	if err != nil {
		b.Fatal(err)
	}
	var traits any
	decoder := json.NewDecoder(strings.NewReader(benchTraits))
	decoder.UseNumber()
	if err := decoder.Decode(&traits); err != nil {
		b.Fatal(err)
	}
	document := gojsonschema.NewRawLoader(map[string]any{"traits": traits})
	b.ReportAllocs()
	for b.Loop() {
		result, err := s.Validate(document)
		if err != nil || !result.Valid() {
			b.Fatal(err, result)
		}
	}
}

// removeFormats removes the library's global formats until the test ends.
func removeFormats(t *testing.T) {
	gojsonschema.FormatCheckers.Remove("email")
	t.Cleanup(func() { gojsonschema.FormatCheckers.Add("email", gojsonschema.EmailFormatChecker{}) })
}
