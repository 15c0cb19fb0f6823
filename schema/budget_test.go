package schema_test

import (
	"strings"
	"testing"
	"time"

	"github.com/idemkit/idem/violation"
	"github.com/stretchr/testify/require"
)

// TestWorstCases spends each budget to its end: documents that are as costly as those can be that are not
// refused for their cost.
func TestWorstCases(t *testing.T) {
	if raceDetector {
		t.Skip("not run: it measures time")
	}
	branches := func(n int) string { return strings.TrimSuffix(strings.Repeat(`{"type":"string"},`, n), ",") }
	array := func(element string, n int) string {
		return `{"t":[` + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + `]}`
	}
	for _, test := range []struct{ name, schema, traits string }{
		{"failing values", under(`{"items":{"type":"string"}}`), array("1", 9990)},
		{"failing branches", under(`{"items":{"anyOf":[` + branches(7) + `]}}`), array("1", 9990)},
		{"many failing branches", under(`{"items":{"allOf":[` + branches(900) + `]}}`), array("1", 100)},
		{"branches with annotations", under(`{"items":{"anyOf":[` + branches(9) + `,` + login + `]}}`), array("1", 2000)},
		{"long pointers", under(`{"$ref":"#/definitions/d"}`, `"d":{"anyOf":[{"type":"array","items":{"$ref":"#/definitions/d"}},{"type":"string"}]}`), `{"t":` + strings.Repeat("[", 96) + "[" + strings.Repeat("1,", 9000) + "1]" + strings.Repeat("]", 96) + `}`},
		{"long names", under(`{"additionalProperties":{"items":{"type":"string"}}}`), `{"t":{"` + strings.Repeat("n", 2000) + `":[` + strings.Repeat("1,", 9000) + `1]}}`},
		{"an expression", under(`{"pattern":"(?:a|b|ab){1,200}c"}`), `{"t":"` + strings.Repeat("ab", 40_000) + `"}`},
		{"names", under(`{"patternProperties":{"^(?:a{1,200})$":{}}}`), `{"t":{` + names(2500) + `"z":1}}`},
		{"comparisons", under(`{"$ref":"#/definitions/d"}`, `"d":{"uniqueItems":true,"items":{"$ref":"#/definitions/d"}}`), `{"t":` + nested("[", 97, "]")[:97] + `"` + strings.Repeat("x", 160_000) + `"` + strings.Repeat("]", 97) + `}`},
		{"a long identifier", under(login), `{"t":"` + strings.Repeat("ﷺ", 300_000) + `"}`},
		{"many identifiers", under(`{"items":` + login + `}`), array(`"`+strings.Repeat("ﷺ", 680)+`"`, 500)},
		{"many addresses", under(`{"items":{"type":"string","ory.sh/kratos":{"credentials":{"code":{"identifier":true,"via":"email"}}}}}`), array(`"`+strings.Repeat("ﷺ", 680)+`@b"`, 500)},
		{"a long address", under(`{"type":"string","ory.sh/kratos":{"recovery":{"via":"email"},"credentials":{"code":{"identifier":true,"via":"email"}}}}`), `{"t":"` + strings.Repeat("(", 1_000_000) + `@b"}`},
		{"a long number", under(`{"type":"string","format":"tel"}`), `{"t":"+` + strings.Repeat("1-", 500_000) + `"}`},
		{"a long expression as a value", under(`{"format":"regex"}`), `{"t":"` + strings.Repeat("(a{1,1000}", 400) + strings.Repeat(")", 400) + `"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := parse(t, test.schema)
			start := time.Now()
			_, err := s.Validate([]byte(test.traits))
			t.Logf("%v", time.Since(start).Round(time.Millisecond))
			require.Less(t, time.Since(start), patience)
			if err != nil {
				var invalid *violation.Error
				require.ErrorAs(t, err, &invalid)
				t.Logf("%d violations, first: %+.200v", len(invalid.Violations), invalid.Violations[0].Message)
			}
		})
	}
}
