package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
)

func TestIDsInPaths(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, ada)
		for _, spelling := range []string{
			created.ID, strings.ToUpper(created.ID), strings.ReplaceAll(created.ID, "-", ""), strings.ToUpper(strings.ReplaceAll(created.ID, "-", "")),
			"%30" + created.ID[1:],
		} {
			require.Equal(t, created, f.get(t, spelling).document(t))
			require.Equal(t, created, f.put(t, spelling, `{"id":"`+created.ID+`","traits":{"email":"ada@example.org"}}`).document(t))
		}
		for _, malformed := range []string{
			"x", created.ID[1:], created.ID + "0", "{" + created.ID + "}", "urn:uuid:" + created.ID, strings.ReplaceAll(created.ID, "-", "_"),
			"00000000-0000-0000-0000-000000000000", absentID, "%00", "by", "..", ".", created.ID + "%20", created.ID + "%2F",
		} {
			requireRefusal(t, refusal{status: 404}, f.get(t, malformed))
			requireRefusal(t, refusal{status: 404}, f.put(t, malformed, `{}`))
			requireRefusal(t, refusal{status: 404}, f.do(t, http.MethodDelete, identityPath(malformed), ""))
		}
		require.Equal(t, http.StatusNoContent, f.do(t, http.MethodDelete, identityPath(strings.ToUpper(created.ID)), "").status)
	})
}

func TestExternalIDsInPaths(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, c := range []struct{ externalID, segment string }{
			{`plain`, `plain`},
			{`crm/4711`, `crm%2F4711`},
			{`crm//4711/`, `crm%2f%2f4711%2F`},
			{`50%`, `50%25`},
			{`%2F`, `%252F`},
			{`a+b c`, `a+b%20c`},
			{`été`, `%C3%A9t%C3%A9`},
			{`été!`, `été!`},
			{`?#`, `%3F%23`},
			{`..`, `..`},
			{`schemas`, `schemas`},
		} {
			t.Run(c.externalID, func(t *testing.T) {
				created := f.create(t, `{"external_id":"`+c.externalID+`"}`)
				require.Equal(t, created, f.do(t, http.MethodGet, "/admin/identities/by/external/"+c.segment, "").document(t))
			})
		}
		requireRefusal(t, refusal{status: 404}, f.do(t, http.MethodGet, "/admin/identities/by/external/nobody", ""))
		requireRefusal(t, refusal{status: 404}, f.do(t, http.MethodGet, "/admin/identities/by/external/PLAIN", ""))
		f.create(t, `{}`)
		requireRefusal(t, refusal{status: 404, id: "no_such_route"}, f.do(t, http.MethodGet, "/admin/identities/by/external/", ""))
	})
}

func TestUnknownPaths(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, ada).ID
		for _, path := range []string{
			"/", "//", "/admin", "/admin/", "/Admin/identities", "/admin/identities/", "//admin/identities", "/admin//identities", "/admin/identities//" + id,
			"/admin/identities/" + id + "/", "/admin/identities/" + id + "//", "/admin/identities/" + id + "/sessions/all", "/admin/./identities/" + id,
			"/admin/identities/../identities/" + id, "/admin%2Fidentities/" + id, "/identities/" + id, "/schemas/", "/schemas/person/", "/schemas/b2b/device/x",
			"/admin/identities/by/external", "/admin/identities/by/external/a/b", "/health/ready",
		} {
			for _, method := range []string{"GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "BREW"} {
				requireRefusal(t, refusal{status: 404, id: "no_such_route"}, f.do(t, method, path, ""))
			}
			r := f.do(t, http.MethodHead, path, "")
			require.Equal(t, 404, r.status, path)
		}
	})
}

func TestMethodNotAllowed(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, ada).ID
		for _, c := range []struct {
			path    string
			refused []string
			allowed []string // at least these
		}{
			{"/admin/identities", []string{"PUT", "DELETE", "OPTIONS", "TRACE", "get"}, []string{"POST"}},
			{identityPath(id), []string{"POST", "OPTIONS", "BREW", "put"}, []string{"DELETE", "GET", "HEAD", "PUT"}},
			{identityPath("x"), []string{"POST"}, []string{"DELETE", "GET", "HEAD", "PUT"}},
			{"/admin/identities/by/external/x", []string{"PUT", "POST", "PATCH", "DELETE"}, []string{"GET", "HEAD"}},
			{"/schemas", []string{"PUT", "POST", "PATCH", "DELETE"}, []string{"GET", "HEAD"}},
			{"/schemas/person", []string{"PUT", "POST", "PATCH", "DELETE"}, []string{"GET", "HEAD"}},
		} {
			for _, method := range c.refused {
				r := f.do(t, method, c.path, `{"state":"inactive"}`)
				requireRefusal(t, refusal{status: 405}, r)
				allowed := strings.Split(r.header.Get("Allow"), ", ")
				require.True(t, slices.IsSorted(allowed))
				require.Subset(t, allowed, c.allowed)
				require.NotContains(t, allowed, method)
			}
		}
		require.Equal(t, revisionTag(id, 1), f.get(t, id).etag())
	})
}

