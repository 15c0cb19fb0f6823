package postgres

import "context"

// The interfaces below are what this package uses of pgx, version 5, so that a program
// with another driver does not build pgx.

// PgxPool is implemented by *pgxpool.Pool.
type PgxPool[R PgxRows, C PgxCommandTag, T PgxTx[R, C], N PgxConn[R, C]] interface {
	PgxQuerier[R, C]
	Begin(ctx context.Context) (T, error)
	Acquire(ctx context.Context) (N, error)
}

// PgxConn is implemented by *pgxpool.Conn.
type PgxConn[R PgxRows, C PgxCommandTag] interface {
	PgxQuerier[R, C]
	Release()
}

// PgxTx is implemented by pgx.Tx and *pgxpool.Tx.
type PgxTx[R PgxRows, C PgxCommandTag] interface {
	PgxQuerier[R, C]
	Commit(ctx context.Context) error
	Rollback(ctx context.Context) error
}

// PgxQuerier is what a pool and a transaction of pgx have in common.
type PgxQuerier[R PgxRows, C PgxCommandTag] interface {
	Query(ctx context.Context, sql string, args ...any) (R, error)
	Exec(ctx context.Context, sql string, args ...any) (C, error)
}

// PgxRows is implemented by pgx.Rows.
type PgxRows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// PgxCommandTag is implemented by pgconn.CommandTag.
type PgxCommandTag interface {
	RowsAffected() int64
}

// pgxSession is a session of pgx.
type pgxSession[R PgxRows, C PgxCommandTag] struct{ querier PgxQuerier[R, C] }

func (s pgxSession[R, C]) query(ctx context.Context, sql string, args []any, each func(row row) error) error {
	rows, err := s.querier.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := eachRow(rows, each); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

func (s pgxSession[R, C]) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := s.querier.Exec(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	return tag.RowsAffected(), nil
}

// pgxDatabase is a pool of pgx.
type pgxDatabase[R PgxRows, C PgxCommandTag, T PgxTx[R, C], N PgxConn[R, C]] struct {
	pgxSession[R, C]
	pool PgxPool[R, C, T, N]
}

func newPgxDatabase[R PgxRows, C PgxCommandTag, T PgxTx[R, C], N PgxConn[R, C]](pool PgxPool[R, C, T, N]) pgxDatabase[R, C, T, N] {
	return pgxDatabase[R, C, T, N]{pgxSession[R, C]{pool}, pool}
}

// onConn calls use with one connection, so that a failure to get one is told from that of a
// statement.
func (d pgxDatabase[R, C, T, N]) onConn(ctx context.Context, use func(s pgxSession[R, C]) error) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return notSent{err}
	}
	defer conn.Release()
	return use(pgxSession[R, C]{conn})
}

func (d pgxDatabase[R, C, T, N]) queryOnce(ctx context.Context, sql string, args []any, each func(row row) error) error {
	return d.onConn(ctx, func(s pgxSession[R, C]) error { return s.query(ctx, sql, args, each) })
}

func (d pgxDatabase[R, C, T, N]) exec(ctx context.Context, sql string, args ...any) (changed int64, err error) {
	err = d.onConn(ctx, func(s pgxSession[R, C]) error {
		changed, err = s.exec(ctx, sql, args...)
		return err
	})
	return changed, err
}

func (d pgxDatabase[R, C, T, N]) begin(ctx context.Context) (transaction, error) {
	tx, err := d.pool.Begin(ctx)
	if err != nil {
		return nil, notSent{err}
	}
	return pgxTransaction[R, C]{pgxSession[R, C]{tx}, tx}, nil
}

// pgxTransaction is a transaction of pgx.
type pgxTransaction[R PgxRows, C PgxCommandTag] struct {
	pgxSession[R, C]
	tx PgxTx[R, C]
}

func (t pgxTransaction[R, C]) commit(ctx context.Context) error   { return t.tx.Commit(ctx) }
func (t pgxTransaction[R, C]) rollback(ctx context.Context) error { return t.tx.Rollback(ctx) }
