package openapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/internal/conformance/server"
)

const collection = "/admin/identities"

// absent is the path of an identity that does not exist.
const absent = collection + "/00000000-0000-4000-8000-000000000000"

// create makes an identity and returns its path.
func (c *client) create(t *testing.T, body string) string {
	t.Helper()
	r := c.do(t, exchange{method: "POST", path: collection, body: body, status: http.StatusCreated})
	var created struct{ ID string }
	require.NoError(t, json.Unmarshal(r.Body.Bytes(), &created))
	return collection + "/" + created.ID
}

// remove deletes an identity, so that what it claims is free for the next test.
func (c *client) remove(t *testing.T, path string) {
	t.Helper()
	c.do(t, exchange{method: "DELETE", path: path, status: http.StatusNoContent})
}

func etag(r *httptest.ResponseRecorder) string { return r.Header().Get("Etag") }

func lifecycle(t *testing.T, c *client) {
	id := c.create(t, server.FullCreate)
	c.do(t, exchange{method: "GET", path: id, status: 200})
	c.do(t, exchange{method: "GET", path: collection + "/by/external/crm%2F4711", status: 200})
	whole := c.do(t, exchange{method: "GET", path: id + strings.ReplaceAll(server.AllConfigs, "&include_credential=code", ""), status: 200})
	same := c.do(t, exchange{method: "PUT", path: id, body: whole.Body.String(), status: 200})
	require.Equal(t, etag(whole), etag(same))

	c.do(t, exchange{method: "PATCH", path: id, body: `[{"op":"add","path":"/metadata_public/a/b","value":1},{"op":"test","path":"/state","value":"active"}]`, status: 200})
	c.do(t, exchange{method: "PATCH", path: id, header: []string{"Content-Type", "application/json-patch+json"}, body: `[{"op":"move","from":"/metadata_public/a","path":"/metadata_public/c"},{"op":"remove","path":"/metadata_public/c"}]`, status: 200})
	c.do(t, exchange{method: "PATCH", path: id, header: []string{"Content-Type", "application/merge-patch+json"}, body: `{"state":"inactive"}`, status: 200})
	c.do(t, exchange{method: "DELETE", path: id + "/credentials/totp", status: 204})
	c.do(t, exchange{method: "DELETE", path: id + "/credentials/oidc?identifier=github:h-1", status: 204})
	c.do(t, exchange{method: "PUT", path: id, body: `{"traits":{},"schema_id":"","state":"","metadata_public":[1],"metadata_admin":null}`, status: 200})
	c.remove(t, id)

	smallest := c.create(t, `{}`)
	c.remove(t, smallest)
}

func lists(t *testing.T, c *client) {
	ids := []string{c.create(t, server.FullCreate), c.create(t, `{"traits":{"username":"bob"}}`), c.create(t, `{}`)}
	for _, query := range []string{
		"", "?page_size=1", "?page_size=0", "?page_size=100000", "?page=1&per_page=1", "?page=0&per_page=2", "?page=99",
		"?credentials_identifier=ADA@example.org", "?preview_credentials_identifier_similar=ad", "?credentials_identifier=",
		"?organization_id=7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b21", "?ids=" + ids[0][len(collection)+1:] + "&ids=" + ids[1][len(collection)+1:],
		"?consistency=eventual", server.AllConfigs,
	} {
		c.do(t, exchange{method: "GET", path: collection + query, status: 200})
	}
	for _, id := range ids {
		c.remove(t, id)
	}
	c.do(t, exchange{method: "GET", path: collection, status: 200})
}

func batches(t *testing.T, c *client) {
	r := c.do(t, exchange{method: "PATCH", path: collection, status: 200, body: `{"identities":[
		{"create":{"traits":{"username":"bob"}},"patch_id":"7A3F0B6E52F14A5C8F0E6A4D1F0C9B21"},
		{"create":{"traits":{"username":"bob"}},"patch_id":"7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b22"},
		{"create":{"traits":{"email":"no email"}}}]}`})
	var outcomes struct {
		Identities []struct{ Action, Identity string }
	}
	require.NoError(t, json.Unmarshal(r.Body.Bytes(), &outcomes))
	require.Len(t, outcomes.Identities, 3)
	c.remove(t, collection+"/"+outcomes.Identities[0].Identity)
	c.do(t, exchange{method: "PATCH", path: collection, body: `{}`, status: 200})
}

