package credentials_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

const owner = "0192f0c1-7a6e-7cc0-9d3b-3c1f5c2f9a10"

var later = noon.Add(time.Hour)

// apply prepares imp and merges it into set, and asserts that set stays as it is.
func apply(t *testing.T, set credentials.Set, imp credentials.Import, now time.Time) credentials.Set {
	t.Helper()
	before := set.Clone()
	prepared, err := imp.Prepare(t.Context(), plainHasher{}, credentials.Limits{})
	require.NoError(t, err)
	result := prepared.Apply(set, owner, now)
	require.Equal(t, before, set, "the rule leaves its argument as it is")
	require.True(t, result.Equal(prepared.Apply(set, owner, now)), "the rule gives the same again")
	return result
}

func link(provider, subject string) credentials.Provider {
	return credentials.Provider{Provider: provider, Subject: subject}
}

func TestApplyPassword(t *testing.T) {
	first := apply(t, nil, password(credentials.ImportPassword{Password: "one"}), noon)
	require.Equal(t, credentials.Set{credentials.TypePassword: {
		Type: credentials.TypePassword, Config: credentials.Config{HashedPassword: "hash of one"}, CreatedAt: noon, UpdatedAt: noon,
	}}, first)

	c := first[credentials.TypePassword]
	c.Identifiers = []string{"a@b.co"}
	first[credentials.TypePassword] = c
	second := apply(t, first, password(credentials.ImportPassword{UsePasswordMigrationHook: true}), later)
	require.Equal(t, credentials.Credential{
		Type: credentials.TypePassword, Identifiers: []string{"a@b.co"},
		Config: credentials.Config{UsePasswordMigrationHook: true}, CreatedAt: noon, UpdatedAt: later,
	}, second[credentials.TypePassword])

	hash := "$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a."
	third := apply(t, second, password(credentials.ImportPassword{HashedPassword: hash, UsePasswordMigrationHook: true}), later)
	require.Equal(t, credentials.Config{HashedPassword: hash}, third[credentials.TypePassword].Config)
	require.Equal(t, third, apply(t, third, password(credentials.ImportPassword{HashedPassword: hash}), later.Add(time.Hour)))
}

func TestApplyProviders(t *testing.T) {
	first := apply(t, nil, oidc(link("google", "2"), link("github", "1"), link("google", "2")), noon)
	require.Equal(t, credentials.Credential{
		Type: credentials.TypeOIDC, Identifiers: []string{"github:1", "google:2"},
		Config:    credentials.Config{Providers: []credentials.Provider{{Provider: "google", Subject: "2"}, {Provider: "github", Subject: "1"}}},
		CreatedAt: noon, UpdatedAt: noon,
	}, first[credentials.TypeOIDC])

	require.Equal(t, first, apply(t, first, oidc(link("github", "1")), later), "a link that is there is no change")
	require.Equal(t, first, apply(t, first, oidc(), later), "no link is no change")
	require.Empty(t, apply(t, nil, oidc(), noon), "no link makes no credential")

	organized := link("google", "2")
	organized.Organization, organized.UseAutoLink = "0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1", true
	second := apply(t, first, oidc(link("apple", "a:3"), organized), later)[credentials.TypeOIDC]
	require.Equal(t, credentials.Credential{
		Type: credentials.TypeOIDC, Identifiers: []string{"apple:a:3", "github:1", "google:2"},
		Config: credentials.Config{Providers: []credentials.Provider{
			{Provider: "google", Subject: "2", Organization: "0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1", UseAutoLink: true},
			{Provider: "github", Subject: "1"}, {Provider: "apple", Subject: "a:3"},
		}},
		CreatedAt: noon, UpdatedAt: later,
	}, second)

	saml := apply(t, first, credentials.Import{SAML: &credentials.ImportSAML{Providers: []credentials.Provider{link("idp", "x")}}}, later)
	require.Equal(t, []string{"idp:x"}, saml[credentials.TypeSAML].Identifiers)
	require.Equal(t, first[credentials.TypeOIDC], saml[credentials.TypeOIDC])
}

