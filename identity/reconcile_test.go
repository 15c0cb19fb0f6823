package identity_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// TestUpdatesFollowTheTraits makes random updates one after another, over two random
// schemas: what follows from the traits is after each what the schema derived, whatever
// was there before, and all else is as it was.
func TestUpdatesFollowTheTraits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		schemas := []*schema.Schema{randomSchema(t, "one", random), randomSchema(t, "two", random)}
		// Both kinds of credential: one with a config of its own stays without identifiers.
		i := &identity.Identity{State: identity.StateActive, Credentials: credentials.Set{
			credentials.TypeWebAuthn: {Type: credentials.TypeWebAuthn, Config: credentials.Config{UserHandle: []byte("handle")}},
		}}
		for step := range 10 {
			facts := randomFacts(t, random, schemas[random.IntN(2)], step)
			before := i.Clone()
			u := identity.Update{Traits: facts.Derived.Traits}
			next := u.Apply(i, facts)
			require.True(t, before.Equal(i), "the current identity was modified")
			requireDerived(t, before, next, facts)

			facts.Now = facts.Now.Add(time.Minute)
			require.True(t, next.Equal(u.Apply(next, facts)), "the same again changes nothing")
			i = next
		}
	}
}

func requireDerived(t *testing.T, before, after *identity.Identity, facts identity.Facts) {
	t.Helper()
	for _, name := range []credentials.Type{credentials.TypePassword, credentials.TypeWebAuthn, credentials.TypeCode} {
		var identifiers []string
		for _, derived := range facts.Derived.Identifiers {
			if derived.Type == string(name) {
				identifiers = append(identifiers, derived.Value)
			}
		}
		had, existed := before.Credentials[name]
		has, exists := after.Credentials[name]
		require.Equal(t, identifiers != nil || !has.Config.IsZero(), exists, name)
		require.Equal(t, identifiers, has.Identifiers, name)
		if exists {
			unchanged := existed && had.Config.Equal(has.Config) && fmt.Sprint(had.Identifiers) == fmt.Sprint(has.Identifiers)
			require.Equal(t, unchanged, !has.UpdatedAt.Equal(facts.Now), "%s is as it was exactly if its time did not move", name)
		}
	}
	require.Equal(t, []byte("handle"), after.Credentials[credentials.TypeWebAuthn].Config.UserHandle)
	var codes []credentials.CodeAddress
	for _, derived := range facts.Derived.CodeAddresses {
		codes = append(codes, credentials.CodeAddress{Channel: derived.Via, Address: derived.Value})
	}
	require.Equal(t, codes, after.Credentials[credentials.TypeCode].Config.Addresses)

	known := map[uuid.UUID]bool{}
	for _, a := range before.VerifiableAddresses {
		known[a.ID] = true
	}
	require.Len(t, after.VerifiableAddresses, len(facts.Derived.Verifiable))
	for n, a := range after.VerifiableAddresses {
		require.Equal(t, facts.Derived.Verifiable[n].Via+facts.Derived.Verifiable[n].Value, a.Via+a.Value)
		require.Equal(t, known[a.ID], !a.CreatedAt.Equal(facts.Now), "an address that stays is the same")
	}
	require.Len(t, after.RecoveryAddresses, len(facts.Derived.Recovery))
	for n, a := range after.RecoveryAddresses {
		require.Equal(t, facts.Derived.Recovery[n].Via+facts.Derived.Recovery[n].Value, a.Via+a.Value)
	}
}

// randomSchema has two traits of one kind each, at random.
func randomSchema(t *testing.T, id string, random *rand.Rand) *schema.Schema {
	t.Helper()
	extension := func() string {
		var uses []string
		for _, use := range []string{
			`"verification": {"via": "email"}`, `"recovery": {"via": "email"}`,
			`"credentials": {"password": {"identifier": true}}`,
			`"credentials": {"webauthn": {"identifier": true}, "code": {"identifier": true, "via": "email"}}`,
		} {
			// Of two under one name the last would win, and is a fault.
			if random.IntN(2) == 0 && !(strings.Contains(use, "credentials") && strings.Contains(strings.Join(uses, ""), "credentials")) {
				uses = append(uses, use)
			}
		}
		return `{"type": "string", "ory.sh/kratos": {` + strings.Join(uses, ", ") + `}}`
	}
	parsed, err := schema.Parse(id, fmt.Appendf(nil, `{"properties": {"traits": {"type": "object", "properties": {"one": %s, "two": %s}}}}`, extension(), extension()))
	require.NoError(t, err)
	return parsed
}

func randomFacts(t *testing.T, random *rand.Rand, s *schema.Schema, step int) identity.Facts {
	t.Helper()
	traits := map[string]string{}
	for _, name := range []string{"one", "two"} {
		if n := random.IntN(4); n > 0 {
			traits[name] = fmt.Sprintf("ada%d@example.com", n)
		}
	}
	value, err := json.Marshal(traits)
	require.NoError(t, err)
	derived, err := s.Validate(value)
	require.NoError(t, err)
	return identity.Facts{
		Now:      time.Date(2026, time.January, 1, step+1, 0, 0, 0, time.UTC),
		NewID:    func(n int) uuid.UUID { return uuid.UUID{byte(step), byte(n), 1} },
		SchemaID: s.ID(), Derived: derived,
	}
}
