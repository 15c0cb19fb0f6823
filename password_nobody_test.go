package idem_test

import (
	"context"
	"strings"
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
	hashes, refusals atomic.Int64
}

func (h *askedHasher) Hash(ctx context.Context, password []byte) (string, error) {
	h.hashes.Add(1)
	hash, err := h.Hasher.Hash(ctx, password)
	if err != nil {
		h.refusals.Add(1)
	}
	return hash, err
}

// TestNobodyCostsAHash checks that an identifier which nobody has, or whose owner has no
// password, costs the one computation, whatever the password holds, that a wrong password costs: a quick answer would
// tell which identifiers exist.
func TestNobodyCostsAHash(t *testing.T) {
	bcrypt, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	hasher := &askedHasher{Hasher: bcrypt}
	store := memory.New()
	w := newWorld(t, store, idem.WithHasher(hasher))
	w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`), Credentials: withPassword("a password")})
	w.create(t, identity.Create{Traits: raw(`{"email":"bare@example.com"}`)})
	w.create(t, identity.Create{Traits: raw(`{"email":"old@example.com"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: importedHash}}})
	w.create(t, identity.Create{Traits: raw(`{"email":"hook@example.com"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{UsePasswordMigrationHook: true}}})
	for identifier, want := range map[string]int64{
		"ada@example.com":  0, // her hash is verified instead
		"old@example.com":  1, // besides a quick verification
		"bare@example.com": 1,
		"hook@example.com": 1, // there is no hook to ask
		"eve@example.com":  1,
		"":                 1,
		"a\x00b\xff":       1,
	} {
		for _, password := range []string{"another password", "", "\xff\xfe", "a\x00b", strings.Repeat("x", 73), strings.Repeat("x", 5000)} {
			before, failed := hasher.hashes.Load(), hasher.refusals.Load()
			_, err := w.VerifyPassword(t.Context(), identifier, password)
			require.ErrorIs(t, err, idem.ErrWrongPassword, "%q", identifier)
			require.Equal(t, want, hasher.hashes.Load()-before, "%q", identifier)
			require.Equal(t, failed, hasher.refusals.Load(), "%q: a password that the hasher refuses at once costs nothing", identifier)
		}
	}
}
