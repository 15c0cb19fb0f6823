package drivertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
)

// TestMigrators has many processes create the tables at once.
func TestMigrators(t *testing.T) {
	for _, schema := range []string{"", "of idem"} {
		t.Run("schema "+schema, func(t *testing.T) {
			address := newDatabase(t, server(t))
			var options []postgres.Option
			if schema != "" {
				options = append(options, postgres.WithSchema(schema))
			}
			var group sync.WaitGroup
			for range 12 {
				group.Go(func() {
					store, err := postgres.New(t.Context(), openSQL(t, "pgx", address), options...)
					if assert.NoError(t, err) {
						_, err = store.LastChange(t.Context())
						assert.NoError(t, err)
						assert.NoError(t, store.Close())
					}
				})
			}
			group.Wait()
		})
	}
}

// newRole creates a role without any rights and returns an address with it.
func newRole(t testing.TB, address, settings string) (name, as string) {
	t.Helper()
	name = fmt.Sprintf("idem_test_%d", time.Now().UnixNano())
	execute(t, address, `CREATE ROLE `+name+` LOGIN PASSWORD 'secret' `+settings)
	t.Cleanup(func() { execute(t, server(t), `DROP ROLE `+name) })
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.User = url.UserPassword(name, "secret")
	return name, u.String()
}

// TestRights: the tables can be created by one user and used by another, who may only read
// and write them.
func TestRights(t *testing.T) {
	address := newDatabase(t, server(t))
	name, as := newRole(t, address, "")
	t.Cleanup(func() { execute(t, address, `DROP OWNED BY `+name) })

	_, err := postgres.NewPgx(t.Context(), openPgx(t, as))
	require.ErrorContains(t, err, "lacks a right")
	require.ErrorContains(t, err, "42501")

	require.NoError(t, openPgxStore()(t, address).Close())
	_, err = postgres.NewPgx(t.Context(), openPgx(t, as))
	require.ErrorContains(t, err, "lacks a right")

	execute(t, address, `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO `+name)
	store := openPgxStore()(t, as)
	defer func() { require.NoError(t, store.Close()) }()
	createShared(t, store)
	last, err := store.LastChange(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, shared, last)
}

// TestNewerRelease: a database that a newer release has migrated is refused.
func TestNewerRelease(t *testing.T) {
	address := newSchema(t, newDatabase(t, server(t)))
	require.NoError(t, openPgxStore()(t, address).Close())
	execute(t, address, `INSERT INTO idem_migrations (version) VALUES (1000)`)
	_, err := postgres.NewPgx(t.Context(), openPgx(t, address))
	require.ErrorContains(t, err, "newer release")
	require.ErrorContains(t, err, "1000")
}

