package sqlitedb_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage/internal/sqlitetest"
	"github.com/idemkit/idem/storage/storagetest"
)

// TestStore runs the contract in a database that was opened
// with nothing but a busy timeout, and on one connection.
func TestStore(t *testing.T) {
	for name, connections := range map[string]int{"pool": 0, "one connection": 1} {
		t.Run(name, func(t *testing.T) {
			var options []storagetest.Option
			if connections == 1 {
				options = append(options, storagetest.FillRecords(nil)) // one run of that case is enough
			}
			sqlitetest.Run(t, func(t *testing.T) sqlitetest.Opened {
				db := openDatabase(t, filepath.Join(t.TempDir(), "application.db"))
				db.SetMaxOpenConns(connections)
				return sqlitetest.New(t, db)
			}, options...)
		})
	}
}

// openDatabase opens a database as an application might.
func openDatabase(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=5000&_synchronous=OFF") // what is durable is tested elsewhere
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
