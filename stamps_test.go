package idem_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/memory"
)

// TestIDsAreNeverNil: an identity with the nil id would be in no list.
func TestIDsAreNeverNil(t *testing.T) {
	good := 0 // ids to give before nil ones
	w := newWorld(t, memory.New(), idem.WithIDs(func() uuid.UUID {
		if good--; good < 0 {
			return uuid.Nil
		}
		return uuid.New()
	}))
	_, err := w.CreateIdentity(t.Context(), identity.Create{})
	requireKind(t, err, idem.KindInternal)
	good = 1
	_, err = w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
	requireKind(t, err, idem.KindInternal)
	results, err := w.CreateIdentities(t.Context(), []identity.Create{{}})
	require.NoError(t, err)
	requireKind(t, results[0].Err, idem.KindInternal)
	good = 1
	created := w.create(t, identity.Create{})
	_, err = w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{"email":"ada@example.com"}`)})
	requireKind(t, err, idem.KindInternal)
	w.requireUnchanged(t, created)
}

// TestClock: a time that no JSON can write is refused, and a clock that is set back makes nothing end before it began.
func TestClock(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "x"}, TOTP: &credentials.ImportTOTP{URL: "otpauth://totp/a?secret=MFRGG"}}})
		for _, year := range []int{10_000, 0, -5} {
			w.time = time.Date(year, time.June, 1, 0, 0, 0, 0, time.UTC)
			_, err := w.CreateIdentity(t.Context(), identity.Create{})
			requireKind(t, err, idem.KindInternal)
			if year > 0 {
				_, err = w.UpdateIdentity(t.Context(), created.ID, identity.Update{State: identity.StateInactive, Traits: created.Traits})
				requireKind(t, err, idem.KindInternal)
			}
			requireKind(t, w.DeleteIdentity(t.Context(), created.ID), idem.KindInternal)
			w.requireUnchanged(t, created)
		}
		w.time = noon.Add(-24 * time.Hour)
		updated, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{State: identity.StateInactive, Traits: raw(`{"email":"new@example.com"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "y"}}})
		require.NoError(t, err)
		require.Equal(t, noon, updated.UpdatedAt)
		require.Equal(t, noon, updated.StateChangedAt)
		require.Equal(t, noon, updated.VerifiableAddresses[0].CreatedAt)
		for _, c := range updated.Credentials {
			require.False(t, c.UpdatedAt.Before(c.CreatedAt))
		}
		require.NoError(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypeTOTP, ""))
		ended, err := w.EndSignIns(t.Context(), created.ID)
		require.NoError(t, err)
		require.Equal(t, noon, ended.UpdatedAt)
		require.NotEqual(t, updated.Revision, ended.Revision)
	})
}

// exitingHasher ends the goroutine that it runs on, as a failed check of a test does.
type exitingHasher struct{ passwordhash.Hasher }

func (exitingHasher) Hash(context.Context, []byte) (string, error) {
	runtime.Goexit()
	return "", nil
}

// TestGoexitDuringImport: a hook that ends its goroutine ends the caller's, which is where a test waits for it.
func TestGoexitDuringImport(t *testing.T) {
	w := newWorld(t, memory.New(), idem.WithHasher(exitingHasher{}))
	returned, done := false, make(chan struct{})
	go func() {
		defer close(done)
		_, _ = w.CreateIdentities(t.Context(), []identity.Create{{}, {Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "x"}}}})
		returned = true
	}()
	<-done
	require.False(t, returned)
}

// TestImportEndsWithItsContext cancels an import. It then validates and hashes nothing more, and returns an error for every item.
func TestImportEndsWithItsContext(t *testing.T) {
	hashed := 0
	ctx, cancel := context.WithCancel(t.Context())
	w := newWorld(t, memory.New(), idem.WithHasher(tellingHasher{hash: func() {
		if hashed++; hashed == 1 {
			cancel()
		}
	}}), idem.WithHashingLimit(1))
	creates := make([]identity.Create, 2000)
	for n := range creates {
		creates[n].Credentials = &credentials.Import{Password: &credentials.ImportPassword{Password: "x"}}
	}
	results, err := w.CreateIdentities(ctx, creates)
	requireKind(t, err, idem.KindCanceled)
	require.Less(t, hashed, 10)
	for _, result := range results[100:] {
		requireKind(t, result.Err, idem.KindCanceled)
	}
	_, err = w.UpdateIdentity(ctx, uuid.New(), identity.Update{Traits: raw(`{"email":"not one"}`)})
	requireKind(t, err, idem.KindCanceled)
}

// tellingHasher calls a function for each hash.
type tellingHasher struct {
	passwordhash.Hasher
	hash func()
}

func (h tellingHasher) Hash(context.Context, []byte) (string, error) {
	h.hash()
	return "$2a$04$zsEP2y3pQ0wI5X6ZzYqEXO1yCmyJ9qCqQmcVtXwvlfQ6oZ1Ck3WQC", nil
}

// TestImportUsesOneRegistry: the items of an import are held against the schemas of one moment.
func TestImportUsesOneRegistry(t *testing.T) {
	var w *world
	w = newWorld(t, memory.New(), idem.WithIDs(func() uuid.UUID {
		w.use(t, "person", nickSchema) // in force for every later call
		return uuid.New()
	}))
	w.use(t, "person", plainSchema)
	creates := make([]identity.Create, 3000)
	for n := range creates {
		creates[n].Traits = raw(`{"motto":"longer than ten"}`)
	}
	results, err := w.CreateIdentities(t.Context(), creates)
	require.NoError(t, err)
	for _, result := range results {
		require.NoError(t, result.Err)
	}
	_, err = w.CreateIdentity(t.Context(), creates[0])
	requireKind(t, err, idem.KindInvalid)
}
