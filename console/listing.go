package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

// pageSizes are what the list offers.
var pageSizes = []int{25, 50, 100, 250}

const defaultPageSize = 50

// listing is what the address of the list says: the address is the state of the page.
type listing struct {
	Search   string // words
	State    string // a state, or empty for any
	Verified string // "yes", "no", or empty for any
	Schema   string // the id of a schema, or empty for any
	Where    string // a filter as people write it, see [query.Parse]
	Sort     string // an order, see [query.ParseOrders]
	Size     int
	Token    string
}

func readListing(r *http.Request) listing { return listingOf(r.URL.Query()) }

func listingOf(q url.Values) listing {
	l := listing{Size: defaultPageSize}
	for name, field := range l.texts() {
		*field = strings.TrimSpace(q.Get(name))
	}
	if size, err := strconv.Atoi(q.Get("page_size")); err == nil && slices.Contains(pageSizes, size) {
		l.Size = size
	}
	return l
}

// texts are the fields by the names that they have in an address.
func (l *listing) texts() map[string]*string {
	return map[string]*string{
		"q": &l.Search, "state": &l.State, "verified": &l.Verified, "schema": &l.Schema,
		"filter": &l.Where, "sort": &l.Sort, "page_token": &l.Token,
	}
}

// query is the part of an address that says the same.
func (l listing) query() string {
	q := url.Values{}
	for name, field := range l.texts() {
		if *field != "" {
			q.Set(name, *field)
		}
	}
	if l.Size != defaultPageSize {
		q.Set("page_size", strconv.Itoa(l.Size))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// Filter is the part of the address that says whom the list is about, and how many to a page, without the page.
func (l listing) Filter() string {
	l.Token = ""
	return strings.TrimPrefix(l.query(), "?")
}

// Narrowed reports whether the list is a part of all.
func (l listing) Narrowed() bool {
	return l.Search != "" || l.State != "" || l.Verified != "" || l.Schema != "" || l.Where != ""
}

// find returns what the Manager is asked. The error says what is wrong with what people wrote.
func (l listing) find() (idem.Query, error) {
	q := idem.Query{PageSize: l.Size, PageToken: l.Token}
	if id, err := uuid.Parse(l.Search); err == nil {
		q.IDs = []uuid.UUID{id}
	} else {
		q.Search = l.Search
	}
	where, err := l.where()
	if err != nil {
		return idem.Query{}, err
	}
	q.Where = where
	q.Sort, err = query.ParseOrders(l.Sort)
	return q, err
}

func (l listing) where() (query.Expr, error) {
	var all []query.Expr
	if l.Where != "" {
		written, err := query.Parse(l.Where)
		if err != nil {
			return query.Expr{}, err
		}
		all = append(all, written)
	}
	if l.State == string(identity.StateActive) || l.State == string(identity.StateInactive) {
		all = append(all, query.Eq("/state", l.State))
	}
	switch l.Verified {
	case "yes":
		all = append(all, query.Eq("/verifiable_addresses/verified", true))
	case "no":
		all = append(all, query.Eq("/verifiable_addresses/verified", false))
	}
	if l.Schema != "" {
		all = append(all, query.Eq("/schema_id", l.Schema))
	}
	return query.And(all...), nil
}
