package sqlitedb

import (
	"context"
	"database/sql"

	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// transaction runs the statements within one transaction.
type transaction struct {
	tx *sql.Tx
	// prepared are the statements of the pool that tx is of. Nil for a transaction of
	// the application, of whichever pool: each is then prepared when it is needed.
	prepared     *statements
	bound        statements
	declarations *indexing.Cache
	declared     *indexing.Set // nil until it was read
	// unwritten are the changes that are recorded and not written to the feed yet.
	unwritten []*entry
	// newest is the newest change that is written. It is not Valid until it is needed.
	newest sql.NullInt64
	// indexing is the version of what is declared, once newest is Valid.
	indexing int64
}

// readState reads what every write needs to know of the others: the newest change and what indexes there are. It is read
// once, since a query costs as much as a write of a row. The transaction must have the write lock.
func (t *transaction) readState(ctx context.Context) error {
	if t.newest.Valid {
		return nil
	}
	return queryRow(ctx, t, selectState, nil, &t.newest, &t.indexing)
}

// statement implements [source]. The result ends with the transaction.
func (t *transaction) statement(ctx context.Context, n statement) (*sql.Stmt, error) {
	if t.bound[n] != nil {
		return t.bound[n], nil
	}
	if t.prepared != nil && t.prepared[n] != nil {
		t.bound[n] = t.tx.StmtContext(ctx, t.prepared[n])
		return t.bound[n], nil
	}
	bound, err := t.tx.PrepareContext(ctx, queries[n])
	if err != nil {
		return nil, sqliteerror.Translate(err)
	}
	t.bound[n] = bound
	return bound, nil
}

// exec runs statement n and returns how many rows it changed.
func (t *transaction) exec(ctx context.Context, n statement, args ...any) (int64, error) {
	bound, err := t.statement(ctx, n)
	if err != nil {
		return 0, err
	}
	result, err := bound.ExecContext(ctx, args...)
	if err != nil {
		return 0, sqliteerror.Translate(err)
	}
	rows, err := result.RowsAffected()
	return rows, sqliteerror.Translate(err)
}
