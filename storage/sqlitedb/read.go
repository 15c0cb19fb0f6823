package sqlitedb

import (
	"cmp"
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
	return read(ctx, r, func(ctx context.Context) (*identity.Identity, error) {
		return getIdentity(r.oneRow(ctx), r.source, id, document.Decode)
	})
}

// get is Get with what an update needs to know of the row.
func (r reader) get(ctx context.Context, id uuid.UUID) (row, error) {
	return read(ctx, r, func(ctx context.Context) (row, error) { return get(r.oneRow(ctx), r.source, id) })
}

// Find implements [storage.Storage].
func (r reader) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	return read(ctx, r, func(ctx context.Context) (*identity.Identity, error) {
		t, known := claimtype.Of(claim)
		if !known {
			return nil, storage.ErrNotFound
		}
		l := lookup{decode: document.Decode}
		err := l.read(r.oneRow(ctx), r.source, selectByIdentifier, []any{t, claim.Value}, &l.id, &l.revision, &l)
		return l.identity, err
	})
}

// row is an identity as it is stored.
type row struct {
	identity *identity.Identity
	// lastChange is the identity's newest change; not Valid for one that has not
	// changed since there is a feed.
	lastChange sql.NullInt64
	size       int // of the document, in bytes
}

// getIdentity reads one identity.
func getIdentity(ctx context.Context, from source, id uuid.UUID, decode decode) (*identity.Identity, error) {
	l := lookup{id: scannedID(id), decode: decode}
	err := l.read(ctx, from, selectIdentity, []any{l.id[:]}, &l.revision, &l)
	return l.identity, err
}

// get reads one identity for an update.
func get(ctx context.Context, from source, id uuid.UUID) (row, error) {
	l := lookup{id: scannedID(id), decode: document.Decode}
	err := l.read(ctx, from, selectByID, []any{l.id[:]}, &l.revision, &l.lastChange, &l)
	return l.row, err
}

// lookup reads the row of one identity.
type lookup struct {
	row
	id       scannedID
	revision int64
	decode   decode
	damage   error // of the document
}

// read reads the row that a query returns into dest, of which l itself is the document.
func (l *lookup) read(ctx context.Context, from source, n statement, args []any, dest ...any) error {
	err := queryRow(ctx, from, n, args, dest...)
	if errors.Is(err, sql.ErrNoRows) {
		err = storage.ErrNotFound
	}
	if err = cmp.Or(err, l.damage); err != nil {
		l.row = row{}
	}
	return err
}

// Scan implements [sql.Scanner] for the document, which comes after the id and the revision. It is decoded where the driver
// put it. It is text if somebody wrote it with a tool.
func (l *lookup) Scan(column any) error {
	raw, isBlob := column.([]byte)
	if text, isText := column.(string); !isBlob && isText {
		raw = []byte(text)
	}
	l.size = len(raw)
	l.identity, l.damage = l.decode(uuid.UUID(l.id), l.revision, raw)
	return nil
}

// scannedID is the id of an identity as it is stored.
type scannedID uuid.UUID

// Scan implements [sql.Scanner].
func (id *scannedID) Scan(column any) error {
	raw, _ := column.([]byte)
	read, err := idOf(raw)
	*id = scannedID(read)
	return err
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

// queryRow reads the one row that a query returns. Its error is [sql.ErrNoRows] if there is none.
func queryRow(ctx context.Context, from source, n statement, args []any, dest ...any) error {
	query, err := from.statement(ctx, n)
	if err != nil {
		return err
	}
	err = query.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return sqliteerror.Translate(err)
}
