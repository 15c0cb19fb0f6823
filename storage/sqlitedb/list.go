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
	"github.com/idemkit/idem/storage/internal/finder"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// List implements [storage.Storage].
func (r reader) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	return read(ctx, r, func(ctx context.Context) (storage.Page, error) {
		if q.Filter.Where.IsZero() && q.Filter.Search.IsZero() && q.Sort.IsZero() {
			return finder.Visit(ctx, stored{reader: r}, q)
		}
		return withIndexes(ctx, r, func(s stored) (storage.Page, error) { return finder.List(ctx, s, q) })
	})
}

// Count implements [storage.Storage].
func (r reader) Count(ctx context.Context, filter storage.Filter) (int, error) {
	return read(ctx, r, func(ctx context.Context) (int, error) {
		return withIndexes(ctx, r, func(s stored) (int, error) { return finder.Count(ctx, s, filter) })
	})
}

// withIndexes calls find with the indexes that are declared.
func withIndexes[T any](ctx context.Context, r reader, find func(s stored) (T, error)) (found T, err error) {
	return indexing.With(ctx, func(ctx context.Context) (*indexing.Set, error) { return readDeclared(ctx, r.declarations, r.source) },
		func(declared *indexing.Set) (T, error) { return find(stored{r, declared}) })
}

// stored is what the tables hold, for package finder.
type stored struct {
	reader
	declared *indexing.Set // nil if no index is to be used
}

func decoder(full bool) decode {
	if full {
		return document.Decode
	}
	return document.DecodeWithoutCredentials
}

// walkDecoder is decoder for a walk, which may lend what it decodes.
func walkDecoder(w finder.Walk) decode {
	if w.Lent {
		return document.Lend(w.Full)
	}
	return decoder(w.Full)
}

// Walk implements [finder.Store].
func (r stored) Walk(ctx context.Context, w finder.Walk, yield func(*identity.Identity) bool) error {
	if w.Organization.Valid {
		return eachIdentity(ctx, r.source, walkDecoder(w), yield, selectOrganizationPage, w.Organization.UUID[:], w.After[:], w.Limit, w.Offset)
	}
	return eachIdentity(ctx, r.source, walkDecoder(w), yield, selectPage, w.After[:], w.Limit, w.Offset)
}

// Get implements [finder.Store].
func (r stored) Get(ctx context.Context, ids []uuid.UUID, full bool, yield func(*identity.Identity) bool) error {
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return err
		}
		i, err := getIdentity(r.oneRow(ctx), r.source, id, decoder(full))
		switch {
		case errors.Is(err, storage.ErrNotFound):
			continue
		case err != nil:
			return err
		}
		if !yield(i) {
			return nil
		}
	}
	return nil
}

// Count implements [finder.Store].
func (r stored) Count(ctx context.Context, organization uuid.NullUUID) (count int, err error) {
	if organization.Valid {
		err = queryRow(ctx, r.source, countOrganization, []any{organization.UUID[:]}, &count)
	} else {
		err = queryRow(ctx, r.source, countAll, nil, &count)
	}
	return count, err
}

// Owners implements [finder.Store].
func (r stored) Owners(ctx context.Context, claims []storage.Claim) (ids []uuid.UUID, err error) {
	for _, claim := range claims {
		t, known := claimtype.Of(claim)
		if !known {
			continue
		}
		if ids, err = appendIDs(ctx, ids, r.source, selectOwner, t, claim.Value); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Prefixed implements [finder.Store].
func (r stored) Prefixed(prefixes []storage.Identifier) finder.Source {
	return &prefixed{stored: r, prefixes: prefixes}
}

// prefixed reads the owners of identifiers that begin with one of the prefixes.
type prefixed struct {
	stored   stored
	prefixes []storage.Identifier
	last     string // the last identifier that was read of the first prefix; empty if none was
}

// Next implements [finder.Source].
func (p *prefixed) Next(ctx context.Context, limit int) (ids []uuid.UUID, done bool, err error) {
	for len(p.prefixes) > 0 && len(ids) < limit {
		first := p.prefixes[0]
		if !first.Type.IsKnown() { // what is claimed under the same name is something else
			p.prefixes = p.prefixes[1:]
			continue
		}
		from, more := max(p.last, first.Value), limit-len(ids)+1 // one is read again
		read := 0
		err := eachRow(ctx, p.stored.source, selectOwnersByPrefix, []any{string(first.Type), from, afterPrefix(first.Value), more}, func(rows *sql.Rows) error {
			var key sql.RawBytes
			if err := rows.Scan(&p.last, &key); err != nil {
				return sqliteerror.Translate(err)
			}
			id, err := idOf(key)
			if err != nil {
				return err
			}
			read++
			ids = append(ids, id)
			return nil
		})
		if err != nil {
			return nil, false, err
		}
		if read < more {
			p.prefixes, p.last = p.prefixes[1:], ""
		}
	}
	return ids, len(p.prefixes) == 0, nil
}

// afterPrefix is a string after all that begin with prefix. Identifiers are UTF-8,
// in which this byte does not occur.
func afterPrefix(prefix string) string { return prefix + "\xff" }

// decode is [document.Decode] or a function that decodes less.
type decode = func(id uuid.UUID, revision int64, document []byte) (*identity.Identity, error)

// eachIdentity calls yield, until it returns false, with the identities of a query for id,
// revision and document.
func eachIdentity(ctx context.Context, from source, decode decode, yield func(*identity.Identity) bool, n statement, args ...any) error {
	var (
		key, raw sql.RawBytes
		revision int64
	)
	columns := []any{&key, &revision, &raw}
	err := eachRow(ctx, from, n, args, func(rows *sql.Rows) error {
		if err := rows.Scan(columns...); err != nil {
			return sqliteerror.Translate(err)
		}
		id, err := idOf(key)
		if err != nil {
			return err
		}
		i, err := decode(id, revision, raw)
		if err == nil && !yield(i) {
			return errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough ends the reading of rows.
var errEnough = errors.New("sqlitedb: enough rows")

// appendIDs appends the ids that a query returns.
func appendIDs(ctx context.Context, ids []uuid.UUID, from source, n statement, args ...any) ([]uuid.UUID, error) {
	err := eachRow(ctx, from, n, args, func(rows *sql.Rows) error {
		var key sql.RawBytes
		if err := rows.Scan(&key); err != nil {
			return sqliteerror.Translate(err)
		}
		id, err := idOf(key)
		if err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

// idOf returns the id that a column holds. Errors: errMalformedID.
func idOf(column []byte) (uuid.UUID, error) {
	id, err := uuid.FromBytes(column)
	if err != nil {
		return uuid.Nil, errMalformedID
	}
	return id, nil
}

var errMalformedID = errors.New("sqlitedb: the stored id of an identity is malformed")
