package credentials_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

// part returns one credential with an identifier, created and updated at noon.
func part(t credentials.Type, config credentials.Config, identifiers ...string) credentials.Set {
	return credentials.Set{t: {Type: t, Identifiers: identifiers, Config: config, CreatedAt: noon, UpdatedAt: noon}}
}

func join(sets ...credentials.Set) credentials.Set {
	all := credentials.Set{}
	for _, set := range sets {
		for name, c := range set {
			all[name] = c
		}
	}
	return all
}

var (
	aPassword      = part(credentials.TypePassword, credentials.Config{HashedPassword: "x"}, "a@b.co")
	noPassword     = part(credentials.TypePassword, credentials.Config{}, "a@b.co")
	aMigrationHook = part(credentials.TypePassword, credentials.Config{UsePasswordMigrationHook: true}, "a@b.co")
	namelessOne    = part(credentials.TypePassword, credentials.Config{HashedPassword: "x"})
	oneLink        = part(credentials.TypeOIDC, credentials.Config{Providers: []credentials.Provider{{Provider: "p", Subject: "1"}}}, "p:1")
	twoLinks       = part(credentials.TypeOIDC, credentials.Config{Providers: []credentials.Provider{{Provider: "p", Subject: "1"}, {Provider: "p", Subject: "2"}}}, "p:1", "p:2")
	samlLink       = part(credentials.TypeSAML, credentials.Config{Providers: []credentials.Provider{{Provider: "s", Subject: "1"}}}, "s:1")
	aTOTP          = part(credentials.TypeTOTP, credentials.Config{TOTPURL: totpURL}, owner)
	someCodes      = part(credentials.TypeLookupSecret, credentials.Config{RecoveryCodes: []credentials.RecoveryCode{{Code: "c"}}}, owner)
	secondFactor   = part(credentials.TypeWebAuthn, credentials.Config{UserHandle: []byte("h"), Keys: []credentials.Key{{ID: "a"}}}, "a@b.co")
	passwordless   = part(credentials.TypeWebAuthn, credentials.Config{UserHandle: []byte("h"), Keys: []credentials.Key{{ID: "b", Passwordless: true}}}, "a@b.co")
	bothKeys       = part(credentials.TypeWebAuthn, credentials.Config{UserHandle: []byte("h"), Keys: []credentials.Key{{ID: "a"}, {ID: "b", Passwordless: true}}}, "a@b.co")
	orphanedKey    = part(credentials.TypeWebAuthn, credentials.Config{Keys: []credentials.Key{{ID: "a"}}})
	aPasskey       = part(credentials.TypePasskey, credentials.Config{UserHandle: []byte("h"), Keys: []credentials.Key{{ID: "a"}}}, "h")
	twoPasskeys    = part(credentials.TypePasskey, credentials.Config{UserHandle: []byte("h"), Keys: []credentials.Key{{ID: "/v8="}, {ID: "++A="}}}, "h")
	onePasskey     = part(credentials.TypePasskey, credentials.Config{UserHandle: []byte("h"), Keys: []credentials.Key{{ID: "++A="}}}, "h")
	aCode          = part(credentials.TypeCode, credentials.Config{Addresses: []credentials.CodeAddress{{Channel: "email", Address: "a@b.co"}}}, "a@b.co")
)

