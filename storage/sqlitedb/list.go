package sqlitedb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/pager"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// List implements [storage.Storage].
func (r reader) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	return read(ctx, r, func(ctx context.Context) (storage.Page, error) { return r.list(ctx, q) })
}

func (r reader) list(ctx context.Context, q storage.Query) (storage.Page, error) {
	page := pager.New(q)
	decode := document.Decode
	if q.OmitCredentials {
		decode = document.DecodeWithoutCredentials
	}
	// One more than fit tells whether there are more.
	limit := pager.Limit(q) + 1
	var err error
	switch f := q.Filter; {
	case f.IDs != nil || f.Identifiers != nil || f.Prefixes != nil:
		err = r.eachMatch(ctx, f, q.After, q.Offset, page.Add)
	case f.OrganizationID.Valid:
		err = eachIdentity(ctx, r.source, decode, page.Add, selectOrganizationPage, f.OrganizationID.UUID[:], q.After[:], limit, q.Offset)
	default:
		err = eachIdentity(ctx, r.source, decode, page.Add, selectPage, q.After[:], limit, q.Offset)
	}
	if err != nil {
		return storage.Page{}, err
	}
	return page.Page(), nil
}

// eachMatch calls yield, until it returns false, with the matches of a filter that names
// identities rather than a range of them.
func (r reader) eachMatch(ctx context.Context, f storage.Filter, after uuid.UUID, skip int, yield func(*identity.Identity) bool) error {
	ids, err := r.matches(ctx, f)
	if err != nil {
		return err
	}
	start, at := slices.BinarySearchFunc(ids, after, compareIDs)
	if at {
		start++
	}
	for _, id := range ids[start:] {
		match, err := get(ctx, r.source, id)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if !f.Matches(match.identity) {
			continue // it has changed since it was found
		}
		if skip > 0 {
			skip--
			continue
		}
		if !yield(match.identity) {
			return nil
		}
	}
	return nil
}

// matches returns the ids that the filter names, sorted, each once.
func (r reader) matches(ctx context.Context, f storage.Filter) (ids []uuid.UUID, err error) {
	switch {
	case f.IDs != nil:
		ids = slices.Clone(f.IDs)
	case f.Identifiers != nil:
		for _, i := range f.Identifiers {
			if ids, err = appendIDs(ctx, ids, r.source, selectOwner, string(i.Type), i.Value); err != nil {
				return nil, err
			}
		}
	default:
		for _, p := range f.Prefixes {
			if ids, err = appendIDs(ctx, ids, r.source, selectOwnersByPrefix, string(p.Type), p.Value, afterPrefix(p.Value)); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids), nil
}

// Count implements [storage.Storage].
func (r reader) Count(ctx context.Context, filter storage.Filter) (int, error) {
	return read(ctx, r, func(ctx context.Context) (int, error) { return r.count(ctx, filter) })
}

func (r reader) count(ctx context.Context, f storage.Filter) (count int, err error) {
	switch {
	case f.IDs != nil:
		// Not all of these ids need have an identity.
		err = r.eachMatch(ctx, f, uuid.Nil, 0, func(*identity.Identity) bool { count++; return true })
		return count, err
	case f.Identifiers != nil || f.Prefixes != nil:
		ids, err := r.matches(ctx, f)
		return len(ids), err
	case f.OrganizationID.Valid:
		err = queryRow(ctx, r.source, countOrganization, []any{f.OrganizationID.UUID[:]}, &count)
	default:
		err = queryRow(ctx, r.source, countAll, nil, &count)
	}
	return count, err
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// afterPrefix is a string after all that begin with prefix. Identifiers are UTF-8,
// in which this byte does not occur.
func afterPrefix(prefix string) string { return prefix + "\xff" }

// decode is [document.Decode] or a function that decodes less.
type decode = func(id uuid.UUID, revision int64, document []byte) (*identity.Identity, error)

// eachIdentity calls yield, until it returns false, with the identities of a query for id,
// revision and document.
func eachIdentity(ctx context.Context, from source, decode decode, yield func(*identity.Identity) bool, n statement, args ...any) error {
	var (
		id       uuid.UUID
		key, raw sql.RawBytes
		revision int64
	)
	columns := []any{&key, &revision, &raw}
	err := eachRow(ctx, from, n, args, func(rows *sql.Rows) error {
		if err := rows.Scan(columns...); err != nil {
			return sqliteerror.Translate(err)
		}
		if err := id.UnmarshalBinary(key); err != nil {
			return errMalformedID
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
		var (
			id  uuid.UUID
			key sql.RawBytes
		)
		if err := rows.Scan(&key); err != nil {
			return sqliteerror.Translate(err)
		}
		if err := id.UnmarshalBinary(key); err != nil {
			return errMalformedID
		}
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

var errMalformedID = errors.New("sqlitedb: the stored id of an identity is malformed")
