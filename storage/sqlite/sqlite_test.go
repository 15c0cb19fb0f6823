package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/sqlitetest"
	"github.com/idemkit/idem/storage/sqlite"
)

func TestStore(t *testing.T) {
	sqlitetest.Run(t, func(t *testing.T) sqlitetest.Opened {
		path := filepath.Join(t.TempDir(), "identities.db")
		open := func(t *testing.T) storage.Storage {
			store, err := sqlite.Open(t.Context(), path)
			require.NoError(t, err)
			return store
		}
		return sqlitetest.Opened{Store: open(t), Database: openDatabase(t, path), Rival: open}
	})
}

func TestNewFilesAreTheOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.db")
	for range 2 {
		store, err := sqlite.Open(t.Context(), path)
		require.NoError(t, err)
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			file, err := os.Stat(name)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), file.Mode(), name)
		}
		require.NoError(t, store.Close())
	}
	require.NoError(t, os.Chmod(path, 0o640))
	store, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, store.Close())
	file, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), file.Mode(), "what the owner has set stays")
}

// TestPathIsPlain refuses what would be a file of a surprising name.
func TestPathIsPlain(t *testing.T) {
	t.Chdir(t.TempDir())
	for path, says := range map[string]string{
		"":                              "storage/memory",
		":memory:":                      "storage/memory",
		":memory:?cache=shared":         "storage/memory",
		"file:identities.db":            "plain path",
		"file:identities.db?mode=rwc":   "plain path",
		"file::memory:?cache=shared":    "plain path",
		"file:///tmp/identities.db?x=1": "plain path",
	} {
		_, err := sqlite.Open(t.Context(), path)
		require.ErrorContains(t, err, says, "%q", path)
	}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	require.Empty(t, entries)
	for _, odd := range []string{"./file:odd.db", "a?b=c#d%20e.db", "with space.db"} {
		store, err := sqlite.Open(t.Context(), odd)
		require.NoError(t, err, odd)
		require.NoError(t, store.Close())
		require.FileExists(t, odd)
	}
}

// openDatabase opens a database as an application might.
func openDatabase(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=5000")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
