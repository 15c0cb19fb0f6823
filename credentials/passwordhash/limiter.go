package passwordhash

import (
	"context"
	"runtime"
)

// Limiter bounds how many hash computations run at once: each takes a core (argon2,
// one for each of its lanes), and up to 1 GiB of memory with the widest parameters
// that [Parse] accepts, so a burst of sign-ins must wait rather than run. It is
// safe for concurrent use.
//
// What runs at once holds limit × the memory of one hash, 19 MiB for the default
// cost. The garbage collector lets what has run take as much again; GOMEMLIMIT, or
// [runtime/debug.SetMemoryLimit], is the means to have it collect earlier.
type Limiter struct{ slots chan struct{} }

// NewLimiter returns a Limiter that lets n computations run at once; one for each
// core that Go uses when n is 0 or less.
func NewLimiter(n int) *Limiter {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return &Limiter{slots: make(chan struct{}, n)}
}

// Do waits for its turn, runs f and returns its error. When ctx ends first, f does
// not run and the error is that of ctx. f must not call Do of the same Limiter.
func (l *Limiter) Do(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.slots }()
	if err := ctx.Err(); err != nil {
		return err // both were ready, and select took the slot
	}
	return f()
}
