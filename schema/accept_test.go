package schema_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/schema"
)

// decodeTraits gives the document that a schema is asked about, or false where the traits are no JSON object.
func decodeTraits(traits string) (document any, ok bool) {
	value, err := strictjson.Decode([]byte(traits), strictjson.Limits{Depth: schema.MaxTraitsDepth, Values: schema.MaxTraitsValues})
	if _, isObject := value.(map[string]any); err != nil || !isObject {
		return nil, false
	}
	return map[string]any{"traits": value}, true
}

// The acceptor must recognise what people really have, for that is all it is for.
func TestAcceptorKnowsOrdinaryTraits(t *testing.T) {
	for _, test := range []struct{ subschema, value string }{
		{`{"type":"string","format":"email","maxLength":20,"ory.sh/kratos":{"credentials":{"password":{"identifier":true}},"verification":{"via":"email"}}}`, `"ada@example.com"`},
		{`{"type":"string","format":"tel","ory.sh/kratos":{"credentials":{"code":{"identifier":true,"via":"sms"}}}}`, `"+16502530000"`},
		{`{"type":"object","properties":{"first":{"type":"string","minLength":1}},"required":["first"],"additionalProperties":false}`, `{"first":"Ada"}`},
		{`{"type":"object","patternProperties":{"^x-":{"type":"string"}},"additionalProperties":{"type":"boolean"},"propertyNames":{"maxLength":4}}`, `{"x-a":"b","c":true}`},
		{`{"type":["string","null"]}`, `null`},
		{`{"enum":["free","pro",1,null,true]}`, `1`},
		{`{"const":false}`, `false`},
		{`{"type":"integer","minimum":0,"exclusiveMaximum":200,"multipleOf":2}`, `36`},
		{`{"type":"number"}`, `1.5`},
		{`{"type":"array","items":{"type":"string","pattern":"^[a-z]+$"},"uniqueItems":true,"minItems":1,"maxItems":3}`, `["a","b"]`},
		{`{"type":"array","items":[{"type":"string"}],"additionalItems":{"type":"integer"},"contains":{"const":7}}`, `["a",7]`},
		{`{"allOf":[{"type":"string"},{"minLength":1}],"anyOf":[{"type":"integer"},{"maxLength":3}]}`, `"abc"`},
		{`{"if":{"type":"string"},"then":{"minLength":2}}`, `"ab"`},
		{`{"dependencies":{"a":["b"],"b":{"required":["a"]}}}`, `{"a":1,"b":2}`},
		{`{"$ref":"#/definitions/tree"}`, `{"left":{"left":{}}}`},
	} {
		t.Run(test.subschema, func(t *testing.T) {
			s, err := schema.Parse("test", []byte(`{"properties":{"traits":{"type":"object","properties":{"v":`+test.subschema+`}}},
				"definitions":{"tree":{"type":"object","properties":{"left":{"$ref":"#/definitions/tree"}},"additionalProperties":false}}}`))
			require.NoError(t, err)
			document, ok := decodeTraits(`{"v":` + test.value + `}`)
			require.True(t, ok)
			accepted, valid := s.Judge(document)
			require.True(t, valid)
			require.True(t, accepted, "left to the engine")
		})
	}
}

// values are near the edges of what subschemas below allow.
var values = []string{
	`null`, `true`, `false`, `0`, `1`, `2`, `3`, `-1`, `1.0`, `1.5`, `1e0`, `100`, `1e2`, `9007199254740993`, `999999999999999`, `1000000000000000`, `-999999999999999`,
	`""`, `"a"`, `"b"`, `"ab"`, `"abc"`, `"é"`, `"é"`, `"😀😀"`, `"1"`, `"ada@example.com"`, `"ada@"`, `"+16502530000"`, `"+1234"`, `"2026-02-30"`, `"2026-02-28"`,
	`[]`, `["a"]`, `["a","a"]`, `["a","b"]`, `[1,1.0]`, `[null]`, `[[]]`, `["a",1]`, `[1,"a"]`, `["a","b","c","d"]`,
	`{}`, `{"a":1}`, `{"a":"x"}`, `{"b":1}`, `{"a":1,"b":2}`, `{"x":null}`, `{"xx":"y"}`, `{"":0}`, `{"a":{"a":{"a":1}}}`,
}

