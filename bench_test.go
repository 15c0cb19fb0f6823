package idem_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/benchtest"
	"github.com/idemkit/idem/internal/rss"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

// stores are what the benchmarks run on: each case gets an empty one.
var stores = []struct {
	name string
	open func(b *testing.B) storage.Storage
}{
	{"memory", func(*testing.B) storage.Storage { return memory.New() }},
	{"sqlite", func(b *testing.B) storage.Storage {
		store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "identities.db"))
		require.NoError(b, err)
		return store
	}},
}

// onEachStore runs a benchmark with 1, 8 and 64 callers on every store.
func onEachStore(b *testing.B, run func(b *testing.B, w *world, callers int)) {
	for _, s := range stores {
		for _, callers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("store=%s/callers=%d", s.name, callers), func(b *testing.B) {
				store := s.open(b)
				b.Cleanup(func() { require.NoError(b, store.Close()) })
				b.ReportAllocs()
				run(b, newWorld(b, store), callers)
			})
		}
	}
}

// inParallel divides b.N operations between callers. Each operation gets a number of
// its own.
func inParallel(b *testing.B, callers int, operation func(n int)) {
	var (
		next    atomic.Int64
		running sync.WaitGroup
	)
	benchtest.Measure(b, func() {
		for range callers {
			running.Go(func() {
				for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
					operation(n)
				}
			})
		}
		running.Wait()
	})
}

const population = 1000

// BenchmarkUpdateIdentity changes a name; with email=changes the email too, and with
// it two identifiers, two addresses and their claims.
func BenchmarkUpdateIdentity(b *testing.B) {
	for _, email := range []string{"stays", "changes"} {
		b.Run("email="+email, func(b *testing.B) {
			onEachStore(b, func(b *testing.B, w *world, callers int) {
				people := w.seed(b, population)
				inParallel(b, callers, func(n int) {
					who := n % population
					address := fmt.Sprintf("person%d@example.com", who)
					if email == "changes" {
						address = fmt.Sprintf("person%d.%d@example.com", who, n)
					}
					_, err := w.UpdateIdentity(b.Context(), people[who].ID, identity.Update{
						SchemaID: "person", Traits: raw(`{"email":%q,"name":"name %d"}`, address, n),
					})
					if err != nil {
						b.Error(err)
					}
				})
			})
		})
	}
}

func BenchmarkGetIdentity(b *testing.B) {
	onEachStore(b, func(b *testing.B, w *world, callers int) {
		people := w.seed(b, population)
		inParallel(b, callers, func(n int) {
			if _, err := w.GetIdentity(b.Context(), people[n%population].ID); err != nil {
				b.Error(err)
			}
		})
	})
}

func BenchmarkCreateIdentity(b *testing.B) {
	onEachStore(b, func(b *testing.B, w *world, callers int) {
		inParallel(b, callers, func(n int) {
			if _, err := w.CreateIdentity(b.Context(), identity.Create{Traits: raw(`{"email":"person%d@example.com"}`, n)}); err != nil {
				b.Error(err)
			}
		})
	})
}

// BenchmarkListIdentities reads pages of 100 at random depths of a thousand, a hundred
// thousand and, unless -short is given, a million identities: a page costs its own rows.
func BenchmarkListIdentities(b *testing.B) {
	for _, s := range stores {
		for _, size := range []int{1_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("store=%s/identities=%d", s.name, size), func(b *testing.B) {
				if size > 100_000 && testing.Short() {
					b.Skip("a million identities take minutes to make")
				}
				store := s.open(b)
				b.Cleanup(func() { require.NoError(b, store.Close()) })
				w := newWorld(b, store)
				creates := make([]identity.Create, 1000)
				for start := 0; start < size; start += len(creates) {
					for n := range creates {
						creates[n].Traits = raw(`{"email":"person%d@example.com"}`, start+n)
					}
					_, err := w.CreateIdentities(b.Context(), creates)
					require.NoError(b, err)
				}
				var tokens []string
				for token := ""; ; {
					page, err := w.ListIdentities(b.Context(), idem.Query{PageSize: idem.MaxPageSize, PageToken: token})
					require.NoError(b, err)
					tokens = append(tokens, token)
					if token = page.NextPageToken; token == "" {
						break
					}
				}
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					if _, err := w.ListIdentities(b.Context(), idem.Query{PageSize: 100, PageToken: tokens[n*7919%len(tokens)]}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkCreateIdentities imports 1,000 identities at a time.
func BenchmarkCreateIdentities(b *testing.B) {
	for _, s := range stores {
		b.Run("store="+s.name, func(b *testing.B) {
			store := s.open(b)
			b.Cleanup(func() { require.NoError(b, store.Close()) })
			w := newWorld(b, store)
			b.ReportAllocs()
			count := 0
			for b.Loop() {
				creates := make([]identity.Create, 1000)
				for n := range creates {
					creates[n].Traits = raw(`{"email":"person%d@example.com"}`, count)
					count++
				}
				results, err := w.CreateIdentities(b.Context(), creates)
				require.NoError(b, err)
				require.NoError(b, results[999].Err)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(count), "µs/identity")
		})
	}
}

// BenchmarkImport100000 fills an empty store with 100,000 identities, 1,000 at a time,
// and reports what each took and how much memory the process holds at the end. With
// -short it is left out.
func BenchmarkImport100000(b *testing.B) {
	if testing.Short() {
		b.Skip("100,000 identities take half a minute to make")
	}
	for _, s := range stores {
		b.Run("store="+s.name, func(b *testing.B) {
			var imported int
			for b.Loop() {
				store := s.open(b)
				w := newWorld(b, store)
				creates := make([]identity.Create, 1000)
				for imported = 0; imported < 100_000; imported += len(creates) {
					for n := range creates {
						creates[n].Traits = raw(`{"email":"person%d@example.com"}`, imported+n)
					}
					results, err := w.CreateIdentities(b.Context(), creates)
					require.NoError(b, err)
					require.NoError(b, results[999].Err)
				}
				b.StopTimer()
				b.ReportMetric(rss.MiB(), "MiB-resident")
				require.NoError(b, store.Close())
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*imported), "µs/identity")
		})
	}
}
