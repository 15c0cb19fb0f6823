package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
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
	type request struct{ method, path, mediaType, body, operation string }
	requests := []request{
		{"PUT", identityPath("not-an-id"), mediaJSON, `{}`, "updateIdentity"},
		{"PUT", identityPath(absentID), mediaJSON, `{`, "updateIdentity"},
		{"PUT", identityPath(firstID), "text/plain", `{}`, "updateIdentity"},
		{"GET", "/nowhere", "", "", ""},
		{"POST", "/admin/identities/", mediaJSON, `{}`, ""},
		{"POST", identityPath(firstID), mediaJSON, `{}`, ""},
		{"BREW", "/schemas", mediaJSON, `{}`, ""},
	}
	for _, e := range endpoints {
		for _, method := range e.methods() {
			requests = append(requests, request{method, e.at(firstID), e.body().mediaType, e.body().content, e.operation})
		}
		for _, b := range e.bodies {
			requests = append(requests, request{e.method, e.at(firstID), b.mediaType, b.content, e.operation})
		}
	}
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.create(t, fullCreate)
		for _, c := range requests {
			for _, allowed := range []bool{false, true} {
				t.Run(fmt.Sprint(c.method, c.path, c.mediaType, allowed), func(t *testing.T) {
					r := newRequest(t, c.method, c.path, c.body, "Content-Type", c.mediaType)
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

// TestAuthorizeUnderAPrefix checks that the operation is known wherever the handler is
// mounted.
func TestAuthorizeUnderAPrefix(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		var asked []string
		authorize := func(r *http.Request) error {
			asked = append(asked, httpapi.Operation(r))
			return nil
		}
		for _, handler := range []http.Handler{
			http.StripPrefix("/auth", httpapi.New(f.manager, authorize)),
			httpapi.New(f.manager, authorize, httpapi.WithPathPrefix("/auth")),
		} {
			f.handler = handler
			for _, e := range endpoints {
				asked = nil
				f.do(t, e.method, "/auth"+e.at(absentID), e.body().content, "Content-Type", e.body().mediaType)
				require.Equal(t, []string{e.operation}, asked)
			}
		}
	})
}

// TestReadingWithoutWriting is the policy of an application that lets somebody look and
// touch nothing, by the names of the operations alone.
func TestReadingWithoutWriting(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		state := f.everything(t)
		f.handler = httpapi.New(f.manager, func(r *http.Request) error {
			operation := httpapi.Operation(r)
			if strings.HasPrefix(operation, "get") || strings.HasPrefix(operation, "list") {
				return nil
			}
			return httpapi.Forbidden("Read only.")
		}, append(f.signIn(), httpapi.WithBaseURL(baseURL))...)
		for _, e := range endpoints {
			for _, method := range e.methods() {
				r := f.do(t, method, e.at(id), e.body().content, "Content-Type", e.body().mediaType)
				if e.writes || e.bodies != nil {
					requireRefusal(t, refusal{status: http.StatusForbidden, id: "forbidden"}, r)
					require.Equal(t, "Read only.", r.error(t).Reason)
				} else {
					requireStatus(t, http.StatusOK, r)
				}
			}
		}
		require.Equal(t, state, f.everything(t))
	})
}

// unprintable is an error that must be neither asked for its text nor believed.
type unprintable struct{ reason string }

func (unprintable) Error() string { panic("asked for its text") }

func (u *unprintable) check(*http.Request) error { return errors.New(u.reason) }

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
		{"forbidden, joined", func(*http.Request) error {
			return errors.Join(errors.New(private), httpapi.Forbidden("Read only."), storage.ErrNotFound)
		}, 403, "", "Read only."},
		{"an error that means another status", func(*http.Request) error {
			return fmt.Errorf("%s: %w", private, &idem.Error{Op: private, Kind: idem.KindNotFound, Err: storage.ErrNotFound})
		}, 403, "", ""},
		{"an error with fields", func(*http.Request) error { return violation.New("/"+private, "", private) }, 403, "", ""},
		{"an error that panics when it is printed", func(*http.Request) error { return unprintable{} }, 403, "", ""},
		{"an error of the server's own", func(*http.Request) error { return http.ErrAbortHandler }, 403, "", ""},
		{"a panic", func(*http.Request) error { panic(private) }, 403, "", ""},
		{"a panic with an error", func(*http.Request) error { panic(http.ErrAbortHandler) }, 403, "", ""},
		{"a panic of the runtime", func(r *http.Request) error { return (*unprintable)(nil).check(r) }, 403, "", ""},
		{"a nil function", nil, 403, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, f *fixture) {
				id := f.create(t, fullCreate).ID
				before := f.whole(t, id)
				open := f.handler
				f.handler = httpapi.New(f.manager, c.authorize)
				answers := []response{
					f.put(t, absentID, `{`),
					f.do(t, http.MethodGet, "/nowhere", ""),
					f.do(t, http.MethodPost, identityPath(id), ""),
				}
				for _, e := range endpoints {
					answers = append(answers, f.do(t, e.method, e.at(id), e.body().content, "Content-Type", e.body().mediaType))
				}
				for _, r := range answers {
					want := refusal{status: c.status, id: "forbidden"}
					if c.status == http.StatusUnauthorized {
						want.id = "unauthorized"
					}
					requireRefusal(t, want, r)
					require.Equal(t, c.challenge, r.header.Get("Www-Authenticate"))
					require.Equal(t, c.reason, r.error(t).Reason)
					require.NotContains(t, string(r.body), "policy")
					require.Empty(t, r.header.Get("Allow"))
				}
				// In the form of RFC 9457 it says no more.
				r := f.serve(newRequest(t, http.MethodGet, identityPath(id), "", "Accept", "application/problem+json"))
				requireAnswer(t, http.MethodGet, r)
				requireStatus(t, c.status, r)
				require.NotContains(t, string(r.body), "policy")
				f.handler = open
				after := f.whole(t, id)
				require.Equal(t, string(before.body), string(after.body))
				require.Equal(t, before.etag(), after.etag())
			})
		})
	}
}
