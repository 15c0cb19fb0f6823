package query_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/violation"
)

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ascending are traits in the order of their value x. Those that share a row are equal.
var ascending = [][]string{
	{`{}`, `{"x":null}`, `{"x":[]}`, `{"x":[null,[]]}`},
	{`{"x":{}}`, `{"x":{"y":1}}`},
	{`{"x":false}`}, {`{"x":true}`},
	{`{"x":-1e300}`}, {`{"x":-10}`}, {`{"x":-9.5}`}, {`{"x":-9}`, `{"x":-9.0}`, `{"x":-90e-1}`}, {`{"x":-1.23}`}, {`{"x":-1.2}`}, {`{"x":-1e-300}`},
	{`{"x":0}`, `{"x":-0.0}`}, {`{"x":1e-300}`}, {`{"x":0.0012}`}, {`{"x":0.01}`}, {`{"x":1.2}`}, {`{"x":1.23}`}, {`{"x":9}`}, {`{"x":10}`, `{"x":1e1}`},
	{`{"x":9007199254740992}`}, {`{"x":9007199254740993}`}, {`{"x":1e300}`},
	{`{"x":""}`}, {`{"x":"\u0000"}`}, {`{"x":"10"}`}, {`{"x":"9"}`}, {`{"x":"Z"}`}, {`{"x":"a"}`}, {`{"x":"a\u0000"}`}, {`{"x":"ab"}`}, {`{"x":"é"}`}, {`{"x":"\uffff"}`}, {`{"x":"😀"}`},
}

func TestSort(t *testing.T) {
	up, err := query.NewSort(query.Ascending("/traits/x"))
	require.NoError(t, err)
	down, err := query.NewSort(query.Descending("/traits/x"))
	require.NoError(t, err)
	index, err := query.NewIndex("/traits/x")
	require.NoError(t, err)
	for a, rowA := range ascending {
		for b, rowB := range ascending {
			for _, traitsA := range rowA {
				for _, traitsB := range rowB {
					x, y := withTraits(traitsA), withTraits(traitsB)
					want := a - b
					require.Equal(t, sign(want), sign(up.Compare(up.Position(x), up.Position(y))), "%s %s", traitsA, traitsB)
					require.Equal(t, -sign(want), sign(down.Compare(down.Position(x), down.Position(y))), "%s %s", traitsA, traitsB)
					require.Equal(t, sign(want), sign(bytes.Compare(index.Keys(x)[0], index.Keys(y)[0])), "%s %s", traitsA, traitsB)
				}
			}
		}
	}
}

func sign(n int) int { return max(-1, min(1, n)) }

func TestSortOfListsAndTies(t *testing.T) {
	least, err := query.NewSort(query.Ascending("/traits/l/x"), query.Descending("/created_at"))
	require.NoError(t, err)
	greatest, err := query.NewSort(query.Descending("/traits/l/x"))
	require.NoError(t, err)
	list, three, ten := withTraits(`{"l":[{"x":2},{},{"x":[1,9]}]}`), withTraits(`{"l":{"x":3}}`), withTraits(`{"l":{"x":10}}`)
	require.Negative(t, least.Compare(least.Position(list), least.Position(three)))
	require.Positive(t, greatest.Compare(greatest.Position(list), greatest.Position(ten)))
	require.Negative(t, greatest.Compare(greatest.Position(list), greatest.Position(three)))

	earlier, later := withTraits(`{}`), withTraits(`{}`)
	earlier.CreatedAt, later.CreatedAt = newYear, newYear.Add(time.Microsecond)
	require.Positive(t, least.Compare(least.Position(earlier), least.Position(later)), "the second path decides")
	earlier.CreatedAt = later.CreatedAt
	earlier.ID = uuid.UUID{1}
	require.Positive(t, least.Compare(least.Position(earlier), least.Position(later)), "then the id")

	long := strings.Repeat("é", query.MaxSortKey)
	cut, err := query.NewSort(query.Ascending("/traits/x"))
	require.NoError(t, err)
	a, b, c := withTraits(`{"x":"`+long+`z"}`), withTraits(`{"x":"`+long+`a"}`), withTraits(`{"x":"`+long[:len(long)-2]+`z"}`)
	b.ID = uuid.UUID{1}
	require.Negative(t, cut.Compare(cut.Position(a), cut.Position(b)), "what is behind the 64th code point does not count")
	require.Positive(t, cut.Compare(cut.Position(a), cut.Position(c)), "the 64th does")
	require.Len(t, cut.Position(a).Keys[0], 1+len(long))
}

