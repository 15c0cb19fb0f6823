package sqlitedb

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// BenchmarkFind reads pages of 50 of 100,000 identities: as they are, and by what indexes
// serve, and counts by reading all. Each round takes the next page or value.
func BenchmarkFind(b *testing.B) {
	size := 100_000
	if testing.Short() {
		size = 10_000
	}
	path := filepath.Join(b.TempDir(), "identities.db")
	store, err := openFile(b.Context(), path)
	require.NoError(b, err)
	documents := 0
	for start := 0; start < size; start += 1000 {
		var people []*identity.Identity
		for n := start; n < start+1000; n++ {
			i := benchPerson(n)
			i.MetadataAdmin = json.RawMessage(fmt.Sprintf(`{"plan":"plan %d","team":"team %d","n":%d}`, n%1000, n%16, n))
			documents += storage.Size(i)
			people = append(people, i)
		}
		_, errs := store.CreateMany(b.Context(), people)
		for _, err := range errs {
			require.NoError(b, err)
		}
	}
	require.NoError(b, store.Close())
	begun := time.Now()
	store, err = openFile(b.Context(), path, WithIndex("/metadata_admin/plan"), WithIndex("/metadata_admin/team"), WithIndex("/metadata_admin/n"), WithSearchIndex())
	require.NoError(b, err)
	b.Logf("four indexes were built in %v", time.Since(begun))
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	search := func(text string) query.Search {
		s, err := query.NewSearch(text)
		require.NoError(b, err)
		return s
	}
	byN, err := query.NewSort(query.Descending("/metadata_admin/n"))
	require.NoError(b, err)
	byName, err := query.NewSort(query.Ascending("/traits/name"))
	require.NoError(b, err)
	for _, c := range []struct {
		name string
		at   func(n int) storage.Query
	}{
		{"plain", func(n int) storage.Query {
			return storage.Query{After: query.Position{ID: benchID(n * 997 % size)}}
		}},
		{"equality, 1 in 1000", func(n int) storage.Query {
			return storage.Query{Filter: storage.Filter{Where: query.Eq("/metadata_admin/plan", fmt.Sprintf("plan %d", n%1000))}}
		}},
		{"equality, 1 in 16", func(n int) storage.Query {
			return storage.Query{Filter: storage.Filter{Where: query.Eq("/metadata_admin/team", fmt.Sprintf("team %d", n%16))}}
		}},
		{"range, 5 in 100", func(n int) storage.Query {
			return storage.Query{Filter: storage.Filter{Where: query.Ge("/metadata_admin/n", size-size/20+n)}}
		}},
		{"order", func(n int) storage.Query {
			return storage.Query{Sort: byN, After: byN.Position(&identity.Identity{ID: benchID(n), MetadataAdmin: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n*997%size))})}
		}},
		{"words, 1", func(n int) storage.Query {
			return storage.Query{Filter: storage.Filter{Search: search(fmt.Sprintf("person%d@", n*997%size))}}
		}},
		{"words, 111", func(n int) storage.Query {
			return storage.Query{Filter: storage.Filter{Search: search(fmt.Sprintf("person%d", 100+n%900))}}
		}},
		{"words, all", func(int) storage.Query { return storage.Query{Filter: storage.Filter{Search: search("countess")}} }},
		{"prefix, all", func(int) storage.Query {
			return storage.Query{Filter: storage.Filter{Prefixes: []storage.Identifier{{Type: credentials.TypePassword, Value: "person"}}}}
		}},
		{"prefix, 11", func(n int) storage.Query {
			return storage.Query{Filter: storage.Filter{Prefixes: []storage.Identifier{{Type: credentials.TypePassword, Value: fmt.Sprintf("person%d", 1000+n%9000)}}}}
		}},
		{"order without an index", func(int) storage.Query { return storage.Query{Sort: byName} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for n := range b.N {
				q := c.at(n)
				q.Limit, q.OmitCredentials = 50, true
				_, err := store.List(b.Context(), q)
				require.NoError(b, err)
			}
		})
	}
	b.Run("count without an index", func(b *testing.B) {
		for range b.N {
			_, err := store.Count(b.Context(), storage.Filter{Where: query.Gt("/traits/n", 5)})
			require.NoError(b, err)
		}
		b.ReportMetric(float64(documents), "bytes")
	})
}
