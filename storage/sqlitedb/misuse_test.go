package sqlitedb_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestInMemory takes a database in memory only where all connections have the same.
func TestInMemory(t *testing.T) {
	for _, c := range []struct {
		name, source string
		connections  int
		refused      bool
	}{
		{name: "a pool", source: ":memory:", refused: true},
		{name: "a small pool", source: ":memory:", connections: 2, refused: true},
		{name: "a temporary file", source: "", refused: true},
		{name: "one connection", source: ":memory:", connections: 1},
		{name: "a shared cache", source: "file:shared?mode=memory&cache=shared", connections: 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := sql.Open("sqlite", c.source)
			require.NoError(t, err)
			defer db.Close()
			db.SetMaxOpenConns(c.connections)
			store, err := sqlitedb.New(t.Context(), db)
			if c.refused {
				require.ErrorContains(t, err, "SetMaxOpenConns(1)")
				return
			}
			require.NoError(t, err)
			defer store.Close()
			_, err = store.Create(t.Context(), person(1))
			require.NoError(t, err)
			_, err = store.Get(t.Context(), person(1).ID)
			require.NoError(t, err)
		})
	}
}

// TestTransactionOfAnotherDatabase says what is wrong, in every kind of call.
func TestTransactionOfAnotherDatabase(t *testing.T) {
	_, store := applicationStore(t)
	tx, err := openDatabase(t, filepath.Join(t.TempDir(), "another.db")).Begin()
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	within := store.WithTx(tx)
	_, err = within.Get(t.Context(), person(1).ID)
	require.ErrorContains(t, err, "WithTx takes a transaction of the database that was given to New")
	_, err = within.Create(t.Context(), person(1))
	require.ErrorContains(t, err, "WithTx takes a transaction of the database that was given to New")
	_, err = within.Changes(t.Context(), storage.ChangeQuery{})
	require.ErrorContains(t, err, "WithTx takes a transaction of the database that was given to New")
}

// TestStoreBesideAnOpenTransaction uses the store itself while a transaction of the
// application is open: what it waits for cannot end, and the error says so.
func TestStoreBesideAnOpenTransaction(t *testing.T) {
	for name, connections := range map[string]int{"the lock": 0, "the connection": 1} {
		t.Run(name, func(t *testing.T) {
			db := openDatabase(t, filepath.Join(t.TempDir(), "application.db"))
			_, err := db.Exec(`PRAGMA journal_mode = WAL; CREATE TABLE orders (n INTEGER)`)
			require.NoError(t, err)
			db.SetMaxOpenConns(connections)
			store, err := sqlitedb.New(t.Context(), db, sqlitedb.WithLockTimeout(300*time.Millisecond))
			require.NoError(t, err)
			defer store.Close()
			tx, err := db.Begin()
			require.NoError(t, err)
			_, err = tx.Exec(`INSERT INTO orders VALUES (1)`)
			require.NoError(t, err)
			began := time.Now()
			_, err = store.Create(t.Context(), person(1))
			require.ErrorIs(t, err, storage.ErrUnavailable)
			require.ErrorContains(t, err, "within a transaction use the store of WithTx")
			require.Less(t, time.Since(began), 3*time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err = store.Create(ctx, person(1))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.NoError(t, tx.Commit())
			_, err = store.Create(t.Context(), person(1))
			require.NoError(t, err)
		})
	}
}

// TestTransactionTakesTheLockFirst has another process claim what a call in a transaction
// is about to: the call waits for the lock before it looks, and sees it.
func TestTransactionTakesTheLockFirst(t *testing.T) {
	db, store := applicationStore(t)
	var path string
	require.NoError(t, db.QueryRow(`SELECT file FROM pragma_database_list`).Scan(&path))
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_busy_timeout=5000")
	require.NoError(t, err)
	defer other.Close()
	rival, err := other.Begin()
	require.NoError(t, err)
	ended := make(chan error)
	go func() {
		time.Sleep(200 * time.Millisecond)
		_, err := store.WithTx(rival).Create(context.WithoutCancel(t.Context()), person(1))
		ended <- errors.Join(err, rival.Commit())
	}()
	tx, err := db.Begin()
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	same := person(1)
	same.ID = person(2).ID
	_, err = store.WithTx(tx).Create(t.Context(), same)
	require.NoError(t, <-ended)
	require.ErrorIs(t, err, storage.ErrConflict)
}

// TestUpdateBesideAnOlderRelease has a process of a release without a feed write to the
// same file: it raises the revision and leaves the newest change of the identity alone.
func TestUpdateBesideAnOlderRelease(t *testing.T) {
	db, store := applicationStore(t)
	created, err := store.Create(t.Context(), person(1))
	require.NoError(t, err)
	older := func() {
		_, err := db.Exec(`UPDATE idem_identities SET revision = revision + 1 WHERE id = ?`, created.ID[:])
		require.NoError(t, err)
	}
	seen := []int64{}
	updated, err := store.Update(t.Context(), created.ID, func(current *identity.Identity) (*identity.Identity, error) {
		if seen = append(seen, current.Revision); len(seen) == 1 {
			older()
		}
		current.ExternalID = "updated"
		return current, nil
	})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2}, seen)
	require.Equal(t, int64(3), updated.Revision)

	checked := []int64{}
	require.NoError(t, store.Delete(t.Context(), created.ID, noon, func(current *identity.Identity) error {
		if checked = append(checked, current.Revision); len(checked) == 1 {
			older()
		}
		return nil
	}))
	require.Equal(t, []int64{3, 4}, checked)
}
