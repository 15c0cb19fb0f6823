package credentials_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/violation"
)

// plainHasher is a Hasher whose hash can be told from the password.
type plainHasher struct{ err error }

func (h plainHasher) Hash(_ context.Context, password []byte) (string, error) {
	return "hash of " + string(password), h.err
}

func (h plainHasher) NeedsRehash(passwordhash.Hash) bool { return false }

const totpURL = "otpauth://totp/Example:alice@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example"

func oidc(providers ...credentials.Provider) credentials.Import {
	return credentials.Import{OIDC: &credentials.ImportOIDC{Providers: providers}}
}

func totp(url string) credentials.Import {
	return credentials.Import{TOTP: &credentials.ImportTOTP{URL: url}}
}

func password(p credentials.ImportPassword) credentials.Import {
	return credentials.Import{Password: &p}
}

func webauthn(keys ...string) credentials.Import {
	imp := &credentials.ImportWebAuthn{}
	for _, key := range keys {
		imp.Credentials = append(imp.Credentials, json.RawMessage(key))
	}
	return credentials.Import{WebAuthn: imp}
}

func codes(codes ...string) credentials.Import {
	imp := &credentials.ImportLookupSecret{}
	for _, code := range codes {
		imp.Codes = append(imp.Codes, credentials.RecoveryCode{Code: code})
	}
	return credentials.Import{LookupSecret: imp}
}

func passkey(userHandle string, keys ...string) credentials.Import {
	imp := &credentials.ImportPasskey{UserHandle: []byte(userHandle)}
	for _, key := range keys {
		imp.Credentials = append(imp.Credentials, json.RawMessage(key))
	}
	return credentials.Import{Passkey: imp}
}

