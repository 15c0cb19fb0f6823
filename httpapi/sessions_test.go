package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage/memory"
)

// sessions are an application's own.
type sessions struct {
	mu  sync.Mutex
	all map[uuid.UUID][]httpapi.Session
	err error
}

func (s *sessions) List(_ context.Context, id uuid.UUID, active *bool, page httpapi.SessionPage) ([]httpapi.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []httpapi.Session
	for _, session := range s.all[id] {
		if active == nil || *active == session.Active {
			found = append(found, session)
		}
	}
	found = found[min(page.Offset, len(found)):]
	return found[:min(page.Limit, len(found))], s.err
}

func (s *sessions) End(_ context.Context, id uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.all[id] {
		s.all[id][n].Active = false
	}
	return s.err
}

func TestSessions(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"traits":{"email":"ada@example.com"},"credentials":{"password":{"config":{"password":"analytical engine"}}}}`).ID
		path := identityPath(id) + "/sessions"
		list := func(query string) ([]map[string]any, http.Header) {
			r := f.do(t, http.MethodGet, path+query, "")
			require.Equal(t, http.StatusOK, r.status, "%s", r.body)
			var found []map[string]any
			require.NoError(t, json.Unmarshal(r.body, &found))
			return found, r.header
		}
		empty := f.do(t, http.MethodGet, path, "")
		require.Equal(t, "[]", string(empty.body))

		f.sessions.all = map[uuid.UUID][]httpapi.Session{}
		for n := range 5 {
			f.sessions.all[uuid.MustParse(id)] = append(f.sessions.all[uuid.MustParse(id)], httpapi.Session{
				ID: uuid.UUID{15: byte(n + 1)}, Active: n%2 == 0, IssuedAt: noon.Add(-time.Duration(n) * time.Hour).In(time.FixedZone("x", 3600)),
			})
		}
		all, header := list("")
		require.Len(t, all, 5)
		require.Equal(t, map[string]any{
			"id": "00000000-0000-0000-0000-000000000001", "active": true, "issued_at": noon.Format(time.RFC3339),
			"authentication_methods": []any{}, "devices": []any{},
		}, all[0])
		require.NotContains(t, header.Get("Link"), "next")
		active, _ := list("?active=true")
		require.Len(t, active, 3)

		var walked []any
		query := "?active=true&page_size=2"
		for {
			page, header := list(query)
			for _, session := range page {
				walked = append(walked, session["id"])
			}
			_, next, found := strings.Cut(header.Get("Link"), `rel="first", <`)
			if !found {
				break
			}
			next, _, _ = strings.Cut(next, ">")
			u, err := url.Parse(next)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(next, baseURL+path))
			query = "?" + u.RawQuery
		}
		require.Equal(t, []any{active[0]["id"], active[1]["id"], active[2]["id"]}, walked)
		numbered, _ := list("?per_page=2&page=1")
		require.Equal(t, all[2]["id"], numbered[0]["id"])
		both, _ := list("?page_size=1&per_page=2&page=1")
		require.Equal(t, all[0]["id"], both[0]["id"])

		for _, bad := range []string{"?active=maybe", "?page_token=-1", "?page_token=x", "?page_size=x", "?page=x", "?sort=id"} {
			requireRefusal(t, refusal{status: 400, id: "bad_request"}, f.do(t, http.MethodGet, path+bad, ""))
		}
		f.sessions.err = errors.New("dial tcp: refused")
		r := f.do(t, http.MethodGet, path, "")
		requireRefusal(t, refusal{status: 500, id: "internal_error"}, r)
		require.NotContains(t, string(r.body), "dial")
		f.sessions.err = nil

		who, err := f.desk.Password(t.Context(), "ada@example.com", "analytical engine")
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, f.do(t, http.MethodDelete, path, "").status)
		active, _ = list("?active=true")
		require.Empty(t, active)
		require.ErrorIs(t, f.desk.Current(t.Context(), who.Proof), signin.ErrSignedOut)
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			requireRefusal(t, refusal{status: 404, id: "not_found"}, f.do(t, method, identityPath(absentID)+"/sessions", ""))
			requireRefusal(t, refusal{status: 404, id: "not_found"}, f.do(t, method, "/admin/identities/x/sessions", ""))
		}
	})
}

func TestRecovery(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"traits":{"username":"ada"},"credentials":{"password":{"config":{"password":"analytical engine"}}}}`).ID
		post := func(path, body string) (answered struct {
			Link    string    `json:"recovery_link"`
			Code    string    `json:"recovery_code"`
			Expires time.Time `json:"expires_at"`
		}, status int) {
			r := f.do(t, http.MethodPost, path, body)
			require.Less(t, r.status, 300, "%s", r.body)
			require.NoError(t, json.Unmarshal(r.body, &answered))
			return answered, r.status
		}
		body := `{"identity_id":"` + id + `","expires_in":"30m","flow_type":"browser"}`
		code, status := post("/admin/recovery/code", body)
		require.Equal(t, http.StatusCreated, status)
		require.NotContains(t, code.Link, code.Code)
		require.Equal(t, f.now().Add(30*time.Minute).UTC(), code.Expires)
		handle := strings.TrimPrefix(code.Link, "https://example.com/recover#handle=")
		_, err := f.desk.Recover(t.Context(), handle, code.Code, "a new engine, at last")
		require.NoError(t, err)

		link, status := post("/admin/recovery/link?return_to=https%3A%2F%2Fexample.com%2Fhome%3Fa%3Db", body)
		require.Equal(t, http.StatusOK, status)
		require.Empty(t, link.Code)
		u, err := url.Parse(link.Link)
		require.NoError(t, err)
		require.Equal(t, "https://example.com/home?a=b", u.Query().Get("return_to"))
		fragment, err := url.ParseQuery(u.Fragment)
		require.NoError(t, err)
		_, err = f.desk.Recover(t.Context(), fragment.Get("handle"), fragment.Get("code"), "another engine, at last")
		require.NoError(t, err)
		hour, _ := post("/admin/recovery/code", `{"identity_id":"`+id+`"}`)
		require.Equal(t, f.now().Add(time.Hour).UTC(), hour.Expires)

		for _, path := range []string{"/admin/recovery/code", "/admin/recovery/link"} {
			for bad, pointer := range map[string]string{
				`{}`: "/identity_id", `{"identity_id":"x"}`: "/identity_id", `{"identity_id":"` + id + `","expires_in":"0s"}`: "/expires_in",
				`{"identity_id":"` + id + `","expires_in":"721h"}`: "/expires_in", `{"identity_id":"` + id + `","expires_in":"soon"}`: "/expires_in",
				`{"identity_id":"` + id + `","expiresIn":"1h"}`: "/expiresIn",
			} {
				requireRefusal(t, refusal{status: 400, id: "validation_failed", pointers: []string{pointer}}, f.do(t, http.MethodPost, path, bad))
			}
		}
		nobody := `{"identity_id":"` + absentID + `"}`
		requireRefusal(t, refusal{status: 404, id: "not_found"}, f.do(t, http.MethodPost, "/admin/recovery/code", nobody))
		requireRefusal(t, refusal{status: 400, id: "validation_failed", pointers: []string{"/identity_id"}}, f.do(t, http.MethodPost, "/admin/recovery/link", nobody))
		r := f.do(t, http.MethodPost, "/admin/recovery/code?return_to=x", body)
		requireRefusal(t, refusal{status: 400, id: "bad_request"}, r)
		require.Equal(t, `There is no parameter "return_to"; there are none.`, r.error(t).Reason)
	})
}

