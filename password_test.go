package idem_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/memory"
)

// The SHA-256 hash of "landscape-Pa55" in a form that other systems export.
const importedHash = "$sha256$pf=e1BBU1NXT1JEfQ==$$x/sjULVJeLjzFTOXir/uxmp/Q/fUvPHq7ViU74C8dYE="

func withPassword(plain string) *credentials.Import {
	return &credentials.Import{Password: &credentials.ImportPassword{Password: plain}}
}

func TestVerifyPassword(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com","username":"ada"}`), Credentials: withPassword("a password")})
		w.create(t, identity.Create{Traits: raw(`{"email":"bare@example.com"}`)})
		for _, identifier := range []string{"ada@example.com", " ADA@example.com", "ADA"} {
			verified, err := w.VerifyPassword(t.Context(), identifier, "a password")
			require.NoError(t, err, identifier)
			require.True(t, created.Equal(verified))
		}
		for _, wrong := range [][2]string{
			{"ada@example.com", "another password"}, {"ada@example.com", ""}, {"ada@example.com", "a password "},
			{"eve@example.com", "a password"}, {"", "a password"}, {"bare@example.com", "a password"}, {"bare@example.com", ""},
			{"ada", string(make([]byte, 5000))},
		} {
			verified, err := w.VerifyPassword(t.Context(), wrong[0], wrong[1])
			requireKind(t, err, idem.KindDenied)
			require.ErrorIs(t, err, idem.ErrWrongPassword)
			require.Nil(t, verified)
		}
		w.requireUnchanged(t, created)

		inactive := w.update(t, created.ID, identity.Update{State: identity.StateInactive, Traits: created.Traits})
		_, err := w.VerifyPassword(t.Context(), "ada", "a password")
		requireKind(t, err, idem.KindDenied)
		require.ErrorIs(t, err, idem.ErrInactive)
		_, err = w.VerifyPassword(t.Context(), "ada", "another password")
		require.ErrorIs(t, err, idem.ErrWrongPassword, "who does not know the password is not told of the state")
		w.requireUnchanged(t, inactive)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, identifier := range []string{"ada", "nobody"} {
			_, err = w.VerifyPassword(ctx, identifier, "a password")
			requireKind(t, err, idem.KindCanceled)
		}
	})
}

func TestVerifyPasswordRehashes(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{
			Traits:      raw(`{"email":"ada@example.com"}`),
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: importedHash}},
		})
		later := w.advance()
		_, err := w.VerifyPassword(t.Context(), "ada@example.com", "wrong")
		require.ErrorIs(t, err, idem.ErrWrongPassword)
		w.requireUnchanged(t, created)

		verified, err := w.VerifyPassword(t.Context(), "ada@example.com", "landscape-Pa55")
		require.NoError(t, err)
		require.Equal(t, int64(2), verified.Revision)
		password := verified.Credentials[credentials.TypePassword]
		hash, err := passwordhash.Parse(password.Config.HashedPassword)
		require.NoError(t, err)
		require.Equal(t, passwordhash.FormatBcrypt, hash.FormatName())
		require.NoError(t, passwordhash.Verify(t.Context(), hash, []byte("landscape-Pa55")))
		require.Equal(t, noon, password.CreatedAt)
		require.Equal(t, later, password.UpdatedAt)
		require.Equal(t, later, verified.UpdatedAt)
		w.requireUnchanged(t, verified)

		w.advance()
		again, err := w.VerifyPassword(t.Context(), "ada@example.com", "landscape-Pa55")
		require.NoError(t, err)
		require.Equal(t, verified.Revision, again.Revision, "a hash of the current setting stays")
	})
}

// TestRehashLeavesANewPasswordAlone sets another password while the old one is being
// hashed again.
func TestRehashLeavesANewPasswordAlone(t *testing.T) {
	store := memory.New()
	direct := newWorld(t, store)
	created := direct.create(t, identity.Create{
		Traits:      raw(`{"email":"ada@example.com"}`),
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: importedHash}},
	})
	moving := &movingStore{Storage: store, move: func() {
		_, err := direct.UpdateIdentity(context.Background(), created.ID, identity.Update{Traits: created.Traits, Credentials: withPassword("the new password")})
		require.NoError(t, err)
	}}
	w := newWorld(t, moving)
	_, err := w.VerifyPassword(t.Context(), "ada@example.com", "landscape-Pa55")
	require.NoError(t, err)
	_, err = w.VerifyPassword(t.Context(), "ada@example.com", "the new password")
	require.NoError(t, err)
	_, err = w.VerifyPassword(t.Context(), "ada@example.com", "landscape-Pa55")
	require.ErrorIs(t, err, idem.ErrWrongPassword)
}

func TestPasswordMigration(t *testing.T) {
	asked := 0
	migrate := func(_ context.Context, i *identity.Identity, identifier, password string) (bool, error) {
		asked++
		if password == "boom" {
			return false, errors.New("the old system is down")
		}
		return identifier == "ADA@example.com" && password == "the old password" && i.ExternalID == "old-1", nil
	}
	hooked := identity.Create{
		Traits: raw(`{"email":"ada@example.com"}`), ExternalID: "old-1",
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{UsePasswordMigrationHook: true}},
	}
	w := newWorld(t, memory.New(), idem.WithPasswordMigration(migrate))
	created := w.create(t, hooked)
	_, err := w.VerifyPassword(t.Context(), "ADA@example.com", "wrong")
	require.ErrorIs(t, err, idem.ErrWrongPassword)
	_, err = w.VerifyPassword(t.Context(), "ADA@example.com", "boom")
	requireKind(t, err, idem.KindInternal)
	w.requireUnchanged(t, created)
	verified, err := w.VerifyPassword(t.Context(), "ADA@example.com", "the old password")
	require.NoError(t, err)
	require.False(t, verified.Credentials[credentials.TypePassword].Config.UsePasswordMigrationHook)
	_, err = w.VerifyPassword(t.Context(), "ADA@example.com", "the old password")
	require.NoError(t, err)
	require.Equal(t, 3, asked, "once it is kept, the other system is not asked again")

	without := newWorld(t, memory.New())
	without.create(t, hooked)
	_, err = without.VerifyPassword(t.Context(), "ada@example.com", "the old password")
	require.ErrorIs(t, err, idem.ErrWrongPassword)
}

