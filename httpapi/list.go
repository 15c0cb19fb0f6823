package httpapi

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
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

	var header http.Header
	numbered := !parameters.Has("page_size") && !parameters.Has("page_token") && (parameters.Has("page") || parameters.Has("per_page"))
	var page idem.Page
	if numbered {
		page, header, err = h.numberedPage(r, q, parameters)
	} else {
		page, header, err = h.tokenPage(r, q, parameters)
	}
	if err != nil {
		return answer{}, err
	}
	buffer := h.buffers.take()
	buffer.WriteByte('[')
	for n, i := range page.Identities {
		if n > 0 {
			buffer.WriteByte(',')
		}
		buffer.Write(view.Append(buffer.AvailableBuffer(), i))
	}
	buffer.WriteByte(']')
	return answer{status: http.StatusOK, header: header, body: buffer.Bytes(), buffer: buffer}, nil
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

// tokenPage gets a page by its token, and links to the first and the next.
func (h *Handler) tokenPage(r *http.Request, q idem.Query, parameters url.Values) (idem.Page, http.Header, error) {
	size, err := readSize(parameters, "page_size")
	if err != nil {
		return idem.Page{}, nil, err
	}
	q.PageSize, q.PageToken = size, parameters.Get("page_token")
	page, err := h.manager.ListIdentities(r.Context(), q)
	if err != nil {
		return idem.Page{}, nil, err
	}
	link := h.linker(parameters, "page_size", size)
	links := []string{link("first", "page_token", "")}
	if page.NextPageToken != "" {
		links = append(links, link("next", "page_token", page.NextPageToken))
	}
	header := http.Header{"Link": {strings.Join(links, ", ")}}
	if counted, err := readCount(parameters); err != nil {
		return idem.Page{}, nil, err
	} else if counted {
		total, err := h.manager.CountIdentities(r.Context(), q)
		if err != nil {
			return idem.Page{}, nil, err
		}
		header.Set("X-Total-Count", strconv.Itoa(total))
	}
	return page, header, nil
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

// numberedPage gets a page by its number, the older form, and tells the total.
func (h *Handler) numberedPage(r *http.Request, q idem.Query, parameters url.Values) (idem.Page, http.Header, error) {
	size, err := readSize(parameters, "per_page")
	if err != nil {
		return idem.Page{}, nil, err
	}
	number, err := readNumber(parameters, "page")
	if err != nil {
		return idem.Page{}, nil, err
	}
	number = min(max(number, 0), math.MaxInt/idem.MaxPageSize) // so that the product below fits
	total, err := h.manager.CountIdentities(r.Context(), q)
	if err != nil {
		return idem.Page{}, nil, err
	}
	q.PageSize, q.Offset = size, number*size
	page, err := h.manager.ListIdentities(r.Context(), q)
	if err != nil {
		return idem.Page{}, nil, err
	}
	last := max(0, total-1) / size
	link := h.linker(parameters, "per_page", size)
	links := []string{link("first", "page", "0")}
	if number < last {
		links = append(links, link("next", "page", strconv.Itoa(number+1)))
	}
	if number > 0 {
		links = append(links, link("prev", "page", strconv.Itoa(min(number-1, last))))
	}
	links = append(links, link("last", "page", strconv.Itoa(last)))
	return page, http.Header{"Link": {strings.Join(links, ", ")}, "X-Total-Count": {strconv.Itoa(total)}}, nil
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
