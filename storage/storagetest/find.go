package storagetest

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// BenchmarkFind reads pages of 50 of 100,000 identities, or as many as the environment
// variable IDEM_BENCH_IDENTITIES says: by what indexes serve, by reading all, and by what is
// always indexed. Each round takes the next page or value, and reads a plain page beside it:
// "plain" is how many times the median time of that it took. open opens a store on the one database
// of the benchmark, in which it declares indexes of paths.
func BenchmarkFind(b *testing.B, open func(paths ...string) storage.Storage) {
	size := 100_000
	if text := os.Getenv("IDEM_BENCH_IDENTITIES"); text != "" {
		var err error
		size, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	store := open()
	bytes := fillForFind(b, store, size)
	require.NoError(b, store.Close())
	begun := time.Now()
	store = open("/metadata_admin/plan", "/metadata_admin/team", "/metadata_admin/n", SearchIndex)
	b.Logf("four indexes of %d identities were built in %v", size, time.Since(begun).Round(time.Second))
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	for _, c := range findCases(b, size) {
		b.Run(c.name, func(b *testing.B) {
			var plain, own []time.Duration
			for n := range b.N {
				page := storage.Query{After: query.Position{ID: findID(n * 997 % (size - 50))}, Limit: 50, OmitCredentials: true}
				begun := time.Now()
				_, err := store.List(b.Context(), page)
				require.NoError(b, err)
				plain = append(plain, time.Since(begun))
				begun = time.Now()
				require.NoError(b, c.run(b, store, n))
				own = append(own, time.Since(begun))
			}
			taken := median(own)
			b.ReportMetric(taken.Seconds()*1000, "ms")
			b.ReportMetric(float64(taken)/float64(median(plain)), "plain")
			b.ReportMetric(0, "ns/op") // of both together
			if c.readsAll {
				b.ReportMetric(taken.Seconds()*1e6/(float64(bytes)/100), "bound") // 1 µs for each 100 bytes
			}
		})
	}
}

// median is not moved by what else the machine does now and then.
func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

func findID(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", n))
}

// fillForFind creates identities and returns the size of their documents.
func fillForFind(b *testing.B, store storage.Storage, size int) (bytes int) {
	b.Helper()
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for start := 0; start < size; start += 1000 {
		var people []*identity.Identity
		for n := start; n < min(start+1000, size); n++ {
			email := fmt.Sprintf("person%d@example.com", n)
			i := &identity.Identity{
				ID: findID(n), SchemaID: "person", State: identity.StateActive, StateChangedAt: at, CreatedAt: at, UpdatedAt: at,
				Traits: json.RawMessage(fmt.Sprintf(`{"email":%q,"name":"Augusta Ada King, Countess of Lovelace","address":{"street":"12 St James's Square","city":"London","postal_code":"SW1Y 4LB","country":"GB"},"birthday":"1815-12-10","locale":"en-GB","newsletter":true,"interests":["analytical engines","poetical science","flying"],"n":0}`, email)),
				Credentials: credentials.Set{credentials.TypePassword: {
					Type: credentials.TypePassword, Identifiers: []string{email}, CreatedAt: at, UpdatedAt: at,
					Config: credentials.Config{HashedPassword: "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$aRYu2aF0DqOz/wTPd/2ln459Q1e4oQVmK35LG2tJz7o"},
				}},
				VerifiableAddresses: []identity.VerifiableAddress{{ID: findID(n), Value: email, Via: "email", Status: identity.AddressPending, CreatedAt: at, UpdatedAt: at}},
				RecoveryAddresses:   []identity.RecoveryAddress{{ID: findID(n), Value: email, Via: "email", CreatedAt: at, UpdatedAt: at}},
				MetadataAdmin:       json.RawMessage(fmt.Sprintf(`{"plan":"plan %d","team":"team %d","n":%d}`, n%1000, n%16, n)),
			}
			bytes += storage.Size(i)
			people = append(people, i)
		}
		_, errs := store.CreateMany(b.Context(), people)
		for _, err := range errs {
			require.NoError(b, err)
		}
	}
	return bytes
}

type findCase struct {
	name     string
	run      func(b *testing.B, store storage.Storage, n int) error
	readsAll bool
}

func findCases(b *testing.B, size int) []findCase {
	sorted := func(order query.Order) query.Sort {
		s, err := query.NewSort(order)
		require.NoError(b, err)
		return s
	}
	byN, byName := sorted(query.Descending("/metadata_admin/n")), sorted(query.Ascending("/traits/name"))
	list := func(name string, of func(n int) storage.Query) findCase {
		return findCase{name: name, run: func(b *testing.B, store storage.Storage, n int) error {
			q := of(n)
			q.Limit, q.OmitCredentials = 50, true
			_, err := store.List(b.Context(), q)
			return err
		}}
	}
	where := func(e query.Expr) storage.Query { return storage.Query{Filter: storage.Filter{Where: e}} }
	words := func(text string) storage.Query {
		s, err := query.NewSearch(text)
		require.NoError(b, err)
		return storage.Query{Filter: storage.Filter{Search: s}}
	}
	prefix := func(value string) storage.Query {
		return storage.Query{Filter: storage.Filter{Prefixes: []storage.Identifier{{Type: credentials.TypePassword, Value: value}}}}
	}
	return []findCase{
		list("equality, 1 in 1000", func(n int) storage.Query {
			return where(query.Eq("/metadata_admin/plan", fmt.Sprintf("plan %d", n%1000)))
		}),
		list("equality, 1 in 16", func(n int) storage.Query {
			return where(query.Eq("/metadata_admin/team", fmt.Sprintf("team %d", n%16)))
		}),
		list("range, 5 in 100", func(n int) storage.Query { return where(query.Ge("/metadata_admin/n", size-size/20+n)) }),
		list("order", func(n int) storage.Query {
			last := &identity.Identity{ID: findID(n), MetadataAdmin: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n*997%size))}
			return storage.Query{Sort: byN, After: byN.Position(last)}
		}),
		list("words, 1", func(n int) storage.Query { return words(fmt.Sprintf("person%d@", n*997%size)) }),
		list("words, 111", func(n int) storage.Query { return words(fmt.Sprintf("person%d", size/1000+n%(size/1000*9))) }),
		list("words, all", func(int) storage.Query { return words("countess") }),
		list("prefix, all", func(int) storage.Query { return prefix("person") }),
		list("prefix, 11", func(n int) storage.Query { return prefix(fmt.Sprintf("person%d", size/100+n%(size/100*9))) }),
		list("order without an index", func(int) storage.Query { return storage.Query{Sort: byName} }),
		{name: "count without an index", readsAll: true, run: func(b *testing.B, store storage.Storage, _ int) error {
			_, err := store.Count(b.Context(), storage.Filter{Where: query.Gt("/traits/n", 5)})
			return err
		}},
	}
}
