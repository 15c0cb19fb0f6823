package drivertest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage/postgres"
)

// forbidden are what distributed engines that speak PostgreSQL's protocol are known to lack.
var forbidden = regexp.MustCompile(`(?i)advisory|\blisten\b|\bnotify\b|\bxmin\b|\bctid\b|\bdo \$|\btemp(orary)?\b|^\s*set (?:session|local|\w+ =)|\bskip locked\b|\bwith \(`)

var mutation = regexp.MustCompile(`(?i)\b(?:insert into|delete from|update) ((?:"[^"]*"\.|\w+\.)?\w+)`)

// checkPortable returns an error if other engines may refuse a statement.
func checkPortable(statement string) error {
	if found := forbidden.FindString(statement); found != "" {
		return fmt.Errorf("not portable: %s", found)
	}
	seen := map[string]bool{}
	for _, m := range mutation.FindAllStringSubmatch(statement, -1) {
		if name := strings.ToLower(m[1]); name != "skip" && seen[name] {
			return fmt.Errorf("not portable: %s is changed twice in a statement", name)
		} else {
			seen[name] = true
		}
	}
	return nil
}

func TestCheckPortable(t *testing.T) {
	for _, statement := range []string{
		"SELECT pg_advisory_lock(1)", "LISTEN idem", "SELECT xmin FROM t", "SET SESSION x = 1", "CREATE TABLE t (a int) WITH (fillfactor = 80)",
		"WITH a AS (DELETE FROM t RETURNING 1) INSERT INTO t VALUES (1)", "SELECT 1 FOR UPDATE SKIP LOCKED",
	} {
		require.Error(t, checkPortable(statement), statement)
	}
	for _, statement := range []string{
		"SELECT token FROM idem_identities FOR UPDATE", "WITH a AS (DELETE FROM s.t RETURNING 1) INSERT INTO s.u VALUES (1)", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
	} {
		require.NoError(t, checkPortable(statement), statement)
	}
}

// strict is a driver that refuses what is not portable, and fails statements as an engine
// does whose transactions lose to others. Those that create the tables it does not fail:
// they are one transaction, which would never get through.
type strict struct {
	driver.Connector
	portable bool
	// every is after how many statements one fails with state. 0 fails none.
	every int64
	state string

	statements, failed atomic.Int64
	mu                 sync.Mutex
	refused            error
	off                atomic.Bool
}

func (s *strict) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &strictConn{Conn: conn.(*stdlib.Conn), strict: s}, nil
}

// refuse returns an error if the statement is not portable.
func (s *strict) refuse(statement string) error {
	if !s.portable {
		return nil
	}
	err := checkPortable(statement)
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = fmt.Errorf("%w: %s", err, statement)
	return s.refused
}

// fail returns the error of a statement that fails.
func (s *strict) fail() error {
	if s.every > 0 && !s.off.Load() && s.statements.Add(1)%s.every == 0 {
		s.failed.Add(1)
		return &pgconn.PgError{Severity: "ERROR", Code: s.state, Message: "injected"}
	}
	return nil
}

// creating matches the statements of a migration by which its transaction can be told.
var creating = regexp.MustCompile(`^CREATE|idem_migrations`)

type strictConn struct {
	*stdlib.Conn
	strict *strict
	tx     *strictTx // nil outside of a transaction
}

func (c *strictConn) check(statement string) error {
	if err := c.strict.refuse(statement); err != nil {
		return err
	}
	isCreating := creating.MatchString(statement)
	if c.tx != nil {
		if c.tx.broken {
			return &pgconn.PgError{Severity: "ERROR", Code: "25P02", Message: "injected"}
		}
		c.tx.creating = c.tx.creating || isCreating
		isCreating = c.tx.creating
	}
	if isCreating {
		return nil
	}
	err := c.strict.fail()
	if c.tx != nil {
		c.tx.broken = err != nil
	}
	return err
}

func (c *strictConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.check(query); err != nil {
		return nil, err
	}
	return c.Conn.QueryContext(ctx, query, args)
}

func (c *strictConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.check(query); err != nil {
		return nil, err
	}
	return c.Conn.ExecContext(ctx, query, args)
}

func (c *strictConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	c.tx = &strictTx{Tx: tx, conn: c}
	return c.tx, nil
}

type strictTx struct {
	driver.Tx
	conn     *strictConn
	broken   bool // a statement of it has failed
	creating bool // it creates the tables
}

func (t *strictTx) Commit() error {
	t.conn.tx = nil
	if t.creating {
		return t.Tx.Commit()
	}
	if err := t.conn.strict.fail(); err != nil {
		_ = t.Tx.Rollback()
		return err
	}
	return t.Tx.Commit()
}

func (t *strictTx) Rollback() error {
	t.conn.tx = nil
	return t.Tx.Rollback()
}

func openStrict(t *testing.T, address string, s *strict) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	s.Connector = stdlib.GetConnector(*config)
	db := sql.OpenDB(s)
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	t.Cleanup(func() {
		require.NoError(t, db.Close())
		require.NoError(t, s.refused)
	})
	return db
}

// TestStorePortable checks the contract with a driver that refuses what is not portable and
// fails every seventh statement with a serialization failure.
func TestStorePortable(t *testing.T) {
	for name, s := range map[string]*strict{
		"portable":            {portable: true},
		"portable and losing": {portable: true, every: 7, state: "40001"},
	} {
		t.Run(name, func(t *testing.T) { runStrict(t, s, postgres.WithPortableSQL()) })
	}
}

// TestStoreLosing fails every seventh statement of the ordinary form, once as one that has
// lost to others and once as a deadlock.
func TestStoreLosing(t *testing.T) {
	for _, state := range []string{"40001", "40P01"} {
		t.Run(state, func(t *testing.T) { runStrict(t, &strict{every: 7, state: state}) })
	}
}

// runStrict checks the contract of stores over s.
func runStrict(t *testing.T, s *strict, options ...postgres.Option) {
	address := newQuickDatabase(t, server(t))
	t.Cleanup(func() {
		t.Logf("%d of %d statements failed", s.failed.Load(), s.statements.Load())
		require.Equal(t, s.every > 0, s.failed.Load() > 1000)
	})
	runTogether(t, address, over(openStrict(t, address, s), options...))
}

// TestPortableInTransaction checks the contract of the portable form within a transaction.
func TestPortableInTransaction(t *testing.T) {
	runInTransaction(t, openStrict(t, newQuickDatabase(t, server(t)), &strict{portable: true}), postgres.WithPortableSQL())
}
