package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMalformedHashes imports every hash that package passwordhash refuses, by a create,
// an update and a patch.
func TestMalformedHashes(t *testing.T) {
	file, err := os.ReadFile("../credentials/passwordhash/testdata/malformed_hashes.json")
	require.NoError(t, err)
	var hashes []struct{ Hash, Reason string }
	require.NoError(t, json.Unmarshal(file, &hashes))
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, `{"schema_id":"person","traits":{"email":"ada@example.com"},"credentials":{"password":{"config":{"password":"a password"}}}}`)
		before := f.whole(t, created.ID)
		for _, h := range hashes {
			if h.Hash == "" {
				continue // over HTTP that is no hash at all
			}
			quoted, err := json.Marshal(h.Hash)
			require.NoError(t, err)
			body := fmt.Sprintf(`{"schema_id":"person","traits":{"email":"ada@example.com"},"credentials":{"password":{"config":{"hashed_password":%s}}}}`, quoted)
			patch := fmt.Sprintf(`[{"op":"replace","path":"/credentials/password/config/hashed_password","value":%s}]`, quoted)
			for _, r := range []response{
				f.post(t, body), f.put(t, created.ID, body), f.do(t, http.MethodPatch, identityPath(created.ID), patch),
			} {
				requireRefusal(t, invalid("/credentials/password/config/hashed_password"), r)
				require.Contains(t, r.error(t).Details.Violations[0].Message, h.Reason)
				if len(h.Hash) > 8 {
					require.NotContains(t, string(r.body), h.Hash)
				}
			}
		}
		require.Equal(t, string(before.body), string(f.whole(t, created.ID).body))
	})
}
