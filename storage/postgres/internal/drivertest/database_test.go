package drivertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
	_ "github.com/lib/pq"              // registers "postgres"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/servicetest"
)

// newDatabase creates a database on the server of address and returns its address. TestMain
// drops it: the server checkpoints for each drop, which would slow the other tests down.
func newDatabase(t testing.TB, address string) string {
	t.Helper()
	name := fmt.Sprintf("idem_test_%d", time.Now().UnixNano())
	execute(t, address, `CREATE DATABASE `+name)
	databases.Lock()
	defer databases.Unlock()
	databases.drops = append(databases.drops, func() error {
		err := tryExecute(address, `DROP DATABASE `+name+` WITH (FORCE)`)
		if err != nil {
			err = tryExecute(address, `DROP DATABASE `+name) // of an engine that knows no FORCE
		}
		return err
	})
	return withDatabase(t, address, name)
}

// databases are those that tests have created.
var databases struct {
	sync.Mutex
	drops []func() error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, drop := range databases.drops {
		if err := drop(); err != nil {
			fmt.Fprintln(os.Stderr, "a database is left behind:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// newQuickDatabase creates a database whose commits do not wait for the disk, for tests of
// something else than what a crash leaves.
func newQuickDatabase(t testing.TB, address string) string {
	t.Helper()
	quick := newDatabase(t, address)
	u, err := url.Parse(quick)
	require.NoError(t, err)
	// Another engine may know no such setting.
	_ = tryExecute(address, `ALTER DATABASE `+strings.TrimPrefix(u.Path, "/")+` SET synchronous_commit = off`)
	return quick
}

// newSchema creates a schema in the database of address and returns an address whose
// connections use it. It is far quicker than a database.
func newSchema(t testing.TB, address string) string {
	t.Helper()
	name := fmt.Sprintf("idem_test_%d", time.Now().UnixNano())
	execute(t, address, `CREATE SCHEMA `+name)
	return withParameters(t, address, "search_path="+name)
}

func withDatabase(t testing.TB, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

// withParameters adds parameters to an address.
func withParameters(t testing.TB, address string, parameters ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	query := u.Query()
	for _, p := range parameters {
		name, value, _ := strings.Cut(p, "=")
		query.Set(name, value)
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // which pgx does not read
	return u.String()
}

// execute runs one statement on a connection of its own. It is used after the end of the
// test too, whose context has ended then.
func execute(t testing.TB, address, statement string, args ...any) {
	t.Helper()
	require.NoError(t, tryExecute(address, statement, args...), statement)
}

func tryExecute(address, statement string, args ...any) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement, args...)
	return err
}

// poolSize bounds the connections of a pool.
const poolSize = 20

// openSQL opens a pool of database/sql.
func openSQL(t testing.TB, driver, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, address)
	require.NoError(t, err)
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// openPgx opens a pool of pgx.
func openPgx(t testing.TB, address string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), withParameters(t, address, fmt.Sprint("pool_max_conns=", poolSize)))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// server returns the address of the server that most tests use.
func server(t testing.TB) string {
	t.Helper()
	return servicetest.Postgres(t)
}
