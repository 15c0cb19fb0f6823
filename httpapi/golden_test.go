package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const storedHash = `$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga`

const otherHash = `$2a$10$XajjQvNhvvRt5GSeFk1xFeWIDcRP4Bw1aqyTGEYGLIWoJTKPYyo7S`

// fullCreate brings everything that a create can.
const fullCreate = `{
	"schema_id": "person",
	"state": "active",
	"external_id": "crm/4711",
	"organization_id": "7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b21",
	"traits": {"email": "Ada@Example.org", "username": "ada", "phone": "+1 650 253 0000", "rescue": "rescue@example.org", "name": "Ada"},
	"metadata_public": {"plan": "free"},
	"metadata_admin": {"risk": 3},
	"verifiable_addresses": [
		{"value": "ADA@example.org", "via": "email", "verified": true, "verified_at": "2026-01-02T03:04:05.678Z", "status": "completed"},
		{"value": "+1 (650) 253-0000", "via": "sms", "verified": false, "status": "sent"}
	],
	"recovery_addresses": [{"value": "ada@example.org", "via": "email"}],
	"credentials": {
		"password": {"config": {"hashed_password": "` + storedHash + `"}},
		"oidc": {"config": {"providers": [{"provider": "google", "subject": "g-1", "organization": "0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1", "use_auto_link": true}]}},
		"saml": {"config": {"providers": [{"provider": "okta", "subject": "o-1", "organization": "0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1"}]}},
		"totp": {"config": {"totp_url": "otpauth://totp/Idem:ada?secret=JBSWY3DPEHPK3PXP&issuer=Idem"}},
		"lookup_secret": {"config": {"codes": [{"code": "aaaa-1111"}, {"code": "bbbb-2222", "used_at": "2026-10-01T00:00:00Z"}]}},
		"webauthn": {"config": {"credentials": [{"id": "a2V5LTE=", "public_key": "cHVibGlj", "display_name": "Blue key", "is_passwordless": true}], "user_handle": "YWRhLWhhbmRsZQ=="}},
		"passkey": {"config": {"credentials": [{"id": "cGsx", "public_key": "cHVibGlj"}], "user_handle": "YWRhLXBhc3NrZXk="}}
	}
}`

// fullUpdate replaces everything that an update can.
const fullUpdate = `{
	"schema_id": "person",
	"state": "inactive",
	"external_id": "crm/4712",
	"traits": {"email": "ada@example.org", "username": "countess", "phone": "+44 20 7031 3000", "contact": "new@example.org", "rescue": "rescue@example.org", "age": 36},
	"metadata_public": {"plan": "paid", "since": [2026, 11]},
	"metadata_admin": {"risk": 1.50, "note": null},
	"credentials": {
		"password": {"config": {"hashed_password": "` + otherHash + `"}},
		"oidc": {"config": {"config": {"password": "", "hashed_password": ""}, "providers": [{"provider": "google", "subject": "g-1"}, {"provider": "github", "subject": "7", "use_auto_link": true}]}},
		"saml": {"config": {"providers": [{"provider": "adfs", "subject": "a-1", "organization": "0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1"}]}},
		"totp": {"config": {"totp_url": "otpauth://totp/Idem:ada?secret=KRSXG5CTMVRXEZLU&issuer=Idem"}},
		"lookup_secret": {"config": {"codes": [{"code": "aaaa-1111", "used_at": "2026-11-01T10:00:00Z"}, {"code": "cccc-3333"}]}},
		"webauthn": {"config": {"credentials": [{"id": "a2V5LTI=", "public_key": "cHVibGlj", "is_passwordless": false}], "user_handle": "YWRhLWhhbmRsZQ=="}},
		"passkey": {"config": {"credentials": [{"id": "cGsy", "public_key": "cHVibGlj"}], "user_handle": "YWRhLXBhc3NrZXk="}}
	}
}`

func TestGoldenIdentity(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.post(t, fullCreate)
		require.Equal(t, http.StatusCreated, created.status, "%s", created.body)
		f.requireGolden(t, "create", created.body)
		id := created.document(t).ID

		f.requireGolden(t, "get_with_configs", f.whole(t, id).body)

		updated := f.put(t, id, fullUpdate)
		require.Equal(t, http.StatusOK, updated.status, "%s", updated.body)
		f.requireGolden(t, "update", updated.body)
		require.Equal(t, string(updated.body), string(f.get(t, id).body))
		require.Equal(t, string(updated.body), string(f.do(t, http.MethodGet, "/admin/identities/by/external/crm%2F4712", "").body))

		f.requireGolden(t, "update_with_configs", f.whole(t, id).body)

		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(updated.body, &fields))
		for _, name := range []string{
			"id", "external_id", "credentials", "schema_id", "schema_url", "state", "state_changed_at", "traits",
			"verifiable_addresses", "recovery_addresses", "metadata_public", "metadata_admin", "created_at", "updated_at", "organization_id",
		} {
			require.Contains(t, fields, name)
		}
		require.Len(t, fields, 15, "a field that the contract does not have")
	})
}

func TestGoldenSmallestIdentity(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.post(t, `{}`)
		require.Equal(t, http.StatusCreated, created.status, "%s", created.body)
		f.requireGolden(t, "create_smallest", created.body)
	})
}

func TestGoldenErrors(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.create(t, `{"traits":{"email":"taken@example.org"},"external_id":"taken"}`)
		id := f.create(t, `{"traits":{"email":"ada@example.org"}}`).ID
		for _, c := range []struct {
			name, method, path, body string
			header                   []string
			status                   int
		}{
			{name: "traits", method: "PUT", path: id, body: `{"traits":{"age":-1,"colour":"red"},"state":"asleep"}`, status: 400},
			{name: "syntax", method: "PUT", path: id, body: `{"traits":{"email":}}`, status: 400},
			{name: "unknown_fields", method: "PUT", path: id, body: `{"trait":{},"external-id":"x"}`, status: 400},
			{name: "not_found", method: "GET", path: "018f0000-0000-7000-8000-ffffffffffff", status: 404},
			{name: "no_route", method: "GET", path: id + "/nothing/there", status: 404},
			{name: "conflict_identifier", method: "PUT", path: id, body: `{"traits":{"email":"taken@example.org"}}`, status: 409},
			{name: "conflict_external_id", method: "PUT", path: id, body: `{"traits":{"email":"ada@example.org"},"external_id":"taken"}`, status: 409},
			{name: "conflict_address", method: "PUT", path: id, body: `{"traits":{"contact":"taken@example.org"}}`, status: 409},
			{name: "precondition", method: "PUT", path: id, body: `{}`, header: []string{"If-Match", `"99"`}, status: 412},
			{name: "media_type", method: "PUT", path: id, body: `{}`, header: []string{"Content-Type", "text/plain"}, status: 415},
		} {
			r := f.do(t, c.method, identityPath(c.path), c.body, c.header...)
			require.Equal(t, c.status, r.status, "%s", r.body)
			f.requireGolden(t, "error_"+c.name, r.body)
		}
	})
}
