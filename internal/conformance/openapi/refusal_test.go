package openapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/internal/conformance/server"
	"github.com/idemkit/idem/storage"
)

func conditions(t *testing.T, c *client) {
	id := c.create(t, server.FullCreate)
	byExternalID := collection + "/by/external/crm%2F4711"
	current := etag(c.do(t, exchange{method: "GET", path: id, status: 200}))
	stale, isCurrent := []string{"If-Match", `"999"`}, []string{"If-None-Match", current}
	for _, e := range []exchange{
		{method: "GET", path: id},
		{method: "GET", path: byExternalID},
		{method: "PUT", path: id, body: `{}`},
		{method: "PATCH", path: id, body: `[{"op":"add","path":"/metadata_public","value":1}]`},
		{method: "DELETE", path: id},
		{method: "DELETE", path: id + "/credentials/totp"},
	} {
		e.status, e.header = http.StatusPreconditionFailed, stale
		c.do(t, e)
		e.header = isCurrent
		if e.method == http.MethodGet {
			e.status = http.StatusNotModified
		}
		c.do(t, e)
		e.status, e.header = http.StatusBadRequest, []string{"If-Match", "not an entity tag"}
		c.do(t, e)
	}
	for _, e := range []exchange{{method: "POST", path: collection, body: `{}`}, {method: "PATCH", path: collection, body: `{"identities":[]}`}} {
		e.status, e.header = http.StatusPreconditionFailed, stale
		c.do(t, e)
		e.status, e.header = http.StatusBadRequest, []string{"If-Match", "not an entity tag"}
		c.do(t, e)
	}
	c.do(t, exchange{method: "PUT", path: id, header: []string{"If-Match", current}, body: `{"traits":{}}`, status: 200})
	c.remove(t, id)
}

func invalidRequests(t *testing.T, c *client) {
	id := c.create(t, `{"external_id":"bob","traits":{"username":"bob"},"credentials":{"password":{"config":{"password":"correct horse battery"}}}}`)
	for _, e := range []exchange{
		{method: "GET", path: collection + "?page_size=many"},
		{method: "GET", path: "/schemas?page_size=many"},
		{method: "GET", path: collection + "?page_token=forged"},
		{method: "GET", path: collection + "?filter=all"},
		{method: "GET", path: collection + "?ids=1"},
		{method: "GET", path: collection + "?organization_id=acme"},
		{method: "GET", path: collection + "?preview_credentials_identifier_similar=%20"},
		{method: "GET", path: id + "?include_credential=pin"},
		{method: "GET", path: collection + "/by/external/bob?include_credential=pin"},
		{method: "POST", path: collection, body: `{"traits":{"email":"no email","name":7},"state":"asleep"}`},
		{method: "POST", path: collection, body: `{"id":"7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b21"}`},
		{method: "POST", path: collection, body: `{"traits":null}`},
		{method: "POST", path: collection, body: `{`},
		{method: "PATCH", path: collection, body: `{"identity":[]}`},
		{method: "PUT", path: id, body: `{"traits":{"email":"no email"}}`},
		{method: "PUT", path: id, body: `{"schema_id":"nothing"}`},
		{method: "PUT", path: id, body: `{"credentials":{"password":{"config":{}}}}`},
		{method: "PATCH", path: id, body: `[{"op":"remove","path":"/nothing"}]`},
		{method: "PATCH", path: id, body: `[{"op":"replace","path":"/id","value":"x"}]`},
		{method: "PATCH", path: id, body: `{}`},
		{method: "DELETE", path: id + "/credentials/oidc"},
		{method: "DELETE", path: id + "/credentials/password"},
		{method: "DELETE", path: id + "/credentials/code"},
		{method: "GET", path: id + "/sessions?active=perhaps"},
		{method: "POST", path: "/admin/recovery/code", body: `{"identity_id":"x"}`},
		{method: "POST", path: "/admin/recovery/link", body: recovery(absent)},
	} {
		e.status = http.StatusBadRequest
		c.do(t, e)
	}
	for _, e := range []exchange{
		{method: "GET", path: absent},
		{method: "GET", path: collection + "/not-an-id"},
		{method: "GET", path: collection + "/by/external/nobody"},
		{method: "PUT", path: absent, body: `{}`},
		{method: "PATCH", path: absent, body: `[{"op":"remove","path":"/external_id"}]`},
		{method: "DELETE", path: absent},
		{method: "GET", path: absent + "/sessions"},
		{method: "DELETE", path: absent + "/sessions"},
		{method: "POST", path: "/admin/recovery/code", body: recovery(absent)},
		{method: "DELETE", path: id + "/credentials/totp"},
	} {
		e.status = http.StatusNotFound
		c.do(t, e)
	}
	c.remove(t, id)
}

