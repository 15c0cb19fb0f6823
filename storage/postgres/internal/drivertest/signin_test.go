package drivertest_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/signintest"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
)

// signInStores are stores in schemas of one database.
func signInStores(database func(t testing.TB) string) signintest.Stores {
	place := func(t testing.TB) string { return newSchema(t, database(t)) }
	openPlace := func(t testing.TB, address string) storage.Storage {
		store, err := postgres.NewPgx(t.Context(), openPgx(t, address))
		require.NoError(t, err)
		return store
	}
	return signintest.Stores{"postgres": {
		Open: func(t testing.TB) storage.Storage { return openPlace(t, place(t)) },
		InDatabase: func(t testing.TB) (*sql.DB, storage.Storage, func(*sql.Tx) storage.Storage) {
			db := openSQL(t, "pgx", place(t))
			store, err := postgres.New(t.Context(), db)
			require.NoError(t, err)
			return db, store, func(tx *sql.Tx) storage.Storage { return store.WithTx(tx) }
		},
		Place: place, OpenPlace: openPlace,
	}}
}

// TestSignIn runs the tests of package signin.
func TestSignIn(t *testing.T) {
	database := newQuickDatabase(t, server(t))
	signInStores(func(testing.TB) string { return database }).Run(t)
}

// TestSignInOtherProcess is the other process of one of them.
func TestSignInOtherProcess(t *testing.T) { signInStores(nil).OtherProcess(t) }
