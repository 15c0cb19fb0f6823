package sqlitedb

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/rss"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func benchID(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", n))
}

// benchPerson is an identity of about 300 bytes of traits.
func benchPerson(n int) *identity.Identity {
	email := fmt.Sprintf("person%d@example.com", n)
	return &identity.Identity{
		ID: benchID(n), SchemaID: "person", State: identity.StateActive, StateChangedAt: noon, CreatedAt: noon, UpdatedAt: noon,
		Traits: json.RawMessage(fmt.Sprintf(`{"email":%q,"name":"Augusta Ada King, Countess of Lovelace","address":{"street":"12 St James's Square","city":"London","postal_code":"SW1Y 4LB","country":"GB"},"birthday":"1815-12-10","locale":"en-GB","newsletter":true,"interests":["analytical engines","poetical science","flying"],"n":0}`, email)),
		Credentials: credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: []string{email}, CreatedAt: noon, UpdatedAt: noon,
			Config: credentials.Config{HashedPassword: "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$aRYu2aF0DqOz/wTPd/2ln459Q1e4oQVmK35LG2tJz7o"},
		}},
		VerifiableAddresses: []identity.VerifiableAddress{{ID: benchID(n), Value: email, Via: "email", Status: identity.AddressPending, CreatedAt: noon, UpdatedAt: noon}},
		RecoveryAddresses:   []identity.RecoveryAddress{{ID: benchID(n), Value: email, Via: "email", CreatedAt: noon, UpdatedAt: noon}},
	}
}

func benchStore(b *testing.B, size int) (*Store, string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "identities.db")
	store, err := openFile(b.Context(), path)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	for start := 0; start < size; start += 1000 {
		var people []*identity.Identity
		for n := start; n < min(start+1000, size); n++ {
			people = append(people, benchPerson(n))
		}
		_, errs := store.CreateMany(b.Context(), people)
		for _, err := range errs {
			require.NoError(b, err)
		}
	}
	return store, path
}

func inParallel(b *testing.B, callers int, operation func(n int) error) {
	b.ResetTimer()
	divide(b, callers, b.N, operation)
}

// divide divides operations between callers.
func divide(b *testing.B, callers, operations int, operation func(n int) error) {
	var (
		next    atomic.Int64
		running sync.WaitGroup
	)
	for range callers {
		running.Go(func() {
			for n := int(next.Add(1)); n <= operations; n = int(next.Add(1)) {
				if err := operation(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
}

const benchPopulation = 1000

// BenchmarkUpdate compares an update through the store, durable and with all its
// checks, with what the bare driver does when it reads the row, writes it, and commits
// each by itself ("bare"), and when it puts a hundred writes into each commit
// ("grouped"): the price of the disk, and the most that sharing it can give. Compare
// within one run.
func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("bare/callers=%d", callers), func(b *testing.B) {
			store, _ := benchStore(b, benchPopulation)
			inParallel(b, callers, func(n int) error { return store.bareUpdates(b.Context(), n, 1) })
		})
		b.Run(fmt.Sprintf("store/callers=%d", callers), func(b *testing.B) {
			store, _ := benchStore(b, benchPopulation)
			b.ReportAllocs()
			inParallel(b, callers, func(n int) error { return benchUpdate(b.Context(), store, n%benchPopulation, n) })
		})
	}
	b.Run("grouped/callers=1", func(b *testing.B) {
		store, _ := benchStore(b, benchPopulation)
		b.ResetTimer()
		for n := 0; n < b.N; n += 100 {
			require.NoError(b, store.bareUpdates(b.Context(), n, 100))
		}
	})
}

// BenchmarkUpdateAlone alternates between the store and the bare driver, one caller,
// one commit for each update, so that both meet the same moods of the disk, and
// reports the medians and how many times as many updates the store makes.
func BenchmarkUpdateAlone(b *testing.B) {
	store, _ := benchStore(b, benchPopulation)
	var bare, stored []time.Duration
	for n := 0; b.Loop(); n++ {
		bare = append(bare, took(b, func() error { return store.bareUpdates(b.Context(), n, 1) }))
		stored = append(stored, took(b, func() error { return benchUpdate(b.Context(), store, n%benchPopulation, n) }))
	}
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
	b.ReportMetric(microseconds(median(bare)), "µs-bare")
	b.ReportMetric(microseconds(median(stored)), "µs-store")
	b.ReportMetric(microseconds(median(bare))/microseconds(median(stored)), "store/bare")
}

// BenchmarkUpdateFeed tells what the change feed costs: it alternates between rounds of
// updates as they are and of the same without the feed, and reports the medians of a
// round, for one update of it, and how many times as long those with the feed take.
func BenchmarkUpdateFeed(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			round := 50 * callers // each of another identity
			store, _ := benchStore(b, round+1)
			withoutFeed, err := store.commits.database.db.PrepareContext(b.Context(), `UPDATE idem_identities SET revision = ?, organization_id = ?, document = ? WHERE id = ? AND revision = ?`)
			require.NoError(b, err)
			defer withoutFeed.Close()
			var with, without []time.Duration
			one := func(update func(ctx context.Context, store *Store, who, n int) error) time.Duration {
				return took(b, func() error {
					divide(b, callers, round, func(n int) error { return update(b.Context(), store, n, len(with)) })
					return nil
				}) / time.Duration(round)
			}
			for b.Loop() {
				without = append(without, one(func(ctx context.Context, store *Store, who, n int) error {
					return benchUpdateWithoutFeed(ctx, store, withoutFeed, who, n)
				}))
				with = append(with, one(benchUpdate))
			}
			b.ReportMetric(0, "ns/op") // of both together, which says nothing
			b.ReportMetric(microseconds(median(without)), "µs-without")
			b.ReportMetric(microseconds(median(with)), "µs-with")
			b.ReportMetric(microseconds(median(with))/microseconds(median(without)), "with/without")
		})
	}
}

