package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Buffers pass from request to request: nothing of one may show in another, neither
// in an answer nor in what is kept.
func TestConcurrentRequestsKeepApart(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		var running sync.WaitGroup
		for client := range 8 {
			id := f.create(t, fmt.Sprintf(`{"schema_id":"person","traits":{"email":"client%d@example.com"}}`, client)).ID
			running.Go(func() {
				for n := range 20 {
					// The letter tells the client, and the length changes from request to request.
					note := strings.Repeat(string(rune('a'+client)), 1+n*97%1500)
					body := fmt.Sprintf(`{"traits":{"email":"client%d@example.com"},"metadata_public":%q,"metadata_admin":%q}`, client, note, note)
					for _, answer := range []response{
						f.serve(newRequest(t, http.MethodPut, identityPath(id), body)),
						f.serve(newRequest(t, http.MethodGet, identityPath(id), "")),
					} {
						assert.Equal(t, http.StatusOK, answer.status)
						for _, name := range []string{"metadata_public", "metadata_admin"} {
							assert.Contains(t, string(answer.body), fmt.Sprintf(`"%s":%q,`, name, note))
						}
					}
				}
			})
		}
		running.Wait()
	})
}
