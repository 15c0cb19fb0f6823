package sdk_test

import (
	"net/http"
	"testing"
	"time"

	ory "github.com/ory/client-go"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

const storedHash = `$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga`

var usedAt = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// everyCredential has what the client's models can say. The bytes of keys and user
// handles they model as arrays of numbers, which the API that they describe does not
// take either: those go as additional properties.
func everyCredential() *ory.IdentityWithCredentials {
	return &ory.IdentityWithCredentials{
		Password: &ory.IdentityWithCredentialsPassword{Config: &ory.IdentityWithCredentialsPasswordConfig{HashedPassword: new(storedHash)}},
		Oidc: &ory.IdentityWithCredentialsOidc{Config: &ory.IdentityWithCredentialsOidcConfig{Providers: []ory.IdentityWithCredentialsOidcConfigProvider{
			{Provider: "google", Subject: "g-1", UseAutoLink: new(true), Organization: *ory.NewNullableString(new("0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1"))},
			{Provider: "github", Subject: "h-1", Organization: *ory.NewNullableString(nil)},
		}}},
		Saml: &ory.IdentityWithCredentialsSaml{Config: &ory.IdentityWithCredentialsSamlConfig{Providers: []ory.IdentityWithCredentialsSamlConfigProvider{
			{Provider: "okta", Subject: "o-1", Organization: *ory.NewNullableString(new("0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1"))},
		}}},
		Totp: &ory.IdentityWithCredentialsTotp{Config: &ory.IdentityWithCredentialsTotpConfig{TotpUrl: new("otpauth://totp/Idem:ada?secret=JBSWY3DPEHPK3PXP")}},
		LookupSecret: &ory.AdminIdentityImportCredentialsLookupSecret{Config: &ory.AdminIdentityImportCredentialsLookupSecretConfig{Codes: []ory.IdentityCredentialsLookupSecretCode{
			{Code: new("aaaa-1111")}, {Code: new("bbbb-2222"), UsedAt: new(usedAt)},
		}}},
		Webauthn: &ory.IdentityWithCredentialsWebAuthn{Config: &ory.IdentityWithCredentialsWebAuthnConfig{AdditionalProperties: map[string]any{
			"credentials": []any{map[string]any{"id": "a2V5LTE=", "is_passwordless": true}}, "user_handle": "YWRhLWhhbmRsZQ==",
		}}},
		Passkey: &ory.IdentityWithCredentialsPasskey{Config: &ory.IdentityWithCredentialsPasskeyConfig{AdditionalProperties: map[string]any{
			"credentials": []any{map[string]any{"id": "cGsx"}}, "user_handle": "YWRhLXBhc3NrZXk=",
		}}},
	}
}

// ada has everything that a create can bring.
func ada() ory.CreateIdentityBody {
	body := ory.NewCreateIdentityBody(server.PersonSchema, map[string]any{"email": "Ada@Example.org", "username": "ada", "name": "Ada"})
	body.State = new("active")
	body.ExternalId = new("crm/4711")
	body.OrganizationId = *ory.NewNullableString(new("7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b21"))
	body.MetadataPublic = map[string]any{"plan": "free"}
	body.MetadataAdmin = map[string]any{"risk": 3}
	verified := ory.NewVerifiableIdentityAddress("completed", "ada@example.org", true, "email")
	verified.VerifiedAt = new(usedAt)
	body.VerifiableAddresses = []ory.VerifiableIdentityAddress{*verified}
	body.RecoveryAddresses = []ory.RecoveryIdentityAddress{*ory.NewRecoveryIdentityAddress("ada@example.org", "email")}
	body.Credentials = everyCredential()
	return *body
}

func TestCreateWithEveryCredential(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		created := create(t, api, ada())
		for _, c := range created.GetCredentials() {
			require.Nil(t, c.Config, "a config is shown only when it is asked for")
		}
		found := get(t, api, created.Id)
		require.Equal(t, "crm/4711", found.GetExternalId())
		require.Equal(t, "7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b21", found.GetOrganizationId())
		require.Equal(t, map[string]any{"plan": "free"}, found.MetadataPublic)
		require.Equal(t, map[string]any{"risk": 3.0}, found.MetadataAdmin)
		require.Len(t, found.VerifiableAddresses, 1)
		require.True(t, found.VerifiableAddresses[0].Verified)
		require.Equal(t, usedAt, found.VerifiableAddresses[0].GetVerifiedAt())
		require.Len(t, found.RecoveryAddresses, 1)
		require.Equal(t, map[string]string{
			"password": `{"hashed_password":"` + storedHash + `"}`,
			"oidc": `{"providers":[{"initial_access_token":"","initial_id_token":"","initial_refresh_token":"","organization":"0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1","provider":"google","subject":"g-1","use_auto_link":true},` +
				`{"initial_access_token":"","initial_id_token":"","initial_refresh_token":"","provider":"github","subject":"h-1"}]}`,
			"saml":          `{"providers":[{"organization":"0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1","provider":"okta","subject":"o-1"}]}`,
			"totp":          `{"totp_url":"otpauth://totp/Idem:ada?secret=JBSWY3DPEHPK3PXP"}`,
			"lookup_secret": `{"recovery_codes":[{"code":"aaaa-1111","used_at":null},{"code":"bbbb-2222","used_at":"2026-10-01T00:00:00Z"}]}`,
			"webauthn":      `{"credentials":[{"id":"a2V5LTE=","is_passwordless":true}],"user_handle":"YWRhLWhhbmRsZQ=="}`,
			"passkey":       `{"credentials":[{"id":"cGsx"}],"user_handle":"YWRhLXBhc3NrZXk="}`,
			"code":          `{"addresses":[{"address":"ada@example.org","channel":"email"}]}`,
		}, configs(t, found))
	})
}

