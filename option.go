package idem

import (
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// Option changes a default of [New]. One that is given nil, or a number out of its
// range, makes New fail.
type Option func(*Manager) error

// WithHasher sets how plain passwords are hashed. The default is Argon2id with
// the parameters that OWASP recommends; see [passwordhash.NewArgon2id] and
// [passwordhash.NewBcrypt].
func WithHasher(hasher passwordhash.Hasher) Option {
	return func(m *Manager) error {
		if hasher == nil {
			return errors.New("idem: WithHasher: the hasher is nil")
		}
		m.hasher = hasher
		return nil
	}
}

// WithHashingLimit sets how many passwords are hashed or verified at once; more
// wait their turn. n is at least 1. It bounds the memory that a burst can take: with the default
// hasher each needs 19 MiB. The default is the number of processors.
func WithHashingLimit(n int) Option {
	return func(m *Manager) error {
		if n < 1 {
			return errors.New("idem: WithHashingLimit: at least 1 is needed")
		}
		m.limiter = passwordhash.NewLimiter(n)
		return nil
	}
}

// WithClock sets where the time comes from. now is called from many goroutines.
// The default is time.Now.
func WithClock(now func() time.Time) Option {
	return func(m *Manager) error {
		if now == nil {
			return errors.New("idem: WithClock: the clock is nil")
		}
		m.clock = now
		return nil
	}
}

// WithIDs sets where the ids of new identities and addresses come from. newID is
// called from many goroutines and must not return the same id twice. The default
// is UUID version 7 (RFC 9562, section 5.7), which sorts by time.
func WithIDs(newID func() uuid.UUID) Option {
	return func(m *Manager) error {
		if newID == nil {
			return errors.New("idem: WithIDs: the function is nil")
		}
		m.newID = newID
		return nil
	}
}

// WithLogger sets where idem logs: every operation that writes at level Debug, with
// the identity's id and nothing personal, and every fault at level Error. The default
// is slog.Default at the time of New.
func WithLogger(logger *slog.Logger) Option {
	return func(m *Manager) error {
		if logger == nil {
			return errors.New("idem: WithLogger: the logger is nil")
		}
		m.logger = logger
		return nil
	}
}
