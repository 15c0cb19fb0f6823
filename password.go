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
	// ErrWrongPassword says that no identity signs in with that identifier and that
	// password. Which of the two is wrong is not told.
	ErrWrongPassword = errors.New("the identifier or the password is wrong")
	// ErrInactive says that identifier and password are right, but the identity is
	// inactive.
	ErrInactive = errors.New("the identity is inactive")
)

// PasswordMigration asks another system whether password is the one that i has there.
// It is called for credentials that were imported with use_password_migration_hook.
type PasswordMigration func(ctx context.Context, i *identity.Identity, identifier, password string) (bool, error)

// WithPasswordMigration sets who knows the passwords that were imported with
// use_password_migration_hook. Without it such a password is always wrong. The first
// that is right is hashed and kept, and the hook is not asked again.
func WithPasswordMigration(migrate PasswordMigration) Option {
	return Option{func(c *config) error {
		if migrate == nil {
			return errors.New("idem: WithPasswordMigration: the function is nil")
		}
		c.migrate = migrate
		return nil
	}}
}

// VerifyPassword returns the identity that signs in with identifier, in any spelling
// that normalises alike, and password. When the stored hash is of another kind or
// weaker than the Manager's hasher makes them, the password is hashed again and kept,
// in one atomic step that leaves a password set meanwhile alone.
//
// An unknown identifier takes as long as a wrong password for a hash of the current
// setting. An inactive identity is told from a wrong password only to who knows the
// password.
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
		return nil, m.denyInTime(ctx, password)
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
		return nil, m.denyInTime(ctx, password)
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
	return m.rehash(ctx, found, config, password), nil
}

// denyInTime hashes the password for nothing: a quick "no" would tell which
// identifiers have an account.
func (m *Manager) denyInTime(ctx context.Context, password string) error {
	// Why it could not be hashed makes no difference: nobody signs in.
	_, _ = m.hasher.Hash(ctx, []byte(password))
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrWrongPassword
}

// matchHash reports whether the hash should be replaced, or why the password is
// refused.
func (m *Manager) matchHash(ctx context.Context, encoded, password string) (rehash bool, err error) {
	hash, err := passwordhash.Parse(encoded)
	if err != nil {
		return false, err
	}
	err = m.limiter.Do(ctx, func() error { return passwordhash.Verify(ctx, hash, []byte(password)) })
	if errors.Is(err, passwordhash.ErrMismatch) {
		err = ErrWrongPassword
	}
	return m.hasher.NeedsRehash(hash), err
}

func (m *Manager) askMigration(ctx context.Context, i *identity.Identity, identifier, password string) error {
	right, err := m.migrate(ctx, i, identifier, password)
	if err == nil && !right {
		err = ErrWrongPassword
	}
	return err
}

// rehash keeps a new hash of a password that was just found right, unless another
// was set meanwhile. That it cannot is no reason to turn the owner away: it is logged,
// and the next sign-in tries again.
func (m *Manager) rehash(ctx context.Context, i *identity.Identity, previous credentials.Config, password string) *identity.Identity {
	updated, err := run(ctx, m, "rehash password", i.ID, func(ctx context.Context) (*identity.Identity, error) {
		hash, err := m.hasher.Hash(ctx, []byte(password))
		if refused := (*violation.Error)(nil); errors.As(err, &refused) {
			return i, nil // right as it is, but not one that the Manager's hasher takes
		}
		if err != nil {
			return nil, err
		}
		now := m.now()
		return m.commit(ctx, i.ID, nil, func(current *identity.Identity) (*identity.Identity, error) {
			return current.WithPasswordHash(previous, hash, now), nil
		})
	})
	if err != nil {
		return i
	}
	return updated
}
