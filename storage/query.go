package storage

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// Query says which identities [Storage.List] returns. The zero Query is the first
// page of all identities.
type Query struct {
	Filter Filter
	// After leaves out the ids up to and including this one. The nil id leaves out
	// none.
	After uuid.UUID
	// Offset leaves out that many more identities from the beginning. A page costs
	// what it skips by Offset, and nothing for what it skips by After.
	Offset int
	// Limit bounds the number of identities. 0 or less means DefaultLimit.
	Limit int
	// MaxBytes bounds the size of the page: the sum of the sizes of its identities, as
	// [Size] counts them. The first identity is always in the page, however large it
	// is. 0 or less means no bound.
	MaxBytes int
	// OmitCredentials leaves out the credentials of the identities in the page. Reading
	// them is most of the work of a page. Filters see them all the same.
	OmitCredentials bool
}

// DefaultLimit is how many identities a page has if nothing else is asked for.
const DefaultLimit = 250

// Filter says which identities match. At most one of its fields may be set; the
// zero Filter matches all.
type Filter struct {
	// IDs matches the identities with one of these ids. Ids of no identity and
	// ids given twice do no harm. Not nil and empty matches none.
	IDs []uuid.UUID
	// Identifiers matches the identities that have one of these.
	Identifiers []Identifier
	// Prefixes matches the identities that have an identifier of the type that
	// begins with the value.
	Prefixes []Identifier
	// OrganizationID matches the identities of an organization.
	OrganizationID uuid.NullUUID
}

// Matches reports whether i matches.
func (f Filter) Matches(i *identity.Identity) bool {
	switch {
	case f.IDs != nil:
		return slices.Contains(f.IDs, i.ID)
	case f.Identifiers != nil:
		return slices.ContainsFunc(f.Identifiers, func(want Identifier) bool {
			return slices.Contains(i.Credentials[want.Type].Identifiers, want.Value)
		})
	case f.Prefixes != nil:
		return slices.ContainsFunc(f.Prefixes, func(want Identifier) bool {
			return slices.ContainsFunc(i.Credentials[want.Type].Identifiers, func(has string) bool { return strings.HasPrefix(has, want.Value) })
		})
	case f.OrganizationID.Valid:
		return i.OrganizationID == f.OrganizationID
	}
	return true
}

// Identifier is an identifier, in its normalised form, of credentials of one type.
type Identifier struct {
	Type  credentials.Type
	Value string
}

// Page is a part of a list.
type Page struct {
	// Identities are ordered by id, byte by byte.
	Identities []*identity.Identity
	// Next is where the next page begins: the value for [Query.After], with Offset 0. It
	// is the nil id if there were no more identities when the page was read.
	Next uuid.UUID
}

// Size returns about how many bytes i takes in memory and in an answer: its JSON values
// and strings, and a fixed number for each element around them. It is the measure of
// [Query.MaxBytes], the same in every store.
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
