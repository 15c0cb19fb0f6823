package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/query"
)

// listPatience is how long a list may take: a filter without an index reads all identities.
const listPatience = 20 * time.Second

type peoplePage struct {
	frame
	listing
	People     []summary
	Total      total
	Sizes      []int
	Attributes []attribute
	Operators  []string
	SchemaIDs  []string
	// First and Next are links, empty where there is nothing.
	First, Next string
	Invalid     string // what is wrong with the query; may be empty
	Open        bool   // whether the filters are shown
	byName      string // the order by name, or empty where the schemas have no such trait
}

// people is the list.
func (req *request) people(uuid.UUID) error {
	l := readListing(req.r)
	if moved, err := req.addCondition(l); moved || err != nil {
		return err
	}
	page := peoplePage{frame: req.frame(text("people.title"), "people"), listing: l, Sizes: pageSizes, Operators: operators, Attributes: req.attributes()}
	page.Asked, page.Open = l.Search, l.Where != ""
	page.byName = nameOrder(page.Attributes)
	for _, s := range req.manager.Schemas().All() {
		page.SchemaIDs = append(page.SchemaIDs, s.ID())
	}
	ctx, cancel := context.WithTimeout(req.r.Context(), listPatience)
	defer cancel()
	status := http.StatusOK
	q, err := l.find()
	var found idem.Page
	if err == nil {
		found, err = req.manager.ListIdentities(ctx, q)
	}
	switch {
	case err == nil:
		page.Total = req.totalOf(q, l.Narrowed(), found)
	case idem.KindOf(err) == idem.KindInvalid:
		status, page.Invalid = http.StatusBadRequest, strings.Join(lines(violationsOf(err)), "; ")
	case idem.KindOf(err) == idem.KindCanceled && req.r.Context().Err() == nil:
		status, page.Invalid = http.StatusServiceUnavailable, text("people.slow")
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

// addCondition leads from what the form of the filters sends to the address of the list: with the condition that was
// chosen in the builder, if there is one, and without what is empty.
func (req *request) addCondition(l listing) (moved bool, err error) {
	q := req.r.URL.Query()
	if !q.Has("add") {
		return false, nil
	}
	added, err := req.condition(strings.TrimSpace(q.Get("add")), q.Get("op"), q.Get("value"))
	if err != nil {
		// Shown in the field of the filter, where it can be mended.
		added, err = strings.TrimSpace(q.Get("add")+" "+q.Get("op")+" "+q.Get("value")), nil
	}
	if added == "" {
		return true, req.see(l.query())
	}
	if whole, err := query.Parse(l.Where); l.Where != "" && err == nil {
		if last, err := query.Parse(added); err == nil {
			added = query.And(whole, last).String()
		}
	} else if l.Where != "" {
		added = l.Where + " and " + added
	}
	l.Where, l.Token = added, ""
	return true, req.see(l.query())
}

// nameOrder is what a list is sorted by for the names of people: the trait that a usual name is in.
func nameOrder(attributes []attribute) string {
	for _, candidate := range names {
		for _, a := range attributes {
			if a.Pointer == "/traits/"+candidate[0] || a.Pointer == "/traits/"+candidate[0]+"/first" {
				return a.Name
			}
		}
	}
	return ""
}

// SortLink is the link that sorts the list by an attribute, or the other way around if it is sorted so.
func (p peoplePage) SortLink(name string) string {
	l := p.listing
	l.Token = ""
	if l.Sort == name {
		name = "-" + name
	}
	l.Sort = name
	return p.relative(l.query())
}

// Sorted is how the list is sorted by an attribute, as aria-sort has it; empty if it is not.
func (p peoplePage) Sorted(name string) string {
	switch p.Sort {
	case name:
		return "ascending"
	case "-" + name:
		return "descending"
	}
	return ""
}

// ByName is the attribute to sort by for names; it may be empty.
func (p peoplePage) ByName() string { return p.byName }

// Export is the link to all who are found, in a format.
func (p peoplePage) Export(format string) string {
	q, err := url.ParseQuery(p.Filter())
	if err != nil {
		q = url.Values{}
	}
	q.Set("format", format)
	return p.relative("export?" + q.Encode())
}

// Kept are the parts of the address that another number of rows leaves as they are.
func (p peoplePage) Kept() map[string]string {
	l, kept := p.listing, make(map[string]string)
	l.Token = ""
	for name, field := range l.texts() {
		if *field != "" {
			kept[name] = *field
		}
	}
	return kept
}

// Clear is the link to all people, in the same order.
func (p peoplePage) Clear() string { return p.relative(listing{Sort: p.Sort, Size: p.Size}.query()) }

// Without is the link to the list without one of its filters.
func (p peoplePage) Without(name string) string {
	l := p.listing
	l.Token = ""
	if field := l.texts()[name]; field != nil {
		*field = ""
	}
	return p.relative(l.query())
}
