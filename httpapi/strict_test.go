package httpapi_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/storage/memory"
)

// TestEncodingOfBody sends bodies that claim an encoding that this handler does not read.
func TestEncodingOfBody(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{}`).ID
		for _, route := range []struct{ method, path, body string }{
			{http.MethodPut, identityPath(id), `{}`}, {http.MethodPost, "/admin/identities", `{}`},
			{http.MethodPatch, identityPath(id), `[]`}, {http.MethodPatch, "/admin/identities", `{"identities":[]}`},
		} {
			for encoding, accepted := range map[string]bool{"gzip": false, "identity, br": false, "identity": true, "Identity": true, "": true} {
				r := f.do(t, route.method, route.path, route.body, "Content-Encoding", encoding)
				if accepted {
					require.Less(t, r.status, 300, "%s %s: %s", route.method, encoding, r.body)
				} else {
					requireRefusal(t, refusal{status: http.StatusUnsupportedMediaType}, r)
				}
			}
			request := httptest.NewRequest(route.method, route.path, strings.NewReader(route.body))
			request.Header["Content-Type"] = []string{"application/json", "application/merge-patch+json"}
			r := f.serve(request)
			require.Equal(t, http.StatusBadRequest, r.status, "%s", r.body)
		}
	})
}

// TestIfMatchOfCreate asks for entity tags where there can be none.
func TestIfMatchOfCreate(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{}`).ID
		for _, route := range []struct{ method, body string }{{http.MethodPost, `{}`}, {http.MethodPatch, `{"identities":[{"create":{}}]}`}} {
			for tag, status := range map[string]int{
				`"1"`: 412, revisionTag(id, 1): 412, `W/"1"`: 412, `"1", "2"`: 412, `1`: 400, `*`: 200,
			} {
				before, _ := f.list(t, "?per_page=500")
				r := f.do(t, route.method, "/admin/identities", route.body, "If-Match", tag)
				if status == 200 {
					require.Less(t, r.status, 300, "%s", r.body)
					continue
				}
				require.Equal(t, status, r.status, "%s %s", tag, r.body)
				after, _ := f.list(t, "?per_page=500")
				require.Len(t, after, len(before), "nothing was created")
			}
		}
	})
}

// TestIfMatchByExternalID reads by a name that can pass to another identity: a revision alone says nothing.
func TestIfMatchByExternalID(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"external_id":"crm"}`).ID
		path := "/admin/identities/by/external/crm"
		for tag, status := range map[string]int{
			`"1"`: 412, revisionTag(id, 1): 200, revisionTag(absentID, 1): 412, revisionTag(id, 2): 412, `*`: 200, `"1", ` + revisionTag(id, 1): 200,
		} {
			require.Equal(t, status, f.do(t, http.MethodGet, path, "", "If-Match", tag).status, tag)
		}
		for tag, status := range map[string]int{`"1"`: 200, revisionTag(id, 1): 304, `W/` + revisionTag(id, 1): 304, `*`: 304} {
			require.Equal(t, status, f.do(t, http.MethodGet, path, "", "If-None-Match", tag).status, tag)
		}
		require.Equal(t, http.StatusOK, f.do(t, http.MethodGet, identityPath(id), "", "If-Match", `"1"`).status, "by its id, a revision is enough")
	})
}

// TestSchemaPages walks over the schemas by token and by number.
func TestSchemaPages(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		ids := func(r response) (ids []string) {
			for _, part := range strings.Split(string(r.body), `"id":"`)[1:] {
				id, _, _ := strings.Cut(part, `"`)
				ids = append(ids, id)
			}
			return ids
		}
		get := func(query string) response { return f.do(t, http.MethodGet, "/schemas"+query, "") }
		all := get("")
		require.Len(t, ids(all), 3)
		require.Equal(t, `<`+baseURL+`/schemas?page_size=250>; rel="first"`, all.header.Get("Link"))

		first := get("?page_size=2")
		require.Equal(t, ids(all)[:2], ids(first))
		_, next, found := strings.Cut(first.header.Get("Link"), `, <`+baseURL+`/schemas`)
		require.True(t, found)
		next, _, _ = strings.Cut(next, ">")
		second := get(next)
		require.Equal(t, ids(all)[2:], ids(second))
		require.NotContains(t, second.header.Get("Link"), "next")

		numbered := get("?per_page=2&page=1")
		require.Equal(t, ids(all)[2:], ids(numbered))
		require.Equal(t, "3", numbered.header.Get("X-Total-Count"))
		require.Equal(t, `<`+baseURL+`/schemas?page=0&per_page=2>; rel="first", <`+baseURL+`/schemas?page=0&per_page=2>; rel="prev", <`+
			baseURL+`/schemas?page=1&per_page=2>; rel="last"`, numbered.header.Get("Link"))
		require.JSONEq(t, `[]`, string(get("?per_page=2&page=99").body))
		require.Equal(t, ids(all), ids(get("?page_size=0")))
		require.Equal(t, ids(first), ids(get("?page_size=2&per_page=1&page=7")), "the newer form wins")
		for _, query := range []string{"?page_size=x", "?per_page=x", "?page=x", "?page_token=x", "?page_token=bm9uZQ", "?page_token=%2B"} {
			require.Equal(t, http.StatusBadRequest, get(query).status, query)
		}
	})
}

// unflushable is a writer of middleware that hides what it wraps.
type unflushable struct{ http.ResponseWriter }

// TestStreamThatCannotBeFlushed puts the handler behind what would never send a change.
func TestStreamThatCannotBeFlushed(t *testing.T) {
	var logged bytes.Buffer
	f := newFixture(t, "memory", memory.New())
	f.serveWith(httpapi.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	for name, wrapped := range map[string]http.Handler{
		"middleware": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.handler.ServeHTTP(unflushable{w}, r) }),
		"a time-out": http.TimeoutHandler(f.handler, 10*time.Second, ""),
		"both":       http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.handler.ServeHTTP(unflushable{w}, r) }), 10*time.Second, ""),
	} {
		logged.Reset()
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "/admin/changes", nil)
		request.Header.Set("Accept", "text/event-stream")
		wrapped.ServeHTTP(recorder, request)
		require.Equal(t, http.StatusInternalServerError, recorder.Code, name)
		require.Contains(t, recorder.Body.String(), `"id":"internal_error"`, name)
		require.Equal(t, 1, strings.Count(logged.String(), "\n"), "%s: %s", name, logged.String())
		require.Contains(t, logged.String(), "Flush")
	}
	request := httptest.NewRequest(http.MethodGet, "/admin/changes", nil)
	recorder := httptest.NewRecorder()
	unflushableHandler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.handler.ServeHTTP(unflushable{w}, r) })
	unflushableHandler.ServeHTTP(recorder, request)
	require.Equal(t, http.StatusOK, recorder.Code, "a page needs no flush")
}
