// Package sqlitetest runs the contract of package storagetest on SQLite, whatever driver opens the database.
package sqlitetest

import (
	"bytes"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
	"github.com/idemkit/idem/storage/storagetest"
)

// Opened is an empty store.
type Opened struct {
	Store storage.Storage
	// Database has the store's tables.
	Database *sql.DB
	// Rival opens another store on the same database.
	Rival func(t *testing.T) storage.Storage
}

// New returns a new store in db.
func New(t *testing.T, db *sql.DB) Opened {
	t.Helper()
	return Opened{
		Store: newStore(t, db), Database: db,
		Rival: func(t *testing.T) storage.Storage { return newStore(t, db) },
	}
}

func newStore(t *testing.T, db *sql.DB) *sqlitedb.Store {
	t.Helper()
	store, err := sqlitedb.New(t.Context(), db)
	require.NoError(t, err)
	return store
}

// Run runs the contract on the stores that open returns, each of which it calls for one test. Options replace those that
// follow from Opened.
func Run(t *testing.T, open func(t *testing.T) Opened, options ...storagetest.Option) {
	var all sync.Map // Opened, by store
	of := func(store storage.Storage) Opened {
		opened, _ := all.Load(store)
		return opened.(Opened)
	}
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		opened := open(t)
		all.Store(opened.Store, opened)
		return opened.Store
	}, append([]storagetest.Option{
		storagetest.FillRecords(func(t *testing.T, store storage.Storage, records []storage.Record) {
			fillRecords(t, of(store).Database, records)
		}),
		storagetest.Rival(func(t *testing.T, store storage.Storage) storage.Storage { return of(store).Rival(t) }),
	}, options...)...)
}

// RunInTransaction runs the contract within one transaction of the application on each database that open returns.
func RunInTransaction(t *testing.T, open func(t *testing.T) *sql.DB) {
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		db := open(t)
		store := newStore(t, db)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		tx, err := db.Begin()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, tx.Rollback()) })
		return store.WithTx(tx)
	}, storagetest.InTransaction())
}

// fillRecords keeps records that belong to no identity.
func fillRecords(t *testing.T, db *sql.DB, records []storage.Record) {
	t.Helper()
	tx, err := db.Begin()
	require.NoError(t, err)
	slices.SortFunc(records, func(a, b storage.Record) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	for part := range slices.Chunk(records, 500) {
		var args []any
		for _, r := range part {
			args = append(args, r.Key[:], r.Value, r.Expires.UnixMicro())
		}
		_, err := tx.Exec(`INSERT INTO idem_records (key, value, expires) VALUES (?, ?, ?)`+strings.Repeat(`, (?, ?, ?)`, len(part)-1), args...)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
}
