package storagetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// oddIdentifiers are texts that a database may treat as it should not: two of them are
// equal only byte for byte.
func oddIdentifiers() []string {
	return []string{
		"", " ", "a", "A", "a ", " a", "a\x00", "a\x00b", "\x00", "\u00e9", "e\u0301", "\u00df", "ss", "stra\u00dfe", "i", "\u0131", "\u0130",
		"%", "_", "a%", "a_", `\`, "'", `"`, `a'b`, "\u007f", "\u0080", "\u00ff", "\uffff", "\U0010ffff", "\u65e5\u672c", "\u65e5\u672c\u8a9e",
		strings.Repeat("x", 1024), strings.Repeat("x", 1023) + "y", strings.Repeat("\u65e5", 341),
	}
}

func oddTexts(t *testing.T, store storage.Storage) {
	odd := oddIdentifiers()
	owners := map[string]uuid.UUID{}
	for n, text := range odd {
		i := person(n)
		named(text)(i)
		i.VerifiableAddresses = []identity.VerifiableAddress{{ID: fixedID(5000 + n), Via: "email", Value: text, Status: identity.AddressPending, CreatedAt: noon, UpdatedAt: noon}}
		i.ExternalID = text // empty means none
		i.MetadataPublic = json.RawMessage(fmt.Sprintf(`{"a\u0000b":%d}`, n))
		owners[text] = create(t, store, i).ID
	}
	for _, text := range odd {
		requireFound(t, store, storage.IdentifierClaim(credentials.TypePassword, text), owners[text])
		requireFound(t, store, storage.AddressClaim(storage.TypeVerifiableAddress, "email", text), owners[text])
		external := owners[text]
		if text == "" {
			external = uuid.Nil
		}
		requireFound(t, store, storage.ExternalIDClaim(text), external)
		page, err := store.List(t.Context(), storage.Query{Filter: storage.Filter{Identifiers: []storage.Identifier{{Type: credentials.TypePassword, Value: text}}}})
		require.NoError(t, err)
		require.Len(t, page.Identities, 1)
		require.Equal(t, owners[text], page.Identities[0].ID)

		fresh := person(1000)
		named(text)(fresh)
		_, err = store.Create(t.Context(), fresh)
		requireConflict(t, err, "identifier", "password")

		var want []uuid.UUID
		for n, other := range odd {
			if strings.HasPrefix(other, text) {
				want = append(want, fixedID(n))
			}
		}
		filter := storage.Filter{Prefixes: []storage.Identifier{{Type: credentials.TypePassword, Value: text}}}
		require.Equal(t, want, walk(t, store, storage.Query{Filter: filter, Limit: 3}, func(int) {}), "prefix %q", text)
		count, err := store.Count(t.Context(), filter)
		require.NoError(t, err)
		require.Equal(t, len(want), count, "prefix %q", text)
	}
}

// idOrder lists ids of which a text, a signed number or a swapped half would sort otherwise.
func idOrder(t *testing.T, store storage.Storage) {
	texts := []string{
		"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-0000000000ff", "00000000-0000-0000-0000-000000000100",
		"0a000000-0000-0000-0000-000000000000", "7fffffff-ffff-ffff-ffff-ffffffffffff", "80000000-0000-0000-0000-000000000000",
		"80000000-0000-0000-8000-000000000000", "9fffffff-0000-0000-0000-000000000000", "a0000000-0000-0000-0000-000000000000",
		"a0000000-0000-0000-7fff-ffffffffffff", "a0000000-0000-0000-ffff-ffffffffffff", "fffffffe-ffff-ffff-ffff-ffffffffffff",
	}
	var want []uuid.UUID
	for n, text := range texts {
		want = append(want, uuid.MustParse(text))
		i := person((n * 7) % len(texts))
		i.ID = uuid.MustParse(texts[(n*7)%len(texts)])
		create(t, store, i)
	}
	for _, limit := range []int{1, 5, 100} {
		require.Equal(t, want, walk(t, store, storage.Query{Limit: limit}, func(int) {}))
		shuffled := slices.Clone(want)
		slices.Reverse(shuffled)
		require.Equal(t, want, walk(t, store, storage.Query{Filter: storage.Filter{IDs: shuffled}, Limit: limit}, func(int) {}))
	}
	for n, id := range want {
		ids, _ := list(t, store, storage.Query{After: query.Position{ID: id}})
		require.Equal(t, want[n+1:], append([]uuid.UUID{}, ids...))
	}
}
