package schema_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
	"github.com/stretchr/testify/require"
)

// The longest that one Parse or Validate may take under the race detector on a slow and busy machine. Without
// these burdens all take less than a second; without the bounds they would take minutes or never end.
const patience = 30 * time.Second

// fuzzDocuments are traits that meet most keywords.
var fuzzDocuments = [][]byte{
	[]byte(`{}`),
	[]byte(`{"a":1,"b":[1,1.0,"x",null,{"a":{}}],"email":"A@b.c","phone":"+1 650 253 0000","c":{"a":{"a":{"a":[[[[]]]]}}}}`),
	[]byte(`{"a":"x","b":"y","email":"not","phone":"no","x":-0.0,"y":1e300}`),
}

// FuzzParse: whatever a schema says, it is read or refused in bounded time, and what is read can be used.
func FuzzParse(f *testing.F) {
	for _, s := range append(slices.Clone(fuzzSchemas), hazardSchemas()...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		start := time.Now()
		s, err := schema.Parse("fuzz", document)
		if err != nil {
			var refused *violation.Error
			require.ErrorAs(t, err, &refused)
			require.NotEmpty(t, refused.Violations)
		} else {
			require.Equal(t, string(document), string(s.Document()))
			for _, traits := range fuzzDocuments {
				validate(t, s, traits)
			}
		}
		require.Less(t, time.Since(start), patience)
	})
}

// FuzzValidate: whatever traits say, they are accepted or refused in bounded time, and what is accepted is
// accepted again with the same result.
func FuzzValidate(f *testing.F) {
	schemas := make([]*schema.Schema, len(fuzzSchemas))
	for i, document := range fuzzSchemas {
		var err error
		if schemas[i], err = schema.Parse("fuzz", []byte(document)); err != nil {
			f.Fatal(err)
		}
	}
	for _, traits := range append(slices.Clone(fuzzDocuments), hazardTraits()...) {
		f.Add(traits)
	}
	f.Fuzz(func(t *testing.T, traits []byte) {
		start := time.Now()
		for _, s := range schemas {
			validate(t, s, traits)
		}
		require.Less(t, time.Since(start), patience)
	})
}

func validate(t *testing.T, s *schema.Schema, traits []byte) {
	given := slices.Clone(traits)
	derived, err := s.Validate(traits)
	require.Equal(t, string(given), string(traits), "the traits given were changed")
	if err != nil {
		var invalid *violation.Error
		if errors.Is(err, schema.ErrUnlinked) {
			return
		}
		require.ErrorAs(t, err, &invalid)
		require.NotEmpty(t, invalid.Violations)
		for _, v := range invalid.Violations {
			require.NotEmpty(t, v.Message)
			require.NotEmpty(t, v.Keyword)
		}
		return
	}
	require.True(t, json.Valid(derived.Traits))
	for _, identifier := range derived.Identifiers {
		require.NotEmpty(t, identifier.Value)
		if identifier.Type != "code" {
			require.Equal(t, identifier.Value, schema.NormalizeIdentifier(identifier.Type, identifier.Value))
		}
	}
	again, err := s.Validate(derived.Traits)
	require.NoError(t, err, "stored traits must be valid")
	require.Equal(t, string(derived.Traits), string(again.Traits))
	require.Equal(t, derived.Identifiers, again.Identifiers)
	require.Equal(t, derived.Verifiable, again.Verifiable)
	require.Equal(t, derived.Recovery, again.Recovery)
	require.Equal(t, derived.CodeAddresses, again.CodeAddresses)
}

// fuzzSchemas use every keyword of draft-07 and of the extension.
var fuzzSchemas = []string{
	person,
	benchSchema,
	`{"properties":{"traits":{"type":"object","properties":{
		"email":{"type":"string","format":"no-validate","ory.sh/kratos":{"credentials":{"password":{"identifier":true},"code":{"identifier":true,"via":"email"}},"verification":{"via":"email"},"recovery":{"via":"email"}}},
		"phone":{"type":"string","format":"no-validate","ory.sh/kratos":{"credentials":{"webauthn":{"identifier":true}},"verification":{"via":"sms"}}},
		"a":{"anyOf":[{"type":"integer","minimum":0,"multipleOf":0.5},{"type":"string","pattern":"^[a-z]\\s?$","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}},{"enum":[1.5,null,"x"]}]},
		"b":{"type":["array","string"],"items":[{"const":1},{"type":"number","exclusiveMaximum":2}],"additionalItems":{"oneOf":[{"type":"string"},{"type":"null"},{"type":"object","maxProperties":1}]},"uniqueItems":false,"minItems":0},
		"c":{"$ref":"#/definitions/tree"},
		"d":{"format":"date-time"},"e":{"format":"uri"},"f":{"format":"regex"},"g":{"format":"tel"},"h":{"format":"email_loose"},"i":{"format":"uri-template"}},
		"patternProperties":{"^x":{"type":"number","minimum":-1e3}},"additionalProperties":{"type":["string","number","null"]},
		"propertyNames":{"maxLength":20},"dependencies":{"x":["a"],"y":{"required":["b"]}},"not":{"required":["forbidden"]},
		"if":{"required":["b"]},"then":{"required":["a"]},"else":{"maxProperties":9}}},
		"definitions":{"tree":{"type":"object","properties":{"a":{"anyOf":[{"$ref":"#/definitions/tree"},{"type":"array","contains":{"type":"array"},"uniqueItems":true}]},
			"name":{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}}}}}}`,
	`{"properties":{"traits":{"type":"object","additionalProperties":{"anyOf":[
		{"type":"string","format":"tel","ory.sh/kratos":{"credentials":{"code":{"identifier":true,"via":"sms"}},"verification":{"via":"sms"},"recovery":{"via":"sms"}}},
		{"type":"string","ory.sh/kratos":{"credentials":{"code":{"identifier":true,"via":"email"},"passkey":{"display_name":true},"totp":{"account_name":true}},"verification":{"via":"email"}}},
		{"type":"array","items":{"$ref":"#/properties/traits/additionalProperties"},"maxItems":4}, true]}}}}`,
}
