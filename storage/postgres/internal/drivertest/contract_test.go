package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/servicetest"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/storagetest"
)

var queryCount = flag.Int("queries", 100, "how many random lists and counts each run of the contract makes, but for TestStorePgx, which makes 1,000")

// stores is how many stores of the contract are open at once.
const stores = 4

// TestStorePgx and TestStoreSQL give each store a pool of its own, whose search path names
// the schema, and wait for the disk with every write. All other runs differ from them in one
// point each. To be quick they share a pool between all stores, do not wait for the disk,
// and make fewer random queries. Their stores are in schemas that no search path names.
func TestStorePgx(t *testing.T) { runAlone(t, openPgxStore(), storagetest.QueryCount(1000)) }

func TestStoreSQL(t *testing.T) {
	runAlone(t, openSQLStore("pgx"), storagetest.QueryCount(*queryCount))
}

// runAlone checks the contract of stores that have a pool each.
func runAlone(t *testing.T, open func(t *testing.T, address string) *postgres.Store, options ...storagetest.Option) {
	database, addresses := newDatabase(t, server(t)), sync.Map{}
	fill := storagetest.FillRecords(func(t *testing.T, store storage.Storage, records []storage.Record) {
		address, _ := addresses.Load(store)
		fillRecords(t, address.(string), pgx.Identifier{}, records)
	})
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		address := newSchema(t, database)
		store := open(t, address)
		addresses.Store(storage.Storage(store), address)
		return store
	}, append(options, storagetest.MaxParallel(stores), fill)...)
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

// opener opens a store in the schema that option names.
type opener func(t *testing.T, option postgres.Option) (storage.Storage, error)

// over opens stores over one pool of database/sql.
func over(db *sql.DB, options ...postgres.Option) opener {
	return func(t *testing.T, option postgres.Option) (storage.Storage, error) {
		return postgres.New(t.Context(), db, append(options, option)...)
	}
}

// overPgx opens stores over one pool of pgx.
func overPgx(pool *pgxpool.Pool) opener {
	return func(t *testing.T, option postgres.Option) (storage.Storage, error) {
		return postgres.NewPgx(t.Context(), pool, option)
	}
}

// runTogether checks the contract of stores that open opens in the database of address.
func runTogether(t *testing.T, address string, open opener, options ...storagetest.Option) {
	schemas := sync.Map{}
	fill := storagetest.FillRecords(func(t *testing.T, store storage.Storage, records []storage.Record) {
		name, _ := schemas.Load(store)
		fillRecords(t, address, pgx.Identifier{name.(string)}, records)
	})
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		name := schemaName()
		store, err := open(t, postgres.WithSchema(name))
		require.NoError(t, err)
		schemas.Store(store, name)
		return store
	}, append([]storagetest.Option{storagetest.MaxParallel(stores), storagetest.QueryCount(*queryCount), fill}, options...)...)
}

// schemaName is a name that must be quoted.
func schemaName() string { return fmt.Sprintf(`idem "of" Ada %d`, time.Now().UnixNano()) }

// fillRecords keeps records that belong to no identity.
func fillRecords(t *testing.T, address string, schema pgx.Identifier, records []storage.Record) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	_, err = conn.CopyFrom(t.Context(), append(schema[:len(schema):len(schema)], "idem_records"), []string{"key", "token", "value", "expires"},
		pgx.CopyFromSlice(len(records), func(n int) ([]any, error) {
			r := records[n]
			return []any{r.Key[:], int64(n), r.Value, r.Expires.UnixMicro()}, nil
		}))
	require.NoError(t, err)
	counts := append(schema[:len(schema):len(schema)], "idem_anonymous")
	_, err = conn.Exec(t.Context(), `UPDATE `+counts.Sanitize()+` SET records = records + $1 WHERE slot = 3`, len(records))
	require.NoError(t, err)
}

