package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

// BenchmarkHandler measures the handler without a network: from the request's bytes
// to the answer's.
func BenchmarkHandler(b *testing.B) {
	for name, open := range map[string]func() (storage.Storage, error){
		"memory": func() (storage.Storage, error) { return memory.New(), nil },
		"sqlite": func() (storage.Storage, error) {
			return sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "identities.db"))
		},
	} {
		store, err := open()
		require.NoError(b, err)
		manager, err := idem.New(store, newSchemas(b))
		require.NoError(b, err)
		created, err := manager.CreateIdentity(b.Context(), identity.Create{SchemaID: "person", Traits: []byte(`{"email":"ada@example.com"}`)})
		require.NoError(b, err)
		handler := httpapi.New(manager, httpapi.AllowAll)
		b.Run("PUT/store="+name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				serve(b, handler, http.MethodPut, created.ID, fmt.Sprintf(`{"schema_id":"person","state":"active","traits":{"email":"ada@example.com"},"metadata_public":{"n":%d}}`, n))
			}
		})
		b.Run("GET/store="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				serve(b, handler, http.MethodGet, created.ID, "")
			}
		})
		require.NoError(b, store.Close())
	}
}

func serve(b *testing.B, handler http.Handler, method string, id uuid.UUID, body string) {
	r := httptest.NewRequest(method, "/admin/identities/"+id.String(), strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatal(w.Code, w.Body)
	}
}
