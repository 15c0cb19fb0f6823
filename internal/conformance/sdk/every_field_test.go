package sdk_test

import (
	"context"
	"testing"
	"time"

	ory "github.com/ory/client-go"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

// everyField is a key with every field that the client's model has.
func everyField(id ...int32) ory.IdentityCredentialsWebAuthn {
	return ory.IdentityCredentialsWebAuthn{
		AddedAt: new(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)),
		Attestation: &ory.IdentityCredentialsWebAuthnAttestation{
			AuthenticatorData: []int32{8}, ClientDataJSON: []int32{123, 125}, ClientDataHash: []int32{9}, Object: []int32{7}, PublicKeyAlgorithm: new(int64(-7)),
		},
		AttestationType: new("none"),
		Authenticator:   &ory.IdentityCredentialsWebAuthnAuthenticator{Aaguid: []int32{0, 255}, CloneWarning: new(false), SignCount: new(int32(3))},
		DisplayName:     new("Blue key"),
		Flags: &ory.IdentityCredentialsWebAuthnFlags{
			BackupEligible: new(true), BackupState: new(true), UserPresent: new(true), UserVerified: new(true),
		},
		Id: id, IsPasswordless: new(true), PublicKey: []int32{1, 2, 3}, Transport: []string{"usb"},
	}
}

// TestEveryFieldOfTheModels sends what the client's own models of keys, bodies and regions look like on the wire.
func TestEveryFieldOfTheModels(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		body := ada()
		body.Region = new("eu-central")
		body.Credentials.Webauthn.Config = &ory.IdentityWithCredentialsWebAuthnConfig{
			Credentials: []ory.IdentityCredentialsWebAuthn{everyField(251, 255)}, UserHandle: []int32{104, 105},
		}
		body.Credentials.Passkey.Config = &ory.IdentityWithCredentialsPasskeyConfig{
			Credentials: []ory.IdentityCredentialsWebAuthn{everyField(1, 2)}, UserHandle: []int32{1, 2, 255},
		}
		body.Credentials.Password.Config.UsePasswordMigrationHook = new(false)
		created := create(t, api, body)
		found := get(t, api, created.Id)
		credentials := *found.Credentials
		require.Equal(t, "aGk=", credentials["webauthn"].Config["user_handle"])
		key, ok := credentials["webauthn"].Config["credentials"].([]any)[0].(map[string]any)
		require.True(t, ok)
		require.Equal(t, "+/8=", key["id"])
		require.Equal(t, "AQID", key["public_key"])
		require.Equal(t, map[string]any{"aaguid": "AP8=", "clone_warning": false, "sign_count": 3.0}, key["authenticator"])
		require.Equal(t, map[string]any{
			"authenticator_data": "CA==", "client_dataJSON": "e30=", "client_data_hash": "CQ==", "object": "Bw==", "public_key_algorithm": -7.0,
		}, key["attestation"])

		update := ory.NewUpdateIdentityBody(server.PersonSchema, "inactive", body.Traits)
		update.Region = new("us")
		update.Credentials = &ory.IdentityWithCredentials{Webauthn: body.Credentials.Webauthn}
		updated, _, err := api.UpdateIdentity(context.Background(), created.Id).UpdateIdentityBody(*update).Execute()
		require.NoError(t, err)
		require.Equal(t, "inactive", updated.GetState())
		require.Len(t, (*get(t, api, created.Id).Credentials)["webauthn"].Config["credentials"], 1, "the same key is not added again")
	})
}
