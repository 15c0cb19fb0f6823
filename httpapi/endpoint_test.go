package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage/memory"
)

// endpoint is a route, as those tests know it that try something on every route. A new
// route needs a row in endpoints and nothing else to be tried with all of it.
type endpoint struct {
	operation, method string
	// path holds {id}, {externalID}, {type} and {schema}, which at puts values for.
	path string
	// writes tells that the operation changes identities.
	writes bool
	// bodies are good ones, each with its media type; none for a route that reads none.
	bodies []body
	// queries are good ones beside the empty one.
	queries []string
}

type body struct{ mediaType, content string }

const (
	mediaJSON       = "application/json"
	mediaJSONPatch  = "application/json-patch+json"
	mediaMergePatch = "application/merge-patch+json"
)

// endpoints are all routes. Their bodies and paths fit an identity that was made of
// fullCreate.
var endpoints = []endpoint{
	{operation: "listIdentities", method: "GET", path: "/admin/identities", queries: []string{
		"page_size=2&include_credential=password", "per_page=1&page=1", "credentials_identifier=ada%40example.org",
		"preview_credentials_identifier_similar=ad", "organization_id=7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b21",
		"ids=" + firstID + "&ids=" + absentID, "page_token=AY8AAAAAcACAAAAAAAAAAAAAAAAAAAAA",
	}},
	{operation: "createIdentity", method: "POST", path: "/admin/identities", writes: true, bodies: []body{
		{mediaJSON, `{"schema_id":"free","traits":{"a":[1,"b"]},"metadata_admin":null}`},
	}},
	{operation: "batchPatchIdentities", method: "PATCH", path: "/admin/identities", writes: true, bodies: []body{
		{mediaJSON, `{"identities":[{"create":{"traits":{"email":"eve@example.org"}},"patch_id":"` + absentID + `"},{"create":{}}]}`},
	}},
	{operation: "getIdentity", method: "GET", path: "/admin/identities/{id}", queries: []string{"include_credential=totp&include_credential=passkey"}},
	{operation: "updateIdentity", method: "PUT", path: "/admin/identities/{id}", writes: true, bodies: []body{{mediaJSON, fullUpdate}}},
	{operation: "patchIdentity", method: "PATCH", path: "/admin/identities/{id}", writes: true, bodies: []body{
		{mediaJSON, `[{"op":"replace","path":"/state","value":"inactive"}]`},
		{mediaJSONPatch, `[{"op":"test","path":"/traits/username","value":"ada"},{"op":"copy","from":"/traits/name","path":"/metadata_admin/name"},` +
			`{"op":"move","from":"/metadata_public/plan","path":"/metadata_public/old"},{"op":"remove","path":"/traits/rescue"},{"op":"add","path":"/metadata_public/list","value":[1]}]`},
		{mediaMergePatch, `{"traits":{"name":null,"age":3},"external_id":null,"credentials":{"totp":{"config":{"totp_url":"otpauth://totp/x?secret=KRSXG5CTMVRXEZLU"}}}}`},
	}},
	{operation: "deleteIdentity", method: "DELETE", path: "/admin/identities/{id}", writes: true},
	{operation: "deleteIdentityCredentials", method: "DELETE", path: "/admin/identities/{id}/credentials/{type}", writes: true, queries: []string{"identifier=google%3Ag-1"}},
	{operation: "getIdentityByExternalID", method: "GET", path: "/admin/identities/by/external/{externalID}", queries: []string{"include_credential=password"}},
	{operation: "listChanges", method: "GET", path: "/admin/changes", queries: []string{"after=0&page_size=1", "after=1"}},
	{operation: "listIdentityChanges", method: "GET", path: "/admin/identities/{id}/changes", queries: []string{"after=0&page_size=1", "after=1"}},
	{operation: "listIdentitySessions", method: "GET", path: "/admin/identities/{id}/sessions", queries: []string{"active=true&page_size=1", "per_page=1&page=1"}},
	{operation: "deleteIdentitySessions", method: "DELETE", path: "/admin/identities/{id}/sessions", writes: true},
	{operation: "createRecoveryCodeForIdentity", method: "POST", path: "/admin/recovery/code", bodies: []body{
		{mediaJSON, `{"identity_id":"` + firstID + `","expires_in":"1h","flow_type":"browser"}`},
	}},
	{operation: "createRecoveryLinkForIdentity", method: "POST", path: "/admin/recovery/link", bodies: []body{
		{mediaJSON, `{"identity_id":"` + firstID + `","expires_in":"30m"}`},
	}, queries: []string{"return_to=https%3A%2F%2Fexample.com%2Fhome"}},
	{operation: "getOpenAPI", method: "GET", path: "/openapi.json"},
	{operation: "listIdentitySchemas", method: "GET", path: "/schemas"},
	{operation: "getIdentitySchema", method: "GET", path: "/schemas/{schema}"},
}

