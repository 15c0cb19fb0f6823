package sdk_test

import (
	"net/http"
	"testing"

	ory "github.com/ory/client-go"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

const absentID = "00000000-0000-4000-8000-000000000000"

func TestGetByExternalID(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		created := create(t, api, ada())
		found, _, err := api.GetIdentityByExternalID(t.Context(), "crm/4711").IncludeCredential(everyType).Execute()
		require.NoError(t, err)
		require.Equal(t, get(t, api, created.Id), found)
		_, _, err = api.GetIdentityByExternalID(t.Context(), "crm").Execute()
		requireError(t, err, http.StatusNotFound, "not_found")
	})
}

// updateOf is the update that gives an identity what it has, made from the client's
// models alone.
func updateOf(t *testing.T, i *ory.Identity) ory.UpdateIdentityBody {
	t.Helper()
	traits, ok := i.Traits.(map[string]any)
	require.True(t, ok)
	body := ory.NewUpdateIdentityBody(i.SchemaId, i.GetState(), traits)
	body.ExternalId = i.ExternalId
	body.MetadataPublic, body.MetadataAdmin = i.MetadataPublic, i.MetadataAdmin
	return *body
}

func TestUpdate(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		created := create(t, api, ada())
		before := get(t, api, created.Id)
		body := updateOf(t, before)
		body.State = "inactive"
		body.Traits["name"] = "Ada Lovelace"
		body.MetadataPublic = nil
		body.Credentials = &ory.IdentityWithCredentials{Oidc: &ory.IdentityWithCredentialsOidc{Config: &ory.IdentityWithCredentialsOidcConfig{
			Providers: []ory.IdentityWithCredentialsOidcConfigProvider{*ory.NewIdentityWithCredentialsOidcConfigProvider("gitlab", "l-1")},
		}}}
		updated, _, err := api.UpdateIdentity(t.Context(), created.Id).UpdateIdentityBody(body).Execute()
		require.NoError(t, err)
		requireKnownFields(t, *updated)
		require.Equal(t, "inactive", updated.GetState())
		require.True(t, updated.GetStateChangedAt().After(before.GetStateChangedAt()))
		require.Equal(t, body.Traits, updated.Traits)
		require.Nil(t, updated.MetadataPublic)
		require.Equal(t, before.MetadataAdmin, updated.MetadataAdmin)
		require.Equal(t, before.VerifiableAddresses, updated.VerifiableAddresses)
		require.Equal(t, []string{"github:h-1", "gitlab:l-1", "google:g-1"}, updated.GetCredentials()["oidc"].Identifiers)
	})
}

// TestWhatIsReadCanBeWrittenBack: maps of the client have no order, so the first
// update may write the same traits in another one. From then on nothing changes.
func TestWhatIsReadCanBeWrittenBack(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		id := create(t, api, ada()).Id
		before := get(t, api, id)
		written, first, err := api.UpdateIdentity(t.Context(), id).UpdateIdentityBody(updateOf(t, before)).Execute()
		require.NoError(t, err)
		after := get(t, api, id)
		before.UpdatedAt = written.UpdatedAt
		require.Equal(t, before, after)

		again, second, err := api.UpdateIdentity(t.Context(), id).UpdateIdentityBody(updateOf(t, after)).Execute()
		require.NoError(t, err)
		require.Equal(t, written, again)
		require.Equal(t, first.Header.Get("Etag"), second.Header.Get("Etag"))
	})
}

