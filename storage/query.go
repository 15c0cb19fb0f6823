package storage

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

// Query says which identities [Storage.List] returns. The zero Query is the first
// page of all identities, by id.
type Query struct {
	Filter Filter
	// Sort is the order. The zero Sort is by id, byte by byte.
	Sort query.Sort
	// After skips the identities up to and including this position. It must be a
	// position of Sort. A position with the nil id skips none.
	After query.Position
	// Offset skips that many more identities at the beginning. The store reads every
	// identity that Offset skips, but none that After skips.
	Offset int
	// Limit bounds the number of identities. 0 or less means DefaultLimit.
	Limit int
	// MaxBytes bounds the size of the page: the sum of the sizes of its identities, as
	// [Size] counts them. The first identity is always in the page, however large it
	// is. 0 or less means no bound.
	MaxBytes int
	// OmitCredentials leaves out the credentials of the identities in the page. Reading
	// them is most of the work of a page. Filter and Sort still use them.
	OmitCredentials bool
	// Visit, if it is not nil, may get the identities of the page, in order, instead of
	// [Page.Identities]. A store calls it if that saves copies, with an identity that is valid
	// only during the call. Visit must not modify or keep it, except for a Clone. Visit must be
	// quick and must not call the store. If List fails, some may have been visited. A store
	// calls it at most once for each identity; it may also ignore it and return the identities.
	Visit func(i *identity.Identity)
}

// DefaultLimit is the Limit of a query that sets none.
const DefaultLimit = 250

// Filter selects identities. An identity matches if it matches every field that is set.
// The zero Filter matches all.
type Filter struct {
	// IDs matches the identities with one of these ids. Unknown and repeated ids are
	// ignored. An empty slice that is not nil matches none.
	IDs []uuid.UUID
	// Identifiers matches the identities that have one of these identifiers. An empty
	// slice that is not nil matches none.
	Identifiers []Identifier
	// Prefixes matches the identities that have an identifier of the type that begins
	// with the value. An empty slice that is not nil matches none.
	Prefixes []Identifier
	// OrganizationID matches the identities of an organization.
	OrganizationID uuid.NullUUID
	// Where matches the identities for which the expression holds. One with an error
	// ([query.Expr.Err]) matches none.
	Where query.Expr
	// Search matches the identities in which all of its words occur.
	Search query.Search
}

// Matches reports whether i matches. Every store must select exactly the identities for
// which it returns true.
func (f Filter) Matches(i *identity.Identity) bool {
	matched, _ := f.MatchesContext(context.Background(), i)
	return matched
}

// MatchesContext is [Filter.Matches] that ends when ctx does, also within one large
// identity. The error is then that of ctx, and there is no other. A list of a store must
// call this one with the context of the list.
func (f Filter) MatchesContext(ctx context.Context, i *identity.Identity) (matched bool, err error) {
	if !f.matchesKeys(i) {
		return false, nil
	}
	if matched, err = f.Where.MatchesContext(ctx, i); !matched {
		return false, err
	}
	return f.Search.MatchesContext(ctx, i)
}

func (f Filter) matchesKeys(i *identity.Identity) bool {
	return (f.IDs == nil || slices.Contains(f.IDs, i.ID)) &&
		(!f.OrganizationID.Valid || i.OrganizationID == f.OrganizationID) &&
		(f.Identifiers == nil || slices.ContainsFunc(f.Identifiers, func(want Identifier) bool {
			return slices.Contains(i.Credentials[want.Type].Identifiers, want.Value)
		})) &&
		(f.Prefixes == nil || slices.ContainsFunc(f.Prefixes, func(want Identifier) bool {
			return slices.ContainsFunc(i.Credentials[want.Type].Identifiers, func(has string) bool { return strings.HasPrefix(has, want.Value) })
		}))
}

// ReadsCredentials reports whether Matches looks at the credentials of an identity. If
// not, a store need not decode the credentials to call Matches.
func (f Filter) ReadsCredentials() bool {
	return f.Identifiers != nil || f.Prefixes != nil || f.Where.ReadsCredentials() || f.Search.ReadsCredentials()
}

// Identifier is an identifier, in its normalised form, of credentials of one type.
type Identifier struct {
	Type  credentials.Type
	Value string
}

// Page is a part of a list.
type Page struct {
	// Identities are in the order of the [Query], without those that went to [Query.Visit].
	Identities []*identity.Identity
	// Next is the position after which the next page begins: the value for [Query.After],
	// with Offset 0. Its id is the nil id if there were no more identities when the page
	// was read.
	Next query.Position
}

// Size returns the approximate size of i in bytes, in memory and in a response: its
// JSON values and strings, and a fixed number for each element. [Query.MaxBytes] uses
// it, so that pages end at the same place in every store.
func Size(i *identity.Identity) int {
	const perIdentity, perElement = 256, 160
	size := perIdentity + len(i.Traits) + len(i.MetadataPublic) + len(i.MetadataAdmin) + len(i.ExternalID)
	for _, a := range i.VerifiableAddresses {
		size += perElement + len(a.Value)
	}
	for _, a := range i.RecoveryAddresses {
		size += perElement + len(a.Value)
	}
	for _, c := range i.Credentials {
		size += perElement + len(c.Config.HashedPassword) + len(c.Config.TOTPURL) + len(c.Config.UserHandle)
		for _, identifier := range c.Identifiers {
			size += len(identifier)
		}
		for _, p := range c.Config.Providers {
			size += perElement + len(p.Provider) + len(p.Subject) + len(p.Organization)
		}
		for _, code := range c.Config.RecoveryCodes {
			size += perElement/2 + len(code.Code)
		}
		for _, key := range c.Config.Keys {
			size += perElement/2 + len(key.JSON)
		}
		for _, a := range c.Config.Addresses {
			size += perElement/2 + len(a.Address)
		}
	}
	return size
}