// firstID is the id of the first identity that a fixture creates.
const firstID = "018f0000-0000-7000-8000-000000000001"

// at is the endpoint's path for the identity id, made of fullCreate.
func (e endpoint) at(id string) string {
	return strings.NewReplacer("{id}", id, "{externalID}", "crm%2F4711", "{type}", "totp", "{schema}", "b2b%2Fdevice").Replace(e.path)
}

// methods are the endpoint's own and, for a GET, HEAD.
func (e endpoint) methods() []string {
	if e.method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{e.method}
}

// body is a good one, the first; empty for a route that reads none.
func (e endpoint) body() body {
	if len(e.bodies) == 0 {
		return body{}
	}
	return e.bodies[0]
}

// onBodies runs a test for every route that reads a body, with each kind of body, and
// an identity that was made of fullCreate.
func onBodies(t *testing.T, test func(t *testing.T, f *fixture, e endpoint, b body)) {
	for _, e := range endpoints {
		for _, b := range e.bodies {
			t.Run(e.operation+" "+b.mediaType, func(t *testing.T) {
				onBothStores(t, func(t *testing.T, f *fixture) {
					require.Equal(t, firstID, f.create(t, fullCreate).ID)
					test(t, f, e, b)
				})
			})
		}
	}
}

// onBodiesInMemory is onBodies for what is decided before a store is asked.
func onBodiesInMemory(t *testing.T, test func(t *testing.T, f *fixture, e endpoint, b body)) {
	for _, e := range endpoints {
		for _, b := range e.bodies {
			t.Run(e.operation+" "+b.mediaType, func(t *testing.T) {
				f := newFixture(t, "memory", memory.New())
				require.Equal(t, firstID, f.create(t, fullCreate).ID)
				test(t, f, e, b)
			})
		}
	}
}

// TestEndpointsAreAllRoutes holds the table above against the API's own description,
// which is held against the routes elsewhere.
func TestEndpointsAreAllRoutes(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		var described struct {
			Paths map[string]map[string]json.RawMessage
		}
		require.NoError(t, json.Unmarshal(f.do(t, http.MethodGet, "/openapi.json", "").body, &described))
		bodies := map[string]int{}
		for _, operations := range described.Paths {
			for name, raw := range operations {
				if name == "parameters" || name == "head" {
					continue
				}
				var operation struct {
					OperationID string
					RequestBody struct{ Content map[string]any }
				}
				require.NoError(t, json.Unmarshal(raw, &operation))
				bodies[operation.OperationID] = len(operation.RequestBody.Content)
			}
		}
		for _, e := range endpoints {
			require.Contains(t, bodies, e.operation)
			require.Equal(t, bodies[e.operation], len(e.bodies), "media types of %s", e.operation)
			delete(bodies, e.operation)
		}
		require.Empty(t, bodies, "operations without an endpoint")
	})
}

// TestEndpointsWork makes sure that the rows are good requests: tests that try
// something bad with them would otherwise prove little.
func TestEndpointsWork(t *testing.T) {
	for _, e := range endpoints {
		bodies := e.bodies
		if bodies == nil {
			bodies = []body{{}}
		}
		for _, b := range bodies {
			t.Run(e.operation+" "+b.mediaType, func(t *testing.T) {
				onBothStores(t, func(t *testing.T, f *fixture) {
					id := f.create(t, fullCreate).ID
					require.Equal(t, firstID, id)
					before := f.whole(t, id)
					r := f.do(t, e.method, e.at(id), b.content, "Content-Type", b.mediaType)
					require.Less(t, r.status, 300, "%s", r.body)
					switch {
					case e.operation == "deleteIdentity":
						require.Equal(t, http.StatusNotFound, f.get(t, id).status)
					case e.writes && strings.Contains(e.path, "{id}"):
						require.NotEqual(t, before.etag(), f.whole(t, id).etag(), "nothing was changed")
					default:
						require.Equal(t, before.etag(), f.whole(t, id).etag())
					}
				})
			})
		}
	}
}
