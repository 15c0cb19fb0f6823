package credentials_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

// TestAssuranceTable checks the level of every pair of methods, in both orders.
func TestAssuranceTable(t *testing.T) {
	require.Equal(t, credentials.AAL0, credentials.Assurance())
	require.Equal(t, credentials.AAL0, credentials.Assurance("spaceship"))
	const (
		password, federated, code, recovery = credentials.MethodPassword, credentials.MethodFederated, credentials.MethodCode, credentials.MethodRecovery
		passkey, passwordless, key          = credentials.MethodPasskey, credentials.MethodPasswordlessKey, credentials.MethodSecurityKey
		totp, lookup                        = credentials.MethodTOTP, credentials.MethodLookupCode
	)
	// Row and column are methods in this order.
	methods := []credentials.Method{password, federated, code, recovery, passkey, passwordless, key, totp, lookup}
	require.ElementsMatch(t, credentials.Methods(), methods)
	table := [][]credentials.AAL{
		/* password     */ {1, 1, 1, 1, 2, 1, 2, 2, 2},
		/* federated    */ {1, 1, 1, 1, 2, 1, 2, 2, 2},
		/* code         */ {1, 1, 1, 1, 2, 1, 2, 2, 2},
		/* recovery     */ {1, 1, 1, 1, 1, 1, 1, 1, 1},
		/* passkey      */ {2, 2, 2, 1, 2, 2, 2, 2, 2},
		/* passwordless */ {1, 1, 1, 1, 2, 1, 2, 2, 2},
		/* key          */ {2, 2, 2, 1, 2, 2, 1, 1, 1},
		/* totp         */ {2, 2, 2, 1, 2, 2, 1, 1, 1},
		/* lookup       */ {2, 2, 2, 1, 2, 2, 1, 1, 1},
	}
	for row, first := range methods {
		for column, second := range methods {
			require.Equal(t, table[row][column], credentials.Assurance(first, second), "%s with %s", first, second)
		}
		require.Equal(t, table[row][row], credentials.Assurance(first), first)
	}
}

func TestHighestAAL(t *testing.T) {
	const strong, weak = "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP&digits=4"
	password := credentials.Credential{Type: credentials.TypePassword, Identifiers: []string{"ada"}, Config: credentials.Config{HashedPassword: "x"}}
	app := func(url string) credentials.Credential {
		return credentials.Credential{Config: credentials.Config{TOTPURL: url}}
	}
	codes := func(used time.Time) credentials.Credential {
		return credentials.Credential{Config: credentials.Config{RecoveryCodes: []credentials.RecoveryCode{{Code: "a", UsedAt: used}}}}
	}
	key := func(passwordless bool) credentials.Config {
		return credentials.Config{Keys: []credentials.Key{{ID: "a", Passwordless: passwordless, JSON: json.RawMessage(`{}`)}}}
	}
	for _, c := range []struct {
		name    string
		set     credentials.Set
		aal     credentials.AAL
		seconds []credentials.Method
	}{
		{name: "nothing"},
		{name: "a second factor alone", set: credentials.Set{credentials.TypeTOTP: app(strong)}, seconds: []credentials.Method{credentials.MethodTOTP}},
		{name: "password", set: credentials.Set{credentials.TypePassword: password}, aal: credentials.AAL1},
		{name: "password and app", set: credentials.Set{credentials.TypePassword: password, credentials.TypeTOTP: app(strong)},
			aal: credentials.AAL2, seconds: []credentials.Method{credentials.MethodTOTP}},
		{name: "password and an app that is not accepted", set: credentials.Set{credentials.TypePassword: password, credentials.TypeTOTP: app(weak)}, aal: credentials.AAL1},
		{name: "password and codes", set: credentials.Set{credentials.TypePassword: password, credentials.TypeLookupSecret: codes(time.Time{})},
			aal: credentials.AAL2, seconds: []credentials.Method{credentials.MethodLookupCode}},
		{name: "password and used codes", set: credentials.Set{credentials.TypePassword: password, credentials.TypeLookupSecret: codes(time.Unix(1, 0))}, aal: credentials.AAL1},
		{name: "password and security key", set: credentials.Set{credentials.TypePassword: password, credentials.TypeWebAuthn: {Type: credentials.TypeWebAuthn, Config: key(false)}},
			aal: credentials.AAL2, seconds: []credentials.Method{credentials.MethodSecurityKey}},
		{name: "passwordless key", set: credentials.Set{credentials.TypeWebAuthn: {Type: credentials.TypeWebAuthn, Identifiers: []string{"ada"}, Config: key(true)}}, aal: credentials.AAL1},
		{name: "passkey", set: credentials.Set{credentials.TypePasskey: {Type: credentials.TypePasskey, Config: key(true)}}, aal: credentials.AAL2},
	} {
		require.Equal(t, c.aal, c.set.HighestAAL(), c.name)
		require.Equal(t, c.seconds, c.set.SecondFactors(), c.name)
	}
}
