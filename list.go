package idem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// MaxPageSize is how many identities a page can have.
const MaxPageSize = 500

// Query says which identities [Manager.ListIdentities] returns, and in what order. The
// zero Query is the first page of all, by id. An identity is selected if it matches every
// filter that is set: Where, Search, IDs, Identifier, IdentifierPrefix and OrganizationID.
type Query struct {
	// Where selects the identities for which the expression holds. The zero Expr selects all.
	Where query.Expr
	// Search selects the identities in which each of these words occurs, in an identifier,
	// an address, the external id or a string of the traits; see [query.NewSearch]. Empty
	// selects all.
	Search string
	// Sort is the order, at most [query.MaxOrders] paths. Identities that are equal in all
	// of them are in the order of their ids, as are all identities if Sort is empty.
	Sort []query.Order

	// PageSize is how many identities a page has at most. 0 or less means 250; more
	// than MaxPageSize means MaxPageSize.
	PageSize int
	// PageToken is the NextPageToken of the previous page, which must come from a Query
	// with the same filters and the same order. Empty means the first page.
	PageToken string
	// Offset skips that many identities at the beginning. Prefer PageToken: it neither
	// repeats nor skips identities when others are created or deleted, and a page costs
	// the same at any depth.
	Offset int

	// IDs selects the identities with these ids. Unknown and repeated ids are ignored.
	// At most MaxPageSize are allowed. An empty slice that is not nil selects none.
	IDs []uuid.UUID
	// Identifier selects the identities with a credential of this identifier, in any
	// spelling that normalises alike for password, webauthn and code, and exactly as
	// it is for the other types.
	Identifier string
	// IdentifierPrefix selects the identities with an identifier that begins so,
	// normalised as for Identifier.
	IdentifierPrefix string
	// OrganizationID selects the identities of an organization.
	OrganizationID uuid.NullUUID

	// OmitCredentials leaves out the credentials of the identities in the page. Reading
	// them is most of the work of a page.
	OmitCredentials bool
	// MaxBytes ends a page early, with its NextPageToken, once its identities take about
	// that many bytes. The first is always in the page. 0 or less means no bound.
	MaxBytes int

	// Visit, if it is not nil, gets the identities of the page, in their order, and Page.Identities
	// is nil. That saves the copies which a page consists of. An identity is valid only during
	// the call: Visit must not modify or keep it, except for a Clone. Visit must be quick, since the
	// store may be reading meanwhile, and must not call the Manager or the store. If
	// ListIdentities fails, some may have been visited. [Manager.Identities] ignores it.
	Visit func(i *identity.Identity)
}

// Page is a part of a list of identities.
type Page struct {
	// Identities are in the order of the Query.
	Identities []*identity.Identity
	// NextPageToken gets the next page. It is empty on the last page. It stays valid when
	// identities are created or deleted: pages neither repeat nor skip an identity that
	// stays at its place in the order. It is not encrypted: it holds the id of the last
	// identity of the page and, of each value that the list is sorted by, the first
	// [query.MaxSortKey] characters.
	NextPageToken string
}

// ListIdentities returns a page of the identities that q selects. If the store has no index
// for a filter or for the order, it reads all identities; use ctx to bound that time.
//
// Errors: KindInvalid for an invalid expression, search or order, for a page token of other
// filters or another order, and for too many ids.
func (m *Manager) ListIdentities(ctx context.Context, q Query) (Page, error) {
	return run(ctx, m, "list identities", uuid.Nil, func(ctx context.Context) (Page, error) {
		return m.listIdentities(ctx, q)
	})
}

func (m *Manager) listIdentities(ctx context.Context, q Query) (Page, error) {
	filter, err := q.filter()
	if err != nil {
		return Page{}, err
	}
	sort, err := query.NewSort(q.Sort...)
	if err != nil {
		return Page{}, place("/sort", err)
	}
	binding := q.binding(filter)
	var after query.Position
	if q.PageToken != "" {
		if after, err = sort.ParseToken(q.PageToken, binding...); err != nil {
			return Page{}, place("/page_token", err)
		}
	}
	if q.Offset < 0 {
		return Page{}, violation.New("/offset", "", "must not be negative")
	}
	size := q.PageSize
	if size <= 0 {
		size = storage.DefaultLimit
	}
	formerForms := schema.FormerForms(q.Identifier)
	for _, former := range formerForms {
		filter.Identifiers = append(filter.Identifiers, typedIdentifiers(former)...)
	}
	asked := storage.Query{
		Filter: filter, Sort: sort, After: after, Offset: q.Offset,
		Limit: min(size, MaxPageSize), OmitCredentials: q.OmitCredentials, MaxBytes: q.MaxBytes, Visit: q.Visit,
	}
	if len(formerForms) > 0 { // whose credentials are looked at below
		asked.OmitCredentials, asked.Visit = false, nil
	}
	found, err := m.storage.List(ctx, asked)
	if err != nil {
		return Page{}, err
	}
	page := Page{Identities: found.Identities}
	if len(formerForms) > 0 {
		page.Identities = slices.DeleteFunc(page.Identities, func(i *identity.Identity) bool { return !m.hasIdentifier(i, q.Identifier) })
	}
	if q.OmitCredentials {
		for _, i := range page.Identities {
			i.Credentials = nil
		}
	}
	if q.Visit != nil {
		for _, i := range page.Identities {
			q.Visit(i)
		}
		page.Identities = nil
	}
	if found.Next.ID != uuid.Nil {
		page.NextPageToken = sort.Token(found.Next, binding...)
	}
	return page, nil
}

