package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/rss"
	"github.com/idemkit/idem/storage/memory"
)

// largePeople creates identities of a number of bytes each.
func (f *fixture) largePeople(t testing.TB, count, size int) {
	t.Helper()
	metadata := json.RawMessage(`"` + strings.Repeat("x", size) + `"`)
	creates := make([]identity.Create, count)
	for n := range creates {
		creates[n] = identity.Create{SchemaID: freeSchema, MetadataPublic: metadata}
	}
	results, err := f.manager.CreateIdentities(t.Context(), creates)
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, r.Err)
	}
}

// TestPagesAreBoundedByBytes lists large identities: by token in pages that end early, and by number in whole ones.
func TestPagesAreBoundedByBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	onBothStores(t, func(t *testing.T, f *fixture) {
		const count, size = 45, 900_000
		f.largePeople(t, count, size)
		ids := func(r response) (ids []string) {
			var page []struct {
				ID string `json:"id"`
			}
			require.NoError(t, json.Unmarshal(r.body, &page))
			for _, i := range page {
				ids = append(ids, i.ID)
			}
			return ids
		}
		var all []string
		pages := 0
		for query := "?page_size=500&count=true"; query != ""; pages++ {
			r := f.do(t, http.MethodGet, "/admin/identities"+query, "")
			require.Equal(t, http.StatusOK, r.status)
			require.Equal(t, fmt.Sprint(count), r.header.Get("X-Total-Count"))
			require.Less(t, len(r.body), 18<<20)
			all = append(all, ids(r)...)
			_, next, found := strings.Cut(r.header.Get("Link"), `rel="first", <`+baseURL+`/admin/identities`)
			query, _, _ = strings.Cut(next, ">")
			require.Equal(t, found, len(all) < count)
		}
		require.Equal(t, 3, pages)
		require.Len(t, all, count)

		whole := f.serve(newRequest(t, http.MethodGet, "/admin/identities?per_page=500", "")) // its length is not known at first
		require.Equal(t, http.StatusOK, whole.status)
		require.Equal(t, all, ids(whole), "a numbered page skips nobody")
		part := f.serve(newRequest(t, http.MethodGet, "/admin/identities?per_page=20&page=1", ""))
		require.Equal(t, all[20:40], ids(part))
		require.Empty(t, f.serve(newRequest(t, http.MethodHead, "/admin/identities?per_page=500", "")).body)
	})
}

// BenchmarkLargeLists lets eight clients list 200 identities of 1 MB at once, and reports by how much the process grew.
func BenchmarkLargeLists(b *testing.B) {
	for name, query := range map[string]string{"by token": "?page_size=500", "by number": "?per_page=500"} {
		b.Run(name, func(b *testing.B) {
			f := newFixture(b, "memory", memory.New())
			f.largePeople(b, 200, 1_000_000)
			server := httptest.NewServer(f.handler)
			defer server.Close()
			before, most := rss.MiB(), 0.0
			for b.Loop() {
				most = max(most, rss.Peak(func() {
					var clients sync.WaitGroup
					for range 8 {
						clients.Go(func() { drain(b, server.URL+"/admin/identities"+query) })
					}
					clients.Wait()
				}))
			}
			b.ReportMetric(most-before, "MiB")
		})
	}
}

// drain reads an answer to its end and keeps nothing of it.
func drain(b *testing.B, url string) {
	response, err := http.Get(url)
	if err != nil {
		b.Error(err)
		return
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		b.Error(err)
	}
}
