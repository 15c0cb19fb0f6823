package sdk_test

import (
	"net/http"
	"testing"
	"time"

	ory "github.com/ory/client-go"
	"github.com/stretchr/testify/require"
)

func TestSessions(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		id := create(t, api, person("ada")).Id
		sessions, response, err := api.ListIdentitySessions(t.Context(), id).Active(true).PageSize(10).Execute()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Len(t, sessions, 2)
		for _, session := range sessions {
			require.Empty(t, session.AdditionalProperties)
			require.True(t, session.GetActive())
			require.Equal(t, ory.AUTHENTICATORASSURANCELEVEL_AAL2, session.GetAuthenticatorAssuranceLevel())
			require.Len(t, session.AuthenticationMethods, 2)
			require.Equal(t, "192.0.2.7", session.Devices[0].GetIpAddress())
		}
		response, err = api.DeleteIdentitySessions(t.Context(), id).Execute()
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, response.StatusCode)
		sessions, _, err = api.ListIdentitySessions(t.Context(), id).Active(true).Execute()
		require.NoError(t, err)
		require.Empty(t, sessions)
	})
}

func TestRecovery(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		id := create(t, api, person("ada")).Id
		code, response, err := api.CreateRecoveryCodeForIdentity(t.Context()).
			CreateRecoveryCodeForIdentityBody(ory.CreateRecoveryCodeForIdentityBody{IdentityId: id, ExpiresIn: new("30m")}).Execute()
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, response.StatusCode)
		require.Empty(t, code.AdditionalProperties)
		require.NotEmpty(t, code.RecoveryCode)
		require.NotContains(t, code.RecoveryLink, code.RecoveryCode)
		require.WithinDuration(t, time.Now().Add(30*time.Minute), code.GetExpiresAt(), time.Minute)

		link, response, err := api.CreateRecoveryLinkForIdentity(t.Context()).ReturnTo("https://example.com").
			CreateRecoveryLinkForIdentityBody(ory.CreateRecoveryLinkForIdentityBody{IdentityId: id}).Execute()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Empty(t, link.AdditionalProperties)
		require.Contains(t, link.RecoveryLink, "return_to=https%3A%2F%2Fexample.com")
	})
}