// CountIdentities returns how many identities the filters of q select. The page fields of q
// are ignored. It reads all identities in the cases in which ListIdentities does. Errors:
// KindInvalid as for ListIdentities.
func (m *Manager) CountIdentities(ctx context.Context, q Query) (int, error) {
	return run(ctx, m, "count identities", uuid.Nil, func(ctx context.Context) (int, error) {
		filter, err := q.filter()
		if err != nil {
			return 0, err
		}
		return m.storage.Count(ctx, filter)
	})
}

// Identities returns an iterator over the identities that q selects, in the order of q,
// starting at the page of q. It reads page by page with [Manager.ListIdentities]. It holds
// no lock and no transaction between pages. For an order without an index, every page reads
// all identities; a larger PageSize needs fewer such reads. The iterator ends after an
// error.
func (m *Manager) Identities(ctx context.Context, q Query) iter.Seq2[*identity.Identity, error] {
	q.Visit = nil
	return func(yield func(*identity.Identity, error) bool) {
		for {
			page, err := m.ListIdentities(ctx, q)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, i := range page.Identities {
				if !yield(i, nil) {
					return
				}
			}
			if page.NextPageToken == "" {
				return
			}
			q.PageToken, q.Offset = page.NextPageToken, 0
		}
	}
}

func (q Query) filter() (storage.Filter, error) {
	filter := storage.Filter{IDs: q.IDs, OrganizationID: q.OrganizationID, Where: q.Where}
	if q.Identifier != "" {
		filter.Identifiers = spellings(q.Identifier)
		for _, t := range []credentials.Type{credentials.TypeTOTP, credentials.TypeLookupSecret, credentials.TypePasskey} {
			filter.Identifiers = append(filter.Identifiers, storage.Identifier{Type: t, Value: q.Identifier})
		}
	}
	if q.IdentifierPrefix != "" {
		filter.Prefixes = spellings(q.IdentifierPrefix)
	}
	if len(q.IDs) > MaxPageSize {
		return filter, violation.New("/ids", "", "may be at most 500")
	}
	if q.IdentifierPrefix != "" && schema.Normalize(q.IdentifierPrefix) == "" {
		return filter, violation.New("/preview_credentials_identifier_similar", "minLength", "must not be empty: nothing that can be seen is in it, so it would select everybody")
	}
	var err error
	if filter.Search, err = query.NewSearch(q.Search); err != nil {
		return filter, place("/q", err)
	}
	return filter, place("/filter", q.Where.Err())
}

// place puts pointer before the pointers of the violations of err.
func place(pointer string, err error) error {
	if invalid := (*violation.Error)(nil); errors.As(err, &invalid) {
		return invalid.Under(pointer)
	}
	return err
}

// binding is all of q that selects identities, for its page tokens.
func (q Query) binding(f storage.Filter) []string {
	ids := "all"
	if q.IDs != nil {
		sorted := slices.SortedFunc(slices.Values(q.IDs), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
		ids = fmt.Sprint(slices.Compact(sorted))
	}
	organization := ""
	if q.OrganizationID.Valid {
		organization = q.OrganizationID.UUID.String()
	}
	return []string{q.Where.String(), f.Search.String(), ids, q.Identifier, q.IdentifierPrefix, organization}
}

// spellings are the forms under which an identifier that people type would be kept.
func spellings(identifier string) []storage.Identifier {
	return append(typedIdentifiers(schema.Normalize(identifier)),
		storage.Identifier{Type: credentials.TypeOIDC, Value: identifier},
		storage.Identifier{Type: credentials.TypeSAML, Value: identifier})
}

// typedIdentifiers is an identifier of each type that has identifiers of traits.
func typedIdentifiers(value string) []storage.Identifier {
	return []storage.Identifier{
		{Type: credentials.TypePassword, Value: value},
		{Type: credentials.TypeWebAuthn, Value: value},
		{Type: credentials.TypeCode, Value: value},
	}
}
