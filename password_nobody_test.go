package idem_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/memory"
)

// askedHasher counts how often it is asked for a hash.
type askedHasher struct {
	passwordhash.Hasher
	hashes atomic.Int64
}

func (h *askedHasher) Hash(ctx context.Context, password []byte) (string, error) {
	h.hashes.Add(1)
	return h.Hasher.Hash(ctx, password)
}

// TestNobodyCostsAHash checks that an identifier which nobody has, or whose owner has no
// password, costs the one computation that a wrong password costs: a quick answer would
// tell which identifiers exist.
func TestNobodyCostsAHash(t *testing.T) {
	bcrypt, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	hasher := &askedHasher{Hasher: bcrypt}
	store := memory.New()
	w := newWorld(t, store, idem.WithHasher(hasher))
	w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`), Credentials: withPassword("a password")})
	w.create(t, identity.Create{Traits: raw(`{"email":"bare@example.com"}`)})
	w.create(t, identity.Create{Traits: raw(`{"email":"hook@example.com"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{UsePasswordMigrationHook: true}}})
	for identifier, want := range map[string]int64{
		"ada@example.com":  0, // her hash is verified instead
		"bare@example.com": 1,
		"hook@example.com": 1, // there is no hook to ask
		"eve@example.com":  1,
		"":                 1,
		"a\x00b\xff":       1,
	} {
		before := hasher.hashes.Load()
		_, err := w.VerifyPassword(t.Context(), identifier, "another password")
		require.ErrorIs(t, err, idem.ErrWrongPassword, "%q", identifier)
		require.Equal(t, want, hasher.hashes.Load()-before, "%q", identifier)
	}
}
