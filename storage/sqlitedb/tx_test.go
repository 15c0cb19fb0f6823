package sqlitedb_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
	"github.com/idemkit/idem/storage/storagetest"
)

// TestStoreInTransaction runs the contract within one transaction of the application.
func TestStoreInTransaction(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		db, store := applicationStore(t)
		tx, err := db.Begin()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, tx.Rollback()) })
		return store.WithTx(tx)
	}, storagetest.InTransaction())
}

// applicationStore is a store in a database with a table of the application's own.
func applicationStore(t *testing.T) (*sql.DB, *sqlitedb.Store) {
	t.Helper()
	db := openDatabase(t, filepath.Join(t.TempDir(), "application.db"))
	_, err := db.Exec(`PRAGMA journal_mode = WAL`)
	require.NoError(t, err)
	_, err = db.Exec(`CREATE TABLE orders (customer TEXT NOT NULL)`)
	require.NoError(t, err)
	store, err := sqlitedb.New(t.Context(), db)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return db, store
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func person(n int) *identity.Identity {
	email := fmt.Sprintf("person%d@example.com", n)
	return &identity.Identity{
		ID: uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", n)), SchemaID: "person", State: identity.StateActive,
		Traits: json.RawMessage(fmt.Sprintf(`{"email":%q}`, email)),
		Credentials: credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: []string{email}, CreatedAt: noon, UpdatedAt: noon,
		}},
		StateChangedAt: noon, CreatedAt: noon, UpdatedAt: noon,
	}
}

func rename(externalID string) func(*identity.Identity) (*identity.Identity, error) {
	return func(current *identity.Identity) (*identity.Identity, error) {
		current.ExternalID = externalID
		return current, nil
	}
}

// order writes a row of the application's own.
func order(t *testing.T, tx *sql.Tx, i *identity.Identity) {
	t.Helper()
	_, err := tx.Exec(`INSERT INTO orders (customer) VALUES (?)`, i.ID.String())
	require.NoError(t, err)
}

