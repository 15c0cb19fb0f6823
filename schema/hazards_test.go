package schema_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tests of this file are what the library that validates does badly, each with the input that shows it.

// under makes an identity schema of a schema for one trait, "t", and definitions for the root.
func under(trait string, definitions ...string) string {
	return fmt.Sprintf(`{"properties":{"traits":{"type":"object","properties":{"t":%s}}},"definitions":{%s}}`, trait, strings.Join(definitions, ","))
}

type hazard struct {
	name   string
	schema string
	traits string // "" when the schema is refused
	valid  bool
}

func TestHazards(t *testing.T) {
	for _, h := range hazards() {
		t.Run(h.name, func(t *testing.T) {
			start := time.Now()
			s, err := schema.Parse("hazard", []byte(h.schema))
			if err == nil {
				var registry *schema.Registry
				if registry, err = schema.NewRegistry(s); err == nil {
					s = registry.Default()
				}
			}
			if h.traits == "" {
				var refused *violation.Error
				require.ErrorAs(t, err, &refused)
				require.Less(t, time.Since(start), patience)
				return
			}
			require.NoError(t, err)
			_, err = s.Validate([]byte(h.traits))
			require.Less(t, time.Since(start), patience)
			if h.valid {
				require.NoError(t, err)
				return
			}
			var invalid *violation.Error
			require.ErrorAs(t, err, &invalid)
		})
	}
}

// TestOnlyJSONIsJudged is hazard 8: given a Go float, the engine looked at nothing and
// accepted it. Traits come as bytes, so there is no such value to give; and a schema
// that was compiled is still, to the byte, what it was.
func TestOnlyJSONIsJudged(t *testing.T) {
	document := `{"properties":{"traits":{"type":"object","properties":{"a":{"type":"string","enum":["x"],"minimum":10}}}}}`
	s, err := schema.Parse("hazard", []byte(document))
	require.NoError(t, err)
	for _, number := range []string{"5", "5.0", "5e0"} {
		_, err = s.Validate([]byte(`{"a":` + number + `}`))
		var invalid *violation.Error
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "/traits/a", invalid.Violations[0].Pointer)
	}
	require.Equal(t, document, string(s.Document()))
}

// TestSchemasAreCompiledApart is hazard 20: a second schema on the same loader failed,
// and two at once on one loader raced.
func TestSchemasAreCompiledApart(t *testing.T) {
	var running sync.WaitGroup
	for n := range 16 {
		running.Go(func() {
			document := fmt.Sprintf(`{"properties":{"traits":{"type":"object","properties":{"a":{"const":%d}}}}}`, n)
			for range 4 {
				s, err := schema.Parse("hazard", []byte(document))
				if !assert.NoError(t, err) {
					return
				}
				_, err = s.Validate(fmt.Appendf(nil, `{"a":%d}`, n))
				assert.NoError(t, err)
				_, err = s.Validate(fmt.Appendf(nil, `{"a":%d}`, n+1))
				assert.Error(t, err)
			}
		})
	}
	running.Wait()
}

func hazardSchemas() (documents []string) {
	for _, h := range hazards() {
		documents = append(documents, h.schema)
	}
	return documents
}

func hazardTraits() (documents [][]byte) {
	for _, h := range hazards() {
		if len(h.traits) < 10_000 {
			documents = append(documents, []byte(h.traits))
		}
	}
	return documents
}

