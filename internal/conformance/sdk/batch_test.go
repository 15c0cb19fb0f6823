package sdk_test

import (
	"fmt"
	"net/http"
	"testing"

	ory "github.com/ory/client-go"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

func TestBatch(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		entry := func(body ory.CreateIdentityBody, number int) ory.IdentityPatch {
			return ory.IdentityPatch{Create: &body, PatchId: new(fmt.Sprintf("7a3f0b6e-52f1-4a5c-8f0e-%012d", number))}
		}
		invalid := person("eve")
		invalid.Traits["email"] = "no email"
		entries := []ory.IdentityPatch{entry(ada(), 0), entry(person("ada"), 1), entry(invalid, 2), entry(person("grace"), 3)}
		answered, response, err := api.BatchPatchIdentities(t.Context()).PatchIdentitiesBody(ory.PatchIdentitiesBody{Identities: entries}).Execute()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Len(t, answered.Identities, len(entries))
		for n, want := range []string{"create", "error", "error", "create"} {
			outcome := answered.Identities[n]
			require.Empty(t, outcome.AdditionalProperties)
			require.Equal(t, want, outcome.GetAction())
			require.Equal(t, entries[n].GetPatchId(), outcome.GetPatchId())
			if want == "create" {
				require.Equal(t, outcome.GetIdentity(), get(t, api, outcome.GetIdentity()).Id)
				continue
			}
			failed, ok := outcome.GetError().(map[string]any)
			require.True(t, ok)
			require.NotEmpty(t, failed["message"])
			require.EqualValues(t, map[int]int{1: 409, 2: 400}[n], failed["code"])
		}
	})
}

func TestBatchLimits(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		body := ory.PatchIdentitiesBody{}
		for range 1001 {
			body.Identities = append(body.Identities, ory.IdentityPatch{Create: ory.NewCreateIdentityBody(server.PersonSchema, map[string]any{})})
		}
		_, _, err := api.BatchPatchIdentities(t.Context()).PatchIdentitiesBody(body).Execute()
		requireViolation(t, err, "/identities")
		all, _, err := api.ListIdentities(t.Context()).Execute()
		require.NoError(t, err)
		require.Empty(t, all)
	})
}
