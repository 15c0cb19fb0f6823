package postgres

import (
	"context"
	"math"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/pager"
)

// List implements [storage.Storage]. A page is one statement, and so of one moment.
func (r reader) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	return read(ctx, r, func(ctx context.Context) (storage.Page, error) {
		page := pager.New(q)
		decode := document.Decode
		if q.OmitCredentials {
			decode = document.DecodeWithoutCredentials
		}
		// One more than fit tells whether there are more.
		limit := min(int64(pager.Limit(q)), math.MaxInt32) + 1
		args := []any{q.After.String(), limit, int64(max(q.Offset, 0))}
		statement := r.statements.page
		switch f := q.Filter; {
		case f.IDs != nil:
			statement, args = r.statements.pageOfIDs, append(args, idArray(f.IDs))
		case f.Identifiers != nil:
			statement, args = r.statements.pageOfIdentifiers, append(args, identifierArrays(f.Identifiers)...)
		case f.Prefixes != nil:
			statement, args = r.statements.pageOfPrefixes, append(args, prefixArrays(f.Prefixes)...)
		case f.OrganizationID.Valid:
			statement, args = r.statements.pageOfOrganization, append(args, f.OrganizationID.UUID.String())
		}
		if err := r.eachIdentity(ctx, decode, page.Add, statement, args...); err != nil {
			return storage.Page{}, err
		}
		return page.Page(), nil
	})
}

// Count implements [storage.Storage].
func (r reader) Count(ctx context.Context, f storage.Filter) (int, error) {
	return read(ctx, r, func(ctx context.Context) (int, error) {
		var (
			statement = r.statements.count
			args      []any
			count     int64
		)
		switch {
		case f.IDs != nil:
			statement, args = r.statements.countIDs, []any{idArray(f.IDs)}
		case f.Identifiers != nil:
			statement, args = r.statements.countIdentifiers, identifierArrays(f.Identifiers)
		case f.Prefixes != nil:
			statement, args = r.statements.countPrefixes, prefixArrays(f.Prefixes)
		case f.OrganizationID.Valid:
			statement, args = r.statements.countOrganization, []any{f.OrganizationID.UUID.String()}
		}
		err := queryOne(ctx, r.session, statement, args, &count)
		return int(count), err
	})
}

func idArray(of []uuid.UUID) string { return ids(of, func(id uuid.UUID) uuid.UUID { return id }) }

// identifierArrays are the values and the types of identifiers. Those of an unknown type
// match nobody; what is claimed under the same name is something else.
func identifierArrays(identifiers []storage.Identifier) []any {
	known := knownTypes(identifiers)
	return []any{byteStrings(known, identifierValue), texts(known, identifierType)}
}

// prefixArrays are, for each prefix, the values from which and up to which identifiers
// begin with it, and the type. Identifiers are UTF-8, in which the byte 0xff does not
// occur.
func prefixArrays(prefixes []storage.Identifier) []any {
	known := knownTypes(prefixes)
	return []any{
		byteStrings(known, identifierValue),
		byteStrings(known, func(i storage.Identifier) string { return i.Value + "\xff" }),
		texts(known, identifierType),
	}
}

func knownTypes(of []storage.Identifier) (known []storage.Identifier) {
	for _, i := range of {
		if i.Type.IsKnown() {
			known = append(known, i)
		}
	}
	return known
}

func identifierValue(i storage.Identifier) string { return i.Value }
func identifierType(i storage.Identifier) string  { return string(i.Type) }
