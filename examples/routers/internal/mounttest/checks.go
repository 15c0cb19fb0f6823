package mounttest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/examples/routers/internal/application"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
)

func ownPages(t *testing.T, w *world) {
	r := w.send(t, "", http.MethodGet, "/", "").require(t, http.StatusOK)
	require.Equal(t, application.Greeting, string(r.body))
}

// life goes through all methods and follows the links of the answers.
func life(t *testing.T, w *world) {
	r := w.admin(t, http.MethodPost, Prefix+"/admin/identities", `{"traits":{"email":"ada@example.com"}}`).require(t, http.StatusCreated)
	created, location := r.document(t), r.header.Get("Location")
	require.Equal(t, Prefix+"/admin/identities/"+created.ID, location)

	r = w.admin(t, http.MethodPut, location, `{"state":"inactive","traits":{"email":"ada@lovelace.example"}}`).require(t, http.StatusOK)
	require.Equal(t, "inactive", r.document(t).State)
	require.JSONEq(t, `{"email":"ada@lovelace.example"}`, string(r.document(t).Traits))
	require.NotEmpty(t, r.header.Get("Etag"))
	read := w.admin(t, http.MethodGet, location, "").require(t, http.StatusOK)
	require.Equal(t, string(r.body), string(read.body))
	require.Equal(t, r.header.Get("Etag"), read.header.Get("Etag"))
	w.admin(t, http.MethodGet, created.SchemaURL, "").require(t, http.StatusOK)

	w.admin(t, http.MethodPatch, location, `[{"op":"replace","path":"/state","value":"active"}]`).require(t, http.StatusOK)
	require.Empty(t, w.admin(t, http.MethodDelete, location, "").require(t, http.StatusNoContent).body)
	w.admin(t, http.MethodGet, location, "").requireRefused(t, http.StatusNotFound)
}

// list follows the links from page to page. The filter has a character that a query
// must escape.
func list(t *testing.T, w *world) {
	want := map[string]bool{}
	for n := range 5 {
		i := w.create(t, identity.Create{Traits: json.RawMessage(fmt.Sprintf(`{"email":"team+%d@example.com"}`, n))})
		want[i.ID.String()] = true
	}
	w.create(t, identity.Create{Traits: json.RawMessage(`{"email":"other@example.com"}`)})

	got, pages := map[string]bool{}, 0
	for next := Prefix + "/admin/identities?page_size=2&preview_credentials_identifier_similar=team%2B"; next != ""; pages++ {
		require.Less(t, pages, 4, "the links do not end")
		r := w.admin(t, http.MethodGet, next, "").require(t, http.StatusOK)
		var page []document
		require.NoError(t, json.Unmarshal(r.body, &page))
		for _, d := range page {
			require.False(t, got[d.ID], "an identity is on two pages")
			got[d.ID] = true
		}
		to := links(t, r.header)
		w.admin(t, http.MethodGet, to["first"], "").require(t, http.StatusOK)
		next = to["next"]
	}
	require.Equal(t, want, got)
	require.Equal(t, 3, pages)
}

func externalIDs(t *testing.T, w *world) {
	for _, externalID := range []string{"plain", "crm/4711", "a//b", "/", "x/../y", "a+b c", "50%", "%2F", "été", "?#;"} {
		t.Run(externalID, func(t *testing.T) {
			w.create(t, identity.Create{ExternalID: externalID})
			r := w.admin(t, http.MethodGet, Prefix+"/admin/identities/by/external/"+url.PathEscape(externalID), "").require(t, http.StatusOK)
			require.Equal(t, externalID, r.document(t).ExternalID)
		})
	}
	w.admin(t, http.MethodGet, Prefix+"/admin/identities/by/external/crm/4711", "").requireRefused(t, http.StatusNotFound)
}

func doubleSlashes(t *testing.T, w *world) {
	i := w.create(t, identity.Create{})
	for _, path := range []string{
		Prefix + "//admin/identities/" + i.ID.String(),
		Prefix + "/admin//identities/" + i.ID.String(),
		Prefix + "/admin/identities//" + i.ID.String(),
	} {
		r := w.admin(t, http.MethodPut, path, `{"state":"inactive"}`)
		if w.cleansPaths {
			require.Contains(t, []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect}, r.status, "the method would be lost")
			require.Equal(t, pathOf(i), r.header.Get("Location"))
			continue
		}
		r.requireRefused(t, http.StatusNotFound)
	}
	w.requireUnchanged(t, i)
}

func trailingSlashes(t *testing.T, w *world) {
	i := w.create(t, identity.Create{})
	for _, path := range []string{pathOf(i) + "/", Prefix + "/admin/identities/", Prefix + "/schemas/"} {
		w.admin(t, http.MethodPut, path, `{"state":"inactive"}`).requireRefused(t, http.StatusNotFound)
		w.admin(t, http.MethodGet, path, "").requireRefused(t, http.StatusNotFound)
	}
	w.requireUnchanged(t, i)
}

