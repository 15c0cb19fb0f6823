package query_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

// checkAll compares every result of the package for an identity and an expression with the reference.
func checkAll(t *testing.T, r random) (matched bool) {
	i, c := r.identity(), r.condition("", 4)
	e := c.expr()
	require.NoError(t, e.Err(), e.String())
	want := c.matches(adminView(i))
	require.Equal(t, want, e.Matches(i), "%s\n%s\n%s\n%s", e, i.Traits, i.MetadataPublic, i.MetadataAdmin)
	require.Equal(t, want, e.Matches(i), "a second time: %s", e)
	if text := e.String(); len(text) <= query.MaxLength {
		parsed, err := query.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, text, parsed.String())
		require.Equal(t, want, parsed.Matches(i), text)
	}
	if want {
		checkConditions(t, i, e)
	}
	return want
}

// checkConditions: what matches has a key in one of the ranges of each condition, and each needle in its text.
func checkConditions(t *testing.T, i *identity.Identity, e query.Expr) {
	for _, condition := range e.Conditions() {
		index, err := query.NewIndex(condition.Path)
		if err != nil { // an object, of which only the presence is told
			require.Equal(t, query.OpPresent, condition.Tests[0].Op, e)
			continue
		}
		keys := index.Keys(i)
		require.True(t, slices.ContainsFunc(condition.Tests, func(test query.Test) bool {
			from, to := test.Range()
			return slices.ContainsFunc(keys, func(key []byte) bool { return bytes.Compare(key, from) >= 0 && bytes.Compare(key, to) < 0 })
		}), "%s: %s of %s: %q", e, condition.Path, i.Traits, keys)
	}
	for _, needle := range e.Needles() {
		require.Contains(t, query.SearchText(i), needle, e)
	}
}

func TestMatchesAsTheReference(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	const rounds = 20_000
	matched := 0
	for seed := range uint64(rounds) {
		if checkAll(t, newRandom(seed)) {
			matched++
		}
	}
	require.Greater(t, matched, rounds/10, "expressions that nothing matches prove nothing")
	require.Less(t, matched, rounds*9/10)
}

func FuzzMatches(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Fuzz(func(t *testing.T, seed uint64) { checkAll(t, newRandom(seed)) })
}