func orders(t *testing.T, db *sql.DB) (count int) {
	t.Helper()
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM orders`).Scan(&count))
	return count
}

func TestTransactionCommitsBothOrNeither(t *testing.T) {
	db, store := applicationStore(t)
	existing, err := store.Create(t.Context(), person(1))
	require.NoError(t, err)
	work := func(tx *sql.Tx) {
		within := store.WithTx(tx)
		created, err := within.Create(t.Context(), person(2))
		require.NoError(t, err)
		order(t, tx, created)
		updated, err := within.Update(t.Context(), existing.ID, rename("crm/1"))
		require.NoError(t, err)
		require.Equal(t, int64(2), updated.Revision)
		found, err := within.Find(t.Context(), storage.ExternalIDClaim("crm/1"))
		require.NoError(t, err, "what the transaction has changed it sees")
		require.True(t, updated.Equal(found))
		_, err = store.Find(t.Context(), storage.ExternalIDClaim("crm/1"))
		require.ErrorIs(t, err, storage.ErrNotFound, "others do not see it")
	}

	tx, err := db.Begin()
	require.NoError(t, err)
	work(tx)
	require.NoError(t, tx.Rollback())
	require.Equal(t, 0, orders(t, db))
	_, err = store.Get(t.Context(), person(2).ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
	found, err := store.Get(t.Context(), existing.ID)
	require.NoError(t, err)
	require.True(t, existing.Equal(found))

	tx, err = db.Begin()
	require.NoError(t, err)
	work(tx)
	require.NoError(t, tx.Commit())
	require.Equal(t, 1, orders(t, db))
	_, err = store.Get(t.Context(), person(2).ID)
	require.NoError(t, err)
	_, err = store.Find(t.Context(), storage.ExternalIDClaim("crm/1"))
	require.NoError(t, err)
}

func TestTransactionGoesOnAfterARefusal(t *testing.T) {
	db, store := applicationStore(t)
	existing, err := store.Create(t.Context(), person(1))
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	within := store.WithTx(tx)
	rival := person(1)
	rival.ID = person(2).ID
	_, err = within.Create(t.Context(), rival)
	require.ErrorIs(t, err, storage.ErrConflict)
	errRefused := errors.New("refused")
	require.Equal(t, errRefused, within.Delete(t.Context(), existing.ID, noon, func(*identity.Identity) error { return errRefused }))
	require.Panics(t, func() {
		_, _ = within.Update(t.Context(), existing.ID, func(*identity.Identity) (*identity.Identity, error) { panic("a bug of the caller") })
	})
	order(t, tx, existing)
	_, err = within.Update(t.Context(), existing.ID, rename("crm/1"))
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
	require.Equal(t, 1, orders(t, db))
	found, err := store.Get(t.Context(), existing.ID)
	require.NoError(t, err)
	require.Equal(t, "crm/1", found.ExternalID)
	require.Equal(t, int64(2), found.Revision)
}

// TestTransactionThatHasEnded ends a transaction in each way that there is, before it was
// used and after: then its statements are prepared, and end with it.
func TestTransactionThatHasEnded(t *testing.T) {
	db, store := applicationStore(t)
	kept, err := store.Create(t.Context(), person(1))
	require.NoError(t, err)
	calls := map[string]func(s storage.Storage) error{
		"get":     func(s storage.Storage) error { _, err := s.Get(t.Context(), kept.ID); return err },
		"list":    func(s storage.Storage) error { _, err := s.List(t.Context(), storage.Query{}); return err },
		"changes": func(s storage.Storage) error { _, err := s.Changes(t.Context(), storage.ChangeQuery{}); return err },
		"create":  func(s storage.Storage) error { _, err := s.Create(t.Context(), person(2)); return err },
		"update":  func(s storage.Storage) error { _, err := s.Update(t.Context(), kept.ID, rename("crm/1")); return err },
		"prune": func(s storage.Storage) error {
			_, err := s.PruneChanges(t.Context(), storage.Retention{Newest: 1})
			return err
		},
		"delete": func(s storage.Storage) error { return s.Delete(t.Context(), kept.ID, person(1).UpdatedAt, nil) },
	}
	inOrder := []string{"get", "list", "changes", "create", "update", "prune", "delete"}
	for name, end := range map[string]func(tx *sql.Tx, cancel func()) error{
		"rolled back":        func(tx *sql.Tx, _ func()) error { return tx.Rollback() },
		"left by its caller": func(_ *sql.Tx, cancel func()) error { cancel(); return nil },
		"committed":          func(tx *sql.Tx, _ func()) error { return tx.Commit() },
	} {
		for _, used := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, used before: %t", name, used), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				tx, err := db.BeginTx(ctx, nil)
				require.NoError(t, err)
				within := store.WithTx(tx)
				if used {
					for _, call := range inOrder[:3] {
						require.NoError(t, calls[call](within), call)
					}
				}
				require.NoError(t, end(tx, cancel))
				// The end of a context is seen a moment later.
				require.Eventually(t, func() bool {
					_, err := tx.Exec("SELECT 1")
					return errors.Is(err, sql.ErrTxDone)
				}, 5*time.Second, time.Millisecond)
				for _, call := range inOrder {
					require.ErrorIs(t, calls[call](within), storage.ErrClosed, call)
				}
			})
		}
	}
}

// TestTransactionOfAnotherHandle joins a transaction of a handle that the store knows
// nothing of, in a file that Open opened.
func TestTransactionOfAnotherHandle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.db")
	store, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	defer store.Close()
	tx, err := openDatabase(t, path).Begin()
	require.NoError(t, err)
	_, err = store.WithTx(tx).Create(t.Context(), person(1))
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
	_, err = store.Get(t.Context(), person(1).ID)
	require.NoError(t, err)
}

// TestTransactionThatReadTooEarly begins to read before somebody else writes: what it
// would write rests on what is no longer so.
func TestTransactionThatReadTooEarly(t *testing.T) {
	db, store := applicationStore(t)
	existing, err := store.Create(t.Context(), person(1))
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	within := store.WithTx(tx)
	_, err = within.Get(t.Context(), existing.ID)
	require.NoError(t, err)
	_, err = store.Update(t.Context(), existing.ID, rename("in between"))
	require.NoError(t, err)
	_, err = within.Update(t.Context(), existing.ID, rename("too late"))
	require.ErrorIs(t, err, storage.ErrUnavailable)
	require.NoError(t, tx.Rollback())
	found, err := store.Get(t.Context(), existing.ID)
	require.NoError(t, err)
	require.Equal(t, "in between", found.ExternalID)
}

func TestTransactionWithACancelledContext(t *testing.T) {
	db, store := applicationStore(t)
	tx, err := db.Begin()
	require.NoError(t, err)
	within := store.WithTx(tx)
	ctx, cancel := context.WithCancel(t.Context())
	existing, err := within.Create(ctx, person(1))
	require.NoError(t, err)
	_, err = within.Update(ctx, existing.ID, func(current *identity.Identity) (*identity.Identity, error) {
		cancel()
		current.ExternalID = "cancelled"
		return current, nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, tx.Commit())
	found, err := store.Get(t.Context(), existing.ID)
	require.NoError(t, err)
	require.Empty(t, found.ExternalID)
}
