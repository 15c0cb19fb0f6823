package schema_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/violation"
)

// TestAlternatives: anyOf and oneOf that fail are one violation, at the value that they are of, and what each branch needs
// is told as an alternative and never as a fact.
func TestAlternatives(t *testing.T) {
	required := func(name string) violation.Violation {
		return violation.Violation{Pointer: "/traits/" + name, Keyword: "required", Message: "is required"}
	}
	for _, test := range []struct {
		name, members, traits string
		want                  []violation.Violation
	}{
		{"one of three", `"anyOf":[{"required":["email"]},{"required":["phone"]},{"required":["first","last"]}]`, `{}`, []violation.Violation{{
			Pointer: "/traits", Keyword: "anyOf", Message: "must match one of the alternatives of the schema",
			Alternatives: [][]violation.Violation{{required("email")}, {required("phone")}, {required("first"), required("last")}},
		}}},
		{"beside another violation", `"required":["z"],"anyOf":[{"required":["email"]},{"required":["phone"]}]`, `{}`, []violation.Violation{
			{Pointer: "/traits", Keyword: "anyOf", Message: "must match one of the alternatives of the schema", Alternatives: [][]violation.Violation{{required("email")}, {required("phone")}}},
			required("z"),
		}},
		{"oneOf, none", `"properties":{"a":{"oneOf":[{"type":"string"},{"type":"integer","minimum":5}]}}`, `{"a":1}`, []violation.Violation{{
			Pointer: "/traits/a", Keyword: "oneOf", Message: "must match exactly one of the alternatives of the schema",
			Alternatives: [][]violation.Violation{
				{{Pointer: "/traits/a", Keyword: "type", Message: "must be of type string, not integer"}},
				{{Pointer: "/traits/a", Keyword: "minimum", Message: "must be at least 5"}},
			},
		}}},
		{"oneOf, two", `"properties":{"a":{"oneOf":[{"type":"number"},{"type":"integer"},{"type":"null"}]}}`, `{"a":1}`, []violation.Violation{{
			Pointer: "/traits/a", Keyword: "oneOf", Message: "must match exactly one of the alternatives of the schema, not 2 of them",
		}}},
		{"two keywords at one value", `"properties":{"a":{"anyOf":[{"type":"string"}],"oneOf":[{"type":"null"}]}}`, `{"a":1}`, []violation.Violation{
			{Pointer: "/traits/a", Keyword: "anyOf", Message: "must match one of the alternatives of the schema", Alternatives: [][]violation.Violation{{{Pointer: "/traits/a", Keyword: "type", Message: "must be of type string, not integer"}}}},
			{Pointer: "/traits/a", Keyword: "oneOf", Message: "must match exactly one of the alternatives of the schema", Alternatives: [][]violation.Violation{{{Pointer: "/traits/a", Keyword: "type", Message: "must be of type null, not integer"}}}},
		}},
		{"nested, at deeper values", `"properties":{"list":{"items":{"anyOf":[{"properties":{"x":{"anyOf":[{"type":"string"},{"type":"null"}]}}},{"type":"string"}]}}}`, `{"list":["ok",{"x":1}]}`, []violation.Violation{{
			Pointer: "/traits/list/1", Keyword: "anyOf", Message: "must match one of the alternatives of the schema",
			Alternatives: [][]violation.Violation{
				{{Pointer: "/traits/list/1/x", Keyword: "anyOf", Message: "must match one of the alternatives of the schema", Alternatives: [][]violation.Violation{
					{{Pointer: "/traits/list/1/x", Keyword: "type", Message: "must be of type string, not integer"}},
					{{Pointer: "/traits/list/1/x", Keyword: "type", Message: "must be of type null, not integer"}},
				}}},
				{{Pointer: "/traits/list/1", Keyword: "type", Message: "must be of type string, not object"}},
			},
		}}},
		{"through a reference, where then wants it", `"if":{},"then":{"$ref":"#/definitions/either"}`, `{}`, []violation.Violation{{
			Pointer: "/traits", Keyword: "anyOf", Message: "must match one of the alternatives of the schema",
			Alternatives: [][]violation.Violation{{required("email")}, {required("phone")}},
		}}},
		{"an address in a branch", `"properties":{"a":{"anyOf":[{"type":"string","format":"tel","ory.sh/kratos":{"recovery":{"via":"sms"}}},{"type":"null"}]}}`, `{"a":"+1"}`, []violation.Violation{{
			Pointer: "/traits/a", Keyword: "anyOf", Message: "must match one of the alternatives of the schema",
			Alternatives: [][]violation.Violation{
				{{Pointer: "/traits/a", Keyword: "format", Message: "must be a valid phone number with its country code, such as +1 650 253 0000"}},
				{{Pointer: "/traits/a", Keyword: "type", Message: "must be of type null, not string"}},
			},
		}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := parse(t, `{"properties":{"traits":{"type":"object",`+test.members+`}},"definitions":{"either":{"anyOf":[{"required":["email"]},{"required":["phone"]}]}}}`)
			require.Equal(t, test.want, violations(t, s, test.traits))
			require.Equal(t, test.want, violations(t, s, test.traits), "and so the second time")
		})
	}
}

// TestAlternativesAreNotFacts: a const that reads like a mark of this package is a const.
func TestAlternativesAreNotFacts(t *testing.T) {
	s := parse(t, traitsSchema(`"properties":{"a":{"const":"idem/2147483647"},"b":{"const":"idem/other"},"c":{"minLength":1e9},"d":{"minItems":1e99}}`))
	for n, v := range violations(t, s, `{"a":1,"b":1,"c":"1","d":[]}`) {
		require.Equal(t, []string{"const", "const", "minLength", "minItems"}[n], v.Keyword)
	}
}

// TestAlternativesAreBounded: what is explained is never more than what is told of traits that are wrong everywhere.
func TestAlternativesAreBounded(t *testing.T) {
	branches := strings.TrimSuffix(strings.Repeat(`{"type":"string"},`, 20), ",")
	s := parse(t, under(`{"items":{"anyOf":[`+branches+`]}}`))
	told := 0
	var count func(violations []violation.Violation)
	count = func(violations []violation.Violation) {
		told += len(violations)
		for _, v := range violations {
			for _, branch := range v.Alternatives {
				count(branch)
			}
		}
	}
	count(violations(t, s, `{"t":[`+strings.TrimSuffix(strings.Repeat("1,", 40), ",")+`]}`))
	require.LessOrEqual(t, told, violation.Max)
	require.Greater(t, told, 500)
}

func TestAlternativesFromManyGoroutines(t *testing.T) {
	s := parse(t, under(`{"oneOf":[{"not":{"type":"integer"}},{"$ref":"#/definitions/d"}]}`, `"d":{"oneOf":[{"type":"string"},{"type":"null"}]}`))
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for n := range 20 {
				_, err := s.Validate(fmt.Appendf(nil, `{"t":%d}`, n))
				var invalid *violation.Error
				if assert.ErrorAs(t, err, &invalid) {
					assert.Len(t, invalid.Violations[0].Alternatives, 2)
				}
			}
		})
	}
	running.Wait()
}
