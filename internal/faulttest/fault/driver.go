//go:build unix

package faulttest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fault is what a database does to one step: opening a connection, preparing, beginning,
// executing, querying, fetching a row, committing or rolling back.
type fault struct {
	name string
	err  error
	// after lets the step take effect first.
	after bool
	// cut closes the connection.
	cut bool
	// lasting has every later step fail alike, on every connection.
	lasting bool
	// andRollback has the next rollback fail too, without effect.
	andRollback bool
	// late only delays.
	late time.Duration
}

// resultCode is an error with one of SQLite's result codes.
type resultCode int

func (c resultCode) Error() string { return "an injected error" }
func (c resultCode) Code() int     { return int(c) }

const (
	codeBusy    = resultCode(5)
	codeIOError = resultCode(10)
	codeFull    = resultCode(13)
)

// errStrange is one that says nothing to anyone.
var errStrange = errors.New("an injected error without a code")

// script decides which step a fault comes at.
type script struct {
	mu      sync.Mutex
	armed   bool
	fault   fault
	at      int
	step    int
	fired   string // the step that the fault came at
	lasting bool
}

// arm has the fault come at the n-th step from now on.
func (s *script) arm(f fault, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.fault, s.at, s.step, s.fired, s.lasting = true, f, n, 0, "", false
}

// disarm ends the fault and returns the step that it came at, if it did.
func (s *script) disarm() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.lasting = false, false
	return s.fired
}

// next returns the fault for a step.
func (s *script) next(step string) (fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.armed {
		return fault{}, false
	}
	if s.fired != "" {
		if s.fault.andRollback && step == "rollback" {
			s.fault.andRollback = false
			return fault{err: s.fault.err}, true
		}
		return s.fault, s.lasting
	}
	s.step++
	if s.step <= s.at {
		return fault{}, false
	}
	s.fired, s.lasting = step, s.fault.lasting
	return s.fault, true
}

// faultyDatabase opens the database at path through a driver that follows the script.
func faultyDatabase(t *testing.T, path string, s *script) *sql.DB {
	t.Helper()
	plain := openDatabase(t, path, "")
	db := sql.OpenDB(&faultyConnector{driver: plain.Driver(), script: s,
		name: "file:" + path + "?_busy_timeout=1000&_journal_mode=WAL&_synchronous=OFF"})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

type faultyConnector struct {
	driver driver.Driver
	name   string
	script *script
}

func (c *faultyConnector) Driver() driver.Driver { return c.driver }

func (c *faultyConnector) Connect(context.Context) (driver.Conn, error) {
	connection := &faultyConnection{script: c.script}
	err := connection.do("open", func() (err error) {
		connection.Conn, err = c.driver.Open(c.name)
		return err
	})
	if err != nil {
		if connection.Conn != nil {
			_ = connection.Conn.Close()
		}
		return nil, err
	}
	return connection, nil
}

type faultyConnection struct {
	driver.Conn
	script *script
	lost   bool
}

// do makes a step, with its fault.
func (c *faultyConnection) do(step string, do func() error) error {
	if c.lost {
		return driver.ErrBadConn
	}
	f, hit := c.script.next(step)
	if !hit {
		return do()
	}
	time.Sleep(f.late)
	if f.after || f.err == nil {
		if err := do(); err != nil {
			return err
		}
	}
	if f.cut && c.Conn != nil {
		c.lost = true
		// What was not committed is gone with the connection. The rest is freed when it
		// is closed, after its statements.
		_, _ = c.Conn.(driver.ExecerContext).ExecContext(context.Background(), "ROLLBACK", nil)
	}
	return f.err
}

func (c *faultyConnection) IsValid() bool { return !c.lost }

func (c *faultyConnection) BeginTx(ctx context.Context, options driver.TxOptions) (tx driver.Tx, err error) {
	err = c.do("begin", func() (err error) {
		tx, err = c.Conn.(driver.ConnBeginTx).BeginTx(ctx, options)
		return err
	})
	if err != nil && tx != nil {
		_ = tx.Rollback()
	}
	return &faultyTx{tx, c}, err
}

func (c *faultyConnection) PrepareContext(ctx context.Context, query string) (s driver.Stmt, err error) {
	err = c.do("prepare", func() (err error) {
		s, err = c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
		return err
	})
	if err != nil {
		if s != nil {
			_ = s.Close()
		}
		return nil, err
	}
	return &faultyStatement{s, c}, nil
}

func (c *faultyConnection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (result driver.Result, err error) {
	err = c.do("exec", func() (err error) {
		result, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
		return err
	})
	return result, err
}

func (c *faultyConnection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = c.do("query", func() (err error) {
		rows, err = c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
		return err
	})
	return c.rows(rows, err)
}

// rows wraps rows, and closes them if it was their query that failed.
func (c *faultyConnection) rows(rows driver.Rows, err error) (driver.Rows, error) {
	if err != nil {
		if rows != nil {
			_ = rows.Close()
		}
		return nil, err
	}
	return &faultyRows{rows, c}, nil
}

type faultyTx struct {
	driver.Tx
	connection *faultyConnection
}

func (t *faultyTx) Commit() error   { return t.connection.do("commit", t.Tx.Commit) }
func (t *faultyTx) Rollback() error { return t.connection.do("rollback", t.Tx.Rollback) }

type faultyStatement struct {
	driver.Stmt
	connection *faultyConnection
}

func (s *faultyStatement) ExecContext(ctx context.Context, args []driver.NamedValue) (result driver.Result, err error) {
	err = s.connection.do("exec", func() (err error) {
		result, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
		return err
	})
	return result, err
}

func (s *faultyStatement) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = s.connection.do("query", func() (err error) {
		rows, err = s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
		return err
	})
	return s.connection.rows(rows, err)
}

type faultyRows struct {
	driver.Rows
	connection *faultyConnection
}

func (r *faultyRows) Next(dest []driver.Value) error {
	var end error
	err := r.connection.do("next", func() error {
		end = r.Rows.Next(dest)
		return nil
	})
	if err != nil {
		return err
	}
	return end
}
