package console

import (
	"context"
	"strconv"
	"time"

	"github.com/idemkit/idem"
)

const (
	// maxCounted is up to how many people who match are counted.
	maxCounted = 1000
	// defaultCountPatience bounds each of the two ways to count: a page that waits for a number is slower than one without.
	defaultCountPatience = 15 * time.Millisecond
)

// total is how many people a list has. The zero total is not known.
type total struct {
	Count int
	More  bool // there may be more than Count
}

// totalOf counts the people that q finds, of which page is one page. All people are counted by the store. Those of a
// search or a filter are read, so that only the first maxCounted are counted.
func (req *request) totalOf(q idem.Query, narrowed bool, page idem.Page) total {
	if q.PageToken == "" && page.NextPageToken == "" {
		return total{Count: len(page.Identities)}
	}
	if !narrowed {
		ctx, cancel := context.WithTimeout(req.r.Context(), req.countPatience)
		defer cancel()
		if count, err := req.manager.CountIdentities(ctx, q); err == nil {
			return total{Count: count}
		}
	}
	found := total{More: true}
	if q.PageToken == "" {
		found.Count = len(page.Identities)
	}
	ctx, cancel := context.WithTimeout(req.r.Context(), req.countPatience)
	defer cancel()
	q.Sort, q.PageToken, q.PageSize, q.OmitCredentials = nil, "", idem.MaxPageSize, true
	for counted := 0; counted < maxCounted; {
		page, err := req.manager.ListIdentities(ctx, q)
		if err != nil {
			return found
		}
		counted += len(page.Identities)
		found.Count = max(found.Count, counted)
		if found.More = page.NextPageToken != ""; !found.More {
			break
		}
		q.PageToken = page.NextPageToken
	}
	return found
}

// String is the total as people read it, such as "3 people" or "1,000+ people". It is empty if it is not known.
func (t total) String() string {
	switch {
	case t.Count == 0:
		return ""
	case t.More:
		return textf("people.at_least", grouped(t.Count))
	case t.Count == 1:
		return text("people.one")
	}
	return textf("people.many", grouped(t.Count))
}

// grouped writes a number with commas between groups of three digits.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
