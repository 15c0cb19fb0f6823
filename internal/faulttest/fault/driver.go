// Package fault has the steps of a database fail: a driver that follows a script, operations in
// which each step fails, and what must be true of them then.
package fault

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"time"
)

// Fault is what a database does to one step: opening a connection, preparing, beginning,
// executing, querying, fetching a row, committing or rolling back.
type Fault struct {
	Name string
	Err  error
	// After lets the step take effect first.
	After bool
	// Cut closes the connection.
	Cut bool
	// Lasting has every later step fail alike, on every connection.
	Lasting bool
	// AndRollback has the next rollback fail too, without effect.
	AndRollback bool
	// Late only delays.
	Late time.Duration
}

// ErrStrange is an error that says nothing to anyone.
var ErrStrange = errors.New("an injected error without a code")

// Script decides which step a fault comes at. The zero Script has none come.
type Script struct {
	mu      sync.Mutex
	armed   bool
	fault   Fault
	at      int
	step    int
	fired   string // the step that the fault came at
	lasting bool
}

// Arm has the fault come at the n-th step from now on, 0 the next.
func (s *Script) Arm(f Fault, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.fault, s.at, s.step, s.fired, s.lasting = true, f, n, 0, "", false
}

// Disarm ends the fault and returns the step that it came at, empty if it did not.
func (s *Script) Disarm() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.lasting = false, false
	return s.fired
}

// next returns the fault for a step. always says that the step is one for faults that do not
// lose the connection too.
func (s *Script) next(step string, always bool) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.armed || !always && !s.fault.Cut {
		return Fault{}, false
	}
	if s.fired != "" {
		if s.fault.AndRollback && step == "rollback" {
			s.fault.AndRollback = false
			return Fault{Err: s.fault.Err}, true
		}
		return s.fault, s.lasting
	}
	s.step++
	if s.step <= s.at {
		return Fault{}, false
	}
	s.fired, s.lasting = step, s.fault.Lasting
	return s.fault, true
}

// Connector opens the connections of another one, which follow a script.
type Connector struct {
	driver.Connector
	Script *Script
	// Cut is given a connection that is lost, and takes back what it has not committed.
	Cut func(conn driver.Conn)
	// Abort is given a connection in whose transaction a statement fails, to have the
	// database abort the transaction. It is nil for databases that do not. With it a
	// commit that fails rolls back, a rollback that fails loses the connection, and a row
	// that cannot be fetched is one whose connection is lost.
	Abort func(conn driver.Conn)
}

// Connect implements [driver.Connector].
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	connection := &faultyConnection{connector: c}
	err := connection.do("open", func() (err error) {
		connection.Conn, err = c.Connector.Connect(ctx)
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
	connector *Connector
	lost      bool
	inTx      bool
}

// do makes a step, with its fault.
func (c *faultyConnection) do(step string, do func() error) error {
	if c.lost {
		return driver.ErrBadConn
	}
	aborts := c.connector.Abort != nil
	f, hit := c.connector.Script.next(step, step != "next" || !aborts)
	if !hit {
		return do()
	}
	time.Sleep(f.Late)
	if f.After || f.Err == nil {
		if err := do(); err != nil {
			return err
		}
	}
	switch {
	case c.Conn == nil:
	case f.Cut || aborts && step == "rollback":
		c.lost = true
		c.connector.Cut(c.Conn)
	case aborts && c.inTx && !f.After && f.Err != nil && step != "commit":
		c.connector.Abort(c.Conn)
	}
	return f.Err
}

func (c *faultyConnection) IsValid() bool { return !c.lost }

func (c *faultyConnection) BeginTx(ctx context.Context, options driver.TxOptions) (tx driver.Tx, err error) {
	err = c.do("begin", func() (err error) {
		tx, err = c.Conn.(driver.ConnBeginTx).BeginTx(ctx, options)
		return err
	})
	if err != nil {
		if tx != nil {
			_ = tx.Rollback()
		}
		return nil, err
	}
	c.inTx = true
	return &faultyTx{tx, c}, nil
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

func (t *faultyTx) Commit() error {
	t.connection.inTx = false
	tried := false
	err := t.connection.do("commit", func() error {
		tried = true
		return t.Tx.Commit()
	})
	if !tried && !t.connection.lost && t.connection.connector.Abort != nil {
		_ = t.Tx.Rollback()
	}
	return err
}

func (t *faultyTx) Rollback() error {
	t.connection.inTx = false
	return t.connection.do("rollback", t.Tx.Rollback)
}

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
