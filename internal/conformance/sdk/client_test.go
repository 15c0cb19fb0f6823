// Package sdk_test drives the handler with the official Go client of Ory Kratos'
// identity API. Whatever the client cannot decode fails a test.
package sdk_test

import (
	"encoding/json"
	"net/http"
	"testing"

	ory "github.com/ory/client-go"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

var everyType = []string{"code", "lookup_secret", "oidc", "passkey", "password", "saml", "totp", "webauthn"}

func newAPI(s *server.Server) ory.IdentityAPI {
	configuration := ory.NewConfiguration()
	configuration.Servers = ory.ServerConfigurations{{URL: s.URL}}
	return ory.NewAPIClient(configuration).IdentityAPI
}

// onBothStores runs a test with a client of each store.
func onBothStores(t *testing.T, test func(t *testing.T, api ory.IdentityAPI)) {
	t.Helper()
	server.OnEachStore(t, func(t *testing.T, s *server.Server) { test(t, newAPI(s)) })
}

// person is the smallest body of a create that can sign in.
func person(username string) ory.CreateIdentityBody {
	body := ory.NewCreateIdentityBody(server.PersonSchema, map[string]any{"username": username})
	body.Credentials = &ory.IdentityWithCredentials{Password: &ory.IdentityWithCredentialsPassword{
		Config: &ory.IdentityWithCredentialsPasswordConfig{UsePasswordMigrationHook: new(true)},
	}}
	return *body
}

func create(t *testing.T, api ory.IdentityAPI, body ory.CreateIdentityBody) *ory.Identity {
	t.Helper()
	created, response, err := api.CreateIdentity(t.Context()).CreateIdentityBody(body).Execute()
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, response.StatusCode)
	requireKnownFields(t, *created)
	return created
}

func get(t *testing.T, api ory.IdentityAPI, id string) *ory.Identity {
	t.Helper()
	found, response, err := api.GetIdentity(t.Context(), id).IncludeCredential(everyType).Execute()
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	requireKnownFields(t, *found)
	return found
}

// requireKnownFields checks that the client has a field of its own for all that was
// answered: what it has none for it puts aside, without an error.
func requireKnownFields(t *testing.T, i ory.Identity) {
	t.Helper()
	require.Empty(t, i.AdditionalProperties)
	for _, c := range i.GetCredentials() {
		require.Empty(t, c.AdditionalProperties)
	}
	for _, a := range i.VerifiableAddresses {
		require.Empty(t, a.AdditionalProperties)
	}
	for _, a := range i.RecoveryAddresses {
		require.Empty(t, a.AdditionalProperties)
	}
}

// configs are the configs of an identity's credentials as JSON, by type.
func configs(t *testing.T, i *ory.Identity) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, c := range i.GetCredentials() {
		encoded, err := json.Marshal(c.Config)
		require.NoError(t, err)
		all[name] = string(encoded)
	}
	return all
}

// requireError checks an error as the client decodes it, and returns its details.
func requireError(t *testing.T, err error, code int, id string) map[string]any {
	t.Helper()
	var failed *ory.GenericOpenAPIError
	require.ErrorAs(t, err, &failed)
	model, ok := failed.Model().(ory.ErrorGeneric)
	require.True(t, ok, "the client could not decode the error: %v: %s", failed, failed.Body())
	require.Equal(t, id, model.Error.GetId())
	require.NotEmpty(t, model.Error.GetMessage())
	more := model.Error.AdditionalProperties
	require.EqualValues(t, code, more["code"])
	require.Equal(t, http.StatusText(code), more["status"])
	details, ok := more["details"].(map[string]any)
	require.True(t, ok, "details must be an object")
	return details
}