func withTraits(traits string) *identity.Identity {
	return &identity.Identity{State: identity.StateActive, Traits: json.RawMessage(traits)}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		name, traits string
		yes, no      []string
	}{
		{name: "integers beyond 2^53", traits: `{"n":9007199254740993}`,
			yes: []string{`traits.n eq 9007199254740993`, `traits.n gt 9007199254740992`, `traits.n ne 9007199254740992`, `traits.n eq 9007199254740993.000`, `traits.n eq 9007199254740993e0`},
			no:  []string{`traits.n eq 9007199254740992`, `traits.n le 9007199254740992`, `traits.n ge 9007199254740994`}},
		{name: "1e2 is 100", traits: `{"n":1e2}`, yes: []string{`traits.n eq 100`, `traits.n eq 100.0`, `traits.n eq 1000e-1`, `traits.n lt 100.0000001`}, no: []string{`traits.n eq 1e3`, `traits.n ne 100`}},
		{name: "0.1 + 0.2 spelt out", traits: `{"n":0.3}`, yes: []string{`traits.n eq 0.30`, `traits.n lt 0.30000000000000004`}, no: []string{`traits.n eq 0.30000000000000004`}},
		{name: "no float is as large or as small", traits: `{"n":1e400,"m":-1e-400}`, yes: []string{`traits.n gt 1e399`, `traits.m lt 0`, `traits.m gt -1e-399`}, no: []string{`traits.n eq 1e401`, `traits.m eq 0`}},
		{name: "zero has no sign", traits: `{"n":-0.0}`, yes: []string{`traits.n eq 0`, `traits.n eq -0e7`, `traits.n gt -1e-9`}, no: []string{`traits.n lt 0`}},
		{name: "a string is no number", traits: `{"n":"10"}`, yes: []string{`traits.n eq "10"`, `traits.n lt "9"`, `traits.n ne 10`}, no: []string{`traits.n eq 10`, `traits.n gt 9`, `traits.n lt 9`, `traits.n le 9`}},
		{name: "booleans", traits: `{"b":true}`, yes: []string{`traits.b eq true`, `traits.b ne false`, `traits.b ne 1`, `traits.b ne "true"`}, no: []string{`traits.b eq false`, `traits.b eq "true"`, `traits.b co "t"`}},
		{name: "é composed and not: equal only when folded", traits: `{"s":"Caf\u00c9"}`,
			yes: []string{`traits.s co "e\u0301"`, `traits.s ew "f\u00e9"`, `traits.s sw "CAFÉ"`, `traits.s eq "CafÉ"`}, no: []string{`traits.s eq "Cafe\u0301"`, `traits.s co "fe"`, `traits.s eq "café"`}},
		{name: "ß folds with ẞ, and is not ss", traits: `{"s":"Straße"}`, yes: []string{`traits.s co "STRAẞE"`, `traits.s ew "ẞE"`}, no: []string{`traits.s co "strasse"`}},
		{name: "İ folds with itself alone", traits: `{"s":"İstanbul"}`, yes: []string{`traits.s sw "İSTAN"`, `traits.s sw "I\u0307s"`}, no: []string{`traits.s sw "is"`, `traits.s sw "i\u0307s"`, `traits.s sw "ı"`}},
		{name: "the Kelvin sign and the long s fold with letters", traits: `{"s":"\u212aelvin's \u017fun"}`, yes: []string{`traits.s sw "KELVIN"`, `traits.s co "sun"`}, no: []string{`traits.s eq "Kelvin's sun"`}},
		{name: "final sigma", traits: `{"s":"ΣΊΣΥΦΟΣ"}`, yes: []string{`traits.s co "σίσυφος"`}},
		{name: "strings are ordered by code point", traits: `{"s":"\uffff"}`, yes: []string{`traits.s lt "😀"`, `traits.s gt "z"`, `traits.s gt ""`}, no: []string{`traits.s gt "😀"`}},
		{name: "U+0000", traits: `{"s":"a\u0000b","k\u0000":1}`, yes: []string{`traits.s eq "a\u0000b"`, `traits.s co "\u0000B"`, `traits.s gt "a"`, `traits.s ew "b"`, `"/traits/k\u0000" eq 1`}, no: []string{`traits.s eq "a"`, `traits.s co "ab"`, `traits.k pr`}},
		{name: "null is as good as missing", traits: `{"x":null,"l":[],"ln":[null,[]]}`,
			yes: []string{`not (traits.x pr)`, `not (traits.l pr)`, `not (traits.ln pr)`, `not (traits.y pr)`, `traits.x ne 1`, `traits.y ne 1`, `traits.l ne 1`, `traits.ln ne 1`, `not (traits.x eq 1)`, `traits.y.z ne 1`},
			no:  []string{`traits.x pr`, `traits.y pr`, `traits.l pr`, `traits.x eq 1`, `traits.x lt 1`, `traits.y ge ""`, `traits.y co ""`, `traits.l[not (x pr)]`}},
		{name: "empty but there", traits: `{"s":"","o":{},"z":0,"f":false}`, yes: []string{`traits.s pr`, `traits.o pr`, `traits.z pr`, `traits.f pr`, `traits.s eq ""`}},
		{name: "lists", traits: `{"l":["a","b"]}`, yes: []string{`traits.l eq "b"`, `traits.l ne "b"`, `traits.l pr`, `traits.l.0 eq "a"`, `not (traits.l eq "c")`, `traits.l["" sw "A" and "" ew "a"]`},
			no: []string{`traits.l eq "c"`, `traits.l.1 eq "a"`, `traits.l.2 pr`, `traits.l.01 pr`, `traits.l["" sw "a" and "" ew "b"]`}},
		{name: "nested lists", traits: `{"l":[[1,[2]],[],[[{"x":[3,4]}]]]}`, yes: []string{`traits.l eq 2`, `traits.l.x eq 4`, `traits.l[x eq 3 and x eq 4]`, `traits.l.0.1 eq 2`, `traits.l["" eq 1]`},
			no: []string{`traits.l eq 5`, `traits.l.1 pr`, `traits.l.0.0.0 pr`}},
		{name: "a path through a list, or the same element", traits: `{"p":[{"t":"work","n":1},{"t":"home","n":2}]}`,
			yes: []string{`traits.p.t eq "work" and traits.p.n eq 2`, `traits.p[t eq "home" and n eq 2]`, `traits.p[t eq "home"].n eq 2`, `traits.p[n gt 1] and traits.p[n lt 2]`, `traits.p[not (t eq "home")]`},
			no:  []string{`traits.p[t eq "work" and n eq 2]`, `traits.p[t eq "work"].n eq 2`, `traits.p[t eq "x" or n eq 3]`}},
		{name: "an object is a list of one", traits: `{"a":{"city":"Wien","zip":1010}}`, yes: []string{`traits.a[city eq "Wien" and zip lt 2000]`, `traits.a.city sw "w"`}, no: []string{`traits.a eq "Wien"`, `traits.a.city.name pr`}},
		{name: "names with dots, slashes and nothing", traits: `{"a.b":1,"c/d~e":2,"":3,"a":{"b":4}}`,
			yes: []string{`"/traits/a.b" eq 1`, `traits.a.b eq 4`, `"/traits/c~1d~0e" eq 2`, `"/traits/" eq 3`, `traits["/a.b" eq 1]`}, no: []string{`"/traits/a.b" eq 4`}},
		{name: "escaped names and strings", traits: `{"\u0061\u00e9":"\ud83d\ude00\/\n"}`, yes: []string{`traits.aé eq "😀/\n"`, `traits.aé sw "😀"`}},
		{name: "operators in any case, names in one", traits: `{"Name":"x"}`, yes: []string{`traits.Name EQ "x" And NOT (traits.name Pr)`}},
		{name: "and before or", traits: `{"a":1}`, yes: []string{`traits.a eq 1 or traits.b eq 1 and traits.c eq 1`}, no: []string{`(traits.a eq 1 or traits.b eq 1) and traits.c eq 1`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := withTraits(test.traits)
			for n, text := range slices.Concat(test.yes, test.no) {
				e, err := query.Parse(text)
				require.NoError(t, err, text)
				require.Equal(t, n < len(test.yes), e.Matches(i), text)
			}
		})
	}
}

