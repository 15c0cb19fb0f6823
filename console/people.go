package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
)

// pageSizes are what the list offers.
var pageSizes = []int{25, 50, 100, 250}

const defaultPageSize = 50

// listing is what the address of the list says: the address is the state of the page.
type listing struct {
	Search string
	Size   int
	Token  string
}

func readListing(r *http.Request) listing { return listingOf(r.URL.Query()) }

func listingOf(q url.Values) listing {
	l := listing{Search: strings.TrimSpace(q.Get("q")), Token: q.Get("page_token"), Size: defaultPageSize}
	if size, err := strconv.Atoi(q.Get("page_size")); err == nil && slices.Contains(pageSizes, size) {
		l.Size = size
	}
	return l
}

// query is the part of an address that says the same.
func (l listing) query() string {
	q := url.Values{}
	for name, value := range map[string]string{"q": l.Search, "page_token": l.Token} {
		if value != "" {
			q.Set(name, value)
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

// find returns what the Manager is asked.
func (l listing) find() (idem.Query, error) {
	q := idem.Query{PageSize: l.Size, PageToken: l.Token}
	if id, err := uuid.Parse(l.Search); err == nil {
		q.IDs = []uuid.UUID{id}
	} else {
		q.IdentifierPrefix = l.Search
	}
	return q, nil
}

type peoplePage struct {
	frame
	listing
	People []summary
	Sizes  []int
	// First and Next are links, empty where there is nothing.
	First, Next string
	Invalid     string // what is wrong with the query; may be empty
	Many        bool   // whether there is more than one schema
}

// people is the list.
func (req *request) people(uuid.UUID) error {
	l := readListing(req.r)
	page := peoplePage{frame: req.frame(text("people.title"), "people"), listing: l, Sizes: pageSizes, Many: len(req.manager.Schemas().All()) > 1}
	page.Asked = l.Search
	status := http.StatusOK
	q, err := l.find()
	var found idem.Page
	if err == nil {
		found, err = req.manager.ListIdentities(req.r.Context(), q)
	}
	switch {
	case err == nil:
	case idem.KindOf(err) == idem.KindInvalid:
		status, page.Invalid = http.StatusBadRequest, problemOf(err).reason
	default:
		return err
	}
	for _, i := range found.Identities {
		page.People = append(page.People, summarize(i))
	}
	if l.Token != "" {
		first := l
		first.Token = ""
		page.First = req.relative(first.query())
	}
	if found.NextPageToken != "" {
		next := l
		next.Token = found.NextPageToken
		page.Next = req.relative(next.query())
	}
	return req.page(status, "people", page)
}

// Filter is the part of the address that says whom the list is about, without the page.
func (l listing) Filter() string {
	l.Token = ""
	return strings.TrimPrefix(l.query(), "?")
}

// Export is the link to all who are found, in a format.
func (p peoplePage) Export(format string) string {
	filter := p.Filter()
	if filter != "" {
		filter += "&"
	}
	return p.relative("export?" + filter + "format=" + format)
}

// Searched reports whether the list is a part of all.
func (l listing) Searched() bool { return l.Search != "" }
