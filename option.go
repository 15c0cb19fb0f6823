package idem

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/credentials/passwordpolicy"
)

// Option changes a default of [New]. The functions of this package whose name begins
// with With make one. New fails if an option got nil or a value outside its range, and
// for the zero Option.
type Option struct{ apply func(*config) error }

// config is what options set. A Manager keeps it.
type config struct {
	hasher  passwordhash.Hasher
	limiter *passwordhash.Limiter
	// hashes is how many passwords are hashed or verified at once, and hashCost what an
	// imported hash may cost.
	hashes   int
	hashCost passwordhash.Cost
	clock    func() time.Time
	newID    func() uuid.UUID
	random   io.Reader
	logger   *slog.Logger

	pollInterval time.Duration
	clashClaims  int // what a check of a schema remembers at once

	// policy, migrate, beforeCommit and observe may be nil.
	policy       PasswordPolicy
	passwords    passwordpolicy.Policy
	migrate      PasswordMigration
	beforeCommit func(context.Context, PendingChange) error
	observe      Observer
}

// newConfig returns the defaults as options change them.
func newConfig(options []Option) (config, error) {
	c := config{
		hashes:   runtime.GOMAXPROCS(0),
		hashCost: passwordhash.DefaultBound(),
		clock:    time.Now,
		newID:    newUUIDv7,
		random:   rand.Reader,
		logger:   slog.Default(),

		pollInterval: time.Second,
		clashClaims:  maxClashClaims,
	}
	for _, option := range options {
		if option.apply == nil {
			return c, errors.New("idem: an option is the zero Option: make one with a function of this package")
		}
		if err := option.apply(&c); err != nil {
			return c, err
		}
	}
	if c.hasher == nil {
		hasher, err := passwordhash.NewArgon2id(passwordhash.Argon2{})
		if err != nil {
			return c, fmt.Errorf("idem: %w", err)
		}
		c.hasher = hasher
	}
	c.limiter = passwordhash.NewLimiter(c.hashes, c.hashCost)
	c.hasher = limitedHasher{Hasher: c.hasher, limiter: c.limiter}
	return c, nil
}

// WithHasher sets how plain passwords are hashed. The default is Argon2id with
// the parameters that OWASP recommends; see [passwordhash.NewArgon2id] and
// [passwordhash.NewBcrypt].
func WithHasher(hasher passwordhash.Hasher) Option {
	return Option{func(c *config) error {
		if hasher == nil {
			return errors.New("idem: WithHasher: the hasher is nil")
		}
		c.hasher = hasher
		return nil
	}}
}

// WithHashingLimit sets how many passwords are hashed or verified at once; further ones wait. n
// must be at least 1. The limit bounds the memory of a burst: with the default hasher each
// password needs 19 MiB. The default is the number of processors.
func WithHashingLimit(n int) Option {
	return Option{func(c *config) error {
		if n < 1 {
			return errors.New("idem: WithHashingLimit: at least 1 is needed")
		}
		c.hashes = n
		return nil
	}}
}

// WithHashCost sets the greatest cost of verifying an imported password hash. An import of a hash that costs more is
// refused. A field of bound that is zero takes its value from [passwordhash.DefaultBound], 2 seconds on one core and
// 256 MiB. The bound must not be below the cost of the Manager's own hasher.
//
// A stored hash can always be verified, whatever it costs, so a lower bound locks no identity out. Hashes over the
// bound are verified one at a time, and replaced at the next sign-in.
func WithHashCost(bound passwordhash.Cost) Option {
	return Option{func(c *config) error {
		if bound.Time < 0 || bound.MemoryBytes < 0 {
			return errors.New("idem: WithHashCost: the bound must not be negative")
		}
		standard := passwordhash.DefaultBound()
		c.hashCost = passwordhash.Cost{Time: cmp.Or(bound.Time, standard.Time), MemoryBytes: cmp.Or(bound.MemoryBytes, standard.MemoryBytes)}
		return nil
	}}
}

// WithClock sets the clock. now is called from many goroutines. The default is
// time.Now.
func WithClock(now func() time.Time) Option {
	return Option{func(c *config) error {
		if now == nil {
			return errors.New("idem: WithClock: the clock is nil")
		}
		c.clock = now
		return nil
	}}
}

// WithIDs sets the source of the ids of new identities and addresses. newID is called
// from many goroutines and must not return the same id twice. The default is UUID
// version 7 (RFC 9562, section 5.7), which sorts by time.
func WithIDs(newID func() uuid.UUID) Option {
	return Option{func(c *config) error {
		if newID == nil {
			return errors.New("idem: WithIDs: the function is nil")
		}
		c.newID = newID
		return nil
	}}
}

// WithRandom sets the source of the random numbers of sign-in epochs
// ([identity.Identity.SignInEpoch]), which distinguish the current sign-ins of an identity
// from those that were ended. random is read from many goroutines at once. The default is
// crypto/rand.Reader. A test that needs the same numbers every time can set another.
func WithRandom(random io.Reader) Option {
	return Option{func(c *config) error {
		if random == nil {
			return errors.New("idem: WithRandom: the reader is nil")
		}
		c.random = random
		return nil
	}}
}

// WithLogger sets the logger. Every operation that writes is logged at level Debug,
// with the identity's id and no personal data. Every fault is logged at level Error.
// The default is slog.Default at the time of New.
func WithLogger(logger *slog.Logger) Option {
	return Option{func(c *config) error {
		if logger == nil {
			return errors.New("idem: WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}}
}
