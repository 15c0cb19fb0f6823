// Package openapi_test holds the handler to openapi.json, and openapi.json to the
// handler.
package openapi_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

// TestEveryAnswerIsAsDescribed drives every operation to every status, and at the
// end asks that nothing is described which was not seen.
func TestEveryAnswerIsAsDescribed(t *testing.T) {
	server.OnEachStore(t, func(t *testing.T, s *server.Server) {
		c := newClient(t, s)
		for _, drive := range []struct {
			name string
			run  func(*testing.T, *client)
		}{
			{"lifecycle", lifecycle},
			{"lists", lists},
			{"batches", batches},
			{"changes", changes},
			{"sign-ins", signIns},
			{"vetoes", vetoes},
			{"schemas", schemas},
			{"conditions", conditions},
			{"invalid requests", invalidRequests},
			{"conflicts", conflicts},
			{"bodies that are not read", unreadBodies},
			{"denials", denials},
			{"faults", faults},
		} {
			t.Run(drive.name, func(t *testing.T) { drive.run(t, c) })
		}
		if t.Failed() {
			return
		}
		for _, described := range c.document.outcomes() {
			require.Contains(t, c.seen, described, "described and never given")
		}
	})
}

// TestPathsHaveTheMethodsDescribed compares what the document gives each path with
// what the handler says is allowed there. That no path is missing, a test beside the
// handler's own table shows.
func TestPathsHaveTheMethodsDescribed(t *testing.T) {
	server.OnEachStore(t, func(t *testing.T, s *server.Server) {
		c := newClient(t, s)
		for path, described := range c.document.paths {
			requested := strings.NewReplacer("{", "", "}", "").Replace(path)
			r := c.serve(newRequest(t, "PROPFIND", requested, ""))
			require.Equal(t, http.StatusMethodNotAllowed, r.Code, path)
			allowed := strings.Split(r.Header().Get("Allow"), ", ")
			require.Equal(t, slices.Sorted(maps.Keys(described)), allowed, path)
		}
	})
}
