package console_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// crowd is how many people the benchmarks have.
const crowd = 100_000

// BenchmarkPages is the server's time for a page with 100,000 people in SQLite, with the search index that the
// quickstart declares.
func BenchmarkPages(b *testing.B) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "identities.db"), sqlitedb.WithSearchIndex())
	require.NoError(b, err)
	defer store.Close()
	parsed, err := schema.Parse("person", []byte(person))
	require.NoError(b, err)
	registry, err := schema.NewRegistry(parsed)
	require.NoError(b, err)
	manager, err := idem.New(store, registry)
	require.NoError(b, err)
	var last *identity.Identity
	for start := 0; start < crowd; start += 10_000 {
		creates := make([]identity.Create, 10_000)
		for n := range creates {
			creates[n].Traits = fmt.Appendf(nil, `{"email":"person%d@example.com","name":"Person %d of many","age":%d}`, start+n, start+n, n%90)
		}
		results, err := manager.CreateIdentities(context.Background(), creates)
		require.NoError(b, err)
		require.NoError(b, results[0].Err)
		last = results[len(results)-1].Identity
	}
	c := newClient(b, console.New(manager, httpapi.AllowAll))
	c.header.Set("Accept-Encoding", "gzip")
	at := "/people/" + last.ID.String()
	for name, address := range map[string]string{"people": "/", "state": "/?state=active", "search": "/?q=person77777%40", "person": at, "activity": "/activity"} {
		b.Run(name, func(b *testing.B) {
			bytes := 0
			for b.Loop() {
				w := c.get(address)
				require.Equal(b, http.StatusOK, w.Code)
				bytes = w.Body.Len()
			}
			b.ReportMetric(float64(bytes), "B/page")
		})
	}
	b.Run("edit", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			w := c.post(at+"?act=traits", personForm(get(b, manager, last), "mode", "form", "/traits/name", fmt.Sprint("Name ", n)))
			require.Equal(b, http.StatusSeeOther, w.Code)
		}
	})
}
