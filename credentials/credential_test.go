package credentials_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

func TestTypes(t *testing.T) {
	types := credentials.Types()
	require.Len(t, types, 8)
	require.True(t, slices.IsSorted(types))
	for _, want := range types {
		got, err := credentials.ParseType(string(want))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, unknown := range []string{"", "Password", "password ", "link_recovery"} {
		_, err := credentials.ParseType(unknown)
		require.ErrorIs(t, err, credentials.ErrUnknownType)
	}
	first := slices.DeleteFunc(credentials.Types(), func(t credentials.Type) bool { return !t.IsFirstFactor() })
	require.Equal(t, []credentials.Type{"code", "oidc", "passkey", "password", "saml", "webauthn"}, first)
	derived := slices.DeleteFunc(credentials.Types(), func(t credentials.Type) bool { return !t.IdentifiersFromTraits() })
	require.Equal(t, []credentials.Type{"code", "password", "webauthn"}, derived)
}

// full returns a credential with every field set.
func full() credentials.Credential {
	return credentials.Credential{
		Type: credentials.TypePassword, Identifiers: []string{"a"}, Version: 1, CreatedAt: noon, UpdatedAt: later,
		Config: credentials.Config{
			HashedPassword: "h", UsePasswordMigrationHook: true,
			Providers:     []credentials.Provider{{Provider: "p", Subject: "s", Organization: "o", UseAutoLink: true}},
			TOTPURL:       "u",
			RecoveryCodes: []credentials.RecoveryCode{{Code: "c", UsedAt: noon}},
			Keys:          []credentials.Key{{ID: "k", Passwordless: true, JSON: json.RawMessage(`{"id":"k"}`)}},
			UserHandle:    []byte("h"),
			Addresses:     []credentials.CodeAddress{{Channel: "email", Address: "a@b.co"}},
		},
	}
}

// Each change of one field makes another credential, and reaches no clone.
func TestEqualAndClone(t *testing.T) {
	for name, change := range map[string]func(*credentials.Credential){
		"type":         func(c *credentials.Credential) { c.Type = "x" },
		"identifiers":  func(c *credentials.Credential) { c.Identifiers[0] = "x" },
		"version":      func(c *credentials.Credential) { c.Version++ },
		"created":      func(c *credentials.Credential) { c.CreatedAt = later },
		"updated":      func(c *credentials.Credential) { c.UpdatedAt = noon },
		"hash":         func(c *credentials.Credential) { c.Config.HashedPassword = "x" },
		"hook":         func(c *credentials.Credential) { c.Config.UsePasswordMigrationHook = false },
		"provider":     func(c *credentials.Credential) { c.Config.Providers[0].Provider = "x" },
		"subject":      func(c *credentials.Credential) { c.Config.Providers[0].Subject = "x" },
		"organization": func(c *credentials.Credential) { c.Config.Providers[0].Organization = "x" },
		"auto link":    func(c *credentials.Credential) { c.Config.Providers[0].UseAutoLink = false },
		"totp":         func(c *credentials.Credential) { c.Config.TOTPURL = "x" },
		"code":         func(c *credentials.Credential) { c.Config.RecoveryCodes[0].Code = "x" },
		"code used":    func(c *credentials.Credential) { c.Config.RecoveryCodes[0].UsedAt = later },
		"key":          func(c *credentials.Credential) { c.Config.Keys[0].JSON[1] = ' ' },
		"user handle":  func(c *credentials.Credential) { c.Config.UserHandle[0] = 'x' },
		"channel":      func(c *credentials.Credential) { c.Config.Addresses[0].Channel = "sms" },
		"address":      func(c *credentials.Credential) { c.Config.Addresses[0].Address = "x" },
		"another in all": func(c *credentials.Credential) {
			c.Config.Providers = append(c.Config.Providers, credentials.Provider{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			set := credentials.Set{credentials.TypePassword: full()}
			clone := set.Clone()
			require.True(t, set.Equal(clone))
			c := set[credentials.TypePassword]
			change(&c)
			set[credentials.TypePassword] = c
			require.False(t, set.Equal(clone))
			require.True(t, clone.Equal(credentials.Set{credentials.TypePassword: full()}))
		})
	}
	elsewhere := full()
	elsewhere.CreatedAt = elsewhere.CreatedAt.In(time.FixedZone("east", 3600))
	require.True(t, elsewhere.Equal(full()), "times are compared as instants")
	require.True(t, credentials.Set(nil).Equal(credentials.Set{}))
	require.Nil(t, credentials.Set(nil).Clone())

	set := credentials.Set{"code": {Identifiers: []string{"a"}}, "password": {Identifiers: []string{"a"}}, "totp": {}}
	clone := set.Clone()
	for _, c := range clone {
		_ = append(c.Identifiers, "b")
	}
	require.Equal(t, set, clone, "what is appended to one reaches no other")
	require.False(t, credentials.Set{"a": {}}.Equal(credentials.Set{"b": {}}))
}

func TestConfigIsZero(t *testing.T) {
	require.True(t, credentials.Config{}.IsZero())
	require.True(t, credentials.Config{Keys: []credentials.Key{}, UserHandle: []byte{}}.IsZero())
	config := full().Config
	for name, single := range map[string]credentials.Config{
		"hash": {HashedPassword: config.HashedPassword}, "hook": {UsePasswordMigrationHook: true}, "providers": {Providers: config.Providers},
		"totp": {TOTPURL: config.TOTPURL}, "codes": {RecoveryCodes: config.RecoveryCodes}, "keys": {Keys: config.Keys},
		"user handle": {UserHandle: config.UserHandle}, "addresses": {Addresses: config.Addresses},
	} {
		require.False(t, single.IsZero(), name)
	}
}

func TestParseKey(t *testing.T) {
	raw := ` {"public_key":"x","id":"a\u0062","authenticator":{"id":"inner","is_passwordless":"no"},"is_passwordless":true} ` + "\n"
	key, err := credentials.ParseKey([]byte(raw))
	require.NoError(t, err)
	require.Equal(t, credentials.Key{ID: "ab", Passwordless: true, JSON: json.RawMessage(raw)}, key)
}