func TestZeroAndWrongExpressions(t *testing.T) {
	i := withTraits(`{}`)
	require.True(t, query.Expr{}.Matches(i))
	require.True(t, query.And().IsZero())
	require.True(t, query.And(query.Expr{}, query.And()).Matches(i))
	require.Equal(t, `state eq "active"`, query.And(query.Expr{}, query.Eq("/state", identity.StateActive)).String())
	for name, e := range map[string]query.Expr{
		"or of nothing":        query.Or(),
		"or with no limit":     query.Or(query.Present("/id"), query.Expr{}),
		"not of nothing":       query.Not(query.Expr{}),
		"any of nothing":       query.Any("/traits", query.Expr{}),
		"unknown root":         query.Present("/foo"),
		"no pointer":           query.Present("traits"),
		"bad escape":           query.Present("/traits/~2"),
		"the whole":            query.Present(""),
		"within":               query.And(query.Present("/id"), query.Not(query.Or(query.Present("/id"), query.Present("/foo")))),
		"nil":                  query.Eq("/traits/a", nil),
		"a list":               query.Eq("/traits/a", []string{"x"}),
		"a function":           query.Eq("/traits/a", func() {}),
		"not a number":         query.Eq("/traits/a", 0/zero()),
		"text that is no text": query.Eq("/traits/a", "\xff"),
		"no order":             query.Gt("/traits/a", true),
		"no time":              query.Gt("/created_at", "yesterday"),
		"nothing visible":      query.StartsWith("/identifiers", " \u200b"),
	} {
		require.Error(t, e.Err(), name)
		require.False(t, e.Matches(i), name)
		require.False(t, query.Not(e).Matches(i), name)
		require.Empty(t, e.Conditions(), name)
	}
	many := make([]query.Expr, query.MaxTerms+1)
	deep := query.Present("/id")
	for n := range many {
		many[n] = query.Present("/id")
		if n <= query.MaxDepth {
			deep = query.Not(deep)
		}
	}
	require.NoError(t, query.Or(many[1:]...).Err())
	require.ErrorContains(t, query.Or(many...).Err(), "more than 100 terms")
	require.ErrorContains(t, deep.Err(), "deeper than 32 levels")
}

func zero() float64 { return 0 }

