package httpapi

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/schema"
)

var errNoSchema = &problem{status: http.StatusNotFound, id: "not_found", message: "There is no such schema."}

// listSchemas answers with a page of the schemas, the default one first, each whole.
func (h *Handler) listSchemas(_ http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	parameters, err := readQuery(r)
	if err != nil {
		return answer{}, err
	}
	schemas := h.manager.Schemas().All()
	page := h.schemaPage
	if !parameters.Has("page_size") && !parameters.Has("page_token") && (parameters.Has("page") || parameters.Has("per_page")) {
		page = h.numberedSchemaPage
	}
	schemas, header, err := page(parameters, schemas)
	if err != nil {
		return answer{}, err
	}
	w := jsonwriter.New(nil)
	jsonwriter.Objects(w, schemas, func(s *schema.Schema) {
		w.StringMember("id", s.ID())
		w.Name("schema")
		w.Raw(s.Document())
	})
	return answer{status: http.StatusOK, header: header, body: w.Bytes()}, nil
}

// schemaPage returns the page that begins after the schema whose id the token holds.
func (h *Handler) schemaPage(parameters url.Values, schemas []*schema.Schema) ([]*schema.Schema, http.Header, error) {
	size, err := readSize(parameters, "page_size")
	if err != nil {
		return nil, nil, err
	}
	if token := parameters.Get("page_token"); token != "" {
		id, err := base64.RawURLEncoding.Strict().DecodeString(token)
		at := slices.IndexFunc(schemas, func(s *schema.Schema) bool { return s.ID() == string(id) })
		if err != nil || at < 0 {
			return nil, nil, badParameter("The parameter page_token is not one that was given out.")
		}
		schemas = schemas[at+1:]
	}
	links := []string{h.schemaLink("first", "page_size", size, "", "")}
	if len(schemas) > size {
		schemas = schemas[:size]
		links = append(links, h.schemaLink("next", "page_size", size, "page_token", base64.RawURLEncoding.EncodeToString([]byte(schemas[size-1].ID()))))
	}
	return schemas, http.Header{"Link": {strings.Join(links, ", ")}}, nil
}

// numberedSchemaPage returns a page by its number, counted from 0, and tells the total.
func (h *Handler) numberedSchemaPage(parameters url.Values, schemas []*schema.Schema) ([]*schema.Schema, http.Header, error) {
	size, err := readSize(parameters, "per_page")
	if err != nil {
		return nil, nil, err
	}
	number, err := readNumber(parameters, "page")
	if err != nil {
		return nil, nil, err
	}
	total, last := len(schemas), max(0, len(schemas)-1)/size
	number = max(number, 0)
	links := []string{h.schemaLink("first", "per_page", size, "page", "0")}
	if number < last {
		links = append(links, h.schemaLink("next", "per_page", size, "page", strconv.Itoa(number+1)))
	}
	if number > 0 {
		links = append(links, h.schemaLink("prev", "per_page", size, "page", strconv.Itoa(min(number-1, last))))
	}
	links = append(links, h.schemaLink("last", "per_page", size, "page", strconv.Itoa(last)))
	if number > last {
		schemas = nil
	} else {
		schemas = schemas[number*size:]
	}
	return schemas[:min(size, len(schemas))], http.Header{"Link": {strings.Join(links, ", ")}, "X-Total-Count": {strconv.Itoa(total)}}, nil
}

func (h *Handler) schemaLink(relation, sizeName string, size int, name, value string) string {
	query := url.Values{sizeName: {strconv.Itoa(size)}}
	if name != "" {
		query.Set(name, value)
	}
	return fmt.Sprintf(`<%s/schemas?%s>; rel="%s"`, h.view.BaseURL, query.Encode(), relation)
}

// getSchema answers with one schema's document as it was registered.
func (h *Handler) getSchema(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	s, found := h.findSchema(params[0])
	if !found {
		return answer{}, errNoSchema
	}
	return answer{status: http.StatusOK, body: s.Document()}, nil
}

// findSchema finds a schema by its id, or by that id in base64url, which is how
// schema_url writes it.
func (h *Handler) findSchema(id string) (*schema.Schema, bool) {
	schemas := h.manager.Schemas()
	if s, found := schemas.Get(id); found {
		return s, true
	}
	decoded, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return nil, false
	}
	return schemas.Get(string(decoded))
}
