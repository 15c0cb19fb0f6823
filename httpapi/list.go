package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/violation"
)

// listParameters are the query parameters of a list and whether they may be given
// more than once. consistency is accepted and ignored: every read is consistent.
var listParameters = map[string]bool{
	"page_size": false, "page_token": false, "page": false, "per_page": false, "consistency": false,
	"ids": true, "credentials_identifier": false, "preview_credentials_identifier_similar": false, "organization_id": false,
	"include_credential": true,
	"filter":             false, "q": false, "sort": false, "count": false,
}

func (h *Handler) listIdentities(_ http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	parameters, err := readQuery(r)
	if err != nil {
		return answer{}, err
	}
	if err := checkParameters(parameters, listParameters); err != nil {
		return answer{}, err
	}
	q, err := readFilters(parameters)
	if err != nil {
		return answer{}, err
	}
	view := h.view
	if view.Configs, err = includedCredentials(parameters); err != nil {
		return answer{}, err
	}
	view.HideCredentials = len(view.Configs) == 0 && q.Identifier == "" && q.IdentifierPrefix == ""
	q.OmitCredentials = view.HideCredentials

	l := listing{Handler: h, r: r, view: view, q: q, parameters: parameters}
	if !parameters.Has("page_size") && !parameters.Has("page_token") && (parameters.Has("page") || parameters.Has("per_page")) {
		return l.numberedPage()
	}
	return l.tokenPage()
}

func readFilters(parameters url.Values) (idem.Query, error) {
	q := idem.Query{
		Search:           parameters.Get("q"),
		Identifier:       parameters.Get("credentials_identifier"),
		IdentifierPrefix: parameters.Get("preview_credentials_identifier_similar"),
	}
	var err error
	if text := parameters.Get("filter"); text != "" {
		if q.Where, err = query.Parse(text); err != nil {
			return q, badText("/filter", err)
		}
	}
	if q.Sort, err = query.ParseOrders(parameters.Get("sort")); err != nil {
		return q, badText("/sort", err)
	}
	if ids := parameters["ids"]; ids != nil {
		if len(ids) > idem.MaxPageSize {
			return q, badParameter(fmt.Sprintf("There may be at most %d ids.", idem.MaxPageSize))
		}
		for n, text := range ids {
			id, ok := parseID(text)
			if !ok {
				return q, badParameter(fmt.Sprintf("The parameter ids, number %d, is not a UUID.", n+1))
			}
			q.IDs = append(q.IDs, id)
		}
	}
	if text := parameters.Get("organization_id"); text != "" {
		id, ok := parseID(text)
		if !ok {
			return q, badParameter("The parameter organization_id is not a UUID.")
		}
		q.OrganizationID = uuid.NullUUID{UUID: id, Valid: true}
	}
	return q, nil
}

// badText is the answer to a parameter whose text is wrong in itself.
func badText(pointer string, err error) error {
	if invalid := (*violation.Error)(nil); errors.As(err, &invalid) {
		return invalidBody(invalid.Under(pointer))
	}
	return err
}

