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

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/storagetest"
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
// does whose transactions lose to others.
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

// fail reports whether the statement is one that fails.
func (s *strict) fail(statement string) error {
	if s.portable {
		if err := checkPortable(statement); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.refused = fmt.Errorf("%w: %s", err, statement)
			return s.refused
		}
	}
	if s.every > 0 && !s.off.Load() && s.statements.Add(1)%s.every == 0 {
		s.failed.Add(1)
		return &pgconn.PgError{Severity: "ERROR", Code: s.state, Message: "injected"}
	}
	return nil
}

type strictConn struct {
	*stdlib.Conn
	strict *strict
	broken bool // in a transaction that has failed
}

func (c *strictConn) check(statement string) error {
	if c.broken && !strings.HasPrefix(statement, "ROLLBACK") {
		return &pgconn.PgError{Severity: "ERROR", Code: "25P02", Message: "injected"}
	}
	return c.strict.fail(statement)
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
	return &strictTx{Tx: tx, strict: c.strict}, nil
}

type strictTx struct {
	driver.Tx
	strict *strict
}

func (t *strictTx) Commit() error {
	if err := t.strict.fail("COMMIT"); err != nil {
		_ = t.Tx.Rollback()
		return err
	}
	return t.Tx.Commit()
}

func openStrict(t *testing.T, address string, s *strict) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	s.Connector = stdlib.GetConnector(*config)
	db := sql.OpenDB(s)
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// TestStorePortable checks the contract with a driver that refuses what is not portable and
// fails every seventh statement with a serialization failure.
func TestStorePortable(t *testing.T) {
	for name, s := range map[string]func() *strict{
		"portable":            func() *strict { return &strict{portable: true} },
		"portable and losing": func() *strict { return &strict{portable: true, every: 7, state: "40001"} },
	} {
		t.Run(name, func(t *testing.T) {
			runContract(t, server(t), func(t *testing.T, address string) *postgres.Store {
				s := s()
				s.off.Store(true) // the tables are created in one transaction, which would never get through
				store, err := postgres.New(t.Context(), openStrict(t, address, s), postgres.WithPortableSQL())
				require.NoError(t, err)
				s.off.Store(false)
				t.Cleanup(func() {
					require.NoError(t, s.refused)
					require.True(t, s.every == 0 || s.statements.Load() < s.every || s.failed.Load() > 0)
				})
				return store
			})
		})
	}
}

// TestStoreLosing fails every seventh statement of the ordinary form, once as one that has
// lost to others and once as a deadlock.
func TestStoreLosing(t *testing.T) {
	for _, state := range []string{"40001", "40P01"} {
		t.Run(state, func(t *testing.T) {
			runContract(t, server(t), func(t *testing.T, address string) *postgres.Store {
				s := &strict{every: 7, state: state}
				s.off.Store(true)
				store, err := postgres.New(t.Context(), openStrict(t, address, s))
				require.NoError(t, err)
				s.off.Store(false)
				return store
			})
		})
	}
}

// TestPortableInTransaction checks the contract of the portable form within a transaction.
func TestPortableInTransaction(t *testing.T) {
	database := newDatabase(t, server(t))
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		s := &strict{portable: true}
		db := openStrict(t, newSchema(t, database), s)
		store, err := postgres.New(t.Context(), db, postgres.WithPortableSQL())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		tx, err := db.Begin()
		require.NoError(t, err)
		t.Cleanup(func() {
			require.NoError(t, tx.Rollback())
			require.NoError(t, s.refused)
		})
		return store.WithTx(tx)
	}, storagetest.MaxParallel(stores), storagetest.InTransaction())
}
