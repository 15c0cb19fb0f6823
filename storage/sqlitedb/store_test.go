package sqlitedb_test

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
	"github.com/idemkit/idem/storage/storagetest"
)

// TestStore runs the contract in a database that was opened
// with nothing but a busy timeout, and on one connection.
func TestStore(t *testing.T) {
	for name, connections := range map[string]int{"pool": 0, "one connection": 1} {
		t.Run(name, func(t *testing.T) {
			databases := sync.Map{}
			fill := func(t *testing.T, store storage.Storage, records []storage.Record) {
				db, _ := databases.Load(store)
				fillRecords(t, db.(*sql.DB), records)
			}
			if connections == 1 {
				fill = nil // one run of that case is enough
			}
			storagetest.Run(t, func(t *testing.T) storage.Storage {
				db := openDatabase(t, filepath.Join(t.TempDir(), "application.db"))
				db.SetMaxOpenConns(connections)
				store, err := sqlitedb.New(t.Context(), db)
				require.NoError(t, err)
				databases.Store(store, db)
				return store
			}, storagetest.FillRecords(fill), storagetest.Rival(func(t *testing.T, store storage.Storage) storage.Storage {
				db, _ := databases.Load(store)
				rival, err := sqlitedb.New(t.Context(), db.(*sql.DB))
				require.NoError(t, err)
				return rival
			}))
		})
	}
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

// openDatabase opens a database as an application might.
func openDatabase(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=5000&_synchronous=OFF") // what is durable is tested elsewhere
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
