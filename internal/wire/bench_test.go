package wire_test

import (
	"testing"

	"github.com/idemkit/idem/internal/benchtest"
	"github.com/idemkit/idem/internal/wire"
)

// BenchmarkAppend writes the answer of a person as applications have them, whole and as it is in a list.
func BenchmarkAppend(b *testing.B) {
	i := benchtest.Identity(7)
	for name, view := range map[string]wire.View{
		"whole": {BaseURL: "https://id.example.com/auth"}, "in a list": {BaseURL: "https://id.example.com/auth", HideCredentials: true},
	} {
		b.Run(name, func(b *testing.B) {
			buffer := view.Append(nil, i)
			b.SetBytes(int64(len(buffer)))
			b.ReportAllocs()
			for b.Loop() {
				buffer = view.Append(buffer[:0], i)
			}
		})
	}
}
