package server

// FullCreate is the body of a create with everything that one can bring: every kind
// of credential, every address and metadata.
const FullCreate = `{
	"schema_id": "person",
	"state": "active",
	"external_id": "crm/4711",
	"organization_id": "7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b21",
	"traits": {"email": "Ada@Example.org", "username": "ada", "phone": "+1 650 253 0000", "name": "Ada"},
	"metadata_public": {"plan": "free", "limits": {"seats": 1.50}},
	"metadata_admin": {"risk": 3},
	"verifiable_addresses": [
		{"value": "ada@example.org", "via": "email", "verified": true, "verified_at": "2026-01-02T03:04:05.678Z", "status": "completed"}
	],
	"recovery_addresses": [{"value": "ada@example.org", "via": "email"}],
	"credentials": {
		"password": {"config": {"password": "correct horse battery staple"}},
		"oidc": {"config": {"providers": [
			{"provider": "google", "subject": "g-1", "organization": "0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1", "use_auto_link": true},
			{"provider": "github", "subject": "h-1"}
		]}},
		"saml": {"config": {"providers": [{"provider": "okta", "subject": "o-1", "organization": "0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1"}]}},
		"totp": {"config": {"totp_url": "otpauth://totp/Idem:ada?secret=JBSWY3DPEHPK3PXP&issuer=Idem"}},
		"lookup_secret": {"config": {"codes": [{"code": "aaaa-1111"}, {"code": "bbbb-2222", "used_at": "2026-10-01T00:00:00Z"}]}},
		"webauthn": {"config": {"credentials": [{"id": "a2V5LTE=", "public_key": "cHVibGlj", "display_name": "Blue key", "is_passwordless": true}, {"id": "a2V5LTI=", "is_passwordless": false}], "user_handle": "YWRhLWhhbmRsZQ=="}},
		"passkey": {"config": {"credentials": [{"id": "cGsx", "public_key": "cHVibGlj"}], "user_handle": "YWRhLXBhc3NrZXk="}}
	}
}`

// AllConfigs is the query that shows an identity with the configs of all its
// credentials.
const AllConfigs = "?include_credential=password&include_credential=oidc&include_credential=saml&include_credential=totp" +
	"&include_credential=lookup_secret&include_credential=webauthn&include_credential=passkey&include_credential=code"
