package identity

import (
	"maps"
	"time"

	"github.com/idemkit/idem/credentials"
)

// WithoutCredential returns i without a credential. It does not change i. The rules and
// the errors are those of [credentials.Set.Remove].
func (i *Identity) WithoutCredential(t credentials.Type, identifier string, now time.Time) (*Identity, error) {
	now = i.notBefore(now)
	rest, err := i.Credentials.Remove(t, identifier, now)
	if err != nil {
		return nil, err
	}
	next := *i
	next.Credentials = rest
	if !next.Equal(i) {
		next.UpdatedAt = now
	}
	return &next, nil
}

// WithPasswordHash returns i with its password config replaced by hash, if that config
// still equals previous. Otherwise it returns i unchanged. It does not change i.
func (i *Identity) WithPasswordHash(previous credentials.Config, hash string, now time.Time) *Identity {
	password, exists := i.Credentials[credentials.TypePassword]
	if !exists || !password.Config.Equal(previous) {
		return i
	}
	now = i.notBefore(now)
	password.Config = credentials.Config{HashedPassword: hash}
	password.UpdatedAt = now
	next := *i
	next.Credentials = maps.Clone(i.Credentials)
	next.Credentials[credentials.TypePassword] = password
	next.UpdatedAt = now
	return &next
}