func TestApplyTOTP(t *testing.T) {
	first := apply(t, nil, totp(totpURL), noon)
	require.Equal(t, credentials.Credential{
		Type: credentials.TypeTOTP, Identifiers: []string{owner}, Config: credentials.Config{TOTPURL: totpURL}, CreatedAt: noon, UpdatedAt: noon,
	}, first[credentials.TypeTOTP])
	require.Equal(t, first, apply(t, first, totp(totpURL), later))
	const other = "otpauth://totp/a?secret=JBSWY3DP"
	second := apply(t, first, totp(other), later)[credentials.TypeTOTP]
	require.Equal(t, other, second.Config.TOTPURL)
	require.Equal(t, noon, second.CreatedAt)
	require.Equal(t, later, second.UpdatedAt)
}

func TestApplyRecoveryCodes(t *testing.T) {
	first := apply(t, nil, codes("a", "b", "a"), noon)
	require.Equal(t, credentials.Credential{
		Type: credentials.TypeLookupSecret, Identifiers: []string{owner},
		Config:    credentials.Config{RecoveryCodes: []credentials.RecoveryCode{{Code: "a"}, {Code: "b"}}},
		CreatedAt: noon, UpdatedAt: noon,
	}, first[credentials.TypeLookupSecret])

	used := codes("c", "a")
	used.LookupSecret.Codes[1].UsedAt = noon.Add(1500 * time.Nanosecond).In(time.FixedZone("east", 3600))
	second := apply(t, first, used, later)
	require.Equal(t, []credentials.RecoveryCode{{Code: "a", UsedAt: noon.Add(time.Microsecond)}, {Code: "b"}, {Code: "c"}},
		second[credentials.TypeLookupSecret].Config.RecoveryCodes, "in UTC and whole microseconds, as stores keep it")
	require.Equal(t, second, apply(t, second, used, later.Add(time.Hour)))
	require.Equal(t, second, apply(t, second, codes("a", "b", "c"), later.Add(time.Hour)), "a code that was used stays used")
}

func TestApplyKeys(t *testing.T) {
	set := credentials.Set{credentials.TypeWebAuthn: {Type: credentials.TypeWebAuthn, Identifiers: []string{"a@b.co"}, Version: 1, CreatedAt: noon, UpdatedAt: noon}}
	require.Equal(t, set, apply(t, set, webauthn(), later))

	first := apply(t, set, webauthn(`{"id":"a"}`, `{"id":"b","is_passwordless":true}`), later)[credentials.TypeWebAuthn]
	require.Equal(t, credentials.Credential{
		Type: credentials.TypeWebAuthn, Identifiers: []string{"a@b.co"}, Version: 1,
		Config: credentials.Config{Keys: []credentials.Key{
			{ID: "a", JSON: json.RawMessage(`{"id":"a"}`)},
			{ID: "b", Passwordless: true, JSON: json.RawMessage(`{"id":"b","is_passwordless":true}`)},
		}},
		CreatedAt: noon, UpdatedAt: later,
	}, first)

	replace := webauthn(`{ "id":"a", "is_passwordless": true }`)
	replace.WebAuthn.UserHandle = []byte("handle")
	second := apply(t, credentials.Set{credentials.TypeWebAuthn: first}, replace, later)[credentials.TypeWebAuthn]
	require.Equal(t, `{ "id":"a", "is_passwordless": true }`, string(second.Config.Keys[0].JSON), "verbatim, in its place")
	require.True(t, second.Config.Keys[0].Passwordless)
	require.Len(t, second.Config.Keys, 2)
	third := apply(t, credentials.Set{credentials.TypeWebAuthn: second}, webauthn(`{"id":"c"}`), later)[credentials.TypeWebAuthn]
	require.Equal(t, "handle", string(third.Config.UserHandle), "an empty user handle keeps the one there is")
}

func TestApplyPasskey(t *testing.T) {
	for name, c := range map[string]struct{ handle, identifier string }{
		"text":              {"Kk3-handle", "Kk3-handle"},
		"text beyond ASCII": {"händle", "händle"},
		"not UTF-8":         {"\xff\xfe", "base64://4="},
		"control character": {"a\x00b", "base64:YQBi"},
	} {
		t.Run(name, func(t *testing.T) {
			got := apply(t, nil, passkey(c.handle, `{"id":"a"}`), noon)[credentials.TypePasskey]
			require.Equal(t, []string{c.identifier}, got.Identifiers)
			require.Equal(t, c.handle, string(got.Config.UserHandle))
			moved := apply(t, credentials.Set{credentials.TypePasskey: got}, passkey("other", `{"id":"b"}`), later)[credentials.TypePasskey]
			require.Equal(t, []string{"other"}, moved.Identifiers)
			require.Len(t, moved.Config.Keys, 2)
		})
	}
}
