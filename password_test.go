package idem_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
// hashed again. The old password was right for the revision that was compared, which is
// what is answered.
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
	verified, err := w.VerifyPassword(t.Context(), "ada@example.com", "landscape-Pa55")
	require.NoError(t, err)
	require.True(t, created.Equal(verified), "not the revision with the new password")
	_, err = w.VerifyPassword(t.Context(), "ada@example.com", "the new password")
	require.NoError(t, err)
	_, err = w.VerifyPassword(t.Context(), "ada@example.com", "landscape-Pa55")
	require.ErrorIs(t, err, idem.ErrWrongPassword)
}

// TestRehashOfOneWhoIsDeactivated deactivates the identity while its password is being
// hashed again, with and without a new password.
func TestRehashOfOneWhoIsDeactivated(t *testing.T) {
	for _, imported := range []*credentials.Import{nil, withPassword("the new password")} {
		store := memory.New()
		direct := newWorld(t, store)
		created := direct.create(t, identity.Create{
			Traits:      raw(`{"email":"ada@example.com"}`),
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: importedHash}},
		})
		var blocked *identity.Identity
		w := newWorld(t, &movingStore{Storage: store, move: func() {
			blocked = direct.update(t, created.ID, identity.Update{Traits: created.Traits, State: identity.StateInactive, Credentials: imported})
		}})
		verified, err := w.VerifyPassword(t.Context(), "ada@example.com", "landscape-Pa55")
		require.Nil(t, verified)
		requireKind(t, err, idem.KindDenied)
		require.ErrorIs(t, err, idem.ErrInactive)
		direct.requireUnchanged(t, blocked)
	}
}

// TestHashCost imports a hash that is over a bound, lowers the bound below a hash that is
// stored, and sends that one back.
func TestHashCost(t *testing.T) {
	dear := identity.Create{
		Traits:      raw(`{"email":"ada@example.com"}`),
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$Lj2vIznOTupvjkd6Hmeu+NJaLNMCiwZA0ZfgJd6MCw0"}},
	}
	store := memory.New()
	low := newWorld(t, store, idem.WithHashCost(passwordhash.Cost{Time: 50 * time.Microsecond}))
	_, err := low.CreateIdentity(t.Context(), dear)
	requireKind(t, err, idem.KindInvalid)
	require.ErrorContains(t, err, "/credentials/password/config/hashed_password: password hash (pbkdf2): its iterations and key length cost too much")

	created := newWorld(t, store).create(t, dear)
	same := identity.Update{Traits: created.Traits, Credentials: dear.Credentials}
	for _, schemaID := range []string{"", created.SchemaID} {
		same.SchemaID = schemaID
		_, err = low.UpdateIdentity(t.Context(), created.ID, same)
		require.NoError(t, err, "what is stored can be sent back")
		_, err = low.PrepareUpdate(t.Context(), created.ID, same)
		require.NoError(t, err)
	}
	_, err = low.VerifyPassword(t.Context(), "ada@example.com", "wrong")
	require.ErrorIs(t, err, idem.ErrWrongPassword)
	verified, err := low.VerifyPassword(t.Context(), "ada@example.com", "landscape-Pa55")
	require.NoError(t, err, "a lower bound locks nobody out")
	require.NotEqual(t, created.Credentials[credentials.TypePassword].Config, verified.Credentials[credentials.TypePassword].Config)
	_, err = low.UpdateIdentity(t.Context(), created.ID, same)
	requireKind(t, err, idem.KindInvalid)

	// A hash of the hasher's own format, and stronger, is replaced for its cost alone, unless the hasher's are as dear.
	strong, err := passwordhash.NewBcrypt(6)
	require.NoError(t, err)
	hash, err := strong.Hash(t.Context(), []byte("a password"))
	require.NoError(t, err)
	store = memory.New()
	newWorld(t, store).create(t, identity.Create{Traits: raw(`{"email":"grace@example.com"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: hash}}})
	for _, c := range []struct {
		bound    time.Duration
		revision int64
	}{{time.Second, 1}, {100 * time.Microsecond, 1}, {2 * time.Millisecond, 2}} {
		verified, err := newWorld(t, store, idem.WithHashCost(passwordhash.Cost{Time: c.bound})).VerifyPassword(t.Context(), "grace@example.com", "a password")
		require.NoError(t, err)
		require.Equal(t, c.revision, verified.Revision, c.bound)
	}

	_, err = idem.New(memory.New(), low.Schemas(), idem.WithHashCost(passwordhash.Cost{Time: -1}))
	require.ErrorContains(t, err, "must not be negative")
}

// TestVerifyingIsLimited takes the only place with a hash, and verifies meanwhile.
func TestVerifyingIsLimited(t *testing.T) {
	cheap, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	hashing, release := make(chan struct{}), make(chan struct{})
	hasher := &pausedHasher{Hasher: cheap, hashing: hashing, release: release}
	w := newWorld(t, memory.New(), idem.WithHasher(hasher), idem.WithHashingLimit(1))
	hash, err := cheap.Hash(t.Context(), []byte("a password"))
	require.NoError(t, err)
	w.create(t, identity.Create{Traits: raw(`{"username":"ada"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: hash}}})
	var group sync.WaitGroup
	group.Go(func() {
		_, err := w.CreateIdentity(t.Context(), identity.Create{Credentials: withPassword("a password")})
		assert.NoError(t, err)
	})
	<-hashing
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = w.VerifyPassword(ctx, "ada", "a password")
	requireKind(t, err, idem.KindCanceled)
	close(release)
	group.Wait()
	_, err = w.VerifyPassword(t.Context(), "ada", "a password")
	require.NoError(t, err)
}