func changes(t *testing.T, c *client) {
	c.server.Actor = "admin:42"
	id := c.create(t, server.FullCreate)
	c.server.Actor = ""
	c.do(t, exchange{method: "PUT", path: id, body: `{}`, status: 200})
	c.remove(t, id)
	for _, path := range []string{"/admin/changes", "/admin/changes?page_size=1&after=1", id + "/changes", id + "/changes?after=1"} {
		c.do(t, exchange{method: "GET", path: path, status: 200})
	}
	c.do(t, exchange{method: "GET", path: "/admin/changes?after=1000000", status: http.StatusGone})
	for _, path := range []string{"/admin/changes?after=now", id + "/changes?before=1"} {
		c.do(t, exchange{method: "GET", path: path, status: http.StatusBadRequest})
	}
	c.do(t, exchange{method: "GET", path: absent + "/changes", status: http.StatusNotFound})
}

// recovery is the body of a request for a recovery code or link of the identity at path.
func recovery(path string) string {
	return `{"identity_id":"` + path[len(collection)+1:] + `","expires_in":"1h"}`
}

func signIns(t *testing.T, c *client) {
	id := c.create(t, server.FullCreate)
	for _, query := range []string{"", "?active=true", "?active=false", "?page_size=1", "?page_size=1&page_token=1", "?per_page=1&page=1"} {
		c.do(t, exchange{method: "GET", path: id + "/sessions" + query, status: 200})
	}
	c.do(t, exchange{method: "DELETE", path: id + "/sessions", status: 204})
	c.do(t, exchange{method: "POST", path: "/admin/recovery/code", body: recovery(id), status: 201})
	c.do(t, exchange{method: "POST", path: "/admin/recovery/link?return_to=https%3A%2F%2Fexample.com", body: recovery(id), status: 200})

	handler := c.server.Handler
	c.server.Handler = c.server.Bare
	for _, e := range []exchange{
		{method: "GET", path: id + "/sessions"},
		{method: "DELETE", path: id + "/sessions"},
		{method: "POST", path: "/admin/recovery/code", body: recovery(id)},
		{method: "POST", path: "/admin/recovery/link", body: recovery(id)},
	} {
		e.status = http.StatusNotImplemented
		c.do(t, e)
	}
	c.server.Handler = handler
	c.remove(t, id)
}

func vetoes(t *testing.T, c *client) {
	id := c.create(t, server.FullCreate)
	c.server.Veto = idem.Veto("accounts are frozen until Monday")
	for _, e := range []exchange{
		{method: "POST", path: collection, body: `{}`},
		{method: "PUT", path: id, body: `{}`},
		{method: "PATCH", path: id, body: `[{"op":"replace","path":"/state","value":"inactive"}]`},
		{method: "DELETE", path: id},
		{method: "DELETE", path: id + "/credentials/totp"},
		{method: "DELETE", path: id + "/sessions"},
	} {
		e.status = http.StatusUnprocessableEntity
		c.do(t, e)
	}
	c.do(t, exchange{method: "PATCH", path: collection, body: `{"identities":[{"create":{}}]}`, status: 200})
	c.server.Veto = nil
	c.remove(t, id)
}

func schemas(t *testing.T, c *client) {
	for _, path := range []string{"/openapi.json", "/schemas", "/schemas/person", "/schemas/b2b%2Fdevice", "/schemas/cGVyc29u"} {
		c.do(t, exchange{method: "GET", path: path, status: 200})
	}
	c.do(t, exchange{method: "GET", path: "/schemas/nothing", status: 404})
}