func conflicts(t *testing.T, c *client) {
	taken := c.create(t, server.FullCreate)
	id := c.create(t, `{"traits":{"username":"bob"}}`)
	for _, e := range []exchange{
		{method: "POST", path: collection, body: `{"external_id":"crm/4711"}`},
		{method: "POST", path: collection, body: `{"traits":{"username":"ADA"}}`},
		{method: "POST", path: collection, body: `{"traits":{"phone":"+16502530000"}}`},
		{method: "PUT", path: id, body: `{"credentials":{"oidc":{"config":{"providers":[{"provider":"google","subject":"g-1"}]}}}}`},
		{method: "PATCH", path: id, body: `[{"op":"add","path":"/traits/username","value":"ada"}]`},
		{method: "PATCH", path: id, body: `[{"op":"test","path":"/state","value":"inactive"}]`},
	} {
		e.status = http.StatusConflict
		c.do(t, e)
	}
	c.remove(t, id)
	c.remove(t, taken)
}

func unreadBodies(t *testing.T, c *client) {
	id := c.create(t, `{}`)
	for _, e := range []exchange{
		{method: "POST", path: collection}, {method: "PATCH", path: collection}, {method: "PUT", path: id}, {method: "PATCH", path: id},
		{method: "POST", path: "/admin/recovery/code"}, {method: "POST", path: "/admin/recovery/link"},
	} {
		e.status, e.body, e.header = http.StatusUnsupportedMediaType, "{}", []string{"Content-Type", "text/plain"}
		c.do(t, e)
		e.status, e.body, e.header = http.StatusRequestEntityTooLarge, strings.Repeat(" ", server.MaxBatchBody)+"{}", nil
		c.do(t, e)
	}
	c.remove(t, id)
}

// everyOperation is a valid request of each operation, on the identity at id.
func everyOperation(id string) []exchange {
	return []exchange{
		{method: "GET", path: collection},
		{method: "POST", path: collection, body: `{}`},
		{method: "PATCH", path: collection, body: `{"identities":[{"create":{}}]}`},
		{method: "GET", path: id},
		{method: "GET", path: collection + "/by/external/bob"},
		{method: "PUT", path: id, body: `{}`},
		{method: "PATCH", path: id, body: `[]`},
		{method: "DELETE", path: id},
		{method: "DELETE", path: id + "/credentials/totp"},
		{method: "GET", path: id + "/sessions"},
		{method: "DELETE", path: id + "/sessions"},
		{method: "POST", path: "/admin/recovery/code", body: recovery(id)},
		{method: "POST", path: "/admin/recovery/link", body: recovery(id)},
		{method: "GET", path: id + "/changes"},
		{method: "GET", path: "/admin/changes"},
		{method: "GET", path: "/schemas"},
		{method: "GET", path: "/schemas/person"},
		{method: "GET", path: "/openapi.json"},
	}
}

func denials(t *testing.T, c *client) {
	defer func() { c.server.Authorize = httpapi.AllowAll }()
	for _, e := range everyOperation(absent) {
		c.server.Authorize = func(*http.Request) error { return httpapi.Unauthorized("Bearer", "The token has expired.") }
		e.status = http.StatusUnauthorized
		c.do(t, e)
		c.server.Authorize = func(*http.Request) error { return errors.New("not yours") }
		e.status = http.StatusForbidden
		c.do(t, e)
	}
}

func faults(t *testing.T, c *client) {
	id := c.create(t, `{"external_id":"bob"}`)
	for _, e := range everyOperation(id) {
		if !strings.HasPrefix(e.path, "/admin/") {
			continue // does without the store
		}
		e.status = http.StatusInternalServerError
		c.server.Store.Fail(func() error { panic("out of order") })
		c.do(t, e)
		c.server.Store.Fail(func() error { return storage.ErrUnavailable })
		e.status = http.StatusServiceUnavailable
		if e.method != http.MethodPatch || e.path != collection {
			c.do(t, e)
		}
		c.server.Store.Fail(nil)
	}
	batchFaults(t, c)
	c.remove(t, id)
}

// batchFaults are apart because a store that fails is told of item by item, and the
// batch as a whole is given up only with the request.
func batchFaults(t *testing.T, c *client) {
	batch := exchange{method: "PATCH", path: collection, body: `{"identities":[{"create":{}}]}`, status: http.StatusOK}
	for _, fault := range []error{errors.New("out of order"), storage.ErrUnavailable} {
		c.server.Store.Fail(func() error { return fault })
		c.do(t, batch)
	}
	c.server.Store.Fail(nil)

	handler := c.server.Handler
	defer func() { c.server.Handler = handler }()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r.WithContext(gone)) })
	batch.status = http.StatusServiceUnavailable
	c.do(t, batch)
}

// TestAnswersWithoutAnOperation checks the two errors that belong to no operation: a
// path that does not exist and a method that a path does not have.
func TestAnswersWithoutAnOperation(t *testing.T) {
	server.OnEachStore(t, func(t *testing.T, s *server.Server) {
		c := newClient(t, s)
		for _, accept := range []string{"application/json", "application/problem+json"} {
			for path, name := range map[string]string{"/nothing": "NotFound", "/schemas": "MethodNotAllowed"} {
				r := c.serve(newRequest(t, "TRACE", path, "", "Accept", accept))
				require.Empty(t, c.describedAs(t, name, accept, r), "%s: %s", name, r.Body)
			}
		}
	})
}
