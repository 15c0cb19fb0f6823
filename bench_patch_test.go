package idem_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/storage/memory"
)

// BenchmarkPatch patches one person, in memory: one member of the metadata, and as many operations as there may be.
func BenchmarkPatch(b *testing.B) {
	manager, people := newPeople(b, memory.New(), 1)
	id := people[0]
	patch := func(b *testing.B, document string) {
		_, err := manager.PatchIdentity(b.Context(), id, idem.JSONPatch([]byte(document)))
		require.NoError(b, err)
	}
	b.Run("one member", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			patch(b, fmt.Sprintf(`[{"op":"replace","path":"/metadata_public/visits","value":%d}]`, n))
		}
	})
	b.Run("1000 operations", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			var operations strings.Builder
			for k := range 1000 {
				fmt.Fprintf(&operations, `,{"op":"add","path":"/metadata_public/numbers/%d","value":%d}`, k%10, n)
			}
			patch(b, `[{"op":"add","path":"/metadata_public/numbers","value":[]}`+operations.String()[:strings.LastIndex(operations.String(), ",{")]+`]`)
		}
	})
}