func TestPasswordPolicy(t *testing.T) {
	var asked []idem.PasswordCandidate
	policy := func(_ context.Context, candidate idem.PasswordCandidate) error {
		asked = append(asked, candidate)
		if len(candidate.Password) < 12 {
			return errors.New("must have at least 12 characters")
		}
		return nil
	}
	w := newWorld(t, memory.New(), idem.WithPasswordPolicy(policy))
	_, err := w.CreateIdentity(t.Context(), identity.Create{Credentials: withPassword("too short")})
	requireKind(t, err, idem.KindInvalid)
	require.ErrorContains(t, err, "/credentials/password/config/password: must have at least 12 characters")
	created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`), Credentials: withPassword("long enough, this one")})
	_, err = w.UpdateIdentity(t.Context(), created.ID, identity.Update{Credentials: withPassword("too short")})
	requireKind(t, err, idem.KindInvalid)
	_, err = w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[{"op":"add","path":"/credentials/password/config/password","value":"too short"}]`)))
	requireKind(t, err, idem.KindInvalid)
	w.requireUnchanged(t, created)
	w.create(t, identity.Create{Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: importedHash}}})

	ada := raw(`{"email":"ada@example.com"}`)
	require.Equal(t, []idem.PasswordCandidate{
		{Password: "too short"},
		{Password: "long enough, this one", Identifiers: []string{"ada@example.com"}, Traits: ada},
		{Password: "too short"},
		{Password: "too short", Identifiers: []string{"ada@example.com"}, Traits: ada},
	}, asked, "the policy sees whom it is for, and no hash")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		require.Equal(t, "[password candidate]", fmt.Sprintf(verb, asked[0]))
	}
}

// countingHasher counts how many hashes are made at once.
type countingHasher struct {
	passwordhash.Hasher
	mu            sync.Mutex
	running, most int
}

func (h *countingHasher) Hash(ctx context.Context, password []byte) (string, error) {
	h.mu.Lock()
	h.running++
	h.most = max(h.most, h.running)
	h.mu.Unlock()
	time.Sleep(time.Millisecond)
	defer func() {
		h.mu.Lock()
		h.running--
		h.mu.Unlock()
	}()
	return h.Hasher.Hash(ctx, password)
}

func TestHashingLimit(t *testing.T) {
	cheap, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	hasher := &countingHasher{Hasher: cheap}
	w := newWorld(t, memory.New(), idem.WithHasher(hasher), idem.WithHashingLimit(3))
	var running sync.WaitGroup
	for n := range 40 {
		running.Go(func() {
			_, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{"username":"user%d"}`, n), Credentials: withPassword("a password")})
			assert.NoError(t, err)
			_, err = w.VerifyPassword(t.Context(), fmt.Sprintf("nobody%d", n), "a password")
			assert.ErrorIs(t, err, idem.ErrWrongPassword)
		})
	}
	running.Wait()
	require.LessOrEqual(t, hasher.most, 3)
	require.Greater(t, hasher.most, 1)
}

// BenchmarkUnknownIdentifier reports how long an unknown identifier takes in ratio to a
// wrong password, as medians of alternating runs: 1 means that time tells nothing.
func BenchmarkUnknownIdentifier(b *testing.B) {
	hasher, err := passwordhash.NewArgon2id(passwordhash.Argon2{})
	require.NoError(b, err)
	w := newWorld(b, memory.New(), idem.WithHasher(hasher))
	w.create(b, identity.Create{Traits: raw(`{"username":"ada"}`), Credentials: withPassword("a password")})
	measure := func(identifier string) time.Duration {
		start := time.Now()
		_, err := w.VerifyPassword(b.Context(), identifier, "another password")
		require.ErrorIs(b, err, idem.ErrWrongPassword)
		return time.Since(start)
	}
	var known, unknown []time.Duration
	for b.Loop() {
		known = append(known, measure("ada"))
		unknown = append(unknown, measure("eve"))
	}
	slices.Sort(known)
	slices.Sort(unknown)
	b.ReportMetric(float64(unknown[len(unknown)/2])/float64(known[len(known)/2]), "unknown/known")
}

// slowHasher is one whose caller goes away while it works, and that does not notice.
type slowHasher struct {
	passwordhash.Hasher
	leave context.CancelFunc
}

func (h slowHasher) Hash(_ context.Context, password []byte) (string, error) {
	h.leave()
	return h.Hasher.Hash(context.Background(), password)
}

func TestVerifyPasswordOfACallerWhoLeaves(t *testing.T) {
	cheap, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	ctx, leave := context.WithCancel(t.Context())
	w := newWorld(t, memory.New(), idem.WithHasher(slowHasher{cheap, leave}))
	verified, err := w.VerifyPassword(ctx, "nobody", "a password")
	require.Nil(t, verified)
	requireKind(t, err, idem.KindCanceled)
}
