package httpapi

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// TestOpenAPINamesEveryRoute compares the document with the handler's own table. That
// its answers are as described, the module in internal/conformance shows.
func TestOpenAPINamesEveryRoute(t *testing.T) {
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal(openAPI, &document))
	described := map[string]string{}
	for path, item := range document.Paths {
		segments := strings.Split(path, "/")
		for n, segment := range segments {
			if strings.HasPrefix(segment, "{") {
				segments[n] = "*"
			}
		}
		for method, raw := range item {
			if method == "parameters" || method == "head" { // every GET has its HEAD
				continue
			}
			var operation struct{ OperationID string }
			require.NoError(t, json.Unmarshal(raw, &operation))
			described[strings.ToUpper(method)+" "+strings.Join(segments, "/")] = operation.OperationID
		}
	}
	served := map[string]string{}
	for _, r := range slices.Concat(adminResources, schemaResources) {
		for method, route := range r.methods {
			served[method+" /"+strings.Join(r.path, "/")] = route.operation
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(served)), slices.Sorted(maps.Keys(described)))
	require.Equal(t, served, described)
}

// TestOpenAPIListsTheHashFormats checks that the description of hashed_password shows every
// layout of a password hash, and no other.
func TestOpenAPIListsTheHashFormats(t *testing.T) {
	var layouts []string
	for _, layout := range passwordhash.Formats() {
		layouts = append(layouts, layout.Text)
	}
	document, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	description, err := json.Marshal(strings.Join(layouts, " · "))
	require.NoError(t, err)
	shown := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(strings.Trim(string(description), `"`))
	require.Contains(t, string(document), "than the server allows: "+shown+`"`)
}
