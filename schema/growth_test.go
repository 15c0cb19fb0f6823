package schema_test

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// What schema and traits may cost together, for each kB of both, and beside that.
const (
	timePerKB, timeFloor     = 20 * time.Millisecond, 10 * time.Millisecond
	memoryPerKB, memoryFloor = 5 << 20, 2 << 20
)

// TestGrowth grows, keyword by keyword, the small schemas and traits that cost most, until they are refused or large. What
// is not refused stays within the bounds at every size.
func TestGrowth(t *testing.T) {
	if raceDetector {
		t.Skip("not run: it measures time")
	}
	repeat := func(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	list := func(n int, element func(n int) string) string {
		elements := make([]string, n)
		for i := range elements {
			elements[i] = element(i)
		}
		return strings.Join(elements, ",")
	}
	array := func(element string, n int) string { return `{"t":[` + repeat(element, n) + `]}` }
	name := func(n int) string { return strconv.Quote("n" + strconv.Itoa(n)) }
	member := func(value string) func(n int) string { return func(n int) string { return name(n) + ":" + value } }
	for _, test := range []struct {
		name string
		grow func(n int) (schema, traits string)
		// refused is whether growth ends in a refusal below a total of 128 kB.
		refused bool
	}{
		{"required, missing everywhere", func(n int) (string, string) {
			return under(`{"items":{"required":[` + list(n, name) + `]}}`), array("{}", 9*n)
		}, true},
		{"required, few names", func(n int) (string, string) {
			return under(`{"items":{"required":[` + list(63, name) + `]}}`), array("{}", n)
		}, true},
		{"required, long names", func(n int) (string, string) {
			return under(`{"items":{"required":["` + strings.Repeat("x", 64*n) + `"]}}`), array("{}", n)
		}, true},
		{"dependencies, missing everywhere", func(n int) (string, string) {
			return under(`{"items":{"dependencies":{"a":[` + list(n, name) + `]}}}`), array(`{"a":1}`, n)
		}, true},
		{"dependencies, each by schema", func(n int) (string, string) {
			return under(`{"items":{"dependencies":{` + list(n, member(`{"required":["q"]}`)) + `}}}`), array(`{`+list(4, member("1"))+`}`, 4*n)
		}, false},
		{"properties and additionalProperties", func(n int) (string, string) {
			return under(`{"items":{"properties":{` + list(n, member(`true`)) + `},"additionalProperties":false}}`), array(`{"x":1,"y":1,"z":1}`, n)
		}, true},
		{"additionalProperties", func(n int) (string, string) {
			return under(`{"additionalProperties":false}`), `{"t":{` + list(n, member("1")) + `}}`
		}, false},
		{"enum, quoted in each error", func(n int) (string, string) {
			return under(`{"items":{"enum":[` + list(n, name) + `]}}`), array("1", 2*n)
		}, true},
		{"enum, one long value", func(n int) (string, string) {
			return under(`{"items":{"enum":["` + strings.Repeat("x", 64*n) + `"]}}`), array("1", n)
		}, true},
		{"const, quoted in each error", func(n int) (string, string) {
			return under(`{"items":{"const":"` + strings.Repeat("x", 64*n) + `"}}`), array("1", n)
		}, true},
		{"const, many of a long value", func(n int) (string, string) {
			return under(`{"allOf":[` + repeat(`{"const":"x"}`, min(n, 900)) + `]}`), `{"t":"` + strings.Repeat("y", 16*n) + `"}`
		}, true},
		{"pattern, quoted in each error", func(n int) (string, string) {
			return under(`{"items":{"pattern":"` + strings.Repeat("x", min(8*n, 4000)) + `"}}`), array(`"y"`, n)
		}, true},
		{"pattern, long texts", func(n int) (string, string) {
			return under(`{"pattern":"(?:a|b|ab){1,200}c"}`), `{"t":"` + strings.Repeat("ab", 8*n) + `"}`
		}, true},
		{"pattern, large ones", func(n int) (string, string) {
			return under(`{"allOf":[` + repeat(`{"pattern":"[a-z]{1,1000}"}`, n) + `]}`), `{"t":"a"}`
		}, true},
		{"pattern, nested repeats", func(n int) (string, string) {
			return under(`{"pattern":"` + strings.Repeat("(", 3) + "a" + strings.Repeat(fmt.Sprintf("{1,%d})", min(n, 1000)), 3) + `"}`), `{"t":"a"}`
		}, true},
		{"patternProperties", func(n int) (string, string) {
			return under(`{"patternProperties":{"^(?:a{1,50}|b{1,50})$":{}}}`), `{"t":{` + list(n, member("1")) + `}}`
		}, true},
		{"patternProperties, many", func(n int) (string, string) {
			return under(`{"patternProperties":{` + list(n, func(n int) string { return `"^x` + strconv.Itoa(n) + `":{}` }) + `}}`), `{"t":{` + list(n, member("1")) + `}}`
		}, true},
		{"propertyNames", func(n int) (string, string) {
			return under(`{"propertyNames":{"maxLength":1,"pattern":"^a","enum":["b"]}}`), `{"t":{` + list(n, member("1")) + `}}`
		}, false},
		{"format regex", func(n int) (string, string) {
			return under(`{"items":{"format":"regex"}}`), array(`"`+strings.Repeat("a{1000}", min(n, 400))+`"`, n)
		}, false},
		{"format tel", func(n int) (string, string) {
			return under(`{"items":{"format":"tel"}}`), array(`"+4915112345678"`, n)
		}, false},
		{"format email", func(n int) (string, string) {
			return under(`{"items":{"format":"email"}}`), array(`"é@é.é"`, n)
		}, false},
		{"uniqueItems", func(n int) (string, string) {
			return under(`{"uniqueItems":true}`), `{"t":[` + list(n, func(n int) string { return strconv.Itoa(10_000 + n) }) + `]}`
		}, false},
		{"uniqueItems, nested", func(n int) (string, string) {
			return under(`{"$ref":"#/definitions/d"}`, `"d":{"uniqueItems":true,"items":{"$ref":"#/definitions/d"}}`), `{"t":` + strings.Repeat("[1,", 97) + `"` + strings.Repeat("x", 32*n) + `"` + strings.Repeat("]", 97) + `}`
		}, true},
		{"type, many errors", func(n int) (string, string) { return under(`{"items":{"type":"string"}}`), array("1", n) }, false},
		{"number bounds, many errors of each value", func(n int) (string, string) {
			return under(`{"items":{"minimum":5,"exclusiveMinimum":6,"multipleOf":7,"enum":[9],"const":8,"type":"string"}}`), array("1", n)
		}, true},
		{"long pointers", func(n int) (string, string) {
			return under(`{"additionalProperties":{"items":{"type":"string"}}}`), `{"t":{"` + strings.Repeat("x", 2000) + `":[` + repeat("1", n) + `]}}`
		}, true},
		{"deep arrays", func(n int) (string, string) {
			return under(`{"$ref":"#/definitions/d"}`, `"d":{"items":{"$ref":"#/definitions/d"},"type":"object"}`), `{"t":[` + repeat(strings.Repeat("[", 90)+strings.Repeat("]", 90), n) + `]}`
		}, false},
		{"allOf", func(n int) (string, string) {
			return under(`{"items":{"allOf":[` + repeat(`{"type":"string"}`, min(n, 900)) + `]}}`), array("1", n)
		}, true},
		{"anyOf", func(n int) (string, string) {
			return under(`{"items":{"anyOf":[` + repeat(`{"type":"string"}`, min(n, 900)) + `]}}`), array("1", n)
		}, true},
		{"oneOf", func(n int) (string, string) {
			return under(`{"items":{"oneOf":[` + repeat(`{"type":"string"}`, min(n, 900)) + `]}}`), array("1", n)
		}, true},
		{"anyOf within anyOf", func(n int) (string, string) {
			return under(strings.Repeat(`{"anyOf":[{"type":"string"},`, min(n, 30)) + `{"type":"null"}` + strings.Repeat(`]}`, min(n, 30))), `{"t":[` + repeat("1", n) + `]}`
		}, false},
		{"not", func(n int) (string, string) {
			return under(`{"items":{"not":{"not":{"not":{"type":"number"}}}}}`), array("1", n)
		}, true},
		{"if", func(n int) (string, string) {
			return under(`{"items":{"if":{"type":"number"},"then":{"type":"string"}}}`), array("1", n)
		}, true},
		{"contains", func(n int) (string, string) {
			return under(`{"contains":{"allOf":[` + repeat(`{"type":"string"}`, min(n, 900)) + `]}}`), array("1", n)
		}, true},
		{"alternatives with annotations", func(n int) (string, string) {
			return under(`{"items":{"anyOf":[` + repeat(`{"type":"object"}`, min(n, 100)) + `,` + login + `]}}`), array("1", n)
		}, true},
		{"alternatives with annotations of a large definition", func(n int) (string, string) {
			return under(`{"anyOf":[`+repeat(`{"$ref":"#/definitions/d"}`, n)+`]}`, `"d":{"properties":{`+list(n, member(login))+`}}`), `{"t":1}`
		}, true},
		{"doubling definitions", func(n int) (string, string) {
			return under(fmt.Sprintf(`{"$ref":"#/definitions/d%d"}`, min(n, 50)-1), doubling(min(n, 50))), `{"t":1}`
		}, true},
		{"identifiers", func(n int) (string, string) {
			return under(`{"items":` + login + `}`), array(`"`+strings.Repeat("ﷺ", min(n, 30))+`"`, min(n, 200))
		}, false},
		{"phone numbers", func(n int) (string, string) {
			return under(`{"items":{"type":"string","format":"tel","ory.sh/kratos":{"recovery":{"via":"sms"}}}}`), `{"t":[` + list(min(n, 200), func(n int) string { return fmt.Sprintf(`"+4915112%06d"`, n) }) + `]}`
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			worst := 0.0
			for n := 1; ; n = n + n/2 + 1 {
				document, traits := test.grow(n)
				if len(document)+len(traits) > 128<<10 || n > 100_000 {
					require.False(t, test.refused, "a size of %d was not refused", n)
					break
				}
				took, allocated, tooMuch := validateOnce(t, document, traits)
				kB := float64(len(document)+len(traits)) / 1024
				allowed := timeFloor + time.Duration(kB*float64(timePerKB))
				for try := 0; took > allowed && try < 6; try++ { // the machine does other work, too
					again, _, _ := validateOnce(t, document, traits)
					took = min(took, again)
				}
				worst = max(worst, float64(took)/float64(allowed), allocated/(memoryFloor+kB*memoryPerKB))
				require.LessOrEqual(t, took, allowed, "size %d, %.1f kB", n, kB)
				require.LessOrEqual(t, allocated, memoryFloor+kB*memoryPerKB, "bytes, size %d, %.1f kB", n, kB)
				if tooMuch {
					require.True(t, test.refused, "a size of %d, %.1f kB, was refused", n, kB)
					break
				}
			}
			t.Logf("at most %.0f %% of what is allowed", 100*worst)
		})
	}
}

// validateOnce parses and validates. tooMuch is whether either was refused for its cost.
func validateOnce(t *testing.T, document, traits string) (took time.Duration, allocated float64, tooMuch bool) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	s, err := schema.Parse("growth", []byte(document))
	if err == nil {
		_, err = s.Validate([]byte(traits))
	}
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	if err == nil {
		return took, float64(after.TotalAlloc - before.TotalAlloc), false
	}
	var invalid *violation.Error
	require.ErrorAs(t, err, &invalid)
	for _, cost := range []string{"too costly", "this schema", "a list of more than", "a regular expression", "identifiers and addresses"} {
		tooMuch = tooMuch || strings.Contains(err.Error()[:min(len(err.Error()), 300)], cost)
	}
	return took, float64(after.TotalAlloc - before.TotalAlloc), tooMuch
}
