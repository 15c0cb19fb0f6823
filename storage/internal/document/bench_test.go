package document_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/benchtest"
	"github.com/idemkit/idem/storage/internal/document"
)

func BenchmarkAppend(b *testing.B) {
	i := benchtest.Identity(7)
	buffer := document.Append(nil, i)
	b.SetBytes(int64(len(buffer)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = document.Append(buffer[:0], i)
	}
}

func BenchmarkDecode(b *testing.B) {
	raw := document.Append(nil, benchtest.Identity(7))
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
