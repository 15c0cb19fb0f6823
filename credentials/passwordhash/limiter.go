package passwordhash

import (
	"context"
	"runtime"
)

// Limiter bounds the number of hash computations that run at once. Each takes memory and a core (argon2 takes one core
// for each lane), so a burst of sign-ins must wait. A Limiter is safe for concurrent use.
//
// The running computations use at most the limit times the memory of one hash (19 MiB for the default cost), plus the
// memory of one hash that is over the bound. The garbage collector may keep as much again. GOMEMLIMIT, or
// [runtime/debug.SetMemoryLimit], makes it collect earlier.
type Limiter struct {
	slots chan struct{}
	dear  chan struct{} // has room for one: held while a hash that is over the bound is verified
	bound Cost
}

// NewLimiter returns a Limiter that lets n computations run at once. One of them may verify a hash that costs more than
// bound. If n is 0 or less, the limit is the number of cores that Go uses. Fields of bound that are zero take their
// value from [DefaultBound].
func NewLimiter(n int, bound Cost) *Limiter {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return &Limiter{slots: make(chan struct{}, n), dear: make(chan struct{}, 1), bound: bound.orDefault()}
}

// Verify waits for its turn and calls [Verify]. If the hash costs more than the bound, for a password of this length,
// it waits until no other such hash is being verified. If ctx ends while it waits, the error is that of ctx.
func (l *Limiter) Verify(ctx context.Context, hash Hash, password []byte) error {
	verify := func() error { return Verify(ctx, hash, password) }
	if !hash.Cost(len(password)).Exceeds(l.bound) {
		return l.Do(ctx, verify)
	}
	return inTurn(ctx, l.dear, func() error { return l.Do(ctx, verify) })
}

// Hash waits for its turn and hashes password with hasher. When ctx ends while it waits, the error is that of ctx.
func (l *Limiter) Hash(ctx context.Context, hasher Hasher, password []byte) (encoded string, err error) {
	err = l.Do(ctx, func() error {
		encoded, err = hasher.Hash(ctx, password)
		return err
	})
	return encoded, err
}

// Do waits for its turn, runs f and returns its error. When ctx ends first, f does not run and the error is that of
// ctx. f must not call a method of the same Limiter.
func (l *Limiter) Do(ctx context.Context, f func() error) error { return inTurn(ctx, l.slots, f) }

func inTurn(ctx context.Context, slots chan struct{}, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-slots }()
	if err := ctx.Err(); err != nil {
		return err // both were ready, and select took the slot
	}
	return f()
}
