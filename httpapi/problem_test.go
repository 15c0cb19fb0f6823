package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
)

// TestProblemDetails asks for errors in the form of RFC 9457.
func TestProblemDetails(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for accept, want := range map[string]string{
			"application/problem+json":                        "application/problem+json",
			"application/json, application/problem+json;q=.5": "application/problem+json",
			"application/problem+json;q=0":                    "application/json; charset=utf-8",
			"*/*":                                             "application/json; charset=utf-8",
			"application/*":                                   "application/json; charset=utf-8",
			"nonsense/;;":                                     "application/json; charset=utf-8",
		} {
			r := f.serve(newRequest(t, http.MethodPost, "/admin/identities", `{"schema_id":"person","state":"asleep"}`, "Accept", accept))
			require.Equal(t, http.StatusBadRequest, r.status)
			require.Equal(t, want, r.header.Get("Content-Type"), accept)
			if want != "application/problem+json" {
				requireWellFormed(t, http.MethodPost, r)
				continue
			}
			var problem map[string]any
			require.NoError(t, json.Unmarshal(r.body, &problem))
			require.Equal(t, "about:blank", problem["type"])
			require.Equal(t, "Bad Request", problem["title"])
			require.EqualValues(t, 400, problem["status"])
			require.Contains(t, problem["detail"], "/state")
			require.Equal(t, "validation_failed", problem["id"])
			require.Contains(t, problem["details"], "violations")
		}
	})
}

func TestSchemasApart(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		admin := f.handler
		f.handler = httpapi.Schemas(f.manager)
		require.Equal(t, http.StatusOK, f.do(t, http.MethodGet, "/schemas", "").status)
		require.Equal(t, http.StatusOK, f.do(t, http.MethodGet, "/schemas/person", "").status)
		require.Equal(t, http.StatusNotFound, f.do(t, http.MethodGet, "/schemas/nope", "").status)
		for _, path := range []string{"/admin/identities", "/openapi.json", "/"} {
			require.Equal(t, http.StatusNotFound, f.do(t, http.MethodGet, path, "").status, path)
		}
		f.handler = admin
		r := f.do(t, http.MethodGet, "/openapi.json", "")
		require.Equal(t, http.StatusOK, r.status)
		require.Contains(t, string(r.body), `"3.1.`)
	})
}
