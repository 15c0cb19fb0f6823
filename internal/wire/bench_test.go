package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
)

// BenchmarkAppend writes an ordinary identity: one email that signs in in three ways,
// is verified and recovers the account.
func BenchmarkAppend(b *testing.B) {
	created := time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	const email = "person@example.com"
	i := &identity.Identity{
		SchemaID: "person", State: identity.StateActive, StateChangedAt: created, CreatedAt: created, UpdatedAt: created.Add(time.Hour),
		Traits:              json.RawMessage(`{"email":"person@example.com","name":"Person"}`),
		Credentials:         credentials.Set{},
		VerifiableAddresses: []identity.VerifiableAddress{{Value: email, Via: "email", Status: identity.AddressPending, CreatedAt: created, UpdatedAt: created}},
		RecoveryAddresses:   []identity.RecoveryAddress{{Value: email, Via: "email", CreatedAt: created, UpdatedAt: created}},
	}
	for _, t := range []credentials.Type{credentials.TypeCode, credentials.TypePassword, credentials.TypeWebAuthn} {
		i.Credentials[t] = credentials.Credential{Type: t, Identifiers: []string{email}, CreatedAt: created, UpdatedAt: created}
	}
	view := wire.View{BaseURL: "https://id.example.com/auth"}
	buffer := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buffer = view.Append(buffer[:0], i)
	}
	b.SetBytes(int64(len(buffer)))
}
