package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, document string) *schema.Schema {
	t.Helper()
	s, err := schema.Parse("test", []byte(document))
	require.NoError(t, err)
	return s
}

// traitsSchema describes traits with the given members beside type.
func traitsSchema(members string) string {
	return `{"properties":{"traits":{"type":"object",` + members + `}}}`
}

func violations(t *testing.T, s *schema.Schema, traits string) []violation.Violation {
	t.Helper()
	derived, err := s.Validate([]byte(traits))
	require.Nil(t, derived)
	var invalid *violation.Error
	require.ErrorAs(t, err, &invalid)
	return invalid.Violations
}

func TestViolations(t *testing.T) {
	for _, test := range []struct {
		name, members, traits string
		want                  []string // "pointer keyword message"
	}{
		{"missing property", `"required":["a/b","~"]`, `{}`, []string{"/traits/a~1b required is required", "/traits/~0 required is required"}},
		{"unknown property", `"additionalProperties":false`, `{"x.y":1}`, []string{"/traits/x.y additionalProperties is not a property that the schema knows"}},
		{"nested pointer", `"properties":{"a":{"items":{"properties":{"b":{"type":"string"}}}}}`, `{"a":[{},{"b":1}]}`, []string{"/traits/a/1/b type must be of type string, not integer"}},
		{"dependency", `"dependencies":{"a":["b"]}`, `{"a":1}`, []string{"/traits/b dependencies is required by another property that is there"}},
		{"name", `"propertyNames":{"pattern":"^a"}`, `{"b":1,"a":1}`, []string{"/traits/b propertyNames is not a name that the schema allows"}},
		{"allOf tells once", `"allOf":[{"required":["a"]},{"required":["a"]}]`, `{}`, []string{"/traits/a required is required"}},
		{"then tells its own", `"if":{},"then":{"required":["a"]}`, `{}`, []string{"/traits/a required is required"}},
		{"anyOf", `"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}`, `{"a":1}`,
			[]string{"/traits/a anyOf must match one of the alternatives of the schema"}},
		{"lengths", `"properties":{"a":{"minLength":2},"b":{"maxLength":1},"c":{"minItems":1},"d":{"maxProperties":0}}`, `{"a":"é","b":"éé","c":[],"d":{"x":1}}`, []string{
			"/traits/a minLength must have at least 2 characters", "/traits/b maxLength must have at most 1 characters",
			"/traits/c minItems must have at least 1 items", "/traits/d maxProperties must have at most 0 properties"}},
		{"bounds", `"properties":{"a":{"minimum":1000000},"b":{"exclusiveMaximum":0.1},"c":{"multipleOf":0.5}}`, `{"a":1,"b":2,"c":0.7}`, []string{
			"/traits/a minimum must be at least 1000000", "/traits/b exclusiveMaximum must be less than 0.1", "/traits/c multipleOf must be a multiple of 0.5"}},
		{"values of the schema", `"properties":{"a":{"enum":["x",1]},"b":{"const":null}}`, `{"a":"y","b":"z"}`, []string{
			`/traits/a enum must be one of "x", 1`, "/traits/b const must be null"}},
		{"format", `"properties":{"a":{"format":"email"},"b":{"format":"date"},"c":{"format":"tel"}}`, `{"a":"Name <a@b.c>","b":"1.1.2000","c":"123"}`, []string{
			"/traits/a format must be one bare e-mail address, without invisible characters or mixed writing directions", `/traits/b format must have the format "date"`,
			"/traits/c format must be a valid phone number with its country code, such as +1 650 253 0000"}},
		{"pattern", `"properties":{"a":{"pattern":"^\\S+$"}}`, `{"a":" "}`, []string{`/traits/a pattern must match the regular expression ^\S+$`}},
		{"false", `"properties":{"a":false}`, `{"a":1}`, []string{"/traits/a false must not be there"}},
		{"contains", `"properties":{"a":{"contains":{"const":1}}}`, `{"a":[]}`, []string{"/traits/a contains must hold an item of the kind that the schema asks for"}},
		{"unique", `"properties":{"a":{"uniqueItems":true}}`, `{"a":[1,1.0]}`, []string{"/traits/a uniqueItems must not hold the same item twice"}},
		{"null", ``, `null`, []string{"/traits type must be an object, not null"}},
		{"array", ``, `[]`, []string{"/traits type must be an object, not an array"}},
		{"scalar", ``, `"x"`, []string{"/traits type must be an object, not a string"}},
		{"name twice", ``, `{"a":{"b":1,"b":2}}`, []string{"/traits/a/b json the name is given twice in one object"}},
		{"not JSON", ``, `{"a":}`, []string{"/traits/a json not valid JSON, at byte 5"}},
		{"ends early", ``, `{"a":`, []string{"/traits/a json the value ends too early"}},
		{"nothing", ``, ` `, []string{"/traits json there is no value"}},
		{"huge number", ``, `{"a":[1e401]}`, []string{"/traits/a/0 json a number with an exponent beyond 400"}},
		{"too deep", ``, `{"a":` + nested("[", 99, "]") + `}`, []string{"/traits/a" + strings.Repeat("/0", 98) + " json nested deeper than 99 levels"}},
		{"too many values", ``, `{"a":[` + strings.Repeat("1,", schema.MaxTraitsValues) + `1]}`, []string{"/traits json more than 10000 values"}},
		{"long names", ``, `{"` + strings.Repeat("n", schema.MaxTraitsPointer+1) + `":1}`, []string{"/traits json names that make a JSON pointer of more than 2048 bytes"}},
		{"too large", ``, `{"a":"` + strings.Repeat("n", schema.MaxTraitsBytes) + `"}`, []string{"/traits json must be at most 1 MiB long"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			members := test.members
			if members == "" {
				members = `"title":""`
			}
			var got []string
			for _, v := range violations(t, parse(t, traitsSchema(members)), test.traits) {
				got = append(got, v.Pointer+" "+v.Keyword+" "+v.Message)
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestViolationsAreStableAndHoldNoValues(t *testing.T) {
	s := parse(t, benchSchema)
	traits := `{"email":"secret1","username":"secret 2","name":{"first":3141},"tier":"secret4","newsletter":"secret5","age":-271828,"addresses":["secret6"],"x":"secret7"}`
	first := violations(t, s, traits)
	require.Len(t, first, 9)
	for range 20 {
		require.Equal(t, first, violations(t, s, traits))
	}
	_, err := s.Validate([]byte(traits))
	text, marshalErr := json.Marshal(first)
	require.NoError(t, marshalErr)
	for _, value := range []string{"secret", "3141", "271828"} {
		require.NotContains(t, err.Error(), value)
		require.NotContains(t, string(text), value)
	}
	require.Contains(t, string(text), `{"pointer":"/traits/age","keyword":"minimum","message":"must be at least 0"}`)
}

func TestTraitsAreKeptByteForByte(t *testing.T) {
	s := parse(t, traitsSchema(`"properties":{"phones":{"type":"array","items":{"type":"string","format":"tel","ory.sh/kratos":{"recovery":{"via":"sms"}}}}}`))
	for _, test := range []struct{ traits, want string }{
		{" {\"a\": 1.50,\n\"b\":\"\\u00e9\\/\" } ", " {\"a\": 1.50,\n\"b\":\"\\u00e9\\/\" } "},
		{`{"phones":["+16502530000"]}`, `{"phones":["+16502530000"]}`},
		{`{ "x":-0.0, "phones" : [ "+49 176 671 11 638" , "\u002b1 (650) 253-0000" ], "+1 (650) 253-0000":"+1 (650) 253-0000" }`,
			`{ "x":-0.0, "phones" : [ "+4917667111638" , "+16502530000" ], "+1 (650) 253-0000":"+1 (650) 253-0000" }`},
		{`{"\"\\":"\\\"","phones":["+1 650 253 0000"],"z":"\\"}`, `{"\"\\":"\\\"","phones":["+16502530000"],"z":"\\"}`},
	} {
		derived, err := s.Validate([]byte(test.traits))
		require.NoError(t, err)
		require.Equal(t, test.want, string(derived.Traits))
	}
}

func TestRewrittenTraitsMustMatch(t *testing.T) {
	s := parse(t, traitsSchema(`"properties":{"phone":{"type":"string","format":"tel","pattern":" ","ory.sh/kratos":{"recovery":{"via":"sms"}}}}`))
	got := violations(t, s, `{"phone":"+1 650 253 0000"}`)
	require.Equal(t, []violation.Violation{{Pointer: "/traits/phone", Keyword: "pattern", Message: "must match the regular expression  "}}, got)
}

func TestValidateFromManyGoroutines(t *testing.T) {
	s := parse(t, fuzzSchemas[3])
	registry, err := schema.NewRegistry(s, mustParse("bench", benchSchema))
	require.NoError(t, err)
	bench, _ := registry.Get("bench")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 50 {
				derived, err := s.Validate(fmt.Appendf(nil, `{"p":"+1 650 253 0%03d","e":"Müller%d@Example.org","x":["ÀB","+49 176 671 11 638"]}`, i*100+j, j))
				if err != nil || len(derived.CodeAddresses) == 0 {
					t.Error(err, derived)
				}
				if _, err := bench.Validate([]byte(`{"email":"x"}`)); err == nil {
					t.Error("accepted")
				}
				mustParse("again", benchSchema)
			}
		})
	}
	group.Wait()
}

func mustParse(id, document string) *schema.Schema {
	s, err := schema.Parse(id, []byte(document))
	if err != nil {
		panic(err)
	}
	return s
}
