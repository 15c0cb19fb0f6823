package idem

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"iter"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// MaxPageSize is how many identities a page can have.
const MaxPageSize = 500

// Query says which identities [Manager.ListIdentities] returns. The zero Query is the
// first page of all. At most one of the filters IDs, Identifier, IdentifierPrefix and
// OrganizationID may be set.
type Query struct {
	// PageSize is how many identities a page has at most. 0 or less means 250; more
	// than MaxPageSize means MaxPageSize.
	PageSize int
	// PageToken is the NextPageToken of the page before. Empty means the first page.
	PageToken string
	// Offset leaves out that many identities from the beginning. Walking by PageToken
	// is better: it neither repeats nor skips when identities come and go, and a page
	// costs the same at any depth.
	Offset int

	// IDs selects the identities with these ids. Unknown and repeated ones do no harm;
	// at most MaxPageSize. Not nil and empty selects none.
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
}

// Page is a part of a list of identities.
type Page struct {
	// Identities are in the order of their ids.
	Identities []*identity.Identity
	// NextPageToken gets the next page. It is empty on the last one, and stays good
	// whatever is created or deleted. It says nothing about the identities.
	NextPageToken string
}

// ListIdentities returns a page of the identities that q selects.
//
// Errors: KindInvalid for a token that was not given out by ListIdentities, for more
// than one filter, and for too many ids.
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
	after, err := parsePageToken(q.PageToken)
	if err != nil {
		return Page{}, err
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
	found, err := m.storage.List(ctx, storage.Query{
		Filter: filter, After: after, Offset: q.Offset,
		Limit: min(size, MaxPageSize), OmitCredentials: q.OmitCredentials && len(formerForms) == 0, // needed below
	})
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
	if found.Next != uuid.Nil {
		page.NextPageToken = pageToken(found.Next)
	}
	return page, nil
}

// CountIdentities returns how many identities the filter of q selects. Errors:
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

// Identities returns an iterator over all identities that q selects, from its page
// on, which it gets page by page. An error ends it.
func (m *Manager) Identities(ctx context.Context, q Query) iter.Seq2[*identity.Identity, error] {
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
	var (
		filter storage.Filter
		set    int
	)
	if q.IDs != nil {
		filter.IDs = q.IDs
		set++
	}
	if q.Identifier != "" {
		filter.Identifiers = spellings(q.Identifier)
		for _, t := range []credentials.Type{credentials.TypeTOTP, credentials.TypeLookupSecret, credentials.TypePasskey} {
			filter.Identifiers = append(filter.Identifiers, storage.Identifier{Type: t, Value: q.Identifier})
		}
		set++
	}
	if q.IdentifierPrefix != "" {
		filter.Prefixes = spellings(q.IdentifierPrefix)
		set++
	}
	if q.OrganizationID.Valid {
		filter.OrganizationID = q.OrganizationID
		set++
	}
	switch {
	case set > 1:
		return filter, violation.New("", "", "only one filter can be used at a time")
	case q.IdentifierPrefix != "" && schema.Normalize(q.IdentifierPrefix) == "":
		return filter, violation.New("/preview_credentials_identifier_similar", "minLength", "must not be empty: nothing that can be seen is in it, so it would select everybody")
	case len(q.IDs) > MaxPageSize:
		return filter, violation.New("/ids", "", "may be at most 500")
	}
	return filter, nil
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

// A page token is the id that the page ended with and a check sum, which is there to
// tell a mangled token from a good one. It keeps no secret: ids are in the page.

const tokenCheckSize = 8

func pageToken(after uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString(append(after[:], tokenCheck(after)...))
}

func tokenCheck(after uuid.UUID) []byte {
	sum := sha256.Sum256(append([]byte("idem page token v1 "), after[:]...))
	return sum[:tokenCheckSize]
}

func parsePageToken(token string) (after uuid.UUID, err error) {
	if token == "" {
		return uuid.Nil, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != len(after)+tokenCheckSize {
		return uuid.Nil, errPageToken
	}
	copy(after[:], raw)
	if !bytes.Equal(raw[len(after):], tokenCheck(after)) {
		return uuid.Nil, errPageToken
	}
	return after, nil
}

var errPageToken = violation.New("/page_token", "", "is not one that a list has given out")
