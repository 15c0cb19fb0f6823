//go:build unix

package faulttest_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// openManager opens the file at path and returns a manager over it and its store.
func openManager(path string) (*idem.Manager, *sqlitedb.Store, error) {
	store, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return nil, nil, err
	}
	manager, err := account.NewManager(store)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return manager, store, nil
}

func databasePath(t *testing.T) string { return filepath.Join(t.TempDir(), "identities.db") }

// openDatabase opens a database as an application might, with what settings say.
func openDatabase(t *testing.T, path, settings string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?"+settings)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// emailOf is an address that no other token has.
func emailOf(token string) string { return strings.ReplaceAll(token, "/", "-") + "@example.com" }

// newStore returns a store in a database of the application's.
func newStore(t *testing.T, db *sql.DB, options ...sqlitedb.Option) *sqlitedb.Store {
	t.Helper()
	store, err := sqlitedb.New(t.Context(), db, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}
