package drivertest_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	// The driver registers itself under the name "sqlite".
	_ "github.com/glebarez/go-sqlite"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage/internal/sqlitetest"
)

func openDatabase(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "application.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestStore(t *testing.T) {
	sqlitetest.Run(t, func(t *testing.T) sqlitetest.Opened { return sqlitetest.New(t, openDatabase(t)) })
}

func TestStoreInTransaction(t *testing.T) { sqlitetest.RunInTransaction(t, openDatabase) }