func TestStorePq(t *testing.T) {
	address := newQuickDatabase(t, server(t))
	runTogether(t, address, over(openSQL(t, "postgres", address)))
}

func TestStoreNewest(t *testing.T) {
	address := newQuickDatabase(t, servicetest.PostgresNewest(t))
	runTogether(t, address, overPgx(openPgx(t, address)))
}

// TestStoreIsolation has transactions begin with another isolation than the default, as the
// settings of a database or of a role may say.
func TestStoreIsolation(t *testing.T) {
	for _, isolation := range []string{"repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			address := newQuickDatabase(t, server(t))
			runTogether(t, address, overPgx(openPgx(t, withParameters(t, address, "default_transaction_isolation="+isolation))))
		})
	}
}

// TestStorePooler puts pgbouncer in transaction mode between the store and the server. Each
// transaction may get another connection, which knows no prepared statement of the last.
func TestStorePooler(t *testing.T) {
	database := newQuickDatabase(t, server(t))
	pooler, err := url.Parse(servicetest.PgBouncer(t))
	require.NoError(t, err)
	direct, err := url.Parse(database)
	require.NoError(t, err)
	pooler.Path = direct.Path
	address := func(t *testing.T, parameter string) string { return withParameters(t, pooler.String(), parameter) }
	withoutFill := storagetest.FillRecords(nil) // how many records there are is no matter of the pooler
	t.Run("pgx", func(t *testing.T) {
		runTogether(t, database, overPgx(openPgx(t, address(t, "default_query_exec_mode=exec"))), withoutFill)
	})
	t.Run("simple protocol", func(t *testing.T) {
		runTogether(t, database, over(openSQL(t, "pgx", address(t, "default_query_exec_mode=simple_protocol"))), withoutFill)
	})
	t.Run("lib/pq", func(t *testing.T) {
		runTogether(t, database, over(openSQL(t, "postgres", address(t, "binary_parameters=yes"))), withoutFill)
	})
}

// TestStoreInTransaction checks the contract within one transaction of the application.
func TestStoreInTransaction(t *testing.T) {
	database := newQuickDatabase(t, server(t))
	for _, driver := range []string{"pgx", "postgres"} {
		t.Run(driver, func(t *testing.T) { runInTransaction(t, openSQL(t, driver, database)) })
	}
	t.Run("pgx natively", func(t *testing.T) {
		pool := openPgx(t, database)
		runWithin(t, func(t *testing.T) storage.Storage {
			store, err := postgres.NewPgx(t.Context(), pool, postgres.WithSchema(schemaName()))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			tx, err := pool.Begin(t.Context())
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, tx.Rollback(context.Background())) })
			return postgres.WithPgxTx(store, tx)
		})
	})
}

// runInTransaction checks the contract within transactions of db.
func runInTransaction(t *testing.T, db *sql.DB, options ...postgres.Option) {
	runWithin(t, func(t *testing.T) storage.Storage {
		store, err := postgres.New(t.Context(), db, append(options, postgres.WithSchema(schemaName()))...)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		tx, err := db.Begin()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, tx.Rollback()) })
		return store.WithTx(tx)
	})
}

func runWithin(t *testing.T, open func(t *testing.T) storage.Storage) {
	storagetest.Run(t, open, storagetest.MaxParallel(stores), storagetest.InTransaction(), storagetest.QueryCount(*queryCount))
}

// TestTwoStores spreads the calls over two stores on one database, as two processes have
// them.
func TestTwoStores(t *testing.T) {
	address := newQuickDatabase(t, server(t))
	open, openOther := overPgx(openPgx(t, address)), over(openSQL(t, "pgx", address))
	runTogether(t, address, func(t *testing.T, option postgres.Option) (storage.Storage, error) {
		store, err := open(t, option)
		require.NoError(t, err)
		other, err := openOther(t, option)
		return &pair{Storage: store, other: other}, err
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

// Changed is closed when either store has a change.
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