func hazards() []hazard {
	const huge = "1e9999999"
	list := []hazard{
		// 1, 2: references are fetched.
		{"1 http reference", under(`{"$ref":"http://127.0.0.1:1/str"}`), "", false},
		{"1 http reference in an unused definition", under(`true`, `"unused":{"$ref":"http://127.0.0.1:1/str"}`), "", false},
		{"1 relative to an $id", `{"$id":"http://127.0.0.1:1/dir/main.json","properties":{"traits":{"type":"object","properties":{"a":{"$ref":"other.json"}}}}}`, "", false},
		{"1 file reference", under(`{"$ref":"file:///etc/passwd"}`), "", false},
		{"1 local references under an $id with a fragment", `{"$id":"http://127.0.0.1:1/main.json#frag","definitions":{"a":{}},"properties":{"traits":{"type":"object","properties":{"a":{"$ref":"#/definitions/a"}}}}}`, `{"a":1}`, true},
		{"2 $schema elsewhere", `{"$schema":"http://127.0.0.1:1/meta","properties":{"traits":{"type":"object"}}}`, "", false},

		// 3: cycles overflow the stack.
		{"3 $ref to itself", under(`{"$ref":"#/properties/traits/properties/t"}`), "", false},
		{"3 root", `{"$ref":"#"}`, "", false},
		{"3 allOf", `{"allOf":[{"$ref":"#"}]}`, "", false},
		{"3 anyOf", `{"anyOf":[{"$ref":"#"}]}`, "", false},
		{"3 oneOf", `{"oneOf":[{"$ref":"#"}]}`, "", false},
		{"3 not", `{"not":{"$ref":"#"}}`, "", false},
		{"3 if", `{"if":{"$ref":"#"}}`, "", false},
		{"3 dependencies", `{"dependencies":{"a":{"$ref":"#"}}}`, "", false},
		{"3 property", `{"properties":{"a":{"$ref":"#/properties/a"}}}`, "", false},
		{"3 two definitions", `{"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}},"$ref":"#/definitions/a"}`, "", false},
		{"3 by a name", `{"definitions":{"x":{"$id":"#here","allOf":[{"$ref":"#here"}]}},"$ref":"#here"}`, "", false},
		{"3 percent-encoded", `{"definitions":{"x":{"allOf":[{"$ref":"#/definitions/%78"}]}},"$ref":"#/definitions/x"}`, "", false},
		{"3 recursion through items is legitimate", under(`{"items":{"$ref":"#/properties/traits/properties/t"}}`), `{"t":` + nested("[", 98, "]") + `}`, true},

		// 4: a stray id makes a schema crash or lie.
		{"4 id beside a cycle", `{"$schema":"http://json-schema.org/draft-07/schema#","items":{"allOf":[{"$ref":"#"}],"id":"string"},"properties":{"traits":{"type":"object"}}}`, `{}`, true},
		{"4 id must not change a reference", `{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"traits":{"type":"object","properties":{"t":{"$ref":"#/definitions/list"}}}},
			"definitions":{"list":{"type":"array","items":{"id":"kid","properties":{"c":{"$ref":"#/definitions/list"}}}}}}`, `{"t":[{"c":{"c":1}}]}`, false},
		{"4 $id in an extension", `{"$schema":"http://json-schema.org/draft-07/schema#","$id":"http://h/r","ory":{"$id":"#/definitions/a","type":"integer"},"definitions":{"a":{"type":"string"}},
			"properties":{"traits":{"type":"object","additionalProperties":{"$ref":"#/definitions/a"}}}}`, `{"b":1}`, false},

		// 5, 6: numbers panic.
		{"5 huge exponent and minimum", under(`{"type":"number","minimum":0}`), `{"t":` + huge + `}`, false},
		{"5 huge exponent and multipleOf", under(`{"multipleOf":2}`), `{"t":1e1000001}`, false},
		{"5 huge negative exponent", under(`{"exclusiveMaximum":2}`), `{"t":1e-1000001}`, false},
		{"5 with a fraction", under(`{"maximum":2}`), `{"t":1.5e-1000000}`, false},
		{"5 dependencies", under(`{"dependencies":{"a":["b"]}}`), `{"t":` + huge + `}`, false},
		{"6 beyond float64 and enum", under(`{"enum":["free","pro"]}`), `{"t":1e400}`, false},
		{"6 enum of a number", under(`{"enum":[1]}`), `{"t":1e400}`, false},
		{"6 nested const", under(`{"const":{"b":1}}`), `{"t":{"b":1e400}}`, false},
		{"6 uniqueItems", under(`{"uniqueItems":true}`), `{"t":[1e400]}`, false},

		// 7: schemas panic.
		{"7 definitions is true", `{"definitions":true}`, "", false},
		{"7 type is a list of numbers", under(`{"type":[1]}`), "", false},
		{"7 exclusiveMinimum must not be dropped", under(`{"exclusiveMinimum":1e9999999}`), "", false},
		{"7 the schema is a number", huge, "", false},

		// 9: numbers are expanded.
		{"9 a thousand huge integers", under(`{"items":{"type":"integer"}}`), `{"t":[` + strings.Repeat("1e1000000,", 999) + `1]}`, false},
		{"9 a million digits", under(`{"type":"integer"}`), `{"t":` + strings.Repeat("1", 1_000_000) + `}`, false},
		{"9 multipleOf with a huge exponent", under(`{"multipleOf":3e-100000}`), "", false},

		// 10: errors are expensive.
		{"10 half a million errors", under(`{"items":{"type":"string"}}`), `{"t":[` + strings.Repeat("1,", 499_000) + `1]}`, false},
		{"10 deep nesting", under(`{"items":{"$ref":"#/properties/traits/properties/t"},"minItems":2}`), `{"t":` + nested("[", 9000, "]") + `}`, false},
		{"10 deepest nesting allowed", under(`{"items":{"$ref":"#/properties/traits/properties/t"},"minItems":2}`), `{"t":` + nested("[", 98, "]") + `}`, false},

		// 11: evaluation is exponential.
		{"11 doubling definitions", under(`{"$ref":"#/definitions/d24"}`, doubling(25)), "", false},
		{"11 doubling with the depth", under(`{"oneOf":[{"items":{"$ref":"#/properties/traits/properties/t"}},{"items":{"$ref":"#/properties/traits/properties/t"}},{"type":"null"}]}`), "", false},

		// 12: patternProperties are compiled for each name.
		{"12 many names", under(`{"patternProperties":{"^(?:a{1,500}|b{1,500})$":{}}}`), `{"t":{` + names(5000) + `"z":1}}`, false},
		{"12 many names and a mild pattern", under(`{"patternProperties":{"^[a-z]+$":{}}}`), `{"t":{` + names(5000) + `"z":1}}`, true},

		// 13: expressions are RE2.
		{"13 lookahead", under(`{"pattern":"(?=a)b"}`), "", false},
		{"13 back-reference", under(`{"pattern":"(a)\\1"}`), "", false},
		{"13 large count", under(`{"pattern":"a{1001}"}`), "", false},
		{"13 nested counts", under(`{"pattern":"(a{1000}){1000}"}`), "", false},
		{"13 \\u is translated", under(`{"pattern":"^\\u0041$"}`), `{"t":"A"}`, true},
		{"13 \\s is Unicode white space", under(`{"pattern":"^\\s$"}`), `{"t":"\u00a0"}`, true},

		// 14: other drafts are half understood.
		{"14 2020-12", `{"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"traits":{"type":"object"}}}`, "", false},
		{"14 boolean exclusiveMinimum", under(`{"minimum":1,"exclusiveMinimum":true}`), "", false},

		// 15: documents are read loosely.
		{"15 trailing text", under(`true`), `{} trailing garbage`, false},
		{"15 second value", under(`true`), `{}[1]`, false},
		{"15 schema with trailing text", `{"properties":{"traits":{"type":"object"}}} {}`, "", false},
		{"15 name given twice", under(`{"type":"string"}`), `{"t":1,"t":"x"}`, false},
		{"15 name given twice in the schema", `{"properties":{"traits":{"type":"object"}},"properties":{}}`, "", false},
		{"15 invalid UTF-8 in names", under(`true`), "{\"\xff\":1,\"\xfe\":2}", false},
		{"15 lone surrogate", under(`true`), `{"t":"\ud800"}`, false},
		{"15 byte order mark", under(`true`), "\ufeff{}", false},

		// 16: comparison is by way of float64.
		{"16 const beyond 2^53", under(`{"const":9007199254740993}`), "", false},
		{"16 value beyond 2^53 against const", under(`{"const":9007199254740992}`), `{"t":9007199254740993}`, false},
		{"16 values beyond 2^53 must be unique", under(`{"uniqueItems":true}`), `{"t":[9007199254740993,9007199254740992]}`, false},
		{"16 a large number elsewhere is no matter", under(`{"items":{"type":"integer"}}`), `{"t":[9007199254740993,9007199254740992],"u":9007199254740993}`, true},
		{"16 underflow", under(`{"const":0}`), `{"t":1e-400}`, false},
		{"16 negative zero", under(`{"const":0}`), `{"t":-0.0}`, true},

		// 17: legal schemas are refused or misread.
		{"17 items: []", under(`{"items":[],"additionalItems":false}`), `{"t":[1]}`, false},
		{"17 empty enum", under(`{"enum":[]}`), "", false},
		{"17 empty type", under(`{"type":[]}`), "", false},
		{"17 empty oneOf", under(`{"oneOf":[]}`), "", false},
		{"17 minLength 2.0", under(`{"minLength":2.0}`), `{"t":"a"}`, false},
		{"17 minLength 1e2", under(`{"minLength":1e2}`), `{"t":"a"}`, false},
		{"17 minLength above maxLength", under(`{"minLength":3,"maxLength":1}`), "", false},
		{"17 enum with 1 and 1.0", under(`{"enum":[1,1.0]}`), `{"t":1}`, true},
		{"17 minLength beyond 64 bits", under(`{"minLength":1e19}`), `{"t":"b"}`, false},

		// 18: formats are asked of numbers.
		{"18 format of a number", under(`{"format":"email"}`), `{"t":1}`, true},
	}
	for _, keyword := range []string{"$id", "$schema", "$ref", "title", "description", "type", "definitions", "properties", "additionalProperties",
		"patternProperties", "propertyNames", "dependencies", "items", "additionalItems", "exclusiveMinimum", "exclusiveMaximum", "pattern", "required",
		"uniqueItems", "contains", "enum", "oneOf", "anyOf", "allOf", "not", "if", "then", "else"} {
		list = append(list, hazard{"7 a huge number as " + keyword, under(fmt.Sprintf(`{%q:%s}`, keyword, huge)), "", false})
	}
	return list
}

func nested(open string, levels int, close string) string {
	return strings.Repeat(open, levels) + strings.Repeat(close, levels)
}

func names(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, `"n%d":1,`, i)
	}
	return b.String()
}

func doubling(count int) string {
	definitions := []string{`"d0":{"type":"string"}`}
	for i := 1; i < count; i++ {
		definitions = append(definitions, fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/definitions/d%d"},{"$ref":"#/definitions/d%d"}]}`, i, i-1, i-1))
	}
	return strings.Join(definitions, ",")
}