// TestPages walks through random identities by tokens: each page begins where the one before ended.
func TestPages(t *testing.T) {
	for seed := range uint64(200) {
		r := newRandom(seed)
		sorted, err := query.NewSort(one(r, query.Ascending, query.Descending)("/traits/a"), one(r, query.Ascending, query.Descending)("/state"), query.Ascending("/updated_at"))
		require.NoError(t, err)
		var all []*identity.Identity
		for n := range 50 {
			i := r.identity()
			i.ID = uuid.UUID{byte(r.IntN(256)), byte(n)}
			all = append(all, i)
		}
		compare := func(a, b *identity.Identity) int { return sorted.Compare(sorted.Position(a), sorted.Position(b)) }
		slices.SortFunc(all, compare)
		var walked []*identity.Identity
		for token := ""; len(walked) < len(all); {
			at := 0
			if token != "" {
				after, err := sorted.ParseToken(token, "filter", "search")
				require.NoError(t, err)
				at = slices.IndexFunc(all, func(i *identity.Identity) bool { return sorted.Compare(sorted.Position(i), after) > 0 })
			}
			page := all[at:min(len(all), at+1+r.IntN(7))]
			walked = append(walked, page...)
			token = sorted.Token(sorted.Position(page[len(page)-1]), "filter", "search")
		}
		require.Equal(t, all, walked)
	}
}

func TestToken(t *testing.T) {
	sorted, err := query.NewSort(query.Ascending("/traits/a"))
	require.NoError(t, err)
	other, err := query.NewSort(query.Descending("/traits/a"))
	require.NoError(t, err)
	position := sorted.Position(withTraits(`{"a":"x"}`))
	token := sorted.Token(position, "a", "bc")
	got, err := sorted.ParseToken(token, "a", "bc")
	require.NoError(t, err)
	require.Equal(t, position, got)
	for name, parse := range map[string]func() (query.Position, error){
		"another order":   func() (query.Position, error) { return other.ParseToken(token, "a", "bc") },
		"no order":        func() (query.Position, error) { return query.Sort{}.ParseToken(token, "a", "bc") },
		"another binding": func() (query.Position, error) { return sorted.ParseToken(token, "ab", "c") },
		"no binding":      func() (query.Position, error) { return sorted.ParseToken(token) },
		"cut":             func() (query.Position, error) { return sorted.ParseToken(token[:len(token)-4], "a", "bc") },
		"longer":          func() (query.Position, error) { return sorted.ParseToken(token+"AAAA", "a", "bc") },
		"empty":           func() (query.Position, error) { return sorted.ParseToken("", "a", "bc") },
		"not base64":      func() (query.Position, error) { return sorted.ParseToken("!"+token[1:], "a", "bc") },
	} {
		_, err := parse()
		var fault *violation.Error
		require.True(t, errors.As(err, &fault), name)
	}
	// The right check sum over the wrong number of keys.
	none := position
	none.Keys = nil
	_, err = sorted.ParseToken(sorted.Token(none))
	require.Error(t, err)
	none.Keys = [][]byte{{1}, {2}}
	_, err = sorted.ParseToken(sorted.Token(none))
	require.Error(t, err)
}

func TestParseOrders(t *testing.T) {
	orders, err := query.ParseOrders(` -created_at , traits.name,-"/traits/a,b"`)
	require.NoError(t, err)
	require.Equal(t, []query.Order{query.Descending("/created_at"), query.Ascending("/traits/name"), query.Descending("/traits/a,b")}, orders)
	sorted, err := query.NewSort(orders...)
	require.NoError(t, err)
	require.Equal(t, `-created_at,traits.name,-"/traits/a,b"`, sorted.String())
	require.Equal(t, orders, sorted.Orders())
	orders, err = query.ParseOrders("")
	require.NoError(t, err)
	require.Empty(t, orders)

	var b strings.Builder
	for _, text := range []string{`,`, `id,`, `id;state`, `-`, `--id`, `+id`, `created`, `Created_at`, `credentials.password`, `credentials.password.config`,
		`verifiable_addresses`, `id,state,traits.a,traits.b`, `traits.a desc`, `"/traits`, `"id"`, "id\xff"} {
		_, err := query.ParseOrders(text)
		var fault *violation.Error
		require.True(t, errors.As(err, &fault), text)
		require.Regexp(t, `^column [1-9]`, fault.Error(), text)
		encoded, err := json.Marshal(strings.ToValidUTF8(text, "\ufffd"))
		require.NoError(t, err)
		b.WriteString(string(encoded) + "\n    " + fault.Error() + "\n")
	}
	golden(t, "wrong_orders.golden.txt", b.String())
	for name, orders := range map[string][]query.Order{
		"too many": {query.Ascending("/id"), query.Ascending("/id"), query.Ascending("/id"), query.Ascending("/id")},
		"secret":   {query.Ascending("/credentials/totp/config/totp_url")},
		"empty":    {{}},
	} {
		_, err := query.NewSort(orders...)
		require.Error(t, err, name)
	}
}
