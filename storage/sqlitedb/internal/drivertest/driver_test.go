package drivertest_test

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	// The driver registers itself under the name "sqlite".
	_ "github.com/glebarez/go-sqlite"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
	"github.com/idemkit/idem/storage/storagetest"
)

func openDatabase(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "application.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestStore(t *testing.T) {
	databases := sync.Map{}
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		db := openDatabase(t)
		store, err := sqlitedb.New(t.Context(), db)
		require.NoError(t, err)
		databases.Store(store, db)
		return store
	}, storagetest.FillRecords(func(t *testing.T, store storage.Storage, records []storage.Record) {
		db, _ := databases.Load(store)
		fillRecords(t, db.(*sql.DB), records)
	}), storagetest.Rival(func(t *testing.T, store storage.Storage) storage.Storage {
		db, _ := databases.Load(store)
		rival, err := sqlitedb.New(t.Context(), db.(*sql.DB))
		require.NoError(t, err)
		return rival
	}))
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

// TestStoreInTransaction runs the contract within one transaction of the application.
func TestStoreInTransaction(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		db := openDatabase(t)
		store, err := sqlitedb.New(t.Context(), db)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		tx, err := db.Begin()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, tx.Rollback()) })
		return store.WithTx(tx)
	}, storagetest.InTransaction())
}