func TestRemove(t *testing.T) {
	touched := func(set credentials.Set) credentials.Set {
		set = set.Clone()
		for name, c := range set {
			c.UpdatedAt = later
			set[name] = c
		}
		return set
	}
	for _, c := range []struct {
		name       string
		set        credentials.Set
		t          credentials.Type
		identifier string
		want       credentials.Set
		err        error
	}{
		{name: "password beside a link", set: join(aPassword, oneLink), t: credentials.TypePassword, want: join(touched(noPassword), oneLink)},
		{name: "password beside a saml link", set: join(aPassword, samlLink), t: credentials.TypePassword, want: join(touched(noPassword), samlLink)},
		{name: "password beside a passkey", set: join(aPassword, aPasskey), t: credentials.TypePassword, want: join(touched(noPassword), aPasskey)},
		{name: "password beside a code", set: join(aPassword, aCode), t: credentials.TypePassword, want: join(touched(noPassword), aCode)},
		{name: "password beside a passwordless key", set: join(aPassword, passwordless), t: credentials.TypePassword, want: join(touched(noPassword), passwordless)},
		{name: "password without identifiers goes whole", set: join(namelessOne, oneLink), t: credentials.TypePassword, want: oneLink},
		{name: "last password", set: aPassword, t: credentials.TypePassword, err: credentials.ErrLastFirstFactor},
		{name: "password beside second factors", set: join(aPassword, aTOTP, someCodes, secondFactor), t: credentials.TypePassword, err: credentials.ErrLastFirstFactor},
		{name: "password without a secret", set: join(noPassword, oneLink), t: credentials.TypePassword, err: credentials.ErrNoCredential},
		{name: "no password", set: oneLink, t: credentials.TypePassword, err: credentials.ErrNoCredential},

		{name: "one link of two", set: twoLinks, t: credentials.TypeOIDC, identifier: "p:2", want: touched(oneLink)},
		{name: "last link beside a password", set: join(oneLink, aPassword), t: credentials.TypeOIDC, identifier: "p:1", want: aPassword},
		{name: "last link beside a migration hook", set: join(oneLink, aMigrationHook), t: credentials.TypeOIDC, identifier: "p:1", want: aMigrationHook},
		{name: "last oidc link beside a saml link", set: join(oneLink, samlLink), t: credentials.TypeOIDC, identifier: "p:1", want: samlLink},
		{name: "saml link", set: join(oneLink, samlLink), t: credentials.TypeSAML, identifier: "s:1", want: oneLink},
		{name: "last link", set: oneLink, t: credentials.TypeOIDC, identifier: "p:1", err: credentials.ErrLastFirstFactor},
		{name: "last link beside a password without a secret", set: join(oneLink, noPassword), t: credentials.TypeOIDC, identifier: "p:1", err: credentials.ErrLastFirstFactor},
		{name: "last link beside a password nobody can name", set: join(oneLink, namelessOne), t: credentials.TypeOIDC, identifier: "p:1", err: credentials.ErrLastFirstFactor},
		{name: "unknown link", set: twoLinks, t: credentials.TypeOIDC, identifier: "p:3", err: credentials.ErrNoCredential},
		{name: "link without identifier", set: twoLinks, t: credentials.TypeOIDC, err: credentials.ErrIdentifierRequired},
		{name: "no link, without identifier", set: aPassword, t: credentials.TypeSAML, err: credentials.ErrIdentifierRequired},
		{name: "no saml link", set: aPassword, t: credentials.TypeSAML, identifier: "s:1", err: credentials.ErrNoCredential},

		{name: "totp", set: join(aPassword, aTOTP), t: credentials.TypeTOTP, want: aPassword},
		{name: "totp alone", set: aTOTP, t: credentials.TypeTOTP, want: credentials.Set{}},
		{name: "no totp", set: aPassword, t: credentials.TypeTOTP, err: credentials.ErrNoCredential},
		{name: "recovery codes", set: join(aPassword, someCodes), t: credentials.TypeLookupSecret, want: aPassword},

		{name: "webauthn keeps passwordless keys", set: bothKeys, t: credentials.TypeWebAuthn, want: touched(passwordless)},
		{name: "webauthn with second factors only keeps its identifiers", set: secondFactor, t: credentials.TypeWebAuthn,
			want: touched(part(credentials.TypeWebAuthn, credentials.Config{}, "a@b.co"))},
		{name: "webauthn without identifiers goes whole", set: join(aPassword, orphanedKey), t: credentials.TypeWebAuthn, want: aPassword},
		{name: "last passwordless keys", set: passwordless, t: credentials.TypeWebAuthn, err: credentials.ErrLastFirstFactor},
		{name: "passwordless keys beside a link", set: join(passwordless, oneLink), t: credentials.TypeWebAuthn,
			want: join(touched(part(credentials.TypeWebAuthn, credentials.Config{}, "a@b.co")), oneLink)},
		{name: "a passwordless key beside a second factor", set: bothKeys, t: credentials.TypeWebAuthn, identifier: "b", err: credentials.ErrLastFirstFactor},
		{name: "a passwordless key beside a password", set: join(bothKeys, aPassword), t: credentials.TypeWebAuthn, identifier: "b", want: join(touched(secondFactor), aPassword)},
		{name: "a second factor by its id", set: bothKeys, t: credentials.TypeWebAuthn, identifier: "a", want: touched(passwordless)},
		{name: "a key that is not there", set: bothKeys, t: credentials.TypeWebAuthn, identifier: "c", err: credentials.ErrNoCredential},
		{name: "no webauthn", set: aPassword, t: credentials.TypeWebAuthn, err: credentials.ErrNoCredential},

		{name: "code", set: join(aPassword, aCode), t: credentials.TypeCode, err: credentials.ErrNotRemovable},
		{name: "passkey beside a password", set: join(aPassword, aPasskey), t: credentials.TypePasskey, want: aPassword},
		{name: "passkey beside a code", set: join(aCode, aPasskey), t: credentials.TypePasskey, want: aCode},
		{name: "last passkey", set: join(aPasskey, aTOTP, noPassword), t: credentials.TypePasskey, err: credentials.ErrLastFirstFactor},
		{name: "last passkey by its id", set: aPasskey, t: credentials.TypePasskey, identifier: "a", err: credentials.ErrLastFirstFactor},
		{name: "last passkey by its id, beside a link", set: join(aPasskey, oneLink), t: credentials.TypePasskey, identifier: "a", want: oneLink},
		{name: "one passkey of two", set: twoPasskeys, t: credentials.TypePasskey, identifier: "/v8=", want: touched(onePasskey)},
		{name: "one passkey of two, in the URL alphabet", set: twoPasskeys, t: credentials.TypePasskey, identifier: "_v8", want: touched(onePasskey)},
		{name: "one passkey of two, from a query", set: twoPasskeys, t: credentials.TypePasskey, identifier: "  A=", want: touched(part(credentials.TypePasskey, credentials.Config{UserHandle: []byte("h"), Keys: twoPasskeys[credentials.TypePasskey].Config.Keys[:1]}, "h"))},
		{name: "a passkey that is not there", set: twoPasskeys, t: credentials.TypePasskey, identifier: "abcd", err: credentials.ErrNoCredential},
		{name: "no passkey", set: aPassword, t: credentials.TypePasskey, err: credentials.ErrNoCredential},
		{name: "unknown type", set: aPassword, t: "fingerprint", err: credentials.ErrNoCredential},
		{name: "nothing there", set: nil, t: credentials.TypeTOTP, err: credentials.ErrNoCredential},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := c.set.Clone()
			got, err := c.set.Remove(c.t, c.identifier, later)
			require.ErrorIs(t, err, c.err)
			require.True(t, c.want.Equal(got), "want %v, got %v", c.want, got)
			require.Equal(t, before, c.set, "the rule leaves its argument as it is")
		})
	}
}
