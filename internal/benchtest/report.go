package benchtest

import (
	"testing"
)

// Measure resets the timer of b, runs do, which makes b.N operations, and reports the processor time of one as cpu-ns/op.
// Unlike the time that passes, it is nearly the same on a busy machine.
func Measure(b *testing.B, do func()) {
	b.ResetTimer()
	before := CPU()
	do()
	if used := CPU() - before; used > 0 {
		b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
	}
}
