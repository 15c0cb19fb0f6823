package sqlitedb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/claimtype"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// source is where statements run: a pool, or a transaction.
type source interface {
	statement(ctx context.Context, n statement) (*sql.Stmt, error)
}

// reader holds the reads of [storage.Storage], which are the same in a pool and in a
// transaction of the application.
type reader struct {
	source
	declarations *indexing.Cache
	// begin comes before each read and may refuse it; end comes after it and has the
	// last word on its error.
	begin func(ctx context.Context) error
	end   func(ctx context.Context, err error) error
	// quick says that a read of one row needs no watching over; see oneRow.
	quick bool
}

// read is what all reads have in common.
func read[T any](ctx context.Context, r reader, query func(ctx context.Context) (T, error)) (result T, err error) {
	if err := r.begin(ctx); err != nil {
		return result, err
	}
	result, err = query(ctx)
	return result, r.end(ctx, err)
}

// oneRow is the context for a read of one row. In a pool of the store's own, where no
// connection is held for long, it cannot be cancelled: watching for that takes a
// goroutine for each query, longer than the query. begin has looked at ctx.
func (r reader) oneRow(ctx context.Context) context.Context {
	if !r.quick {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// Get implements [storage.Storage].
func (r reader) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	found, err := r.get(ctx, id)
	return found.identity, err
}

// get is Get with what else the row holds.
func (r reader) get(ctx context.Context, id uuid.UUID) (row, error) {
	return read(ctx, r, func(ctx context.Context) (row, error) { return get(r.oneRow(ctx), r.source, id) })
}

// Find implements [storage.Storage].
func (r reader) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	return read(ctx, r, func(ctx context.Context) (found *identity.Identity, err error) {
		t, known := claimtype.Of(claim)
		if !known {
			return nil, storage.ErrNotFound
		}
		err = eachIdentity(r.oneRow(ctx), r.source, document.Decode, func(i *identity.Identity) bool {
			found = i
			return true
		}, selectByIdentifier, t, claim.Value)
		if err == nil && found == nil {
			err = storage.ErrNotFound
		}
		return found, err
	})
}

// row is an identity as it is stored.
type row struct {
	identity *identity.Identity
	// lastChange is the identity's newest change; not Valid for one that has not
	// changed since there is a feed.
	lastChange sql.NullInt64
}

// get reads one identity.
func get(ctx context.Context, from source, id uuid.UUID) (found row, err error) {
	err = eachRow(ctx, from, selectByID, []any{id[:]}, func(rows *sql.Rows) error {
		var (
			revision int64
			raw      sql.RawBytes
		)
		if err := rows.Scan(&revision, &found.lastChange, &raw); err != nil {
			return sqliteerror.Translate(err)
		}
		found.identity, err = document.Decode(id, revision, raw)
		return err
	})
	if err == nil && found.identity == nil {
		err = storage.ErrNotFound
	}
	if err != nil {
		return row{}, err
	}
	return found, nil
}

// eachRow calls scan with every row of a query, before the next is read, so that a
// document can be decoded where the driver put it.
func eachRow(ctx context.Context, from source, n statement, args []any, scan func(*sql.Rows) error) error {
	query, err := from.statement(ctx, n)
	if err != nil {
		return err
	}
	rows, err := query.QueryContext(ctx, args...)
	if err != nil {
		return sqliteerror.Translate(err)
	}
	// Even if scan panics: rows that stay open keep their transaction from ending.
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	if err := rows.Err(); err != nil {
		return errors.Join(sqliteerror.Translate(err), rows.Close())
	}
	return sqliteerror.Translate(rows.Close())
}

// queryRow reads the one row that a query returns.
func queryRow(ctx context.Context, from source, n statement, args []any, dest ...any) error {
	query, err := from.statement(ctx, n)
	if err != nil {
		return err
	}
	return sqliteerror.Translate(query.QueryRowContext(ctx, args...).Scan(dest...))
}