// benchUpdateWithoutFeed is benchUpdate but for what it takes to keep the feed.
func benchUpdateWithoutFeed(ctx context.Context, store *Store, write *sql.Stmt, who, n int) error {
	current, err := store.get(ctx, benchID(who))
	if err != nil {
		return err
	}
	next, err := storage.ApplyUpdate(current.identity, benchChange(-n-1))
	if err != nil {
		return err
	}
	added, removed := storage.ChangedClaims(current.identity, next)
	raw := document.Append(nil, next)
	return store.commits.doPrepared(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
		if err := t.claim(ctx, next.ID, newClaims(added)); err != nil {
			return nil, err
		}
		bound := t.bound[insertChange] // which is not needed here
		if bound == nil {
			bound = t.tx.StmtContext(ctx, write)
			t.bound[insertChange] = bound
		}
		result, err := bound.ExecContext(ctx, next.Revision, organization(next), raw, next.ID[:], next.Revision-1)
		if err != nil {
			return nil, err
		}
		if rows, err := result.RowsAffected(); rows == 0 || err != nil {
			return errMoved, err
		}
		return nil, t.release(ctx, next.ID, removed)
	})
}

func took(b *testing.B, operation func() error) time.Duration {
	start := time.Now()
	err := operation()
	duration := time.Since(start)
	require.NoError(b, err)
	return duration
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func benchUpdate(ctx context.Context, store *Store, who, n int) error {
	_, err := store.Update(ctx, benchID(who), benchChange(n))
	return err
}

func benchChange(n int) func(*identity.Identity) (*identity.Identity, error) {
	return func(current *identity.Identity) (*identity.Identity, error) {
		current.MetadataPublic = json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))
		return current, nil
	}
}

// bareUpdates makes updates in one transaction with the statements that the store makes
// them with, the change feed's among them, and does nothing else.
func (s *Store) bareUpdates(ctx context.Context, start, count int) error {
	tx, err := s.commits.database.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	bound := func(n statement) *sql.Stmt { return tx.StmtContext(ctx, s.writes[n]) }
	read, write, record := bound(selectByID), bound(updateIdentity), bound(insertChange)
	for n := start; n < start+count; n++ {
		id := benchID(n % benchPopulation)
		var (
			revision int64
			previous sql.NullInt64
			raw      []byte
		)
		if err := read.QueryRowContext(ctx, id[:]).Scan(&revision, &previous, &raw); err != nil {
			return err
		}
		if _, err := write.ExecContext(ctx, revision+1, 1, nil, raw, id[:], revision, previous); err != nil {
			return err
		}
		if _, err := record.ExecContext(ctx, id[:], revision+1, "update", noon.UnixMicro(), "/metadata_public", "", previous); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// BenchmarkGrowth updates identities all over databases of a thousand, a hundred
// thousand and, unless -short is given, a million, with one caller. It reports the
// median of an update beside the mean, which includes the moving of the write-ahead log
// into the database; the size on disk; the memory that the process holds with the
// database open and in use; and the time to open it once it was closed.
func BenchmarkGrowth(b *testing.B) {
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("identities=%d", size), func(b *testing.B) {
			if size > 100_000 && testing.Short() {
				b.Skip("a million identities take minutes to make")
			}
			store, path := benchStore(b, size)
			var pages, pageSize int64
			db := store.commits.database.db
			_, err := db.ExecContext(b.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
			require.NoError(b, err)
			require.NoError(b, db.QueryRowContext(b.Context(), `SELECT page_count, page_size FROM pragma_page_count, pragma_page_size`).Scan(&pages, &pageSize))
			var updates []time.Duration
			for n := 0; b.Loop(); n++ {
				updates = append(updates, took(b, func() error { return benchUpdate(b.Context(), store, n*7919%size, n) }))
			}
			b.ReportMetric(microseconds(median(updates)), "µs-median")
			b.ReportMetric(float64(pages*pageSize)/float64(size), "bytes/identity")
			b.ReportMetric(rss.MiB(), "MiB-resident")
			require.NoError(b, store.Close())
			b.ReportMetric(microseconds(took(b, func() error {
				store, err = openFile(b.Context(), path)
				return err
			})), "µs-to-open")
			require.NoError(b, store.Close())
		})
	}
}