func TestPlainPasswordIsHashed(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		body := person("ada")
		body.Credentials.Password.Config = &ory.IdentityWithCredentialsPasswordConfig{Password: new("correct horse battery staple")}
		require.Regexp(t, `^\{"hashed_password":"\$2a\$04\$.{53}"\}$`, configs(t, get(t, api, create(t, api, body).Id))["password"])
	})
}

// TestBytesAsNumbers sends bytes as the client's models have them, and reads them as the API writes them.
func TestBytesAsNumbers(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		body := person("ada")
		body.Credentials.Webauthn = &ory.IdentityWithCredentialsWebAuthn{Config: &ory.IdentityWithCredentialsWebAuthnConfig{
			UserHandle: []int32{1, 2, 255}, AdditionalProperties: map[string]any{"credentials": []any{map[string]any{"id": []int32{107, 101, 121}}}},
		}}
		created, _, err := api.CreateIdentity(t.Context()).CreateIdentityBody(body).Execute()
		require.NoError(t, err)
		require.Contains(t, configs(t, get(t, api, created.Id))["webauthn"], `"user_handle":"AQL/"`)
		require.Contains(t, configs(t, get(t, api, created.Id))["webauthn"], `"id":"a2V5"`)

		body = person("eve")
		body.Credentials.Webauthn = &ory.IdentityWithCredentialsWebAuthn{Config: &ory.IdentityWithCredentialsWebAuthnConfig{
			UserHandle: []int32{256}, AdditionalProperties: map[string]any{"credentials": []any{map[string]any{"id": "a2V5"}}},
		}}
		_, _, err = api.CreateIdentity(t.Context()).CreateIdentityBody(body).Execute()
		requireViolation(t, err, "/credentials/webauthn/config/user_handle")
	})
}

func TestDeleteCredentials(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		id := create(t, api, ada()).Id
		remove := func(credential, identifier string) (*http.Response, error) {
			request := api.DeleteIdentityCredentials(t.Context(), id, credential)
			if identifier != "" {
				request = request.Identifier(identifier)
			}
			return request.Execute()
		}
		for _, c := range [][2]string{{"totp", ""}, {"lookup_secret", ""}, {"oidc", "github:h-1"}, {"saml", "okta:o-1"}, {"password", ""}} {
			response, err := remove(c[0], c[1])
			require.NoError(t, err, c[0])
			require.Equal(t, http.StatusNoContent, response.StatusCode)
		}
		rest := get(t, api, id)
		left := configs(t, rest)
		require.NotContains(t, left, "totp")
		require.NotContains(t, left, "lookup_secret")
		require.NotContains(t, left, "saml")
		require.NotContains(t, left["oidc"], "github")
		require.Empty(t, rest.GetCredentials()["password"].Config)
		require.Equal(t, []string{"ada", "ada@example.org"}, rest.GetCredentials()["password"].Identifiers)

		_, err := remove("totp", "")
		requireError(t, err, http.StatusNotFound, "not_found")
		_, err = remove("oidc", "github:h-1")
		requireError(t, err, http.StatusNotFound, "not_found")
		for _, refused := range []string{"oidc", "code"} {
			_, err = remove(refused, "")
			requireError(t, err, http.StatusBadRequest, "validation_failed")
		}
		_, err = remove("passkey", "cGsx")
		require.NoError(t, err)
		_, err = remove("passkey", "")
		requireError(t, err, http.StatusNotFound, "not_found")
		alone := create(t, api, person("grace"))
		_, err = api.DeleteIdentityCredentials(t.Context(), alone.Id, "password").Execute()
		requireError(t, err, http.StatusBadRequest, "validation_failed")
	})
}

// requireViolation checks that the client was told which field is wrong.
func requireViolation(t *testing.T, err error, pointer string) {
	t.Helper()
	details := requireError(t, err, http.StatusBadRequest, "validation_failed")
	violations, ok := details["violations"].([]any)
	require.True(t, ok)
	var pointers []any
	for _, v := range violations {
		violation, ok := v.(map[string]any)
		require.True(t, ok)
		require.NotEmpty(t, violation["message"])
		pointers = append(pointers, violation["pointer"])
	}
	require.Contains(t, pointers, pointer)
}
