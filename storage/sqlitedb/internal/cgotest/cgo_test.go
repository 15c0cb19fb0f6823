package cgotest_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/sqlitetest"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// pools are the sizes of pool that an application may have chosen: 0 is no limit.
var pools = map[string]int{"pool": 0, "one connection": 1}

func TestStore(t *testing.T) {
	for name, connections := range pools {
		t.Run(name, func(t *testing.T) {
			sqlitetest.Run(t, func(t *testing.T) sqlitetest.Opened {
				return sqlitetest.New(t, openDatabase(t, filepath.Join(t.TempDir(), "application.db"), connections))
			})
		})
	}
}

func TestStoreInTransaction(t *testing.T) {
	for name, connections := range pools {
		t.Run(name, func(t *testing.T) {
			sqlitetest.RunInTransaction(t, func(t *testing.T) *sql.DB {
				return openDatabase(t, filepath.Join(t.TempDir(), "application.db"), connections)
			})
		})
	}
}

// openDatabase opens a database with the settings that sqlitedb.New asks for, behind
// those given: of two the driver takes the first.
func openDatabase(t *testing.T, path string, connections int, settings ...string) *sql.DB {
	t.Helper()
	settings = append(settings, "_busy_timeout=5000", "_journal_mode=WAL", "_synchronous=FULL")
	db, err := sql.Open("sqlite3", "file:"+path+"?"+strings.Join(settings, "&"))
	require.NoError(t, err)
	db.SetMaxOpenConns(connections)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func newStore(t *testing.T, db *sql.DB, options ...sqlitedb.Option) *sqlitedb.Store {
	t.Helper()
	store, err := sqlitedb.New(t.Context(), db, options...)
	require.NoError(t, err)
	return store
}

// TestLocked holds the write lock in the application's own transaction: the driver's
// error must be known for what it is, a reason that may pass.
func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "application.db")
	store := newStore(t, openDatabase(t, path, 0), sqlitedb.WithLockTimeout(50*time.Millisecond))
	defer func() { require.NoError(t, store.Close()) }()
	application := openDatabase(t, path, 1, "_txlock=immediate")
	created, err := store.Create(t.Context(), newIdentity())
	require.NoError(t, err)

	tx, err := application.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = store.Update(t.Context(), created.ID, deactivate)
	require.ErrorIs(t, err, storage.ErrUnavailable)
	var cause sqlite3.Error
	require.ErrorAs(t, err, &cause)
	require.Equal(t, sqlite3.ErrBusy, cause.Code)
	unchanged, err := store.Get(t.Context(), created.ID)
	require.NoError(t, err, "a reader waits for no writer")
	require.True(t, created.Equal(unchanged))

	require.NoError(t, tx.Rollback())
	updated, err := store.Update(t.Context(), created.ID, deactivate)
	require.NoError(t, err)
	require.Equal(t, identity.StateInactive, updated.State)
}

// TestBesideTheApplication has the application read and write tables of its own on
// the same pool while identities are updated. With a single connection, a caller that
// keeps it, or waits for a second one, would block all others.
func TestBesideTheApplication(t *testing.T) {
	const rounds = 25
	for name, connections := range pools {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			db := openDatabase(t, filepath.Join(t.TempDir(), "application.db"), connections, "_txlock=immediate")
			_, err := db.ExecContext(ctx, "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer BLOB NOT NULL)")
			require.NoError(t, err)
			store := newStore(t, db)
			defer func() { require.NoError(t, store.Close()) }()
			created, err := store.Create(ctx, newIdentity())
			require.NoError(t, err)

			var running sync.WaitGroup
			errs := make(chan error, 4*rounds)
			for range 2 {
				running.Go(func() {
					for range rounds {
						_, err := store.Update(ctx, created.ID, toggle)
						errs <- err
					}
				})
				running.Go(func() {
					for range rounds {
						errs <- order(ctx, db, created.ID)
					}
				})
			}
			running.Wait()
			close(errs)
			for err := range errs {
				require.NoError(t, err)
			}

			updated, err := store.Get(ctx, created.ID)
			require.NoError(t, err)
			require.EqualValues(t, 1+2*rounds, updated.Revision)
			var orders int
			require.NoError(t, db.QueryRowContext(ctx, "SELECT count(*) FROM orders").Scan(&orders))
			require.Equal(t, 2*rounds, orders)
		})
	}
}

// TestCloseLeavesTheDatabaseOpen closes the store, and not what it was given.
func TestCloseLeavesTheDatabaseOpen(t *testing.T) {
	db := openDatabase(t, filepath.Join(t.TempDir(), "application.db"), 1)
	first := newStore(t, db)
	created, err := first.Create(t.Context(), newIdentity())
	require.NoError(t, err)
	require.NoError(t, first.Close())
	_, err = first.Get(t.Context(), created.ID)
	require.ErrorIs(t, err, storage.ErrClosed)

	second := newStore(t, db)
	defer func() { require.NoError(t, second.Close()) }()
	kept, err := second.Get(t.Context(), created.ID)
	require.NoError(t, err)
	require.True(t, created.Equal(kept))
}

func newIdentity() *identity.Identity {
	return &identity.Identity{ID: uuid.New(), SchemaID: "person", State: identity.StateActive, Traits: json.RawMessage(`{}`)}
}

func deactivate(current *identity.Identity) (*identity.Identity, error) {
	current.State = identity.StateInactive
	return current, nil
}

// toggle always changes something, so that every update counts.
func toggle(current *identity.Identity) (*identity.Identity, error) {
	if current.State == identity.StateInactive {
		current.State = identity.StateActive
		return current, nil
	}
	return deactivate(current)
}

// order writes and reads in a transaction of the application's own.
func order(ctx context.Context, db *sql.DB, customer uuid.UUID) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders (customer) VALUES (?)", customer[:]); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
