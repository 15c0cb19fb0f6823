package concurrency_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

func TestPatchesToDifferentKeysAllSurvive(t *testing.T) {
	const patches = 60
	for _, inFlight := range []int{1, 8, 32} {
		t.Run(fmt.Sprintf("%d in flight", inFlight), func(t *testing.T) {
			server.OnEachStore(t, func(t *testing.T, s *server.Server) {
				url := create(t, s, server.FullCreate)
				before, first := read(t, url)
				var requests []request
				for n := range patches {
					requests = append(requests, request{http.MethodPatch, url, fmt.Sprintf(`[{"op":"add","path":"/metadata_public/key-%d","value":%d}]`, n, n)})
				}
				sendAll(t, inFlight, requests)
				after, last := read(t, url)
				want := before.MetadataPublic
				for n := range patches {
					want[fmt.Sprintf("key-%d", n)] = float64(n)
				}
				require.Equal(t, want, after.MetadataPublic)
				require.True(t, strings.HasPrefix(first.etag, `"1-`), first.etag)
				require.True(t, strings.HasPrefix(last.etag, fmt.Sprintf(`"%d-`, patches+1)), "each patch is one change: %s", last.etag)
			})
		})
	}
}

// TestDeactivatingIsNeverUndone has an identity deactivated while patches and updates
// to everything else are under way.
func TestDeactivatingIsNeverUndone(t *testing.T) {
	server.OnEachStore(t, func(t *testing.T, s *server.Server) {
		for round := range 5 {
			url := create(t, s, fmt.Sprintf(`{"traits":{"username":"user-%d"}}`, round))
			requests := []request{}
			for n := range 24 {
				others := []request{
					{http.MethodPatch, url, fmt.Sprintf(`[{"op":"add","path":"/metadata_public/key-%d","value":true}]`, n)},
					{http.MethodPatch, url, fmt.Sprintf(`[{"op":"add","path":"/traits/age","value":%d}]`, n)},
					{http.MethodPatch, url, fmt.Sprintf(`[{"op":"replace","path":"/metadata_admin","value":%d}]`, n)},
				}
				requests = append(requests, others[n%len(others)])
				if n == 4*round {
					requests = append(requests, request{http.MethodPatch, url, `[{"op":"replace","path":"/state","value":"inactive"}]`})
				}
			}
			sendAll(t, 8, requests)
			after, _ := read(t, url)
			require.Equal(t, "inactive", after.State)
			require.Len(t, after.MetadataPublic, 8)
		}
	})
}

// TestUpdatesWithoutAStateKeepIt is the same for full updates, which keep the state
// when they name none.
func TestUpdatesWithoutAStateKeepIt(t *testing.T) {
	server.OnEachStore(t, func(t *testing.T, s *server.Server) {
		url := create(t, s, `{"traits":{"username":"ada"}}`)
		var requests []request
		for n := range 40 {
			requests = append(requests, request{http.MethodPut, url, fmt.Sprintf(`{"traits":{"username":"ada","age":%d}}`, n)})
			if n == 10 {
				requests = append(requests, request{http.MethodPatch, url, `[{"op":"replace","path":"/state","value":"inactive"}]`})
			}
		}
		sendAll(t, 8, requests)
		after, _ := read(t, url)
		require.Equal(t, "inactive", after.State)
	})
}

// TestWhatIsReadCanBeSentBack: an update with the very body of a read changes nothing,
// with secrets in it or without, also when many do it at once.
func TestWhatIsReadCanBeSentBack(t *testing.T) {
	// The config of a code follows from the traits, and an update refuses to be given it.
	withSecrets := strings.ReplaceAll(server.AllConfigs, "&include_credential=code", "")
	for name, query := range map[string]string{"without secrets": "", "with secrets": withSecrets} {
		t.Run(name, func(t *testing.T) {
			server.OnEachStore(t, func(t *testing.T, s *server.Server) {
				url := create(t, s, server.FullCreate)
				before, body := read(t, url+query)
				_, whole := read(t, url+server.AllConfigs)
				var requests []request
				for range 20 {
					requests = append(requests, request{http.MethodPut, url, string(body.body)})
				}
				sendAll(t, 8, requests)
				after, now := read(t, url+server.AllConfigs)
				require.Equal(t, before.UpdatedAt, after.UpdatedAt)
				require.Equal(t, whole.etag, now.etag)
				require.Equal(t, string(whole.body), string(now.body))
			})
		})
	}
}
