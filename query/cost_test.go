package query_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

// counting is a context that counts how often it is looked at, which is once for so much work, and ends at the
// last time.
type counting struct {
	context.Context
	looked, last int
}

func (c *counting) Err() error {
	if c.looked++; c.looked >= c.last {
		return context.Canceled
	}
	return nil
}

// large are identities and expressions of a hundred terms that make much work of one of them.
func large() map[string]struct {
	i *identity.Identity
	e func(terms int) query.Expr
} {
	repeat := func(terms int, join func(...query.Expr) query.Expr, term func(n int) query.Expr) query.Expr {
		all := make([]query.Expr, terms)
		for n := range all {
			all[n] = term(n)
		}
		return join(all...)
	}
	escaped := strings.Repeat(`\u0061`, 4000)
	numbers := withTraits(`{"l":[` + strings.Repeat("12,", 150_000) + `0]}`)
	objects := withTraits(`{"l":[` + strings.Repeat(`{"x":1},`, 50_000) + `0]}`)
	names := withTraits(`{"o":{` + strings.Repeat(`"`+escaped+`b":1,`, 14) + `"x":2}}`)
	return map[string]struct {
		i *identity.Identity
		e func(terms int) query.Expr
	}{
		"one of many numbers": {numbers, func(terms int) query.Expr {
			return repeat(terms, query.Or, func(n int) query.Expr { return query.Eq("/traits/l", 1000+n) })
		}},
		"all of many numbers": {numbers, func(terms int) query.Expr {
			return repeat(terms, query.And, func(n int) query.Expr { return query.Gt("/traits/l", 1000+n) })
		}},
		"of many types": {numbers, func(terms int) query.Expr {
			return repeat(terms, query.Or, func(n int) query.Expr {
				return []query.Expr{query.Eq("/traits/l", fmt.Sprint(n)), query.Lt("/traits/l", -n), query.Contains("/traits/l", "x"), query.Eq("/traits/l", true)}[n%4]
			})
		}},
		"the same element": {objects, func(terms int) query.Expr {
			return query.Any("/traits/l", repeat(terms, query.Or, func(n int) query.Expr { return query.Eq("/x", 1000+n) }))
		}},
		"negated": {numbers, func(terms int) query.Expr {
			return repeat(terms, query.Or, func(int) query.Expr { return query.Not(query.Ne("/traits/l", 12)) })
		}},
		"long names": {names, func(terms int) query.Expr {
			return repeat(terms, query.Or, func(n int) query.Expr {
				return query.Eq("/traits/o/"+strings.Repeat("a", 4000)+"c", n)
			})
		}},
		"one after the other": {objects, func(terms int) query.Expr {
			return repeat(terms, query.Or, func(int) query.Expr { return query.Any("/traits/l", query.Eq("/x", 2)) })
		}},
	}
}

// TestTermsOfOnePathShareTheWork: a hundred comparisons with the values at one path cost about what one does, in
// looks at the context, of which there is one for so many values.
func TestTermsOfOnePathShareTheWork(t *testing.T) {
	cases := large()
	for _, name := range []string{"one of many numbers", "all of many numbers", "of many types", "the same element", "long names"} {
		t.Run(name, func(t *testing.T) {
			work := func(terms int) int {
				ctx := &counting{Context: t.Context(), last: 1 << 30}
				matched, err := cases[name].e(terms).MatchesContext(ctx, cases[name].i)
				require.NoError(t, err)
				require.False(t, matched)
				return ctx.looked
			}
			one := work(1)
			require.LessOrEqual(t, work(query.MaxTerms-5), 2*one+2)
		})
	}
}

// TestMatchesEndsWithItsContext: also within one identity.
func TestMatchesEndsWithItsContext(t *testing.T) {
	for name, c := range large() {
		t.Run(name, func(t *testing.T) {
			if name == "long names" {
				t.Skip("is no work to speak of")
			}
			ctx := &counting{Context: t.Context(), last: 2}
			matched, err := c.e(query.MaxTerms/2).MatchesContext(ctx, c.i)
			require.ErrorIs(t, err, context.Canceled)
			require.False(t, matched)
			require.Equal(t, 2, ctx.looked, "nothing is done after it has ended")
			matched, err = query.Not(c.e(2)).MatchesContext(t.Context(), c.i)
			require.NoError(t, err)
			require.True(t, matched)
		})
	}
	s, err := query.NewSearch("x y z")
	require.NoError(t, err)
	ctx := &counting{Context: t.Context(), last: 2}
	matched, err := s.MatchesContext(ctx, withTraits(`{"l":["`+strings.Repeat(`abcdef","`, 60_000)+`"]}`))
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, matched)
	require.Equal(t, 2, ctx.looked)
}