func TestPrepareRefuses(t *testing.T) {
	link := func(provider, subject string) credentials.Provider {
		return credentials.Provider{Provider: provider, Subject: subject}
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	deep := `{"id":"a","x":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `}`
	for _, c := range []struct {
		name string
		imp  credentials.Import
		want []string // "field: reason"
	}{
		{"password without anything", password(credentials.ImportPassword{}),
			[]string{"/password/config: needs a password, a hashed_password or use_password_migration_hook"}},
		{"password too long", password(credentials.ImportPassword{Password: long(1025)}),
			[]string{"/password/config/password: must be at most 1,024 bytes long"}},
		{"password not UTF-8", password(credentials.ImportPassword{Password: "a\xff"}),
			[]string{"/password/config/password: must be valid UTF-8"}},
		{"unknown hash", password(credentials.ImportPassword{HashedPassword: marker}),
			[]string{"/password/config/hashed_password: password hash: not in a known format"}},
		{"hash with a fault", password(credentials.ImportPassword{HashedPassword: "$md5$AAAA"}),
			[]string{"/password/config/hashed_password: password hash (md5): its digest is not 16 bytes"}},

		{"empty provider and subject", oidc(link("a", "b"), link("", "")),
			[]string{"/oidc/config/providers/1/provider: must not be empty", "/oidc/config/providers/1/subject: must not be empty"}},
		{"blank provider and subject", oidc(link(" \t", "\u00a0")),
			[]string{"/oidc/config/providers/0/provider: must not be empty", "/oidc/config/providers/0/subject: must not be empty"}},
		{"provider with a colon", oidc(link("a:b", "c")),
			[]string{"/oidc/config/providers/0/provider: must not hold a colon"}},
		{"provider and subject too long", oidc(link(long(256), long(1025))),
			[]string{"/oidc/config/providers/0/provider: must be at most 255 bytes long", "/oidc/config/providers/0/subject: must be at most 1024 bytes long"}},
		{"subject with NUL", oidc(link("a", "b\x00")),
			[]string{"/oidc/config/providers/0/subject: must not hold NUL characters"}},
		{"subject not UTF-8", oidc(link("a", "b\xff")),
			[]string{"/oidc/config/providers/0/subject: must be valid UTF-8"}},
		{"organization that is no UUID", oidc(credentials.Provider{Provider: "a", Subject: "b", Organization: "acme"}),
			[]string{"/oidc/config/providers/0/organization: must be a UUID, or empty"}},
		{"organization that is a UUID in another layout", credentials.Import{SAML: &credentials.ImportSAML{Providers: []credentials.Provider{{Provider: "a", Subject: "b", Organization: "urn:uuid:0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1"}}}},
			[]string{"/saml/config/providers/0/organization: must be a UUID, or empty"}},
		{"too many providers", oidc(manyLinks(101)...),
			[]string{"/oidc/config/providers: must have at most 100 entries"}},
		{"saml has its own pointer", credentials.Import{SAML: &credentials.ImportSAML{Providers: []credentials.Provider{link("a", "")}}},
			[]string{"/saml/config/providers/0/subject: must not be empty"}},

		{"no totp URL", totp(" "), []string{"/totp/config/totp_url: must not be empty"}},
		{"long totp URL", totp("otpauth://totp/a?secret=" + long(4096)), []string{"/totp/config/totp_url: must be at most 4096 bytes long"}},
		{"totp URL that is none", totp("otpauth://totp/%zz?secret=A"), []string{"/totp/config/totp_url: must be a URL"}},
		{"totp of another scheme", totp("https://totp/a?secret=JBSWY3DP"), []string{"/totp/config/totp_url: must begin with otpauth://totp/"}},
		{"hotp", totp("otpauth://hotp/a?secret=JBSWY3DP"), []string{"/totp/config/totp_url: must begin with otpauth://totp/"}},
		{"totp with a user", totp("otpauth://u@totp/a?secret=JBSWY3DP"), []string{"/totp/config/totp_url: must begin with otpauth://totp/"}},
		{"totp with a fragment", totp("otpauth://totp/a?secret=JBSWY3DP#x"), []string{"/totp/config/totp_url: must not have a fragment"}},
		{"totp with a bad query", totp("otpauth://totp/a?secret=%zz"), []string{"/totp/config/totp_url: must have a well-formed query"}},
		{"totp without secret", totp("otpauth://totp/a?issuer=x"), []string{"/totp/config/totp_url: must have a secret"}},
		{"totp with two secrets", totp("otpauth://totp/a?secret=JBSWY3DP&secret=AA"), []string{"/totp/config/totp_url: must have its parameter secret once"}},
		{"totp secret not base32", totp("otpauth://totp/a?secret=0189"), []string{"/totp/config/totp_url: must have a secret in base32"}},
		{"totp secret with a line break", totp("otpauth://totp/a?secret=JBSW%0AY3DP"), []string{"/totp/config/totp_url: must have a secret in base32"}},
		{"totp algorithm", totp("otpauth://totp/a?secret=JBSWY3DP&algorithm=SHA3"), []string{"/totp/config/totp_url: must have an algorithm of SHA1, SHA256, SHA512 or MD5"}},
		{"totp digits", totp("otpauth://totp/a?secret=JBSWY3DP&digits=11"), []string{"/totp/config/totp_url: must have 4 to 10 digits"}},
		{"totp period", totp("otpauth://totp/a?secret=JBSWY3DP&period=0"), []string{"/totp/config/totp_url: must have a period of 1 to 3,600 seconds"}},

		{"empty and blank codes", codes("a", "", " "),
			[]string{"/lookup_secret/config/codes/1/code: must not be empty", "/lookup_secret/config/codes/2/code: must not be empty"}},
		{"long code", codes(long(256)), []string{"/lookup_secret/config/codes/0/code: must be at most 255 bytes long"}},
		{"too many codes", codes(strings.Split(long(101), "")...), []string{"/lookup_secret/config/codes: must have at most 100 entries"}},

		{"key that is no object", webauthn(`[]`),
			[]string{"/webauthn/config/credentials/0: must be a JSON object without duplicate names, in valid UTF-8"}},
		{"key that is not JSON", webauthn(`{"id":"a"}`, `{"id":`),
			[]string{"/webauthn/config/credentials/1: must be a JSON object without duplicate names, in valid UTF-8"}},
		{"key with an end too many", webauthn(`{"id":"a"}}`),
			[]string{"/webauthn/config/credentials/0: must be a JSON object without duplicate names, in valid UTF-8"}},
		{"key with duplicate names", webauthn(`{"id":"a","id":"b"}`),
			[]string{"/webauthn/config/credentials/0: must be a JSON object without duplicate names, in valid UTF-8"}},
		{"empty key", webauthn(``),
			[]string{"/webauthn/config/credentials/0: must be a JSON object without duplicate names, in valid UTF-8"}},
		{"key without id", webauthn(`{"x":{"id":"a"}}`),
			[]string{"/webauthn/config/credentials/0/id: must be a non-empty string of at most 2,048 bytes"}},
		{"key with an empty id", webauthn(`{"id":""}`),
			[]string{"/webauthn/config/credentials/0/id: must be a non-empty string of at most 2,048 bytes"}},
		{"key with an id that is no string", webauthn(`{"id":{"a":"b"}}`),
			[]string{"/webauthn/config/credentials/0/id: must be a non-empty string of at most 2,048 bytes"}},
		{"key with a long id", webauthn(`{"id":"` + long(2049) + `"}`),
			[]string{"/webauthn/config/credentials/0/id: must be a non-empty string of at most 2,048 bytes"}},
		{"key with is_passwordless that is no boolean", webauthn(`{"id":"a","is_passwordless":"yes"}`),
			[]string{"/webauthn/config/credentials/0/is_passwordless: must be a boolean"}},
		{"key with NUL", webauthn(`{"id":"a","x":["\u0000"]}`),
			[]string{"/webauthn/config/credentials/0: must not hold NUL characters"}},
		{"long key", webauthn(`{"id":"a","x":"` + long(32<<10) + `"}`),
			[]string{"/webauthn/config/credentials/0: must be at most 32 KiB long"}},
		{"deep key", webauthn(deep),
			[]string{"/webauthn/config/credentials/0: must be nested at most 16 levels deep"}},

		{"passkey without anything", passkey(""),
			[]string{"/passkey/config/user_handle: must not be empty", "/passkey/config/credentials: must not be empty"}},
		{"passkey with a long user handle", passkey(long(65), `{"id":"a"}`),
			[]string{"/passkey/config/user_handle: must be at most 64 bytes long"}},

		{"everything at once", credentials.Import{
			Password: &credentials.ImportPassword{}, OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{link("a", "")}},
			TOTP: &credentials.ImportTOTP{},
		}, []string{
			"/password/config: needs a password, a hashed_password or use_password_migration_hook",
			"/oidc/config/providers/0/subject: must not be empty",
			"/totp/config/totp_url: must not be empty",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			prepared, err := c.imp.Prepare(t.Context(), plainHasher{}, credentials.Limits{})
			require.Nil(t, prepared)
			require.EqualError(t, err, strings.Join(c.want, "; "))
			require.ErrorAs(t, err, new(*violation.Error))
			require.EqualError(t, c.imp.Check(credentials.Limits{}), err.Error())
		})
	}
}

func manyLinks(n int) []credentials.Provider {
	links := make([]credentials.Provider, n)
	for i := range links {
		links[i] = credentials.Provider{Provider: "p", Subject: fmt.Sprint(i)}
	}
	return links
}

func TestPrepareAccepts(t *testing.T) {
	for _, url := range []string{
		totpURL,
		"otpauth://totp/a?secret=jbswy3dpehpk3pxp",
		"otpauth://totp/a?secret=JBSWY3A%3D",
		"otpauth://totp/a?secret=JBSWY3DP&algorithm=SHA256&digits=8&period=60",
		"otpauth://totp/?secret=JBSWY3DP",
	} {
		imp := totp(url)
		_, err := imp.Prepare(t.Context(), plainHasher{}, credentials.Limits{})
		require.NoError(t, err, url)
	}
	var none *credentials.Import
	require.NoError(t, none.Check(credentials.Limits{}))
	prepared, err := none.Prepare(t.Context(), plainHasher{}, credentials.Limits{})
	require.NoError(t, err)
	require.Empty(t, prepared.Apply(nil, "owner", noon))
}

// TestPrepareAcceptsWhatIsStored sends back what a newer rule refuses.
func TestPrepareAcceptsWhatIsStored(t *testing.T) {
	old := credentials.Provider{Provider: "google", Subject: "1", Organization: "acme"}
	dear := "$2b$16$....................................................."
	imp := credentials.Import{
		Password: &credentials.ImportPassword{HashedPassword: dear},
		OIDC:     &credentials.ImportOIDC{Providers: []credentials.Provider{old}}, SAML: &credentials.ImportSAML{Providers: []credentials.Provider{old}},
	}
	limits := credentials.Limits{Stored: credentials.Set{
		credentials.TypePassword: {Config: credentials.Config{HashedPassword: dear}},
		credentials.TypeOIDC:     {Config: credentials.Config{Providers: []credentials.Provider{old}}},
	}}
	require.EqualError(t, imp.Check(limits), "/saml/config/providers/0/organization: must be a UUID, or empty")
	imp.SAML = nil
	require.NoError(t, imp.Check(limits))
	require.Error(t, imp.Check(credentials.Limits{}))
	require.NoError(t, imp.Check(credentials.Limits{HashCost: passwordhash.Cost{Time: time.Minute}, Stored: credentials.Set{credentials.TypeOIDC: limits.Stored[credentials.TypeOIDC]}}))
	imp.OIDC.Providers[0].Organization = "another"
	require.EqualError(t, imp.Check(limits), "/oidc/config/providers/0/organization: must be a UUID, or empty")
}

func TestPrepareHashesLast(t *testing.T) {
	imp := password(credentials.ImportPassword{Password: "plain", HashedPassword: "ignored", UsePasswordMigrationHook: true})
	prepared, err := imp.Prepare(t.Context(), plainHasher{}, credentials.Limits{})
	require.NoError(t, err)
	require.Equal(t, credentials.Config{HashedPassword: "hash of plain"}, prepared.Apply(nil, "owner", noon)[credentials.TypePassword].Config)

	_, err = imp.Prepare(t.Context(), plainHasher{err: violation.New("", "", "must be at most 72 bytes long")}, credentials.Limits{})
	require.Equal(t, violation.New("/password/config/password", "", "must be at most 72 bytes long"), err)

	broken := errors.New("no randomness")
	_, err = imp.Prepare(t.Context(), plainHasher{err: broken}, credentials.Limits{})
	require.ErrorIs(t, err, broken)

	imp.TOTP = &credentials.ImportTOTP{}
	_, err = imp.Prepare(t.Context(), plainHasher{err: broken}, credentials.Limits{})
	require.NotErrorIs(t, err, broken, "nothing is hashed for an import that is refused anyway")
}

func TestPrepareCopies(t *testing.T) {
	imp := passkey("handle", `{"id":"a"}`)
	prepared, err := imp.Prepare(t.Context(), plainHasher{}, credentials.Limits{})
	require.NoError(t, err)
	imp.Passkey.UserHandle[0] = 'X'
	imp.Passkey.Credentials[0][7] = 'X'

	first := prepared.Apply(nil, "owner", noon)[credentials.TypePasskey]
	require.Equal(t, "handle", string(first.Config.UserHandle))
	require.JSONEq(t, `{"id":"a"}`, string(first.Config.Keys[0].JSON))
	first.Config.UserHandle[0], first.Config.Keys[0].JSON[7] = 'Y', 'Y'
	second := prepared.Apply(nil, "owner", noon)[credentials.TypePasskey]
	require.Equal(t, "handle", string(second.Config.UserHandle))
	require.JSONEq(t, `{"id":"a"}`, string(second.Config.Keys[0].JSON))
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
