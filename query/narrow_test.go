package query_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

// conditions writes the conditions of an expression as text.
func conditions(e query.Expr) string {
	var all []string
	for _, c := range e.Conditions() {
		s := c.Path + ":"
		for _, test := range c.Tests {
			s += " " + string(test.Op)
			if at, ok := test.Time(); ok {
				s += " " + at.UTC().Format(time.RFC3339)
			} else if text, ok := test.Text(); ok {
				s += " " + text
			}
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}

func TestConditions(t *testing.T) {
	for text, want := range map[string]string{
		`state eq "active" and traits.age gt 18`:                            `/state: eq active; /traits/age: gt`,
		`state eq "active" or state eq "inactive"`:                          `/state: eq active eq inactive`,
		`state eq "active" or traits.a eq "x"`:                              ``,
		`(state eq "a" and traits.a eq "x") or (traits.a sw "Y" and id pr)`: `/traits/a: eq x sw y`,
		`state ne "active"`:                                                 ``,
		`not (state eq "active")`:                                           ``,
		`not (not (state eq "active"))`:                                     `/state: eq active`,
		`not (traits.a pr)`:                                                 `/traits/a: absent`,
		`traits.a co "x" and traits.b ew "y" and traits.c pr`:               `/traits/a: pr; /traits/b: pr; /traits/c: pr`,
		`created_at ge "2026-01-01T01:00:00+01:00"`:                         `/created_at: ge 2026-01-01T00:00:00Z`,
		`created_at sw "2026"`:                                              `/created_at: pr`,
		`identifiers eq "ADA@Example.com"`:                                  `/identifiers: eq ada@example.com eq ADA@Example.com`,
		`identifiers eq "ada@example.com"`:                                  `/identifiers: eq ada@example.com`,
		`verifiable_addresses[value eq "a@b.co" and verified eq true]`:      `/verifiable_addresses/value: eq a@b.co; /verifiable_addresses/verified: eq`,
		`traits.l[x eq "1" and m[y eq "2"]]`:                                `/traits/l/x: eq 1; /traits/l/m/y: eq 2`,
		`traits.l["" eq "a"]`:                                               `/traits/l: eq a`,
		`traits.l["/0" eq "a"]`:                                             `/traits/l: pr`,
		`traits.l["/x/0" eq "a"]`:                                           `/traits/l/x/0: eq a`,
		`traits.l[not (x pr)]`:                                              `/traits/l: pr`,
		`traits.l[x ne 1]`:                                                  `/traits/l: pr`,
		`id eq "00000000000000000000000000000001"`:                          `/id: eq 00000000-0000-0000-0000-000000000001`,
		`credentials.totp pr`:                                               `/credentials/totp: pr`,
	} {
		e, err := query.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, conditions(e), text)
	}
	require.Empty(t, query.Expr{}.Conditions())
	require.Empty(t, query.Expr{}.Needles())
}

func TestNeedles(t *testing.T) {
	for text, want := range map[string]string{
		`traits.name co "LoveL" and traits.x ew "\u0000ab"`: "[lovel \ufffdab]",
		`traits.name eq "Ada" and traits.name eq "Ad"`:      `[ada]`,
		`external_id sw "CRM"`:                              `[crm]`,
		`identifiers co "@X.co"`:                            `[@x.co]`,
		`identifiers eq " ada@x.co"`:                        `[]`, // as it is and normalised differ: either may be in the text
		`verifiable_addresses[value sw "ada"]`:              `[ada]`,
		`traits.l[x co "abc" and not (x co "xyz")]`:         `[abc]`,
		`metadata_admin.x co "abc"`:                         `[]`,
		`metadata_admin[x co "abc"]`:                        `[]`,
		`schema_id eq "person"`:                             `[]`,
		`traits.a co "abc" or traits.a co "abd"`:            `[]`,
		`traits.a gt "abc" and traits.a ne "abc"`:           `[]`,
		`traits.a eq 1234`:                                  `[]`,
	} {
		e, err := query.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, fmt.Sprint(e.Needles()), text)
	}
}

