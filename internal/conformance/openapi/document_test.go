package openapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

// outcome is an answer that the document describes: an operation, by method and
// path, and a status.
type outcome struct{ method, path, status string }

// document is what of openapi.json the tests look at themselves.
type document struct {
	raw   []byte
	paths map[string]map[string]operation
}

type operation struct {
	Responses map[string]json.RawMessage
}

// fetch gets the document the way clients do.
func fetch(t *testing.T, s *server.Server) document {
	t.Helper()
	r := (&client{server: s}).serve(newRequest(t, http.MethodGet, "/openapi.json", ""))
	require.Equal(t, http.StatusOK, r.Code)
	var d struct {
		Paths map[string]map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal(r.Body.Bytes(), &d))
	doc := document{raw: r.Body.Bytes(), paths: map[string]map[string]operation{}}
	for path, item := range d.Paths {
		doc.paths[path] = map[string]operation{}
		for name, raw := range item {
			if name == "parameters" {
				continue // of all operations of the path, and no method
			}
			var o operation
			require.NoError(t, json.Unmarshal(raw, &o))
			doc.paths[path][strings.ToUpper(name)] = o
		}
	}
	return doc
}

// outcomes lists every answer that the document describes.
func (d document) outcomes() []outcome {
	var all []outcome
	for path, methods := range d.paths {
		for method, o := range methods {
			for status := range o.Responses {
				all = append(all, outcome{method, path, status})
			}
		}
	}
	return all
}

// pathOf finds the path of the document that a request's path is of, empty if there
// is none. Where several fit, the one with the fewest parameters is meant.
func (d document) pathOf(requested string) string {
	best, fewest := "", 0
	segments := strings.Split(requested, "/")
	for path := range d.paths {
		want := strings.Split(path, "/")
		parameters := strings.Count(path, "{")
		fits := slices.EqualFunc(want, segments, func(want, segment string) bool {
			return want == segment || strings.HasPrefix(want, "{") && segment != ""
		})
		if fits && (best == "" || parameters < fewest) {
			best, fewest = path, parameters
		}
	}
	return best
}