// ownSessions gives out its own slice, to every request.
type ownSessions struct{ all []httpapi.Session }

func (s ownSessions) List(context.Context, uuid.UUID, *bool, httpapi.SessionPage) ([]httpapi.Session, error) {
	return s.all, nil
}

func (s ownSessions) End(context.Context, uuid.UUID) error { return nil }

// TestSessionsStayTheApplications makes sure that a list does not change what the application has given.
func TestSessionsStayTheApplications(t *testing.T) {
	f := newFixture(t, "memory", memory.New())
	id := f.create(t, `{}`).ID
	given := httpapi.Session{
		ID: uuid.UUID{1}, IssuedAt: noon.In(time.FixedZone("x", 3600)),
		AuthenticationMethods: []httpapi.AuthenticationMethod{{Method: "password", CompletedAt: noon.In(time.FixedZone("x", 3600))}},
	}
	own := ownSessions{all: []httpapi.Session{given}}
	f.handler = httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithSessions(own))
	r := f.do(t, http.MethodGet, identityPath(id)+"/sessions", "")
	require.Equal(t, http.StatusOK, r.status)
	require.Contains(t, string(r.body), `"devices":[]`)
	require.Equal(t, given, own.all[0])
}

// TestNotImplemented has a handler without sign-in and sessions.
func TestNotImplemented(t *testing.T) {
	f := newFixture(t, "memory", memory.New())
	id := f.create(t, `{}`).ID
	bare := httpapi.New(f.manager, httpapi.AllowAll)
	withSignIn := httpapi.New(f.manager, httpapi.AllowAll, f.signIn()[0])
	withSessions := httpapi.New(f.manager, httpapi.AllowAll, f.signIn()[1])
	for _, c := range []struct {
		method, path, body                 string
		bare, withSignIn, withSessionsOnly int
	}{
		{"POST", "/admin/recovery/code", `{"identity_id":"` + id + `"}`, 501, 201, 501},
		{"POST", "/admin/recovery/link", `{"identity_id":"` + id + `"}`, 501, 200, 501},
		{"GET", identityPath(id) + "/sessions", "", 501, 501, 200},
		{"DELETE", identityPath(id) + "/sessions", "", 501, 204, 204},
	} {
		for handler, want := range map[http.Handler]int{bare: c.bare, withSignIn: c.withSignIn, withSessions: c.withSessionsOnly} {
			f.handler = handler
			r := f.do(t, c.method, c.path, c.body)
			require.Equal(t, want, r.status, "%s %s: %s", c.method, c.path, r.body)
			if want == 501 {
				requireRefusal(t, refusal{status: 501, id: "not_implemented"}, r)
			}
		}
	}
	require.PanicsWithValue(t, "httpapi: WithSessions: the sessions are nil", func() { httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithSessions(nil)) })
	require.PanicsWithValue(t, "httpapi: WithSignIn: the service or the function is nil", func() { httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithSignIn(nil, nil)) })
}
