package drivertest_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/storagetest"
)

// TestIndexes declares indexes through pgx, in transactions of the default isolation and
// stricter ones, and through database/sql.
func TestIndexes(t *testing.T) {
	database := newDatabase(t, server(t))
	for _, isolation := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			lists := 100
			if isolation != "read committed" {
				lists = 0 // the contract has some for each isolation
			}
			storagetest.Indexes(t, func(t *testing.T) storagetest.IndexDatabase {
				address := withParameters(t, newSchema(t, database), "default_transaction_isolation="+isolation)
				return &pgxIndexes{indexDatabase{address}, map[storagetest.IndexStore]*pgxpool.Pool{}}
			}, lists)
		})
	}
	t.Run("lib/pq", func(t *testing.T) {
		storagetest.Indexes(t, func(t *testing.T) storagetest.IndexDatabase {
			return &sqlIndexes{indexDatabase: indexDatabase{newSchema(t, database)}, handles: map[storagetest.IndexStore]*sql.DB{},
				open: func(t *testing.T, address string) *sql.DB { return openSQL(t, "postgres", address) }}
		}, 10)
	})
	t.Run("portable", func(t *testing.T) {
		storagetest.Indexes(t, func(t *testing.T) storagetest.IndexDatabase {
			s := &strict{portable: true}
			t.Cleanup(func() { require.NoError(t, s.refused) })
			return &sqlIndexes{indexDatabase: indexDatabase{newSchema(t, database)}, handles: map[storagetest.IndexStore]*sql.DB{}, portable: true,
				open: func(t *testing.T, address string) *sql.DB { return openStrict(t, address, s) }}
		}, 10)
	})
}

// TestPortableSearchIndex: the portable form has no index of words, and keeps up one that is
// there, as TestIndexes shows.
func TestPortableSearchIndex(t *testing.T) {
	_, err := postgres.NewPgx(t.Context(), openPgx(t, newSchema(t, newDatabase(t, server(t)))), postgres.WithSearchIndex(), postgres.WithPortableSQL())
	require.ErrorContains(t, err, "WithSearchIndex")
}

// options declares indexes of paths.
func options(logger *slog.Logger, paths []string) []postgres.Option {
	options := []postgres.Option{postgres.WithLogger(logger)}
	for _, path := range paths {
		if path == storagetest.SearchIndex {
			options = append(options, postgres.WithSearchIndex())
		} else {
			options = append(options, postgres.WithIndex(path))
		}
	}
	return options
}

// pgxIndexes is a database whose stores use pgx.
type pgxIndexes struct {
	indexDatabase
	pools map[storagetest.IndexStore]*pgxpool.Pool
}

func (d *pgxIndexes) Open(ctx context.Context, t *testing.T, logger *slog.Logger, paths ...string) (storagetest.IndexStore, error) {
	pool := openPgx(t, d.address)
	store, err := postgres.NewPgx(ctx, pool, options(logger, paths)...)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	d.pools[store] = pool
	return store, nil
}

func (d *pgxIndexes) Begin(t *testing.T, store storagetest.IndexStore) (storage.Storage, func(commit bool) error) {
	t.Helper()
	tx, err := d.pools[store].Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // if the test has failed
	return postgres.WithPgxTx(store.(*postgres.Store), tx), func(commit bool) error {
		if commit {
			return tx.Commit(context.Background())
		}
		return tx.Rollback(context.Background())
	}
}

// sqlIndexes is a database whose stores use database/sql.
type sqlIndexes struct {
	indexDatabase
	open     func(t *testing.T, address string) *sql.DB
	portable bool
	handles  map[storagetest.IndexStore]*sql.DB
}

func (d *sqlIndexes) Open(ctx context.Context, t *testing.T, logger *slog.Logger, paths ...string) (storagetest.IndexStore, error) {
	db, declared := d.open(t, d.address), options(logger, paths)
	if d.portable && slices.Contains(paths, storagetest.SearchIndex) {
		// Another process declares what the portable form cannot.
		other, err := postgres.New(ctx, openSQL(t, "pgx", d.address), declared...)
		if err != nil {
			return nil, err
		}
		require.NoError(t, other.Close())
		declared = options(logger, nil)
	}
	if d.portable {
		declared = append(declared, postgres.WithPortableSQL())
	}
	store, err := postgres.New(ctx, db, declared...)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	d.handles[store] = db
	return store, nil
}

func (d *sqlIndexes) Begin(t *testing.T, store storagetest.IndexStore) (storage.Storage, func(commit bool) error) {
	t.Helper()
	tx, err := d.handles[store].Begin()
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback() }) // if the test has failed
	return store.(*postgres.Store).WithTx(tx), func(commit bool) error {
		if commit {
			return tx.Commit()
		}
		return tx.Rollback()
	}
}

// indexDatabase is what both have in common.
type indexDatabase struct{ address string }

// rows calls each with every row of a query.
func (d indexDatabase) rows(t *testing.T, query string, each func(rows pgx.Rows)) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.address)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	rows, err := conn.Query(t.Context(), query)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		each(rows)
	}
	require.NoError(t, rows.Err())
}

