package httpapi

import (
	"encoding/base64"
	"net/http"

	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/schema"
)

var errNoSchema = &problem{status: http.StatusNotFound, id: "not_found", message: "There is no such schema."}

// listSchemas answers with all schemas, the default one first, each whole.
func (h *Handler) listSchemas(_ http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	w := jsonwriter.New(nil)
	jsonwriter.Objects(w, h.manager.Schemas().All(), func(s *schema.Schema) {
		w.StringMember("id", s.ID())
		w.Name("schema")
		w.Raw(s.Document())
	})
	return answer{status: http.StatusOK, body: w.Bytes()}, nil
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
