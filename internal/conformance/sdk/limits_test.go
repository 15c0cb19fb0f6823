package sdk_test

import (
	"net/http"
	"testing"

	ory "github.com/ory/client-go"
	"github.com/stretchr/testify/require"
)

// TestWhatTheClientCannotSay pins where the client's models fall short of the API, so
// that a change of either is noticed.
func TestWhatTheClientCannotSay(t *testing.T) {
	t.Run("a null in a patch", func(t *testing.T) {
		onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
			id := create(t, api, ada()).Id
			operation := ory.JsonPatch{Op: "replace", Path: "/metadata_public"} // leaves out a Value that is nil
			_, _, err := api.PatchIdentity(t.Context(), id).JsonPatch([]ory.JsonPatch{operation}).Execute()
			requireViolation(t, err, "/0/value")
			operation.AdditionalProperties = map[string]any{"value": nil}
			patched, _, err := api.PatchIdentity(t.Context(), id).JsonPatch([]ory.JsonPatch{operation}).Execute()
			require.NoError(t, err)
			require.Nil(t, patched.MetadataPublic)
		})
	})
	t.Run("metadata that is no object", func(t *testing.T) {
		onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
			body := person("ada")
			body.MetadataPublic = []string{"a"}
			_, response, err := api.CreateIdentity(t.Context()).CreateIdentityBody(body).Execute()
			require.Error(t, err, "the client cannot decode the answer")
			require.Equal(t, http.StatusCreated, response.StatusCode)
		})
	})
	t.Run("fields of a hosted service", func(t *testing.T) {
		onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
			body := person("ada")
			body.Region = new("eu-central")
			created, _, err := api.CreateIdentity(t.Context()).CreateIdentityBody(body).Execute()
			require.NoError(t, err)
			require.False(t, created.HasRegion(), "there is one region, which is not kept")
			body = person("eve")
			body.Region = new("EU Central")
			_, _, err = api.CreateIdentity(t.Context()).CreateIdentityBody(body).Execute()
			requireViolation(t, err, "/region")
			batch := ory.PatchIdentitiesBody{WithPartialInserts: new(false)}
			_, _, err = api.BatchPatchIdentities(t.Context()).PatchIdentitiesBody(batch).Execute()
			requireViolation(t, err, "/with_partial_inserts")
		})
	})
}
