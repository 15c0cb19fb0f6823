package document_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/benchtest"
	"github.com/idemkit/idem/storage/internal/document"
)

// person is an identity as applications have them: package benchtest has the same payload.
func person() *identity.Identity {
	const phone = "+4917600000007"
	email := benchtest.Email(7, 0)
	create := benchtest.Create(7)
	at := time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	i := &identity.Identity{
		SchemaID: benchtest.SchemaID, State: identity.StateActive, StateChangedAt: at, CreatedAt: at, UpdatedAt: at.Add(time.Hour),
		Traits: create.Traits, MetadataPublic: create.MetadataPublic,
		Credentials: credentials.Set{
			credentials.TypeCode: {Identifiers: []string{phone, email}, Config: credentials.Config{Addresses: []credentials.CodeAddress{
				{Channel: "email", Address: email}, {Channel: "sms", Address: phone},
			}}},
			credentials.TypePassword: {Identifiers: []string{phone, email}, Config: credentials.Config{HashedPassword: create.Credentials.Password.HashedPassword}},
			credentials.TypeWebAuthn: {Identifiers: []string{email}},
		},
	}
	for n, value := range []string{email, phone} {
		via, id := []string{"email", "sms"}[n], uuid.MustParse("158beb6c-e674-59a4-136c-21ee3158ad67")
		i.VerifiableAddresses = append(i.VerifiableAddresses, identity.VerifiableAddress{ID: id, Value: value, Via: via, Status: identity.AddressPending, CreatedAt: at, UpdatedAt: at})
		i.RecoveryAddresses = append(i.RecoveryAddresses, identity.RecoveryAddress{ID: id, Value: value, Via: via, CreatedAt: at, UpdatedAt: at})
	}
	for t, c := range i.Credentials {
		c.Type, c.Version, c.CreatedAt, c.UpdatedAt = t, t.Version(), at, at
		i.Credentials[t] = c
	}
	return i
}

func BenchmarkAppend(b *testing.B) {
	i := person()
	buffer := document.Append(nil, i)
	b.SetBytes(int64(len(buffer)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = document.Append(buffer[:0], i)
	}
}

func BenchmarkDecode(b *testing.B) {
	raw := document.Append(nil, person())
	for name, decode := range map[string]func(uuid.UUID, int64, []byte) (*identity.Identity, error){
		"whole": document.Decode, "without credentials": document.DecodeWithoutCredentials, "lent": document.Lend(false),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := decode(uuid.UUID{1}, 1, raw)
				require.NoError(b, err)
			}
		})
	}
}
