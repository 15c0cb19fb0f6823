package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
)

// typeExternalID is the type under which external ids stand among the identifiers.
const typeExternalID = "external_id"

// Get implements [storage.Storage].
func (s *Store) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	i, err := get(s.quick(ctx), s.reads[selectByID], id)
	return i, s.readError(ctx, err)
}

// quick is the context for a read of one row. In a pool of the store's own, where no
// connection is held for long, it cannot be cancelled: watching for that takes a
// goroutine for each query, longer than the query. The caller has looked at ctx.
func (s *Store) quick(ctx context.Context) context.Context {
	if len(s.owned) == 0 {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// FindByIdentifier implements [storage.Storage].
func (s *Store) FindByIdentifier(ctx context.Context, t credentials.Type, identifier string) (*identity.Identity, error) {
	if !t.IsKnown() {
		// The claims that are no identifiers stand under types of their own.
		return nil, s.readError(ctx, storage.ErrNotFound)
	}
	return s.find(ctx, string(t), identifier)
}

// FindByExternalID implements [storage.Storage].
func (s *Store) FindByExternalID(ctx context.Context, externalID string) (*identity.Identity, error) {
	return s.find(ctx, typeExternalID, externalID)
}

func (s *Store) find(ctx context.Context, t, identifier string) (*identity.Identity, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found, err := scanAll(s.quick(ctx), s.reads[selectByIdentifier], t, identifier)
	switch {
	case err != nil:
		return nil, s.readError(ctx, err)
	case len(found) == 0:
		return nil, s.readError(ctx, storage.ErrNotFound)
	}
	return found[0], nil
}

// get reads one identity with a statement of the pool or of a transaction.
func get(ctx context.Context, byID *sql.Stmt, id uuid.UUID) (i *identity.Identity, err error) {
	err = eachRow(ctx, byID, []any{id[:]}, func(rows *sql.Rows) error {
		var (
			revision int64
			raw      sql.RawBytes
		)
		if err := rows.Scan(&revision, &raw); err != nil {
			return translate(err)
		}
		i, err = document.Decode(id, revision, raw)
		return err
	})
	if err == nil && i == nil {
		err = storage.ErrNotFound
	}
	return i, err
}

// eachRow calls scan with every row of a query, before the next is read, so that a
// document can be decoded where the driver put it.
func eachRow(ctx context.Context, query *sql.Stmt, args []any, scan func(*sql.Rows) error) error {
	rows, err := query.QueryContext(ctx, args...)
	if err != nil {
		return translate(err)
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	if err := rows.Err(); err != nil {
		return errors.Join(translate(err), rows.Close())
	}
	return translate(rows.Close())
}

// readError is err, or what explains it: a read that fails because its caller has
// gone or the store was closed says so.
func (s *Store) readError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case s.commits.isClosed():
		return storage.ErrClosed
	}
	return err
}