func TestHead(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		for _, path := range []string{
			identityPath(id), identityPath(id) + allConfigs, "/admin/identities/by/external/crm%2F4711", "/schemas", "/schemas/person",
			identityPath(absentID), identityPath(id) + "?include_credential=x", "/schemas/nobody", "/nowhere",
		} {
			get, head := f.do(t, http.MethodGet, path, ""), f.do(t, http.MethodHead, path, "")
			require.Equal(t, get.status, head.status)
			require.Equal(t, get.header, head.header)
			require.NotEmpty(t, get.body)
			require.Empty(t, head.body)
		}
	})
}

// mounts are the ways to put the handler under the prefix /auth.
func mounts(f *fixture) map[string]http.Handler {
	return map[string]http.Handler{
		"stripped":                 http.StripPrefix("/auth", httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithBaseURL("/auth"))),
		"unstripped":               httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithPathPrefix("/auth")),
		"unstripped, with a slash": httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithPathPrefix("/auth/")),
	}
}

func TestUnderAPrefix(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for name, handler := range mounts(f) {
			t.Run(name, func(t *testing.T) {
				f.handler = handler
				r := f.do(t, http.MethodPost, "/auth/admin/identities", `{"external_id":"a/b"}`)
				require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
				created := r.document(t)
				require.Equal(t, "/auth/admin/identities/"+created.ID, r.header.Get("Location"))
				require.Equal(t, "/auth/schemas/cGVyc29u", created.SchemaURL)
				for _, link := range []string{r.header.Get("Location"), created.SchemaURL, "/auth/admin/identities/by/external/a%2Fb"} {
					require.Equal(t, http.StatusOK, f.do(t, http.MethodGet, link, "").status, link)
				}
				for _, path := range []string{"/auth", "/auth/", "/auth//admin/identities/" + created.ID, "/auth/admin/identities/" + created.ID + "/"} {
					requireRefusal(t, refusal{status: 404, id: "no_such_route"}, f.do(t, http.MethodGet, path, ""))
				}
				require.Equal(t, http.StatusNoContent, f.do(t, http.MethodDelete, "/auth"+identityPath(created.ID), "").status)
			})
		}
		f.handler = mounts(f)["unstripped"]
		for _, path := range []string{"/schemas", "/authschemas", "/authentic/schemas", "/AUTH/schemas"} {
			requireRefusal(t, refusal{status: 404, id: "no_such_route"}, f.do(t, http.MethodGet, path, ""))
		}
	})
}

func TestLinks(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, c := range []struct {
			name    string
			options []httpapi.Option
			links   string
		}{
			{"no option", nil, ""},
			{"a base URL", []httpapi.Option{httpapi.WithBaseURL("https://id.example.com/auth")}, "https://id.example.com/auth"},
			{"a base URL with a slash", []httpapi.Option{httpapi.WithBaseURL("https://id.example.com/")}, "https://id.example.com"},
			{"a base URL and a prefix", []httpapi.Option{httpapi.WithBaseURL("https://id.example.com/x"), httpapi.WithPathPrefix("/")}, "https://id.example.com/x"},
		} {
			t.Run(c.name, func(t *testing.T) {
				f.handler = httpapi.New(f.manager, httpapi.AllowAll, c.options...)
				r := f.post(t, `{"schema_id":"b2b/device","traits":{"serial":"A1"}}`)
				require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
				require.Equal(t, c.links+"/admin/identities/"+r.document(t).ID, r.header.Get("Location"))
				require.Equal(t, c.links+"/schemas/YjJiL2RldmljZQ", r.document(t).SchemaURL)
				require.Empty(t, f.get(t, r.document(t).ID).header.Get("Location"))
				require.Equal(t, http.StatusNoContent, f.do(t, http.MethodDelete, identityPath(r.document(t).ID), "").status)
			})
		}
	})
}

// TestOverTheNetwork goes through a real server and client, where a redirect would
// be followed, and a router of the application.
func TestOverTheNetwork(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		router := http.NewServeMux()
		router.Handle("/auth/", http.StripPrefix("/auth", f.handler))
		server := httptest.NewServer(router)
		defer server.Close()
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		send := func(method, path, body string) response {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/auth"+path, strings.NewReader(body))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			answer, err := client.Do(r)
			require.NoError(t, err)
			defer func() { require.NoError(t, answer.Body.Close()) }()
			content, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.Empty(t, answer.TransferEncoding)
			result := response{status: answer.StatusCode, header: answer.Header, body: content}
			requireWellFormed(t, method, result)
			return result
		}
		id := send("POST", "/admin/identities", `{"external_id":"a/b"}`).document(t).ID
		require.Equal(t, 200, send("PUT", identityPath(id), `{"external_id":"a/b","state":"inactive"}`).status)
		require.Equal(t, 200, send("GET", "/admin/identities/by/external/a%2Fb", "").status)
		require.Equal(t, 200, send("HEAD", identityPath(id), "").status)
		require.Equal(t, 404, send("GET", identityPath(id)+"/", "").status)
		require.Equal(t, 405, send("OPTIONS", identityPath(id), "").status)
		require.Equal(t, 413, send("PUT", identityPath(id), strings.Repeat(" ", 2<<20)).status)
		require.Equal(t, 204, send("DELETE", identityPath(id), "").status)
	})
}