func TestLongTextsCostWhatTheyAreLong(t *testing.T) {
	// A pattern that nearly matches everywhere, and a hundred of them: each is looked for in one pass.
	i := withTraits(`{"s":"` + strings.Repeat("a", 1<<20) + `"}`)
	terms := make([]query.Expr, query.MaxTerms)
	for n := range terms {
		terms[n] = query.Contains("/traits/s", strings.Repeat("a", 4000)+"b")
	}
	require.False(t, query.Or(terms...).Matches(i))
	deep := withTraits(`{"a":` + strings.Repeat("[", 90) + strings.Repeat("]", 90) + `}`)
	require.False(t, query.Present("/traits/a").Matches(deep))
}

// TestManyTermsFoldATextOnce: to fold a long text takes much longer than to look for something in it.
func TestManyTermsFoldATextOnce(t *testing.T) {
	i := withTraits(`{"s":"` + strings.Repeat("e\u0301", 50_000) + `"}`)
	cost := func(terms int) time.Duration {
		all := make([]query.Expr, terms)
		for n := range all {
			all[n] = query.Contains("/traits/s", "xyz")
		}
		e := query.Or(all...)
		least := time.Hour
		for range 10 { // so that what else the machine does is left out
			start := time.Now()
			require.False(t, e.Matches(i))
			least = min(least, time.Since(start))
		}
		return least
	}
	require.Less(t, cost(query.MaxTerms), 25*cost(1))
}

func TestMatchesConcurrently(t *testing.T) {
	e := query.Or(query.Contains("/traits/x", "É"), query.Eq("/state", "inactive"))
	s, err := query.NewSearch("élan")
	require.NoError(t, err)
	sorted, err := query.NewSort(query.Ascending("/traits/x"))
	require.NoError(t, err)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 200 {
				i := withTraits([]string{`{"x":"\u00e9lan"}`, `{"x":"elan"}`}[n%2])
				if e.Matches(i) != (n%2 == 0) || s.Matches(i) != (n%2 == 0) || len(sorted.Position(i).Keys) != 1 {
					t.Error("another goroutine's identity was looked at")
				}
			}
		})
	}
	all.Wait()
}

// TestCostGrowsWithTheDocument: eight times the document is about eight times the work, in looks at the context, also
// where [ ] are nested in lists that are. A square would be 64 times.
func TestCostGrowsWithTheDocument(t *testing.T) {
	e := query.Any("", query.Or(query.Eq("", 1), query.Eq("/x/y", 1), query.Gt("/x", 1), query.Contains("", "z")))
	for range 12 {
		e = query.Any("", query.Or(e, query.Eq("/x", "q")))
	}
	e = query.Any("/traits/l", query.Not(query.Not(e)))
	require.NoError(t, e.Err())
	looks := func(elements int) int {
		i := withTraits(`{"l":[` + strings.Repeat(`[[{"x":[0,{"y":"a"}]}],"b"],`, elements) + `0]}`)
		ctx := &counting{Context: t.Context(), last: 1 << 30}
		matched, err := e.MatchesContext(ctx, i)
		require.NoError(t, err)
		require.False(t, matched)
		return ctx.looked
	}
	small, large := looks(4000), looks(32_000)
	require.Greater(t, small, 3, "so much work that it can be compared")
	require.Less(t, large, 10*small)
}

func TestJSONThatIsNoneMatchesNothing(t *testing.T) {
	for _, broken := range []string{``, ` `, `{`, `}`, `]`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1]`, `["a`, `{"a":"\`, `{:}`, `{1}`, `:`, `{"a" "b" "c"}`, `{[]:1,"a":[`, `{"a":}`} {
		i := &identity.Identity{Traits: json.RawMessage(broken)}
		require.NotPanics(t, func() {
			query.Eq("/traits/a/b", 1).Matches(i)
			query.Present("/traits").Matches(i)
			query.SearchText(i)
		}, broken)
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(`{"a":[1,{"b":"c\u0041"}]}`)
	e := query.Or(query.Eq("/traits/a/b", "cA"), query.Any("/traits", query.Contains("/a", "x")), query.Gt("/traits/a/0", 1))
	f.Fuzz(func(t *testing.T, traits string) {
		e.Matches(withTraits(traits))
		query.SearchText(withTraits(traits))
	})
}
