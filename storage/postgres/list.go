package postgres

import (
	"context"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/claimtype"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/finder"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/pager"
)

// List implements [storage.Storage]. A page that an index selects is read in one statement,
// so all its identities are of the same moment.
func (r reader) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	return read(ctx, r, func(step context.Context) (storage.Page, error) {
		if r.statements.pageFor(q.Filter) == nil || !q.Sort.IsZero() {
			if q.Filter.Where.IsZero() && q.Filter.Search.IsZero() && q.Sort.IsZero() {
				return finder.List(ctx, newKept(r), q) // which no declared index serves
			}
			return withIndexes(ctx, r, func(k kept) (storage.Page, error) { return finder.List(ctx, k, q) })
		}
		page := pager.New(q)
		// One more than fit tells whether there are more.
		limit := min(int64(pager.Limit(q)), math.MaxInt32) + 1
		full := !q.OmitCredentials
		if err := r.eachOnPage(step, q.Filter, full, q.After.ID, limit, max(q.Offset, 0), page.Add); err != nil {
			return storage.Page{}, err
		}
		return page.Page(), nil
	})
}

// pageFor returns the statement for a page of what an index selects, nil if none does alone.
// A prefix may select most identities, and would have them all sorted.
func (s *statements) pageFor(f storage.Filter) *string {
	switch {
	case f.Prefixes != nil || !f.Where.IsZero() || !f.Search.IsZero():
		return nil
	case f.IDs == nil && f.Identifiers == nil && !f.OrganizationID.Valid:
		return &s.page
	case f.IDs != nil && f.Identifiers == nil && !f.OrganizationID.Valid:
		return &s.pageOfIDs
	case f.IDs == nil && f.Identifiers != nil && !f.OrganizationID.Valid:
		return &s.pageOfIdentifiers
	case f.IDs == nil && f.Identifiers == nil:
		return &s.pageOfOrganization
	}
	return nil
}

// eachOnPage runs the statement of pageFor.
func (r reader) eachOnPage(ctx context.Context, f storage.Filter, full bool, after uuid.UUID, limit int64, offset int, yield func(*identity.Identity) bool) error {
	args := []any{after.String(), limit, int64(offset)}
	switch {
	case f.IDs != nil:
		args = append(args, idArray(f.IDs))
	case f.Identifiers != nil:
		args = append(args, identifierArrays(f.Identifiers)...)
	case f.OrganizationID.Valid:
		args = append(args, f.OrganizationID.UUID.String())
	}
	return r.eachIdentity(ctx, decoder(full), yield, *r.statements.pageFor(f), args...)
}

func decoder(full bool) decode {
	if full {
		return document.Decode
	}
	return document.DecodeWithoutCredentials
}

// Count implements [storage.Storage].
func (r reader) Count(ctx context.Context, f storage.Filter) (int, error) {
	return read(ctx, r, func(step context.Context) (int, error) {
		var (
			statement string
			args      []any
			count     int64
			prefixes  = f
		)
		prefixes.Prefixes = nil
		switch page := r.statements.pageFor(prefixes); {
		case page == nil || f.Prefixes != nil && page != &r.statements.page:
			return withIndexes(ctx, r, func(k kept) (int, error) { return finder.Count(ctx, k, f) })
		case f.Prefixes != nil:
			statement, args = r.statements.countPrefixes, prefixArrays(f.Prefixes)
		case f.IDs != nil:
			statement, args = r.statements.countIDs, []any{idArray(f.IDs)}
		case f.Identifiers != nil:
			statement, args = r.statements.countIdentifiers, identifierArrays(f.Identifiers)
		case f.OrganizationID.Valid:
			statement, args = r.statements.countOrganization, []any{f.OrganizationID.UUID.String()}
		default:
			statement = r.statements.count
		}
		err := queryOne(step, r.session, statement, args, &count)
		return int(count), err
	})
}

// kept is what the tables hold, for package finder.
type kept struct {
	reader
	declared *indexing.Set // nil if no index is to be used
}

func newKept(r reader) kept {
	r.session = steps{r.session, r.inTransaction}
	return kept{reader: r}
}

// steps runs the statements of a list, and ends the list when its context has ended. In a
// transaction of the application each statement runs to its end: ending a statement could
// end the transaction.
type steps struct {
	session
	inTransaction bool
}

func (s steps) query(ctx context.Context, sql string, args []any, each func(row row) error) error {
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		step, begun := ctx, false
		if s.inTransaction {
			step = context.WithoutCancel(ctx)
		}
		err := s.session.query(step, sql, args, func(row row) error {
			begun = true
			return each(row)
		})
		// One that has no row yet is repeated by itself: a list of many steps would hardly come
		// to its end if any failure made it begin again.
		if fault := faultOf(err); begun || s.inTransaction || n == readAttempts || fault != faultAgain && fault != faultLost && fault != faultNotSent || isOurs(err) {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// Walk implements [finder.Store].
func (k kept) Walk(ctx context.Context, w finder.Walk, yield func(*identity.Identity) bool) error {
	return k.eachOnPage(ctx, storage.Filter{OrganizationID: w.Organization}, w.Full, w.After, int64(w.Limit), w.Offset, yield)
}

// Get implements [finder.Store].
func (k kept) Get(ctx context.Context, ids []uuid.UUID, full bool, yield func(*identity.Identity) bool) error {
	return k.eachIdentity(ctx, decoder(full), yield, k.statements.getMany, idArray(ids))
}

// Count implements [finder.Store].
func (k kept) Count(ctx context.Context, organization uuid.NullUUID) (int, error) {
	statement, args := k.statements.count, []any(nil)
	if organization.Valid {
		statement, args = k.statements.countOrganization, []any{organization.UUID.String()}
	}
	var count int64
	err := queryOne(ctx, k.session, statement, args, &count)
	return int(count), err
}

// Owners implements [finder.Store].
func (k kept) Owners(ctx context.Context, claims []storage.Claim) (ids []uuid.UUID, err error) {
	claims = slices.DeleteFunc(slices.Clone(claims), func(c storage.Claim) bool {
		_, known := claimtype.Of(c)
		return !known
	})
	err = k.query(ctx, k.statements.owners, claimArrays(claims), func(row row) error {
		var id uuid.UUID
		ids = append(ids, id)
		return row.Scan(&ids[len(ids)-1])
	})
	return ids, err
}

// Prefixed implements [finder.Store].
func (k kept) Prefixed(prefixes []storage.Identifier) finder.Source {
	return &prefixed{kept: k, prefixes: knownTypes(prefixes)}
}

// prefixed reads the owners of identifiers that begin with one of the prefixes.
type prefixed struct {
	kept     kept
	prefixes []storage.Identifier
	last     string // the last identifier that was read of the first prefix; empty if none was
}

// Next implements [finder.Source].
func (p *prefixed) Next(ctx context.Context, limit int) (ids []uuid.UUID, done bool, err error) {
	for len(p.prefixes) > 0 && len(ids) < limit {
		first := p.prefixes[0]
		from, more, read := max(p.last, first.Value), limit-len(ids)+1, 0 // one is read again
		args := []any{[]byte(from), []byte(first.Value + "\xff"), string(first.Type), int64(more)}
		err := p.kept.query(ctx, p.kept.statements.ownersByPrefix, args, func(row row) error {
			var (
				value []byte
				id    uuid.UUID
			)
			if err := row.Scan(&value, &id); err != nil {
				return err
			}
			read++
			p.last, ids = string(value), append(ids, id)
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
