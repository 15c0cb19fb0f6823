package passwordhash

import (
	"fmt"
	"math"
	"time"
)

// Cost is the cost of one verification: processor time on one core, and memory. It is computed from the parameters of
// the hash, before any work is done.
//
// As a bound, for [ParseWithin] and [NewLimiter], a field at zero takes its value from [DefaultBound].
type Cost struct {
	// Time is the processor time. It is computed from constants that were measured on the machine that BENCHMARKS.md
	// names; it may take several times as long on another one.
	Time time.Duration
	// MemoryBytes is the memory that is in use at once, in bytes, rounded down to whole MiB.
	MemoryBytes int64
}

// DefaultBound returns the default bound on the cost of an imported hash: 2 seconds and 256 MiB.
func DefaultBound() Cost { return Cost{Time: 2 * time.Second, MemoryBytes: 256 << 20} }

func (c Cost) orDefault() Cost {
	standard := DefaultBound()
	if c.Time == 0 {
		c.Time = standard.Time
	}
	if c.MemoryBytes == 0 {
		c.MemoryBytes = standard.MemoryBytes
	}
	return c
}

// Exceeds reports whether c is over bound in either field.
func (c Cost) Exceeds(bound Cost) bool {
	return c.Time > bound.Time || c.MemoryBytes > bound.MemoryBytes
}

// String returns text such as "1.2s and 64 MiB of memory".
func (c Cost) String() string {
	text := c.Time.Round(10 * time.Microsecond).String()
	if c.Time >= time.Second {
		text = c.Time.Round(100 * time.Millisecond).String()
	}
	if c.MemoryBytes > 0 {
		text += fmt.Sprintf(" and %d MiB of memory", c.MemoryBytes>>20)
	}
	return text
}

// boundPasswordBytes is the length of the password that [ParseWithin] computes the cost of. The cost of some formats
// of crypt(3) grows with the length; of a password that is so long that it is over the bound, a [Limiter] verifies one
// at a time.
const boundPasswordBytes = 128

// The measured constants, in nanoseconds. BenchmarkCost measures how far they are off.
const (
	argon2KiB     = 850   // one KiB of memory, once
	argon2Setup   = 45000 // what one computation takes beside its memory and lanes
	argon2Lane    = 14000 // one lane in one pass: goroutines that are started and waited for
	scryptUnit    = 400   // 128 bytes of memory, written and read once
	scryptBlock   = 150   // what one of the N blocks takes beside its memory
	bcryptRound   = 60000 // one of the 2^cost rounds: two key schedules of Blowfish
	yescryptWrite = 400   // 128 bytes of memory in the first loop
	yescryptVisit = 400   // 128 bytes of memory in the second loop
	hmacSetup     = 1000
	setup         = 800 // what every verification takes beside its rounds
)

// costOf returns a Cost of so many nanoseconds and bytes, at most what the types hold.
func costOf(nanoseconds, bytes float64) Cost {
	cost := Cost{Time: math.MaxInt64, MemoryBytes: math.MaxInt64}
	if nanoseconds < float64(cost.Time)-setup {
		cost.Time = time.Duration(nanoseconds) + setup
	}
	if bytes < float64(cost.MemoryBytes) {
		cost.MemoryBytes = int64(bytes) >> 20 << 20
	}
	return cost
}

func (c Cost) plus(o Cost) Cost {
	return costOf(float64(c.Time)+float64(o.Time), max(float64(c.MemoryBytes), float64(o.MemoryBytes)))
}
