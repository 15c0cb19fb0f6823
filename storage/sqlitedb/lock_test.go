package sqlitedb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// handle is one of the ways to have a store on a file.
type handle struct {
	name string
	open func(t *testing.T, path string, options ...sqlitedb.Option) *sqlitedb.Store
}

var handles = []handle{
	{"Open", func(t *testing.T, path string, options ...sqlitedb.Option) *sqlitedb.Store {
		store, err := sqlite.Open(t.Context(), path, options...)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	}},
	{"New", func(t *testing.T, path string, options ...sqlitedb.Option) *sqlitedb.Store {
		db := openDatabase(t, path) // which waits five seconds for a lock by itself
		_, err := db.Exec(`PRAGMA journal_mode = WAL`)
		require.NoError(t, err)
		store, err := sqlitedb.New(t.Context(), db, options...)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	}},
}

// holdLock takes the write lock as another process would, and returns what frees it.
func holdLock(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_busy_timeout=5000")
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	return sync.OnceFunc(func() {
		assert.NoError(t, tx.Rollback())
		assert.NoError(t, db.Close())
	})
}

// TestWithdrawnWhileWaiting ends the contexts of writes that wait for the lock of another
// process: each is told at once, and has not happened when the lock is free.
func TestWithdrawnWhileWaiting(t *testing.T) {
	for _, h := range handles {
		t.Run(h.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "identities.db")
			store := h.open(t, path)
			existing, err := store.Create(t.Context(), person(1))
			require.NoError(t, err)
			release := holdLock(t, path)
			defer release()

			writes := map[string]func(ctx context.Context) error{
				"create": func(ctx context.Context) error { _, err := store.Create(ctx, person(2)); return err },
				"create many": func(ctx context.Context) error {
					_, errs := store.CreateMany(ctx, []*identity.Identity{person(3), person(4)})
					return errors.Join(errs...)
				},
				"update": func(ctx context.Context) error {
					_, err := store.Update(ctx, existing.ID, rename("late"))
					return err
				},
				"delete": func(ctx context.Context) error { return store.Delete(ctx, existing.ID, noon, nil) },
				"update record": func(ctx context.Context) error {
					return store.UpdateRecord(ctx, storage.RecordKey{1}, noon, func(*storage.Record) (*storage.Record, error) {
						return &storage.Record{Expires: noon.AddDate(1, 0, 0)}, nil
					})
				},
			}
			var waiting sync.WaitGroup
			for name, write := range writes {
				for range 2 {
					waiting.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
						defer cancel()
						began := time.Now()
						assert.ErrorIs(t, write(ctx), context.DeadlineExceeded, name)
						assert.Less(t, time.Since(began), 2*time.Second, name)
					})
				}
			}
			waiting.Wait()
			_, err = store.Get(t.Context(), existing.ID)
			require.NoError(t, err, "a read does not wait")
			release()
			last, err := store.LastChange(t.Context())
			require.NoError(t, err)
			require.Equal(t, int64(1), last, "what was withdrawn has happened")
			_, err = store.Update(t.Context(), existing.ID, rename("goes on"))
			require.NoError(t, err)
		})
	}
}

// TestLockTimeoutCountsFromTheQueue keeps the lock while writers come one after the other:
// each waits as long as the others, and not for those before it.
func TestLockTimeoutCountsFromTheQueue(t *testing.T) {
	for _, h := range handles {
		t.Run(h.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "identities.db")
			const timeout = 1500 * time.Millisecond
			store := h.open(t, path, sqlitedb.WithLockTimeout(timeout))
			release := holdLock(t, path)
			defer release()
			var waiting sync.WaitGroup
			for n := range 12 {
				waiting.Go(func() {
					began := time.Now()
					_, err := store.Create(t.Context(), person(n))
					waited := time.Since(began)
					assert.ErrorIs(t, err, storage.ErrUnavailable)
					assert.ErrorContains(t, err, "WithTx", "the error says what may be the cause")
					assert.GreaterOrEqual(t, waited, timeout)
					assert.Less(t, waited, 4*timeout) // the last would wait ten times as long for those before it
				})
				time.Sleep(timeout / 10)
			}
			waiting.Wait()
		})
	}
}