func TestPatch(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		id := create(t, api, ada()).Id
		patch := func(operations ...ory.JsonPatch) (*ory.Identity, error) {
			patched, _, err := api.PatchIdentity(t.Context(), id).JsonPatch(operations).Execute()
			return patched, err
		}
		operation := func(op, path string, value any) ory.JsonPatch { return ory.JsonPatch{Op: op, Path: path, Value: value} }
		patched, err := patch(
			operation("test", "/state", "active"),
			operation("replace", "/state", "inactive"),
			operation("add", "/metadata_public/seen/last", "today"),
			operation("remove", "/metadata_admin/risk", nil),
			operation("replace", "/traits/name", "Countess"),
			operation("replace", "/verifiable_addresses/0/verified", false),
			ory.JsonPatch{Op: "copy", From: new("/metadata_public/plan"), Path: "/metadata_admin/plan"},
			ory.JsonPatch{Op: "move", From: new("/metadata_public/plan"), Path: "/metadata_public/tier"},
		)
		require.NoError(t, err)
		requireKnownFields(t, *patched)
		require.Equal(t, "inactive", patched.GetState())
		require.Equal(t, map[string]any{"seen": map[string]any{"last": "today"}, "tier": "free"}, patched.MetadataPublic)
		require.Equal(t, map[string]any{"plan": "free"}, patched.MetadataAdmin)
		require.False(t, patched.VerifiableAddresses[0].Verified)
		require.Nil(t, patched.VerifiableAddresses[0].VerifiedAt)
		require.Equal(t, "pending", patched.VerifiableAddresses[0].Status)

		_, err = patch(operation("test", "/state", "active"))
		requireError(t, err, http.StatusConflict, "test_failed")
		_, err = patch(operation("replace", "/id", absentID))
		requireViolation(t, err, "/id")
		_, err = patch(operation("remove", "/metadata_public/nothing", nil))
		requireViolation(t, err, "/0/path")
		_, err = patch(operation("replace", "/traits/email", "no email"))
		requireViolation(t, err, "/traits/email")
		require.Equal(t, patched.UpdatedAt, get(t, api, id).UpdatedAt)
	})
}

func TestDelete(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		id := create(t, api, ada()).Id
		response, err := api.DeleteIdentity(t.Context(), id).Execute()
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, response.StatusCode)
		_, _, err = api.GetIdentity(t.Context(), id).Execute()
		requireError(t, err, http.StatusNotFound, "not_found")
		_, err = api.DeleteIdentity(t.Context(), id).Execute()
		requireError(t, err, http.StatusNotFound, "not_found")
		create(t, api, ada()) // all that it claimed is free again
	})
}

func TestErrorsAreDecoded(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		create(t, api, ada())
		_, _, err := api.CreateIdentity(t.Context()).CreateIdentityBody(*ory.NewCreateIdentityBody("nothing", map[string]any{})).Execute()
		requireViolation(t, err, "/schema_id")

		taken := person("ADA")
		_, _, err = api.CreateIdentity(t.Context()).CreateIdentityBody(taken).Execute()
		details := requireError(t, err, http.StatusConflict, "conflict")
		require.Equal(t, map[string]any{"kind": "identifier", "type": "password", "pointer": "/traits/username"}, details["conflict"])

		_, _, err = api.GetIdentity(t.Context(), "not-an-id").Execute()
		require.Empty(t, requireError(t, err, http.StatusNotFound, "not_found"))
		_, _, err = api.GetIdentity(t.Context(), absentID).IncludeCredential([]string{"pin"}).Execute()
		requireError(t, err, http.StatusBadRequest, "bad_request")
		_, _, err = api.UpdateIdentity(t.Context(), absentID).UpdateIdentityBody(*ory.NewUpdateIdentityBody(server.PersonSchema, "active", map[string]any{})).Execute()
		requireError(t, err, http.StatusNotFound, "not_found")
	})
}

func TestSchemas(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		listed, _, err := api.ListIdentitySchemas(t.Context()).Execute()
		require.NoError(t, err)
		require.Len(t, listed, 2)
		for _, id := range []string{server.PersonSchema, server.DeviceSchema} {
			document, _, err := api.GetIdentitySchema(t.Context(), id).Execute()
			require.NoError(t, err, id)
			require.Contains(t, document, "properties")
		}
		require.Equal(t, server.PersonSchema, listed[0].Id)
		_, _, err = api.GetIdentitySchema(t.Context(), "nothing").Execute()
		requireError(t, err, http.StatusNotFound, "not_found")
	})
}
