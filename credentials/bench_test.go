package credentials_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

func BenchmarkApply(b *testing.B) {
	imp := credentials.Import{
		OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{link("google", "1"), link("github", "2")}},
		TOTP: &credentials.ImportTOTP{URL: totpURL},
	}
	prepared, err := imp.Prepare(b.Context(), plainHasher{}, credentials.Limits{})
	require.NoError(b, err)
	set := prepared.Apply(nil, owner, noon)
	b.ReportAllocs()
	for b.Loop() {
		prepared.Apply(set, owner, noon)
	}
}

func BenchmarkParseKey(b *testing.B) {
	key := json.RawMessage(`{"id":"VOKoTTbXAfLGQyzQ2vzoFm3CYmxSbMGkXbNPEjIx4u0=","public_key":"pQECAyYgASFYIKRKq","attestation_type":"none","is_passwordless":true,"authenticator":{"aaguid":"AAAAAAAAAAAAAAAAAAAAAA==","sign_count":0,"clone_warning":false}}`)
	b.ReportAllocs()
	for b.Loop() {
		_, err := credentials.ParseKey(key)
		require.NoError(b, err)
	}
}
