package sqlitedb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// inTransaction runs work in a transaction of db and commits it. After an error of
// work it is rolled back; so it is if work panics. An error of the commit that wraps
// [storage.ErrOutcomeUnknown] leaves open whether work has happened.
//
// However it ends, the connection goes back to the pool without a transaction. One
// that stayed open would keep the lock, and fail whoever gets the connection next.
func inTransaction(ctx context.Context, db *sql.DB, work func(tx *sql.Tx) error) (err error) {
	conn, tx, err := begin(ctx, db)
	if err != nil {
		return sqliteerror.Translate(err)
	}
	defer func() { _ = conn.Close() }()
	returned := false
	defer func() {
		// Where SQLite has rolled back by itself, as it does when the disk is full,
		// this fails.
		if (!returned || err != nil) && ignoreDone(tx.Rollback()) != nil {
			settle(context.WithoutCancel(ctx), conn)
		}
	}()
	err = work(tx)
	returned = true
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		settle(context.WithoutCancel(ctx), conn)
		return sqliteerror.TranslateCommit(err)
	}
	return nil
}

// begin begins a transaction on a connection that is held until it is closed. As the
// pool itself does, it tries another connection where one turns out to be lost.
func begin(ctx context.Context, db *sql.DB) (conn *sql.Conn, tx *sql.Tx, err error) {
	for range 3 {
		if conn, err = db.Conn(ctx); err != nil {
			return nil, nil, err
		}
		if tx, err = conn.BeginTx(ctx, nil); err == nil {
			return conn, tx, nil
		}
		_ = conn.Close()
		if !errors.Is(err, driver.ErrBadConn) {
			break
		}
	}
	return nil, nil, err
}

// settle ends a transaction that did not end as it should have, or else the connection.
func settle(ctx context.Context, conn *sql.Conn) {
	_, _ = conn.ExecContext(ctx, "ROLLBACK") // refused where there is none
	tx, err := conn.BeginTx(ctx, nil)
	if err == nil {
		err = tx.Rollback()
	}
	if err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
