package sqlitedb

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// lockTimeout is how long a write waits for the database's write lock unless
// [WithLockTimeout] says otherwise.
const lockTimeout = 5 * time.Second

// database begins the transactions that write.
type database struct {
	db *sql.DB
	// deferred says that a transaction of db begins without the write lock, which
	// must then be taken first: checks made before it would not hold.
	deferred bool
	// lock are the statements that take the write lock in a deferred transaction.
	lock    []string
	timeout time.Duration
}

// writing is a transaction that has the write lock, and the connection it holds.
type writing struct {
	conn *sql.Conn
	tx   *sql.Tx
}

// begin begins a transaction that has the write lock, and waits for the lock as poll does.
func (d *database) begin(ctx context.Context, queued time.Time) (w *writing, err error) {
	err = d.poll(ctx, queued, func(deadline time.Time) error {
		w, err = d.try(ctx, deadline)
		return err
	})
	return w, err
}

// poll calls try again and again while another connection has a lock that try needs.
// SQLite's own waiting backs off so far that a busy neighbour starves it, and cannot be
// interrupted. It gives up when ctx ends, or when the store's timeout has passed since
// queued.
func (d *database) poll(ctx context.Context, queued time.Time, try func(deadline time.Time) error) error {
	deadline := queued.Add(d.timeout)
	for {
		err := try(deadline)
		if err == nil || !sqliteerror.IsBusy(err) {
			return err
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("the write lock was not free within %v: another process has it, or a transaction of this one (within a transaction use the store of WithTx): %w", d.timeout, sqliteerror.Translate(err))
		}
		// A neighbour that takes the lock in a loop leaves it free for some 20 µs in each
		// round: what counts is to look often, and not in step with it. A look costs 30 µs.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250*time.Microsecond + time.Duration(rand.Int64N(int64(500*time.Microsecond)))):
		}
	}
}

// yield leaves the lock free for one or two looks of poll. Between the steps of long work
// others would hardly ever find it free: poll looks every millisecond, and the next step
// would have it after some 20 µs.
func yield(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(2 * time.Millisecond):
	}
}

// try is begin that does not wait for the write lock. It waits for a connection, where all
// that the pool may have are in use. As the pool itself does, it takes another connection
// where one turns out to be lost.
func (d *database) try(ctx context.Context, deadline time.Time) (w *writing, err error) {
	for range 3 {
		conn, err := d.conn(ctx, deadline)
		if err != nil {
			return nil, err
		}
		// The caller's context does not reach the transaction: it shall not take its
		// neighbours' writes with it.
		ctx := context.Background()
		tx, err := conn.BeginTx(ctx, nil)
		if err == nil {
			w := &writing{conn: conn, tx: tx}
			if d.deferred {
				err = w.lock(ctx, d.lock)
			}
			if err == nil {
				return w, nil
			}
			w.rollBack(ctx)
		}
		_ = conn.Close()
		if !errors.Is(err, driver.ErrBadConn) {
			return nil, ignoreBusy(err)
		}
	}
	return nil, sqliteerror.Translate(driver.ErrBadConn)
}

// conn takes a connection from the pool.
func (d *database) conn(ctx context.Context, deadline time.Time) (*sql.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !d.deferred {
		// A pool of the store's own, whose connection is free.
		conn, err := d.db.Conn(ctx)
		return conn, ignoreBusy(err)
	}
	// A caller that comes to its turn late shall get a connection that is free.
	if soon := time.Now().Add(100 * time.Millisecond); deadline.Before(soon) {
		deadline = soon
	}
	waiting, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	conn, err := d.db.Conn(waiting)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("%w: no connection was free within %v: all that SetMaxOpenConns allows are in use, perhaps by a transaction of the application (within a transaction use the store of WithTx)", storage.ErrUnavailable, d.timeout)
	}
	return conn, ignoreBusy(err)
}

// ignoreBusy translates err unless it says that somebody else has a lock.
func ignoreBusy(err error) error {
	if sqliteerror.IsBusy(err) {
		return err
	}
	return sqliteerror.Translate(err)
}

// lock takes the write lock if it is free. The connection's own waiting is switched off
// meanwhile.
func (w *writing) lock(ctx context.Context, statements []string) (err error) {
	var waits int // milliseconds
	if err := w.tx.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&waits); err != nil {
		return err
	}
	if waits > 0 {
		if err := setBusyTimeout(ctx, w.tx, 0); err != nil {
			return err
		}
		defer func() { err = cmp.Or(setBusyTimeout(ctx, w.tx, waits), err) }()
	}
	for _, statement := range statements {
		if _, err := w.tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func setBusyTimeout(ctx context.Context, tx *sql.Tx, milliseconds int) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", milliseconds))
	return err
}

// run runs work in the transaction and commits it. After an error of work it is rolled
// back; so it is if work panics. An error of the commit that wraps
// [storage.ErrOutcomeUnknown] leaves open whether work has happened.
//
// However it ends, the connection goes back to the pool without a transaction. One
// that stayed open would keep the lock, and fail whatever uses the connection next.
func (w *writing) run(ctx context.Context, work func(tx *sql.Tx) error) (err error) {
	defer func() { _ = w.conn.Close() }()
	returned := false
	defer func() {
		if !returned || err != nil {
			w.rollBack(context.WithoutCancel(ctx))
		}
	}()
	err = work(w.tx)
	returned = true
	if err != nil {
		return err
	}
	if err := w.tx.Commit(); err != nil {
		w.settle(context.WithoutCancel(ctx))
		return sqliteerror.TranslateCommit(err)
	}
	return nil
}

// cancel ends the transaction without a change.
func (w *writing) cancel() {
	w.rollBack(context.Background())
	_ = w.conn.Close()
}

// rollBack ends the transaction. Where SQLite has rolled back by itself, as it does when
// the disk is full, this fails.
func (w *writing) rollBack(ctx context.Context) {
	if err := w.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		w.settle(ctx)
	}
}

// settle ends a transaction that did not end as it should have, or else the connection.
func (w *writing) settle(ctx context.Context) {
	_, _ = w.conn.ExecContext(ctx, "ROLLBACK") // refused where there is none
	tx, err := w.conn.BeginTx(ctx, nil)
	if err == nil {
		err = tx.Rollback()
	}
	if err != nil {
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// inTransaction runs work in a transaction of its own that has the write lock.
func (d *database) inTransaction(ctx context.Context, work func(tx *sql.Tx) error) error {
	w, err := d.begin(ctx, time.Now())
	if err != nil {
		return err
	}
	return w.run(ctx, work)
}
