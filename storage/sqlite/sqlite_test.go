package sqlite_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/storagetest"
)

func TestStore(t *testing.T) {
	paths := sync.Map{}
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		path := filepath.Join(t.TempDir(), "identities.db")
		store, err := sqlite.Open(t.Context(), path)
		require.NoError(t, err)
		paths.Store(store, path)
		return store
	}, storagetest.FillRecords(func(t *testing.T, store storage.Storage, records []storage.Record) {
		path, _ := paths.Load(store)
		fillRecords(t, openDatabase(t, path.(string)), records)
	}), storagetest.Rival(func(t *testing.T, store storage.Storage) storage.Storage {
		path, _ := paths.Load(store)
		rival, err := sqlite.Open(t.Context(), path.(string))
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