// TestConnectionsExhausted: a server that has no connection left is unavailable, and not for
// good.
func TestConnectionsExhausted(t *testing.T) {
	address := newDatabase(t, server(t))
	require.NoError(t, openPgxStore()(t, address).Close())
	name, as := newRole(t, address, "CONNECTION LIMIT 1")
	t.Cleanup(func() { execute(t, address, `DROP OWNED BY `+name) })
	execute(t, address, `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO `+name)
	db := openSQL(t, "pgx", as)
	store, err := postgres.New(t.Context(), db)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	db.SetMaxIdleConns(0)

	taken, err := pgx.Connect(t.Context(), as)
	require.NoError(t, err)
	_, err = store.Create(t.Context(), ledgerPerson(sharedID(1)))
	require.ErrorIs(t, err, storage.ErrUnavailable)
	require.ErrorContains(t, err, "no connection left")
	_, err = store.Get(t.Context(), sharedID(1))
	require.ErrorIs(t, err, storage.ErrUnavailable)
	require.NoError(t, taken.Close(t.Context()))
	require.Eventually(t, func() bool {
		_, err = store.Create(t.Context(), ledgerPerson(sharedID(1)))
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
}

// TestReadOnly: a server that is read-only, as a standby is, still reads, and writes are
// refused as unavailable.
func TestReadOnly(t *testing.T) {
	address := newSchema(t, newDatabase(t, server(t)))
	writable := openPgxStore()(t, address)
	createShared(t, writable)
	_, err := writable.LastChange(t.Context()) // numbers what is pending
	require.NoError(t, err)
	_, err = writable.Create(t.Context(), ledgerPerson(sharedID(shared))) // and stays without a number
	require.NoError(t, err)
	require.NoError(t, writable.Close())

	for n, store := range openStores(t, withParameters(t, address, "default_transaction_read_only=on")) {
		_, err := store.Get(t.Context(), sharedID(1))
		require.NoError(t, err)
		page, err := store.List(t.Context(), storage.Query{})
		require.NoError(t, err)
		require.Len(t, page.Identities, shared+1)
		found, err := store.Changes(t.Context(), storage.ChangeQuery{})
		require.NoError(t, err, "what has its number can be read")
		require.Len(t, found, shared)
		last, err := store.LastChange(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, shared, last)

		_, err = store.Create(t.Context(), ledgerPerson(sharedID(100+n)))
		require.ErrorIs(t, err, storage.ErrUnavailable)
		require.ErrorContains(t, err, "read-only")
		_, err = store.Update(t.Context(), sharedID(1), func(i *identity.Identity) (*identity.Identity, error) {
			i.ExternalID = "other"
			return i, nil
		})
		require.ErrorIs(t, err, storage.ErrUnavailable)
		require.ErrorIs(t, store.Delete(t.Context(), sharedID(1), time.Now(), nil), storage.ErrUnavailable)
		require.ErrorIs(t, store.UpdateRecord(t.Context(), storage.RecordKey{1}, time.Now(), func(*storage.Record) (*storage.Record, error) {
			return &storage.Record{Expires: time.Now().Add(time.Hour)}, nil
		}), storage.ErrUnavailable)
	}
}

// TestTransaction makes changes together with rows of the application.
func TestTransaction(t *testing.T) {
	address := newSchema(t, newDatabase(t, server(t)))
	execute(t, address, `CREATE TABLE orders (id uuid PRIMARY KEY)`)
	db := openSQL(t, "pgx", address)
	store, err := postgres.New(t.Context(), db)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	createShared(t, store)
	orders := func() (count int) {
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM orders`).Scan(&count))
		return count
	}
	for _, commit := range []bool{false, true} {
		tx, err := db.Begin()
		require.NoError(t, err)
		within := store.WithTx(tx)
		_, err = tx.Exec(`INSERT INTO orders VALUES ($1)`, sharedID(50).String())
		require.NoError(t, err)
		_, err = within.Create(t.Context(), ledgerPerson(sharedID(50)))
		require.NoError(t, err)
		// What fails is undone, and the transaction goes on.
		_, err = within.Create(t.Context(), ledgerPerson(sharedID(1)))
		require.ErrorIs(t, err, storage.ErrConflict)
		_, err = within.Update(t.Context(), sharedID(2), func(i *identity.Identity) (*identity.Identity, error) {
			i.MetadataAdmin = json.RawMessage(`1`)
			return i, errors.New("refused")
		})
		require.EqualError(t, err, "refused")
		_, err = store.Get(t.Context(), sharedID(50))
		require.ErrorIs(t, err, storage.ErrNotFound, "it is not there before the commit")
		if !commit {
			require.NoError(t, tx.Rollback())
			require.Zero(t, orders())
			_, err = within.Get(t.Context(), sharedID(1))
			require.ErrorIs(t, err, storage.ErrClosed)
			_, err = within.Create(t.Context(), ledgerPerson(sharedID(60)))
			require.ErrorIs(t, err, storage.ErrClosed)
			continue
		}
		require.NoError(t, tx.Commit())
		require.Equal(t, 1, orders())
		_, err = store.Get(t.Context(), sharedID(50))
		require.NoError(t, err)
		_, err = within.Get(t.Context(), sharedID(1))
		require.ErrorIs(t, err, storage.ErrClosed)
	}

	pool := openPgx(t, address)
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	within := postgres.WithPgxTx(store, tx)
	require.NoError(t, within.Delete(t.Context(), sharedID(50), time.Now(), nil))
	require.NoError(t, tx.Commit(t.Context()))
	_, err = store.Get(t.Context(), sharedID(50))
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = within.Get(t.Context(), sharedID(1))
	require.ErrorIs(t, err, storage.ErrClosed)
	require.ErrorIs(t, within.Delete(t.Context(), sharedID(1), time.Now(), nil), storage.ErrClosed)

	elsewhere, err := openSQL(t, "pgx", newDatabase(t, server(t))).Begin()
	require.NoError(t, err)
	defer func() { require.NoError(t, elsewhere.Rollback()) }()
	_, err = store.WithTx(elsewhere).Get(t.Context(), sharedID(1))
	require.ErrorContains(t, err, "another database")
}

// TestErrorsTellNoValue: no error of the database shows what was written or how the server
// is reached.
func TestErrorsTellNoValue(t *testing.T) {
	address := newSchema(t, newDatabase(t, server(t)))
	store := openPgxStore()(t, address)
	defer func() { require.NoError(t, store.Close()) }()
	execute(t, address, `ALTER TABLE idem_identities ADD CONSTRAINT refused CHECK (octet_length(document) < 10)`)
	secret := ledgerPerson(sharedID(1))
	secret.Traits, secret.ExternalID = json.RawMessage(`{"name":"very secret"}`), "very secret"
	_, err := store.Create(t.Context(), secret)
	require.ErrorContains(t, err, "23514")
	for ; err != nil; err = errors.Unwrap(err) {
		require.NotContains(t, err.Error(), "secret")
	}

	_, err = postgres.New(t.Context(), openSQL(t, "pgx", "postgres://somebody:very-secret@127.0.0.1:1/nowhere"))
	require.ErrorIs(t, err, storage.ErrUnavailable)
	require.NotContains(t, err.Error(), "secret")
	require.NotContains(t, err.Error(), "somebody")
}

// TestPreparedBehindPooler: the error of a pooler that mixes up prepared statements names
// the setting that helps.
func TestPreparedBehindPooler(t *testing.T) {
	address := newSchema(t, newDatabase(t, server(t)))
	for _, state := range []string{"42P05", "26000"} {
		s := &strict{every: 1, state: state}
		s.off.Store(true)
		store, err := postgres.New(t.Context(), openStrict(t, address, s))
		require.NoError(t, err)
		s.off.Store(false)
		_, err = store.Get(t.Context(), sharedID(1))
		require.ErrorContains(t, err, "default_query_exec_mode=exec")
		require.True(t, strings.Contains(err.Error(), state))
		require.NoError(t, store.Close())
	}
}

// TestClose: Close waits for the writes under way, and ends the numbering.
func TestClose(t *testing.T) {
	address := newSchema(t, newDatabase(t, server(t)))
	store := openPgxStore()(t, address)
	createShared(t, store)
	var group sync.WaitGroup
	l := newLedger()
	ctx, stop := context.WithCancel(t.Context())
	for n := range 8 {
		group.Go(func() { _ = l.writer(ctx, fmt.Sprint("w", n), store) }) // ends with ErrClosed
	}
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, store.Close())
	stop()
	group.Wait()
	again := openPgxStore()(t, address)
	defer func() { require.NoError(t, again.Close()) }()
	requireLedger(t, l, again)
	require.Zero(t, l.count(unknown))
}

// TestNumbering: what is written is numbered without anybody reading the feed.
func TestNumbering(t *testing.T) {
	address := newSchema(t, newDatabase(t, server(t)))
	store := openPgxStore()(t, address)
	defer func() { require.NoError(t, store.Close()) }()
	createShared(t, store)
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	require.Eventually(t, func() bool {
		var pending, numbered int
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM idem_pending), (SELECT count(*) FROM idem_changes)`).Scan(&pending, &numbered))
		return pending == 0 && numbered == shared
	}, 10*time.Second, 50*time.Millisecond)
}
