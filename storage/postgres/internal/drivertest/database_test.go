package drivertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
	_ "github.com/lib/pq"              // registers "postgres"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/servicetest"
)

// newDatabase creates a database on the server of address, which the test drops when it
// ends, and returns its address.
func newDatabase(t testing.TB, address string) string {
	t.Helper()
	name := fmt.Sprintf("idem_test_%d", time.Now().UnixNano())
	execute(t, address, `CREATE DATABASE `+name)
	t.Cleanup(func() {
		if tryExecute(address, `DROP DATABASE `+name+` WITH (FORCE)`) != nil {
			execute(t, address, `DROP DATABASE `+name) // of an engine that knows no FORCE
		}
	})
	return withDatabase(t, address, name)
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

// openSQL opens a pool of database/sql.
func openSQL(t testing.TB, driver, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, address)
	require.NoError(t, err)
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// openPgx opens a pool of pgx.
func openPgx(t testing.TB, address string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), withParameters(t, address, "pool_max_conns=20"))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// server returns the address of the server that most tests use.
func server(t testing.TB) string {
	t.Helper()
	return servicetest.Postgres(t)
}