// pausedHasher tells when it hashes, and waits to be released.
type pausedHasher struct {
	passwordhash.Hasher
	hashing chan<- struct{}
	release <-chan struct{}
}

func (h *pausedHasher) Hash(ctx context.Context, password []byte) (string, error) {
	h.hashing <- struct{}{}
	<-h.release
	return h.Hasher.Hash(ctx, password)
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

// BenchmarkWrongPassword reports how long a refusal takes for several identifiers and
// passwords, in ratio to a wrong password of an identity with a current hash, as medians of
// 200 alternating runs: 1 means that time tells nothing.
func BenchmarkWrongPassword(b *testing.B) {
	argon2id, err := passwordhash.NewArgon2id(passwordhash.Argon2{})
	require.NoError(b, err)
	bcrypt, err := passwordhash.NewBcrypt(10)
	require.NoError(b, err)
	for name, hasher := range map[string]passwordhash.Hasher{"argon2id": argon2id, "bcrypt": bcrypt} {
		w := newWorld(b, memory.New(), idem.WithHasher(hasher))
		w.create(b, identity.Create{Traits: raw(`{"username":"ada"}`), Credentials: withPassword("a password")})
		w.create(b, identity.Create{Traits: raw(`{"username":"bare"}`)})
		w.create(b, identity.Create{Traits: raw(`{"username":"hooked"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{UsePasswordMigrationHook: true}}})
		w.create(b, identity.Create{Traits: raw(`{"username":"md5"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: importedHash}}})
		for _, c := range []struct{ name, identifier, password string }{
			{"unknown identifier", "eve", "another password"}, {"no password", "bare", "another password"}, {"no hook to ask", "hooked", "another password"},
			{"quick old hash", "md5", "another password"},
			{"empty", "ada", ""}, {"not UTF-8", "ada", "\xff\xfe"}, {"NUL", "ada", "a\x00b"}, {"73 bytes", "ada", strings.Repeat("x", 73)}, {"5,000 bytes", "ada", strings.Repeat("x", 5000)},
			{"unknown identifier, empty", "eve", ""}, {"unknown identifier, not UTF-8", "eve", "\xff\xfe"}, {"unknown identifier, NUL", "eve", "a\x00b"},
			{"unknown identifier, 73 bytes", "eve", strings.Repeat("x", 73)}, {"unknown identifier, 5,000 bytes", "eve", strings.Repeat("x", 5000)},
		} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				measure := func(identifier, password string) time.Duration {
					start := time.Now()
					_, err := w.VerifyPassword(b.Context(), identifier, password)
					require.ErrorIs(b, err, idem.ErrWrongPassword)
					return time.Since(start)
				}
				var usual, this []time.Duration
				for b.Loop() {
					usual = append(usual, measure("ada", "another password"))
					this = append(this, measure(c.identifier, c.password))
				}
				slices.Sort(usual)
				slices.Sort(this)
				b.ReportMetric(float64(this[len(this)/2])/float64(usual[len(usual)/2]), "×wrong-password")
			})
		}
	}
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
