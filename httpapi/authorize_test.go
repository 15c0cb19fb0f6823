package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
)

// watchedBody counts how often it is read.
type watchedBody struct {
	io.Reader
	reads int
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.reads++
	return b.Reader.Read(p)
}

func (b *watchedBody) Close() error { return nil }

func TestAuthorizeIsAskedOnceBeforeTheBodyIsRead(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"external_id":"ada"}`).ID
		for _, c := range []struct{ method, path, operation string }{
			{"POST", "/admin/identities", "createIdentity"},
			{"PUT", identityPath(id), "updateIdentity"},
			{"PUT", identityPath("not-an-id"), "updateIdentity"},
			{"GET", identityPath(id), "getIdentity"},
			{"HEAD", identityPath(id), "getIdentity"},
			{"GET", "/admin/identities/by/external/ada", "getIdentityByExternalID"},
			{"DELETE", identityPath(absentID), "deleteIdentity"},
			{"GET", "/schemas", "listIdentitySchemas"},
			{"GET", "/schemas/person", "getIdentitySchema"},
			{"GET", "/nowhere", ""},
			{"POST", identityPath(id), ""},
		} {
			for _, allowed := range []bool{true, false} {
				t.Run(fmt.Sprint(c.method, c.path, allowed), func(t *testing.T) {
					r := newRequest(t, c.method, c.path, `{"external_id":"ada"}`)
					body := &watchedBody{Reader: r.Body}
					r.Body = body
					var asked []string
					handler := httpapi.New(f.manager, func(r *http.Request) error {
						asked = append(asked, httpapi.Operation(r))
						require.Zero(t, body.reads, "the body was read before the request was allowed")
						require.Equal(t, c.method, r.Method)
						if !allowed {
							return errors.New("no")
						}
						return nil
					})
					w := httptest.NewRecorder()
					handler.ServeHTTP(w, r)
					require.Equal(t, []string{c.operation}, asked)
					if !allowed {
						require.Equal(t, http.StatusForbidden, w.Code)
						require.Zero(t, body.reads, "the body of a request that is not allowed was read")
					} else {
						require.NotEqual(t, http.StatusForbidden, w.Code)
					}
				})
			}
		}
		require.Empty(t, httpapi.Operation(newRequest(t, "GET", "/schemas", "")), "outside of authorize there is none")
	})
}

func TestDenied(t *testing.T) {
	const private = "connection to policy.internal refused"
	for _, c := range []struct {
		name      string
		authorize func(*http.Request) error
		status    int
		challenge string
		reason    string
	}{
		{"any error", func(*http.Request) error { return errors.New(private) }, 403, "", ""},
		{"forbidden", func(*http.Request) error { return httpapi.Forbidden("") }, 403, "", ""},
		{"forbidden for a reason", func(*http.Request) error { return httpapi.Forbidden("Read only.") }, 403, "", "Read only."},
		{"unauthorized", func(*http.Request) error { return httpapi.Unauthorized("", "") }, 401, "Bearer", ""},
		{"unauthorized with a challenge", func(*http.Request) error { return httpapi.Unauthorized(`Basic realm="admin"`, "Sign in.") }, 401, `Basic realm="admin"`, "Sign in."},
		{"unauthorized, wrapped", func(*http.Request) error { return fmt.Errorf("%s: %w", private, httpapi.Unauthorized("", "")) }, 401, "Bearer", ""},
		{"an error of the server's own", func(*http.Request) error { return http.ErrAbortHandler }, 403, "", ""},
		{"a panic", func(*http.Request) error { panic(private) }, 403, "", ""},
		{"a panic with an error", func(*http.Request) error { panic(http.ErrAbortHandler) }, 403, "", ""},
		{"a nil function", nil, 403, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, f *fixture) {
				id := f.create(t, fullCreate).ID
				before := f.whole(t, id)
				open := f.handler
				f.handler = httpapi.New(f.manager, c.authorize)
				for _, r := range []response{
					f.put(t, id, `{"state":"inactive"}`),
					f.put(t, absentID, `{`),
					f.post(t, `{}`),
					f.get(t, id),
					f.do(t, http.MethodDelete, identityPath(id), ""),
					f.do(t, http.MethodGet, "/schemas", ""),
					f.do(t, http.MethodGet, "/nowhere", ""),
					f.do(t, http.MethodPost, identityPath(id), ""),
				} {
					want := refusal{status: c.status, id: "forbidden"}
					if c.status == http.StatusUnauthorized {
						want.id = "unauthorized"
					}
					requireRefusal(t, want, r)
					require.Equal(t, c.challenge, r.header.Get("Www-Authenticate"))
					require.Equal(t, c.reason, r.error(t).Reason)
					require.NotContains(t, string(r.body), "internal")
					require.Empty(t, r.header.Get("Allow"))
				}
				f.handler = open
				after := f.whole(t, id)
				require.Equal(t, string(before.body), string(after.body))
				require.Equal(t, before.etag(), after.etag())
			})
		})
	}
}
