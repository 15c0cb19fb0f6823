package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
)

// trickyPaths are paths that look to some reader like one that is served.
func trickyPaths(id string) []string {
	return []string{
		"//admin/identities/" + id, "///" + id, "/admin//identities/" + id, "/admin/identities//" + id,
		"/admin/identities/" + id + "/", "/admin/identities/" + id + "//", "/admin/identities/" + id + "/.",
		"/admin/identities/./" + id, "/admin/identities/x/../" + id, "/schemas/../admin/identities/" + id, "/../admin/identities/" + id,
		"/admin/identities/%2e%2e/identities/" + id, "/admin/identities/%2E/" + id, "/schemas/%2e%2e/admin/identities/" + id,
		"/admin%2fidentities/" + id, "/admin%2Fidentities%2F" + id, "/admin/identities%2F" + id, "/admin/identities/%2F" + id,
		"/admin%252fidentities/" + id, "/admin/identities%00/" + id, "/admin/identities/" + id + "%00", "/admin/identities/" + id + "%0a",
		"/admin/identities/" + id + "%20", "/admin/identities/" + id + ";x=y", "/admin;/identities/" + id, `/admin\identities\` + id,
		"/admin%5cidentities%5c" + id, "/ADMIN/identities/" + id, "/admin/Identities/" + id,
		"/admin/identities/%c0%ae%c0%ae/" + id, "/admin/identities/%ff" + id, "/admin/identities/" + id + "%23x", "/admin/identities/" + id + "%3Fx",
		"/admin/identities/by/external/..%2f..%2f" + id, "/admin/identities/by/external/%00", "/admin/identities/by/external/%ff%fe",
		"/admin/identities/by/external/crm/4711", "/schemas/..%2f..%2fetc%2fpasswd", "/schemas/%00", "/openapi.json/", "/openapi.json%00",
		"*", "/%2e%2e", "/..", "/.", "/admin/identities/..", "/admin/identities/.", "http:", "http://", "http://x//admin/identities/" + id,
	}
}

// aliases are other spellings of the path of the identity id, which RFC 3986, section
// 6.2.2, says are the same.
func aliases(id string) []string {
	return []string{
		"/%61dmin/identities/" + id, "/admin/%69dentities/" + id, "/admin/identities/%30" + id[1:],
		"http://elsewhere.example/admin/identities/" + id, "/admin/identities/" + id + "?", "/admin/identities/" + id + "?/../../schemas",
	}
}

// TestPathTricks goes over a real connection, where nothing has cleaned the path yet.
// Whatever the spelling, a path is either that of a route, and authorize is told which,
// or there is nothing at it.
func TestPathTricks(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		state := f.everything(t)
		var asked []string
		f.handler = httpapi.New(f.manager, func(r *http.Request) error {
			asked = append(asked, httpapi.Operation(r))
			return nil
		}, httpapi.WithBaseURL(baseURL))
		server := f.listen(t, nil)
		send := func(t *testing.T, method, path string) response {
			asked = nil
			connection := server.dial(t)
			_, err := fmt.Fprintf(connection, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path)
			require.NoError(t, err)
			r, err := readResponse(method, connection)
			require.NoError(t, err)
			server.waitFor(t, 0)
			return r
		}
		for _, path := range trickyPaths(id) {
			for _, method := range []string{"GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"} {
				r := send(t, method, path)
				if len(asked) == 0 { // net/http took it for no request at all
					require.Contains(t, []int{400, 404}, r.status, path)
					continue
				}
				requireWellFormed(t, method, r)
				require.Contains(t, []int{404, 405, 415}, r.status, "%s %s: %s", method, path, r.body)
				require.Len(t, asked, 1)
			}
		}
		for _, path := range aliases(id) {
			r := send(t, http.MethodGet, path)
			requireWellFormed(t, http.MethodGet, r)
			require.Equal(t, http.StatusOK, r.status, path)
			require.Equal(t, []string{"getIdentity"}, asked)
		}
		f.handler = httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithBaseURL(baseURL))
		require.Equal(t, state, f.everything(t))
	})
}

// TestPathTricksDoNotGetPastAuthorize uses a policy that goes by the operation.
func TestPathTricksDoNotGetPastAuthorize(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		state := f.everything(t)
		open := f.handler
		f.handler = httpapi.New(f.manager, func(r *http.Request) error {
			if httpapi.Operation(r) == "listIdentitySchemas" {
				return nil
			}
			return httpapi.Forbidden("")
		})
		server := f.listen(t, nil)
		for _, path := range slices.Concat(trickyPaths(id), aliases(id)) {
			for _, e := range endpoints {
				connection := server.dial(t)
				body := e.body()
				_, err := io.WriteString(connection, wire(e.method, path, body.mediaType, len(body.content))+body.content)
				require.NoError(t, err)
				r, err := readResponse(e.method, connection)
				require.NoError(t, err)
				require.Contains(t, []int{400, 403, 404}, r.status, "%s %s", e.method, path)
				require.NoError(t, connection.Close())
			}
		}
		f.handler = open
		require.Equal(t, state, f.everything(t))
	})
}
