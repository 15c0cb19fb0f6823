package postgres

import (
	"context"
	"database/sql"
	"errors"
)

// session is where statements run: a pool of connections, or a transaction. Arguments are
// strings, byte slices, int64s, bools and nil, which every driver writes alike; the
// statements cast them. Errors are those of the driver.
type session interface {
	// query calls each with every row.
	query(ctx context.Context, sql string, args []any, each func(row row) error) error
	// exec returns how many rows the statement changed.
	exec(ctx context.Context, sql string, args ...any) (int64, error)
}

// row is a row of an answer.
type row interface {
	Scan(dest ...any) error
}

// database is a pool of connections.
type database interface {
	session
	// queryOnce is query for a statement that writes. Like exec it sends the statement once
	// at most.
	queryOnce(ctx context.Context, sql string, args []any, each func(row row) error) error
	begin(ctx context.Context) (transaction, error)
}

// transaction is a transaction on one connection.
type transaction interface {
	session
	commit(ctx context.Context) error
	// rollback may be called after commit, and does nothing then.
	rollback(ctx context.Context) error
}

// rows are the rows of an answer: those of database/sql and of pgx.
type rows interface {
	row
	Next() bool
	Err() error
}

// errEnough ends the reading of rows.
var errEnough = errors.New("postgres: enough rows")

// eachRow calls each with every row, until it returns an error.
func eachRow(rows rows, each func(row row) error) error {
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sqlQuerier is what *sql.DB, *sql.Conn and *sql.Tx have in common.
type sqlQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// sqlSession is a session of database/sql.
type sqlSession struct{ sqlQuerier }

func (s sqlSession) query(ctx context.Context, sql string, args []any, each func(row row) error) error {
	rows, err := s.QueryContext(ctx, sql, args...)
	if err != nil {
		return err
	}
	// Even if each panics: rows that stay open keep their connection.
	defer rows.Close()
	if err := eachRow(rows, each); err != nil {
		return err
	}
	return rows.Close()
}

func (s sqlSession) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	result, err := s.ExecContext(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// sqlDatabase is a pool of database/sql.
type sqlDatabase struct {
	sqlSession
	db *sql.DB
}

func newSQLDatabase(db *sql.DB) sqlDatabase { return sqlDatabase{sqlSession{db}, db} }

// onConn calls use with one connection. A pool repeats a statement by itself if a driver
// returns driver.ErrBadConn, which some do for statements that were sent.
func (d sqlDatabase) onConn(ctx context.Context, use func(s sqlSession) error) error {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return notSent{err}
	}
	defer func() { _ = conn.Close() }() // it goes back to the pool
	return use(sqlSession{conn})
}

func (d sqlDatabase) queryOnce(ctx context.Context, sql string, args []any, each func(row row) error) error {
	return d.onConn(ctx, func(s sqlSession) error { return s.query(ctx, sql, args, each) })
}

func (d sqlDatabase) exec(ctx context.Context, sql string, args ...any) (changed int64, err error) {
	err = d.onConn(ctx, func(s sqlSession) error {
		changed, err = s.exec(ctx, sql, args...)
		return err
	})
	return changed, err
}

func (d sqlDatabase) begin(ctx context.Context) (transaction, error) {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, notSent{err}
	}
	return sqlTransaction{sqlSession{tx}, tx}, nil
}

// sqlTransaction is a transaction of database/sql.
type sqlTransaction struct {
	sqlSession
	tx *sql.Tx
}

func (t sqlTransaction) commit(context.Context) error   { return t.tx.Commit() }
func (t sqlTransaction) rollback(context.Context) error { return t.tx.Rollback() }