// readCount reads whether the total is asked for.
func readCount(parameters url.Values) (bool, error) {
	switch parameters.Get("count") {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, badParameter("The parameter count must be true or false.")
}

const (
	// maxPageBytes is the size, in bytes, at which a page by token ends.
	maxPageBytes = 16 << 20
	// partBytes is how much of a page is read from the store at once. It bounds the memory of a request together with
	// maxPageBytes, however large the identities are.
	partBytes = 1 << 20
)

// listing is a request for a list.
type listing struct {
	*Handler
	r          *http.Request
	view       wire.View
	q          idem.Query
	parameters url.Values
	written    int // identities so far
}

// part reads the next part of a page that has room for a number of identities, and appends it to buffer, which it returns.
// A nil buffer is taken when the first identity is there: the store may let many requests wait before it answers one.
func (l *listing) part(buffer *bytes.Buffer, room int) (filled *bytes.Buffer, more bool, err error) {
	l.q.PageSize, l.q.MaxBytes = room, partBytes
	l.q.Visit = func(i *identity.Identity) {
		if buffer == nil {
			buffer = l.buffers.take()
		}
		separator := byte(',')
		if l.written == 0 {
			separator = '['
		}
		*buffer = *bytes.NewBuffer(l.view.Append(append(buffer.Bytes(), separator), i))
		l.written++
	}
	page, err := l.manager.ListIdentities(l.r.Context(), l.q)
	if err != nil {
		l.buffers.give(buffer)
		return nil, false, err
	}
	if buffer == nil {
		buffer = l.buffers.take()
	}
	l.q.PageToken, l.q.Offset = page.NextPageToken, 0
	return buffer, page.NextPageToken != "", nil
}

// end closes the array.
func (l *listing) end(buffer *bytes.Buffer) {
	if l.written == 0 {
		buffer.WriteByte('[')
	}
	buffer.WriteByte(']')
}

// tokenPage answers with a page by its token, and links to the first and the next. The page ends at its size, in
// identities or in bytes.
func (l *listing) tokenPage() (answer, error) {
	size, err := readSize(l.parameters, "page_size")
	if err != nil {
		return answer{}, err
	}
	counted, err := readCount(l.parameters)
	if err != nil {
		return answer{}, err
	}
	total := 0
	if counted {
		if total, err = l.manager.CountIdentities(l.r.Context(), l.q); err != nil {
			return answer{}, err
		}
	}
	l.q.PageToken = l.parameters.Get("page_token")
	// Nearly all pages are one part. The parts of a larger one are kept apart, for a buffer that grows holds all twice.
	var parts []*bytes.Buffer
	length, more := 0, true
	for more && l.written < size && length < maxPageBytes {
		var part *bytes.Buffer
		if part, more, err = l.part(nil, size-l.written); err != nil {
			return answer{}, err
		}
		parts = append(parts, part)
		length += part.Len()
	}
	last := parts[len(parts)-1]
	length -= last.Len()
	l.end(last)
	length += last.Len()
	link := l.linker(l.parameters, "page_size", size)
	links := []string{link("first", "page_token", "")}
	if more {
		links = append(links, link("next", "page_token", l.q.PageToken))
	}
	header := http.Header{}
	setLinks(header, links)
	if counted {
		header.Set("X-Total-Count", strconv.Itoa(total))
	}
	if len(parts) == 1 {
		return answer{status: http.StatusOK, header: header, body: parts[0].Bytes(), buffer: parts[0]}, nil
	}
	header.Set("Content-Length", strconv.Itoa(length))
	return answer{status: http.StatusOK, header: header, stream: func(w http.ResponseWriter, _ *http.Request) {
		for _, part := range parts {
			if _, err := w.Write(part.Bytes()); err != nil {
				return // a client that has gone away cannot be told anything any more
			}
		}
	}}, nil
}

// numberedPage answers with a page by its number, the older form, and tells the total. To end such a page early would skip
// people, so a large one is sent part by part.
func (l *listing) numberedPage() (answer, error) {
	size, err := readSize(l.parameters, "per_page")
	if err != nil {
		return answer{}, err
	}
	number, err := readNumber(l.parameters, "page")
	if err != nil {
		return answer{}, err
	}
	number = min(max(number, 0), math.MaxInt/idem.MaxPageSize) // so that the product below fits
	total, err := l.manager.CountIdentities(l.r.Context(), l.q)
	if err != nil {
		return answer{}, err
	}
	l.q.Offset = number * size
	buffer, more, err := l.part(nil, size)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: http.StatusOK, header: http.Header{"X-Total-Count": {strconv.Itoa(total)}}, buffer: buffer}
	setLinks(a.header, l.numberedLinks(number, size, total))
	if more && l.written < size {
		a.stream = func(w http.ResponseWriter, _ *http.Request) { l.streamParts(w, buffer, size) }
		return a, nil
	}
	l.end(buffer)
	a.body = buffer.Bytes()
	return a, nil
}

// streamParts sends what is in buffer and the rest of the page. It is too late for another answer when the rest cannot be
// read: the connection is cut off, so that the client knows.
func (l *listing) streamParts(w http.ResponseWriter, buffer *bytes.Buffer, size int) {
	for more := true; ; {
		if !more || l.written >= size {
			l.end(buffer)
			_, _ = w.Write(buffer.Bytes()) // a client that has gone away cannot be told anything any more
			return
		}
		if _, err := w.Write(buffer.Bytes()); err != nil {
			return
		}
		clear(buffer.Bytes())
		buffer.Reset()
		var err error
		if buffer, more, err = l.part(buffer, size-l.written); err != nil {
			panic(http.ErrAbortHandler) // a fault was logged
		}
	}
}

func (l *listing) numberedLinks(number, size, total int) []string {
	last := max(0, total-1) / size
	link := l.linker(l.parameters, "per_page", size)
	links := []string{link("first", "page", "0")}
	if number < last {
		links = append(links, link("next", "page", strconv.Itoa(number+1)))
	}
	if number > 0 {
		links = append(links, link("prev", "page", strconv.Itoa(min(number-1, last))))
	}
	return append(links, link("last", "page", strconv.Itoa(last)))
}

// maxLinkBytes is how long a Link header may be that says more than where the next page is. Each link repeats the filters
// of the request, which may be long: 500 ids take 20 kB. Clients and proxies refuse an answer with headers that large, with
// their defaults Node at 16 KiB and nginx at 4.
const maxLinkBytes = 4 << 10

// setLinks sets the Link header. Of links that are too long only that to the next page is kept, without which the list
// could not be read on.
func setLinks(header http.Header, links []string) {
	text := strings.Join(links, ", ")
	if len(text) > maxLinkBytes {
		isNext := func(link string) bool { return strings.HasSuffix(link, `; rel="next"`) }
		at := slices.IndexFunc(links, isNext)
		if at < 0 {
			return
		}
		text = links[at]
	}
	header["Link"] = []string{text}
}

// linker returns a function that makes links (RFC 8288) to other pages of the same
// list.
func (h *Handler) linker(parameters url.Values, sizeName string, size int) func(relation, name, value string) string {
	kept := url.Values{sizeName: {strconv.Itoa(size)}}
	for _, name := range []string{"ids", "credentials_identifier", "preview_credentials_identifier_similar", "organization_id", "include_credential", "filter", "q", "sort", "count"} {
		if values := parameters[name]; values != nil {
			kept[name] = values
		}
	}
	return func(relation, name, value string) string {
		values := maps.Clone(kept)
		if value != "" {
			values.Set(name, value)
		}
		return fmt.Sprintf(`<%s/admin/identities?%s>; rel="%s"`, h.view.BaseURL, values.Encode(), relation)
	}
}
