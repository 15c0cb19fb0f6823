package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/servicetest"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/storagetest"
)

// stores is how many stores of the contract are open at once, each with up to 20
// connections.
const stores = 4

// runContract checks the contract of stores that open makes, each in a schema of its own.
func runContract[S storage.Storage](t *testing.T, server string, open func(t *testing.T, address string) S) {
	database, addresses := newDatabase(t, server), sync.Map{}
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		address := newSchema(t, database)
		store := open(t, address)
		addresses.Store(storage.Storage(store), address)
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

// TestStoreIsolation has transactions begin with another isolation than the default, as the
// settings of a database or of a role may say.
func TestStoreIsolation(t *testing.T) {
	for _, isolation := range []string{"repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			runContract(t, server(t), func(t *testing.T, address string) *postgres.Store {
				return openPgxStore()(t, withParameters(t, address, "default_transaction_isolation="+isolation))
			})
		})
	}
}

// TestStoreSchema keeps the tables in a schema that no search path names.
func TestStoreSchema(t *testing.T) {
	const schema = `idem "of" Ada`
	database := newDatabase(t, server(t))
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		name := fmt.Sprint(schema, time.Now().UnixNano())
		return openPgxStore(postgres.WithSchema(name))(t, database)
	}, storagetest.MaxParallel(stores), withoutFill)
}

// withoutFill keeps no more than the few records that a case keeps by itself, for runs whose
// subject is not the number of records.
var withoutFill = storagetest.FillRecords(func(t *testing.T, _ storage.Storage, _ []storage.Record) {
	t.Skip("100,000 records are kept in other runs")
})

// TestStorePooler puts pgbouncer in transaction mode between the store and the server. Each
// transaction may get another connection, which knows no prepared statement of the last.
func TestStorePooler(t *testing.T) {
	database := newDatabase(t, server(t))
	pooler, err := url.Parse(servicetest.PgBouncer(t))
	require.NoError(t, err)
	direct, err := url.Parse(database)
	require.NoError(t, err)
	pooler.Path = direct.Path
	open := map[string]func(t *testing.T, address string, option postgres.Option) *postgres.Store{
		"pgx": func(t *testing.T, address string, option postgres.Option) *postgres.Store {
			return openPgxStore(option)(t, withParameters(t, address, "default_query_exec_mode=exec"))
		},
		"simple protocol": func(t *testing.T, address string, option postgres.Option) *postgres.Store {
			return openSQLStore("pgx", option)(t, withParameters(t, address, "default_query_exec_mode=simple_protocol"))
		},
		"lib/pq": func(t *testing.T, address string, option postgres.Option) *postgres.Store {
			return openSQLStore("postgres", option)(t, withParameters(t, address, "binary_parameters=yes"))
		},
	}
	for name, open := range open {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Storage {
				return open(t, pooler.String(), postgres.WithSchema(fmt.Sprint("pooled", time.Now().UnixNano())))
			}, storagetest.MaxParallel(stores), withoutFill)
		})
	}
}

// TestStoreInTransaction checks the contract within one transaction of the application.
func TestStoreInTransaction(t *testing.T) {
	database := newDatabase(t, server(t))
	for _, driver := range []string{"pgx", "postgres"} {
		t.Run(driver, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Storage {
				db := openSQL(t, driver, newSchema(t, database))
				store, err := postgres.New(t.Context(), db)
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, store.Close()) })
				tx, err := db.Begin()
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, tx.Rollback()) })
				return store.WithTx(tx)
			}, storagetest.MaxParallel(stores), storagetest.InTransaction())
		})
	}
	t.Run("pgx natively", func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T) storage.Storage {
			pool := openPgx(t, newSchema(t, database))
			store, err := postgres.NewPgx(t.Context(), pool)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			tx, err := pool.Begin(t.Context())
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, tx.Rollback(context.Background())) })
			return postgres.WithPgxTx(store, tx)
		}, storagetest.MaxParallel(stores), storagetest.InTransaction())
	})
}

// TestTwoStores spreads the calls over two stores on one database, as two processes have
// them.
func TestTwoStores(t *testing.T) {
	runContract(t, server(t), func(t *testing.T, address string) storage.Storage {
		return &pair{Storage: openPgxStore()(t, address), other: openSQLStore("pgx")(t, address)}
	})
}

// pair gives every second call to another store.
type pair struct {
	storage.Storage
	other storage.Storage
	calls atomic.Int64
}

func (p *pair) next() storage.Storage {
	if p.calls.Add(1)%2 == 0 {
		return p.other
	}
	return p.Storage
}

func (p *pair) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	return p.next().Create(ctx, i)
}

func (p *pair) CreateMany(ctx context.Context, identities []*identity.Identity) ([]*identity.Identity, []error) {
	return p.next().CreateMany(ctx, identities)
}

func (p *pair) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	return p.next().Get(ctx, id)
}

func (p *pair) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	return p.next().Find(ctx, claim)
}

func (p *pair) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	return p.next().List(ctx, q)
}

func (p *pair) Count(ctx context.Context, f storage.Filter) (int, error) {
	return p.next().Count(ctx, f)
}

func (p *pair) Update(ctx context.Context, id uuid.UUID,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	return p.next().Update(ctx, id, change)
}

func (p *pair) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error {
	return p.next().Delete(ctx, id, at, check)
}

func (p *pair) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	return p.next().Changes(ctx, q)
}

func (p *pair) LastChange(ctx context.Context) (int64, error) { return p.next().LastChange(ctx) }

func (p *pair) PruneChanges(ctx context.Context, keep storage.Retention) (int, error) {
	return p.next().PruneChanges(ctx, keep)
}

// Changed tells of both.
func (p *pair) Changed() <-chan struct{} {
	one, two, any := p.Storage.Changed(), p.other.Changed(), make(chan struct{})
	go func() {
		defer close(any)
		select {
		case <-one:
		case <-two:
		}
	}()
	return any
}

func (p *pair) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time,
	change func(current *storage.Record) (*storage.Record, error)) error {
	return p.next().UpdateRecord(ctx, key, now, change)
}

func (p *pair) PruneRecords(ctx context.Context, before time.Time) (int, error) {
	return p.next().PruneRecords(ctx, before)
}

func (p *pair) Close() error { return errors.Join(p.Storage.Close(), p.other.Close()) }