func (d indexDatabase) Rows(t *testing.T) (all []storagetest.IndexRow, count int) {
	t.Helper()
	d.rows(t, `SELECT i.path, x.key, x.identity_id FROM idem_indexes i JOIN idem_index x ON x.number = i.number WHERE i.state = 'complete'
		UNION ALL SELECT i.path, '', x.identity_id FROM idem_indexes i JOIN idem_search x ON x.number = i.number WHERE i.state = 'complete'`, func(rows pgx.Rows) {
		var (
			path, key []byte
			id        uuid.UUID
		)
		require.NoError(t, rows.Scan(&path, &key, &id))
		all = append(all, storagetest.IndexRow{Path: string(path), Key: string(key), ID: id})
	})
	d.rows(t, `SELECT (SELECT count(*) FROM idem_index) + (SELECT count(*) FROM idem_search)`, func(rows pgx.Rows) { require.NoError(t, rows.Scan(&count)) })
	return all, count
}

func (d indexDatabase) States(t *testing.T) map[string]int {
	t.Helper()
	states := map[string]int{}
	d.rows(t, `SELECT state, count(*) FROM idem_indexes GROUP BY state`, func(rows pgx.Rows) {
		var (
			state string
			count int
		)
		require.NoError(t, rows.Scan(&state, &count))
		states[state] = count
	})
	return states
}

func (d indexDatabase) Outdate(t *testing.T) {
	t.Helper()
	execute(t, d.address, `UPDATE idem_indexes SET fold_version = 'of another time'`)
	execute(t, d.address, `UPDATE idem_indexing SET version = version + 1`)
}

// BenchmarkFind measures the pages that filters, words and orders give.
func BenchmarkFind(b *testing.B) {
	address := newDatabase(b, server(b))
	storagetest.BenchmarkFind(b, func(paths ...string) storage.Storage {
		if len(paths) > 0 {
			execute(b, address, `VACUUM ANALYZE`) // which a server does by itself after a while
		}
		store, err := postgres.NewPgx(b.Context(), openPgx(b, address), options(slog.Default(), paths)...)
		require.NoError(b, err)
		if len(paths) > 0 {
			execute(b, address, `VACUUM ANALYZE`)
		}
		return store
	})
}

// TestIndexIsBuiltBesideAnOpenTransaction has a transaction of the application hold an identity while an index is built, and
// while a list finds that identity missing in it. Neither waits for it, and the transaction can go on to other identities.
func TestIndexIsBuiltBesideAnOpenTransaction(t *testing.T) {
	db := &pgxIndexes{indexDatabase{newSchema(t, newDatabase(t, server(t)))}, map[storagetest.IndexStore]*pgxpool.Pool{}}
	discard := slog.New(slog.DiscardHandler)
	store, err := db.Open(t.Context(), t, discard)
	require.NoError(t, err)
	var people []*identity.Identity
	for n := range 20 {
		now := time.Now()
		people = append(people, &identity.Identity{
			ID: uuid.UUID{15: byte(n + 1)}, SchemaID: "person", State: identity.StateActive, Traits: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)),
			CreatedAt: now, UpdatedAt: now, StateChangedAt: now,
		})
	}
	_, errs := store.CreateMany(t.Context(), people)
	require.NoError(t, errors.Join(errs...))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	change := func(in storage.Storage, n int) {
		t.Helper()
		_, err := in.Update(ctx, people[n].ID, func(i *identity.Identity) (*identity.Identity, error) {
			i.Traits = json.RawMessage(`{"n":"changed"}`)
			return i, nil
		})
		require.NoError(t, err)
	}
	found := func(count int) {
		t.Helper()
		page, err := store.List(ctx, storage.Query{Filter: storage.Filter{Where: query.Eq("/traits/n", "changed")}})
		require.NoError(t, err)
		require.Len(t, page.Identities, count)
	}

	within, end := db.Begin(t, store)
	change(within, 3)
	built := make(chan error, 1)
	go func() {
		_, err := db.Open(ctx, t, discard, "/traits/n")
		built <- err
	}()
	require.Eventually(t, func() bool {
		_, rows := db.Rows(t)
		return rows == len(people)-1
	}, 10*time.Second, 10*time.Millisecond, "all but one have their rows")
	change(store, 5)
	change(within, 4)
	found(1)
	require.Equal(t, map[string]int{"building": 1}, db.States(t))
	require.NoError(t, end(true))
	require.NoError(t, <-built)
	require.Equal(t, map[string]int{"complete": 1}, db.States(t))
	found(3)

	// As a transaction leaves it that began before the index was declared.
	execute(t, db.address, `DELETE FROM idem_index WHERE identity_id = '`+people[6].ID.String()+`'`)
	execute(t, db.address, `UPDATE idem_identities SET indexed = 0 WHERE id = '`+people[6].ID.String()+`'`)
	within, end = db.Begin(t, store)
	change(within, 6)
	found(3)
	require.NoError(t, end(true))
	found(4)
	rows, _ := db.Rows(t)
	require.Len(t, rows, len(people)+4, "one for a number, two for a text")
}