func TestIndexKeys(t *testing.T) {
	keys := func(path, traits string) []string {
		index, err := query.NewIndex(path)
		require.NoError(t, err)
		require.Equal(t, path, index.Path())
		var all []string
		for _, key := range index.Keys(withTraits(traits)) {
			all = append(all, fmt.Sprintf("%x", key))
		}
		return all
	}
	require.Equal(t, []string{"00"}, keys("/traits/x", `{}`))
	require.Equal(t, []string{"2841", "2862", "4061", "4062"}, keys("/traits/x", `{"x":["b",["A","b"],null]}`))
	require.Equal(t, []string{"08", "10", "11"}, keys("/traits/x", `{"x":[true,{},false,{"a":1}]}`))
	require.Equal(t, []string{"1801"}, keys("/traits/x", `{"x":-0}`))
	require.Equal(t, []string{"180280000000000000033132"}, keys("/traits/x", `{"x":120}`))
	require.Equal(t, keys("/traits/x", `{"x":1e2}`), keys("/traits/x", `{"x":100.0}`))
	long := keys("/traits/x", `{"x":"`+strings.Repeat("A", 300)+`"}`)
	require.Equal(t, []string{"28" + strings.Repeat("41", 255), "40" + strings.Repeat("61", 255)}, long)
	require.Equal(t, []byte{0x40}, query.FoldedKeys())
	for _, path := range []string{"", "/credentials/totp", "/verifiable_addresses", "/foo"} {
		_, err := query.NewIndex(path)
		require.Error(t, err, path)
	}
}

// TestRanges: a value has a key in the range of a test if it passes the test, also where keys are cut; and for
// short values only then.
func TestRanges(t *testing.T) {
	index, err := query.NewIndex("/traits/x")
	require.NoError(t, err)
	var values []string
	for _, row := range ascending {
		values = append(values, row...)
	}
	long := strings.Repeat("é", 200)
	values = append(values, `{"x":"`+long+`"}`, `{"x":"`+long+`a"}`, `{"x":"`+long+`b"}`, `{"x":-1`+strings.Repeat("0", 300)+`1}`,
		`{"x":-1`+strings.Repeat("0", 300)+`2}`, `{"x":1`+strings.Repeat("0", 300)+`1}`, `{"x":"\udbff\udfff\udbff\udfff"}`, `{"x":"\udbff\udfff"}`)
	for _, a := range values {
		literal := strings.TrimSuffix(strings.TrimPrefix(a, `{"x":`), "}")
		for _, op := range []string{"eq", "gt", "ge", "lt", "le", "sw"} {
			e, err := query.Parse("traits.x " + op + " " + literal)
			if err != nil {
				continue // not every type has every operator
			}
			for _, b := range values {
				hit := false
				from, to := e.Conditions()[0].Tests[0].Range()
				require.LessOrEqual(t, len(from), query.MaxIndexKey)
				for _, key := range index.Keys(withTraits(b)) {
					hit = hit || bytes.Compare(key, from) >= 0 && bytes.Compare(key, to) < 0
				}
				if matches := e.Matches(withTraits(b)); matches {
					require.True(t, hit, "%s: %s", e, b)
				} else if len(a)+len(b) < 200 && op != "gt" && op != "lt" { // these are wider by the literal itself
					require.False(t, hit, "%s: %s", e, b)
				}
			}
		}
	}
	for _, traits := range values {
		i := withTraits(traits)
		for _, e := range []query.Expr{query.Present("/traits/x"), query.Not(query.Present("/traits/x"))} {
			from, to := e.Conditions()[0].Tests[0].Range()
			key := index.Keys(i)[0]
			require.Equal(t, e.Matches(i), bytes.Compare(key, from) >= 0 && bytes.Compare(key, to) < 0, traits)
		}
	}
}

func TestTimesHaveOneOrder(t *testing.T) {
	index, err := query.NewIndex("/created_at")
	require.NoError(t, err)
	var last []byte
	for _, at := range []time.Time{time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Unix(-1, 999), time.Unix(0, 0), time.Unix(0, 1000), newYear, newYear.Add(time.Microsecond), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		key := index.Keys(&identity.Identity{CreatedAt: at})[0]
		require.Positive(t, bytes.Compare(key, last))
		last = key
	}
	at := newYear.Add(1500 * time.Nanosecond)
	i := &identity.Identity{CreatedAt: newYear.Add(time.Microsecond)}
	require.True(t, query.Lt("/created_at", at).Matches(i), "a literal is not rounded")
	require.True(t, query.Eq("/created_at", newYear.Add(time.Microsecond).In(time.FixedZone("", -3600))).Matches(i))
}
