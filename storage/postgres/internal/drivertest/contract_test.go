package drivertest_test

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/servicetest"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/storagetest"
)

// stores is how many stores of the contract are open at once, each with up to 20
// connections.
const stores = 4

// runContract checks the contract of stores that open makes, each in a schema of its own.
func runContract(t *testing.T, server string, open func(t *testing.T, address string) *postgres.Store) {
	database, addresses := newDatabase(t, server), sync.Map{}
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		address := newSchema(t, database)
		store := open(t, address)
		addresses.Store(store, address)
		return store
	}, storagetest.MaxParallel(stores), storagetest.FillRecords(func(t *testing.T, store storage.Storage, records []storage.Record) {
		address, _ := addresses.Load(store)
		fillRecords(t, address.(string), records)
	}))
}

// fillRecords keeps records that belong to no identity.
func fillRecords(t *testing.T, address string, records []storage.Record) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	_, err = conn.CopyFrom(t.Context(), pgx.Identifier{"idem_records"}, []string{"key", "token", "value", "expires"},
		pgx.CopyFromSlice(len(records), func(n int) ([]any, error) {
			r := records[n]
			return []any{r.Key[:], int64(n), r.Value, r.Expires.UnixMicro()}, nil
		}))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `UPDATE idem_anonymous SET records = records + $1 WHERE slot = 3`, len(records))
	require.NoError(t, err)
}

func openSQLStore(driver string, options ...postgres.Option) func(t *testing.T, address string) *postgres.Store {
	return func(t *testing.T, address string) *postgres.Store {
		t.Helper()
		store, err := postgres.New(t.Context(), openSQL(t, driver, address), options...)
		require.NoError(t, err)
		return store
	}
}

func openPgxStore(options ...postgres.Option) func(t *testing.T, address string) *postgres.Store {
	return func(t *testing.T, address string) *postgres.Store {
		t.Helper()
		store, err := postgres.NewPgx(t.Context(), openPgx(t, address), options...)
		require.NoError(t, err)
		return store
	}
}

func TestStoreSQL(t *testing.T) { runContract(t, server(t), openSQLStore("pgx")) }

func TestStorePgx(t *testing.T) { runContract(t, server(t), openPgxStore()) }

func TestStorePq(t *testing.T) { runContract(t, server(t), openSQLStore("postgres")) }

func TestStoreNewest(t *testing.T) {
	runContract(t, servicetest.PostgresNewest(t), openPgxStore())
}