// TestBesideABusyNeighbour has another process take the write lock in a loop. It never
// leaves it free for long, and yet all writers get on.
func TestBesideABusyNeighbour(t *testing.T) {
	for _, h := range handles {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "identities.db")
			store := h.open(t, path)
			const writers = 16
			for n := range writers {
				_, err := store.Create(t.Context(), person(n))
				require.NoError(t, err)
			}
			neighbour, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_busy_timeout=5000")
			require.NoError(t, err)
			defer neighbour.Close()
			// A quiet machine writes so many in a tenth of a second, SQLite's own waiting fifty in half a minute.
			const enough = 100
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			var (
				working sync.WaitGroup
				written atomic.Int64
			)
			working.Go(func() {
				for ctx.Err() == nil {
					tx, err := neighbour.Begin()
					if !assert.NoError(t, err) {
						return
					}
					time.Sleep(time.Duration(rand.Int64N(int64(20 * time.Millisecond))))
					assert.NoError(t, tx.Commit())
				}
			})
			for n := range writers {
				working.Go(func() {
					for round := 0; ctx.Err() == nil; round++ {
						_, err := store.Update(t.Context(), person(n).ID, func(current *identity.Identity) (*identity.Identity, error) {
							current.UpdatedAt = current.UpdatedAt.Add(time.Second)
							return current, nil
						})
						if errors.Is(err, storage.ErrUnavailable) {
							continue // where the machine is so busy that no look at the lock falls into a gap
						}
						if ctx.Err() == nil && !assert.NoError(t, err) {
							return
						}
						if written.Add(1) == enough {
							cancel()
						}
					}
				})
			}
			working.Wait()
			require.GreaterOrEqual(t, written.Load(), int64(enough), "writers starve")
		})
	}
}

// TestBesideABuild has one store build an index while another writes: it gets its turn
// between the steps.
func TestBesideABuild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.db")
	open := func(options ...sqlitedb.Option) *sqlitedb.Store {
		store, err := sqlitedb.New(t.Context(), openWAL(t, path), options...)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	}
	const steps = 20
	store := open()
	var creating sync.WaitGroup
	for n := range steps * indexing.BuiltAtOnce {
		i := person(n)
		i.Traits = fmt.Appendf(nil, `{"text":%q}`, strings.Repeat(fmt.Sprint(n), 50))
		creating.Go(func() {
			_, err := store.Create(t.Context(), i)
			assert.NoError(t, err)
		})
	}
	creating.Wait()
	var (
		built   atomic.Bool
		written atomic.Int64
		writing sync.WaitGroup
	)
	writing.Go(func() {
		for n := 0; !built.Load(); n++ {
			_, err := store.Update(context.Background(), person(0).ID, rename(fmt.Sprint(n)))
			if assert.NoError(t, err) {
				written.Add(1)
			}
			time.Sleep(4 * time.Millisecond) // in which the next step begins
		}
	})
	open(sqlitedb.WithIndex("/traits/text"))
	built.Store(true)
	writing.Wait()
	require.GreaterOrEqual(t, written.Load(), int64(steps/2), "the writer starves")
}

// TestBusyTimeoutIsRestored looks at what the application has set for its connections
// after the store used them, whether it got the lock or not.
func TestBusyTimeoutIsRestored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "application.db")
	db := openDatabase(t, path)
	db.SetMaxOpenConns(1)
	store, err := sqlitedb.New(t.Context(), db, sqlitedb.WithLockTimeout(50*time.Millisecond))
	require.NoError(t, err)
	defer store.Close()
	check := func() {
		t.Helper()
		var waits int
		require.NoError(t, db.QueryRow(`PRAGMA busy_timeout`).Scan(&waits))
		require.Equal(t, 5000, waits)
	}
	_, err = store.Create(t.Context(), person(1))
	require.NoError(t, err)
	check()
	release := holdLock(t, path)
	defer release()
	_, err = store.Create(t.Context(), person(2))
	require.ErrorIs(t, err, storage.ErrUnavailable)
	check()
}

// TestDeleteChecksOutsideTheLock has a check take long: nobody waits for it, neither
// through the same store nor in another process.
func TestDeleteChecksOutsideTheLock(t *testing.T) {
	for _, h := range handles {
		t.Run(h.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "identities.db")
			store, neighbour := h.open(t, path), h.open(t, path, sqlitedb.WithLockTimeout(500*time.Millisecond))
			for n := range 3 {
				_, err := store.Create(t.Context(), person(n))
				require.NoError(t, err)
			}
			require.NoError(t, store.Delete(t.Context(), person(0).ID, noon, func(*identity.Identity) error {
				for n, s := range []*sqlitedb.Store{store, neighbour} {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					_, err := s.Update(ctx, person(n+1).ID, rename("meanwhile "+person(n).ID.String()))
					cancel()
					assert.NoError(t, err)
				}
				return nil
			}))
		})
	}
}