func noSession(t *testing.T, w *world) {
	i := w.create(t, identity.Create{})
	for _, token := range []string{"", "guessed"} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			r := w.send(t, token, method, pathOf(i), `{"state":"inactive"}`)
			r.requireRefused(t, http.StatusUnauthorized)
			require.NotEmpty(t, r.header.Get("Www-Authenticate"))
		}
		w.send(t, token, http.MethodGet, Prefix+"/admin/identities", "").requireRefused(t, http.StatusUnauthorized)
		w.send(t, token, http.MethodGet, Prefix+"/nowhere", "").requireRefused(t, http.StatusUnauthorized)
	}
	w.requireUnchanged(t, i)
}

func readerSession(t *testing.T, w *world) {
	i := w.create(t, identity.Create{})
	read := func(method, path string) response {
		return w.send(t, application.ReaderToken, method, path, "")
	}
	read(http.MethodGet, pathOf(i)).require(t, http.StatusOK)
	read(http.MethodHead, pathOf(i)).require(t, http.StatusOK)
	read(http.MethodGet, Prefix+"/admin/identities").require(t, http.StatusOK)
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
		w.send(t, application.ReaderToken, method, pathOf(i), `{"state":"inactive"}`).requireRefused(t, http.StatusForbidden)
	}
	w.send(t, application.ReaderToken, http.MethodPost, Prefix+"/admin/identities", `{}`).requireRefused(t, http.StatusForbidden)
	w.requireUnchanged(t, i)
}

func methods(t *testing.T, w *world) {
	i := w.create(t, identity.Create{})
	get := w.admin(t, http.MethodGet, pathOf(i), "").require(t, http.StatusOK)
	head := w.admin(t, http.MethodHead, pathOf(i), "").require(t, http.StatusOK)
	require.Equal(t, get.header.Get("Etag"), head.header.Get("Etag"))
	require.Empty(t, head.body)

	r := w.admin(t, http.MethodOptions, pathOf(i), "")
	r.requireRefused(t, http.StatusMethodNotAllowed)
	require.Contains(t, r.header.Get("Allow"), http.MethodPut)
}

// largeBodies checks that the handler's bounds are those that count.
func largeBodies(t *testing.T, w *world) {
	i := w.create(t, identity.Create{})
	w.admin(t, http.MethodPut, pathOf(i), `{}`+strings.Repeat(" ", httpapi.DefaultMaxBody)).requireRefused(t, http.StatusRequestEntityTooLarge)
	w.requireUnchanged(t, i)

	batch := fmt.Sprintf(`{"identities":[{"create":{},"patch_id":%q}]}`, uuid.New())
	batch += strings.Repeat(" ", httpapi.DefaultMaxBatchBody-len(batch))
	r := w.admin(t, http.MethodPatch, Prefix+"/admin/identities", batch).require(t, http.StatusOK)
	require.Contains(t, string(r.body), `"action":"create"`)
}

func preconditions(t *testing.T, w *world) {
	i := w.create(t, identity.Create{})
	r := w.admin(t, http.MethodGet, pathOf(i), "").require(t, http.StatusOK)
	tag := r.header.Get("Etag")
	require.Equal(t, "private, no-cache, no-store, must-revalidate", r.header.Get("Cache-Control"))
	w.admin(t, http.MethodGet, pathOf(i), "", "If-None-Match", tag).require(t, http.StatusNotModified)
	w.admin(t, http.MethodPut, pathOf(i), `{"state":"inactive"}`, "If-Match", tag).require(t, http.StatusOK)
	w.admin(t, http.MethodPut, pathOf(i), `{"state":"active"}`, "If-Match", tag).requireRefused(t, http.StatusPreconditionFailed)
}

// changes reads the feed as it grows: a router that keeps an answer until it ends would
// never send the first event.
func changes(t *testing.T, w *world) {
	ctx, leave := context.WithTimeout(t.Context(), 10*time.Second)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+Prefix+"/admin/changes", nil)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/event-stream")
	r.AddCookie(&http.Cookie{Name: application.SessionCookie, Value: application.ReaderToken})
	answer, err := w.client.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	require.Equal(t, http.StatusOK, answer.StatusCode)

	lines := bufio.NewScanner(answer.Body)
	for n := range 3 {
		created := w.admin(t, http.MethodPost, Prefix+"/admin/identities", `{}`).require(t, http.StatusCreated).document(t)
		var change struct {
			Sequence   int    `json:"sequence"`
			IdentityID string `json:"identity_id"`
			Actor      string `json:"actor"`
		}
		for change.Sequence == 0 {
			require.True(t, lines.Scan(), "the stream ended: %v", lines.Err())
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				require.NoError(t, json.Unmarshal([]byte(data), &change))
			}
		}
		require.Equal(t, n+1, change.Sequence)
		require.Equal(t, created.ID, change.IdentityID)
		require.Equal(t, "Grace", change.Actor)
	}
}
