package idem

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

var (
	// ErrWrongPassword is returned when no identity signs in with that identifier and that password. It does not tell
	// which of the two is wrong.
	ErrWrongPassword = errors.New("the identifier or the password is wrong")
	// ErrInactive is returned when identifier and password are right, but the identity is inactive.
	ErrInactive = errors.New("the identity is inactive")
)

// PasswordMigration asks another system whether password is the password of i there. It is called for credentials that
// were imported with use_password_migration_hook. identifier is the identifier as the person typed it.
type PasswordMigration func(ctx context.Context, i *identity.Identity, identifier, password string) (bool, error)

// WithPasswordMigration sets the function that checks the passwords of credentials that were imported with
// use_password_migration_hook. Without it such a password is always wrong. The first correct password is hashed and
// stored, and the function is not called for this identity again.
func WithPasswordMigration(migrate PasswordMigration) Option {
	return Option{func(c *config) error {
		if migrate == nil {
			return errors.New("idem: WithPasswordMigration: the function is nil")
		}
		c.migrate = migrate
		return nil
	}}
}

// VerifyPassword returns the identity that signs in with identifier, in any spelling that normalises alike, and
// password. The result is the revision whose hash was compared with the password.
//
// If the stored hash has another format than the Manager's hasher makes, or is weaker, the password is hashed again and
// kept, in one atomic step, and the result is the revision with the new hash. If another caller sets a new password
// meanwhile, that password stays, and the result is the revision that was compared. If another caller deactivates the
// identity meanwhile, the error is [ErrInactive].
//
// The time it takes does not reveal which identifiers exist: an unknown identifier, or an identity without a password,
// costs one hash at the current setting, like a wrong password, for every input. A stored hash that costs more takes
// longer until it is replaced. Only a caller with the right password learns that an identity is inactive.
//
// Errors, of KindDenied: [ErrWrongPassword]; [ErrInactive].
func (m *Manager) VerifyPassword(ctx context.Context, identifier, password string) (*identity.Identity, error) {
	return run(ctx, m, "verify password", uuid.Nil, func(ctx context.Context) (*identity.Identity, error) {
		return m.verifyPassword(ctx, identifier, password)
	})
}

func (m *Manager) verifyPassword(ctx context.Context, identifier, password string) (*identity.Identity, error) {
	found, err := m.findByIdentifier(ctx, credentials.TypePassword, identifier)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, m.denyInTime(ctx)
	}
	if err != nil {
		return nil, err
	}
	config := found.Credentials[credentials.TypePassword].Config
	var rehash bool
	switch {
	case config.HashedPassword != "":
		rehash, err = m.matchHash(ctx, config.HashedPassword, password)
	case config.UsePasswordMigrationHook && m.migrate != nil:
		rehash, err = true, m.askMigration(ctx, found, identifier, password)
	default:
		return nil, m.denyInTime(ctx)
	}
	if err != nil {
		return nil, err
	}
	if found.State != identity.StateActive {
		return nil, ErrInactive
	}
	if !rehash {
		return found, nil
	}
	return m.rehash(ctx, found, config, password)
}

// dummyPassword is hashed where there is no hash to compare with. It is fixed, because a hasher refuses some passwords
// at once.
const dummyPassword = "a password that nobody has"

// denyInTime hashes a password for nothing: a quick answer would tell which identifiers have an account.
func (m *Manager) denyInTime(ctx context.Context) error {
	// The result makes no difference: nobody signs in.
	_, _ = m.hasher.Hash(ctx, []byte(dummyPassword))
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrWrongPassword
}

// matchHash reports whether the hash should be replaced, or why the password is refused.
func (m *Manager) matchHash(ctx context.Context, encoded, password string) (rehash bool, err error) {
	hash, err := passwordhash.ParseStored(encoded)
	if err != nil {
		return false, err
	}
	rehash = m.hasher.NeedsRehash(hash) || hash.Exceeds(m.hashCost)
	err = m.limiter.Verify(ctx, hash, []byte(password))
	if !errors.Is(err, passwordhash.ErrMismatch) {
		return rehash, err
	}
	if rehash {
		// The right password is hashed again. An old hash, which may be quick, must not be told from no account.
		return rehash, m.denyInTime(ctx)
	}
	return rehash, ErrWrongPassword
}

// isNoBetter reports whether replacing the hash previous by next would gain nothing: previous is replaced for its cost
// alone, and the Manager's own hasher is as dear.
func (m *Manager) isNoBetter(next, previous string) bool {
	old, err := passwordhash.ParseStored(previous)
	if err != nil || m.hasher.NeedsRehash(old) {
		return false
	}
	made, err := passwordhash.ParseStored(next)
	return err == nil && made.Exceeds(m.hashCost)
}

func (m *Manager) askMigration(ctx context.Context, i *identity.Identity, identifier, password string) error {
	right, err := m.migrate(ctx, i, identifier, password)
	if err == nil && !right {
		err = ErrWrongPassword
	}
	return err
}

// rehash keeps a new hash of a password that was just found right, unless another password was set meanwhile, and returns
// the identity with it. A failure does not turn the owner away: it is logged, and the next sign-in tries again. The error
// is ErrInactive if i was deactivated meanwhile.
func (m *Manager) rehash(ctx context.Context, i *identity.Identity, previous credentials.Config, password string) (*identity.Identity, error) {
	var moved, inactive bool
	updated, err := run(ctx, m, "rehash password", i.ID, func(ctx context.Context) (*identity.Identity, error) {
		hash, err := m.hasher.Hash(ctx, []byte(password))
		if refused := (*violation.Error)(nil); errors.As(err, &refused) {
			return i, nil // right as it is, but not one that the Manager's hasher takes
		}
		if err != nil {
			return nil, err
		}
		if m.isNoBetter(hash, previous.HashedPassword) {
			return i, nil
		}
		now := m.now()
		return m.commit(ctx, i.ID, nil, func(current *identity.Identity) (*identity.Identity, error) {
			inactive = current.State != identity.StateActive
			next := current.WithPasswordHash(previous, hash, now)
			moved = next == current
			if inactive {
				return current, nil
			}
			return next, nil
		})
	})
	switch {
	case inactive:
		return nil, ErrInactive
	case err != nil || moved:
		return i, nil
	}
	return updated, nil
}