// parts are the members that subschemas are made of.
var parts = []string{
	`"type":"string"`, `"type":["integer","null"]`, `"type":"number"`, `"type":"object"`, `"type":["array","boolean"]`,
	`"enum":["a",1,null,[],{"a":1}]`, `"const":1`, `"const":"ab"`, `"const":[]`, `"format":"email"`, `"format":"tel"`, `"format":"date"`, `"format":"unheard-of"`,
	`"minimum":1`, `"maximum":1`, `"exclusiveMinimum":1`, `"exclusiveMaximum":100`, `"minimum":0.5`, `"maximum":1e2`, `"multipleOf":2`, `"multipleOf":0.5`, `"minimum":-1000000000000000`,
	`"minLength":1`, `"maxLength":2`, `"pattern":"^a"`, `"pattern":"\\s"`, `"minItems":1`, `"maxItems":1`, `"uniqueItems":true`, `"uniqueItems":false`,
	`"items":{"type":"string"}`, `"items":[{"type":"string"},false]`, `"items":[{"type":"string"}],"additionalItems":{"type":"integer"}`, `"contains":{"const":"a"}`, `"contains":false`,
	`"minProperties":1`, `"maxProperties":1`, `"required":["a"]`, `"properties":{"a":{"type":"integer"},"b":true}`, `"properties":{"a":false}`, `"properties":{"a":{"$ref":"#/definitions/t"}}`,
	`"patternProperties":{"^x":{"type":"string"},"x$":{"maxLength":1}}`, `"additionalProperties":false`, `"additionalProperties":{"type":"integer"}`, `"propertyNames":{"maxLength":1}`,
	`"dependencies":{"a":["b"]}`, `"dependencies":{"a":{"maxProperties":1}}`, `"allOf":[{"minLength":2},true]`, `"allOf":[false]`, `"anyOf":[{"type":"string"},{"minimum":2}]`,
	`"oneOf":[{"type":"string"},{"maxLength":1}]`, `"not":{"type":"string"}`, `"if":{"type":"string"},"then":{"minLength":2}`, `"if":{"type":"string"},"else":{"type":"integer"}`,
	`"if":{"minimum":1},"then":{"maximum":2},"else":false`, `"then":false`, `"not":{}`,
}

// The acceptor must not accept what the engine refuses, for any two keywords together and any value. None of them costs
// more than the bound that spares most traits from being counted.
func TestAcceptorNeverAcceptsWhatTheEngineRefuses(t *testing.T) {
	accepts, all := 0, 0
	for n, first := range parts {
		for _, second := range parts[n:] {
			s, err := schema.Parse("test", fmt.Appendf(nil, `{"properties":{"traits":{"type":"object","properties":{"v":{"allOf":[{%s}],%s}}}},
				"definitions":{"t":{"type":["object","integer"],"properties":{"a":{"$ref":"#/definitions/t"}},"maxProperties":1}}}`, first, second))
			if err != nil {
				continue // two keywords that no schema may have together
			}
			for _, value := range values {
				document, ok := decodeTraits(`{"v":` + value + `}`)
				require.True(t, ok)
				accepted, valid := s.Judge(document)
				require.False(t, accepted && !valid, "%s %s accepts %s", first, second, value)
				most, counted := s.Efforts(document, `{"v":`+value+`}`)
				require.LessOrEqual(t, counted, most, "%s %s costs more for %s than it may", first, second, value)
				if valid {
					if all++; accepted {
						accepts++
					}
				}
			}
		}
	}
	require.Greater(t, accepts, all/2, "an acceptor that leaves everything to the engine would pass as well")
}

// FuzzAccept looks for traits that the acceptor accepts and the engine refuses, in any schema.
func FuzzAccept(f *testing.F) {
	for _, s := range fuzzSchemas {
		for _, traits := range slices.Concat(fuzzDocuments, hazardTraits()) {
			f.Add([]byte(s), string(traits))
		}
	}
	f.Fuzz(func(t *testing.T, document []byte, traits string) {
		decoded, ok := decodeTraits(traits)
		if !ok || len(document)+len(traits) > 2000 {
			return
		}
		s, err := schema.Parse("fuzz", document)
		if err != nil {
			return
		}
		accepted, valid := s.Judge(decoded)
		require.False(t, accepted && !valid)
		most, counted := s.Efforts(decoded, traits)
		require.LessOrEqual(t, counted, most)
	})
}
