package identity_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// TestVerifiedIsAboutAMailbox: an address stays verified, and stays the same address, exactly if the traits still give the
// same value in the same way. It is so for every pair of what there was and what there is.
func TestVerifiedIsAboutAMailbox(t *testing.T) {
	then := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	now := then.Add(time.Hour)
	old, fresh := uuid.UUID{1}, uuid.UUID{2}
	mailboxes := []struct{ via, stored, derived string }{
		{"email", "ada@example.com", "ada@example.com"},
		{"email", "bob@shop。com", "bob@shop.com"}, // as an older rule wrote it
		{"email", "harry@x.com", "harry@x.com"},
		{"email", "Ḣarry@x.com", "ḣarry@x.com"},
		{"email", "+16502530001/x@evil.com", "+16502530001/x@evil.com"},
		{"email", "not a phone number@x", "not a phone number@x"},
		{"sms", "+16502530001", "+16502530001"},
		{"sms", "ada@example.com", "ada@example.com"}, // no-validate accepts it
		{"sms", "+16502530002", "+16502530002"},
	}
	for _, before := range mailboxes {
		for _, after := range mailboxes {
			current := &identity.Identity{
				SchemaID: "a", Traits: json.RawMessage(`{"a":1}`), UpdatedAt: then,
				VerifiableAddresses: []identity.VerifiableAddress{{
					ID: old, Via: before.via, Value: before.stored, Verified: true, Status: identity.AddressCompleted, VerifiedAt: then, CreatedAt: then, UpdatedAt: then,
				}},
				RecoveryAddresses: []identity.RecoveryAddress{{ID: old, Via: before.via, Value: before.stored, CreatedAt: then, UpdatedAt: then}},
			}
			derived := []schema.Address{{Via: after.via, Value: after.derived}}
			next := identity.Update{Traits: json.RawMessage(`{"a":2}`)}.Apply(current, identity.Facts{
				Now: now, NewID: func(int) uuid.UUID { return fresh }, SchemaID: "a", Derived: &schema.Derived{Traits: json.RawMessage(`{"a":2}`), Verifiable: derived, Recovery: derived},
			})
			same := before == after
			address, recovery := next.VerifiableAddresses[0], next.RecoveryAddresses[0]
			require.Equal(t, after.derived, address.Value)
			require.Equal(t, after.derived, recovery.Value)
			require.Equal(t, same, address.Verified, "%v to %v", before, after)
			require.Equal(t, same, address.ID == old, "%v to %v", before, after)
			require.Equal(t, same, recovery.ID == old, "%v to %v", before, after)
			require.Equal(t, same, address.CreatedAt.Equal(then))
			require.Equal(t, same && before.stored == after.derived, address.UpdatedAt.Equal(then), "a value that is written again is an update")
			if !same {
				require.Equal(t, identity.AddressPending, address.Status)
				require.True(t, address.VerifiedAt.IsZero())
			}
		}
	}
}

// TestCodeAddressesFollowTheChannel: a code credential whose address keeps its value and changes its channel is another.
func TestCodeAddressesFollowTheChannel(t *testing.T) {
	now := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	current := &identity.Identity{SchemaID: "a", Credentials: credentials.Set{credentials.TypeCode: {
		Type: credentials.TypeCode, Identifiers: []string{"x@y"}, Config: credentials.Config{Addresses: []credentials.CodeAddress{{Channel: "sms", Address: "x@y"}}},
	}}}
	next := identity.Update{Traits: json.RawMessage(`{"a":2}`)}.Apply(current, identity.Facts{Now: now, SchemaID: "a", Derived: &schema.Derived{
		Traits: json.RawMessage(`{"a":2}`), Identifiers: []schema.Identifier{{Type: "code", Value: "x@y"}}, CodeAddresses: []schema.Address{{Via: "email", Value: "x@y"}},
	}})
	require.Equal(t, []credentials.CodeAddress{{Channel: "email", Address: "x@y"}}, next.Credentials[credentials.TypeCode].Config.Addresses)
	require.Equal(t, now, next.Credentials[credentials.TypeCode].UpdatedAt)
}

// TestKeptTraits: traits that are equal by value are neither derived from again nor written again where that would make a
// difference.
func TestKeptTraits(t *testing.T) {
	current := &identity.Identity{SchemaID: "a", Traits: json.RawMessage(`{"n":100,"s":"x"}`)}
	for traits, keeps := range map[string]bool{
		`{"n":100,"s":"x"}`: true, `{ "s": "x", "n": 1e2 }`: true, `{"n":100.0,"s":"\u0078"}`: true,
		`{"n":101,"s":"x"}`: false, `{"n":100}`: false, ``: false, `{"n":100,"s":"x","s":"x"}`: false, `{"n":100,"s":"X"}`: false,
	} {
		u := identity.Update{Traits: json.RawMessage(traits)}
		require.Equal(t, keeps, u.KeepsTraits(current), traits)
		u.SchemaID = "b"
		require.False(t, u.KeepsTraits(current))
		u.SchemaID = "a"
		require.Equal(t, keeps, u.KeepsTraits(current), traits)
		next := u.Apply(current, identity.Facts{SchemaID: "a", NewID: func(int) uuid.UUID { return uuid.UUID{1} }, Derived: &schema.Derived{
			Traits: json.RawMessage(traits), Identifiers: []schema.Identifier{{Type: "password", Value: "x"}}, Verifiable: []schema.Address{{Via: "email", Value: "x@y"}},
		}})
		require.Equal(t, keeps, next.Equal(current), traits)
		require.Equal(t, keeps, len(next.Credentials) == 0, "what the schema derives by now is for Rederive: %s", traits)
	}
	require.True(t, identity.Update{}.KeepsTraits(&identity.Identity{Traits: json.RawMessage(`{}`)}))
}
