// Package pager fills the pages of a list, so that every store bounds them alike.
package pager

import (
	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// Pager collects the identities of one page. It is not safe for concurrent use.
type Pager struct {
	limit, maxBytes, bytes int
	omitCredentials        bool
	sort                   query.Sort

	identities []*identity.Identity
	last       *identity.Identity // the last of identities, with its credentials
	count      int                // of identities, or of those that were visited
	full       bool

	visit   func(*identity.Identity) // in the place of identities; nil for none
	visited uuid.UUID                // the last
}

// New returns a Pager for the page that q asks for. It looks at the bounds of q alone:
// the caller passes identities that match, in order, after q.After and q.Offset.
func New(q storage.Query) *Pager {
	return &Pager{limit: Limit(q), maxBytes: q.MaxBytes, omitCredentials: q.OmitCredentials, sort: q.Sort}
}

// NewVisit is New for a page by id whose identities go to q.Visit, if that is not nil. Then they may be lent to Add for the
// call alone.
func NewVisit(q storage.Query) *Pager {
	p := New(q)
	p.visit = q.Visit
	return p
}

// Limit returns how many identities the page that q asks for may have. A store must offer
// the Pager one more, which tells whether there is another page.
func Limit(q storage.Query) int {
	if q.Limit <= 0 {
		return storage.DefaultLimit
	}
	return q.Limit
}

// Add puts i into the page. It returns false if there is no room for i; the page is then
// complete, and i is where the next one begins.
func (p *Pager) Add(i *identity.Identity) bool {
	offered := i
	if p.omitCredentials && i.Credentials != nil {
		profile := *i // i may be what a store keeps
		profile.Credentials = nil
		i = &profile
	}
	size := storage.Size(i)
	if p.count == p.limit || p.maxBytes > 0 && p.count > 0 && p.bytes+size > p.maxBytes {
		p.full = true
		return false
	}
	p.count++
	p.bytes += size
	if p.visit != nil {
		p.visit(i)
		p.visited = i.ID
		return true
	}
	p.identities, p.last = append(p.identities, i), offered
	return true
}

// Page returns the page.
func (p *Pager) Page() storage.Page {
	page := storage.Page{Identities: p.identities}
	switch {
	case p.full && p.visit != nil:
		page.Next.ID = p.visited
	case p.full:
		page.Next = p.sort.Position(p.last)
	}
	return page
}
