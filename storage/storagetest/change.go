package storagetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

func failedChange(t *testing.T, store storage.Storage) {
	before := create(t, store, full())
	errChange := errors.New("refused by the change")
	updated, err := store.Update(t.Context(), before.ID, func(current *identity.Identity) (*identity.Identity, error) {
		current.Traits = json.RawMessage(`{}`)
		current.ExternalID = "leaked"
		clear(current.Credentials)
		return current, errChange
	})
	require.Nil(t, updated)
	require.True(t, err == errChange, "the change's error is returned as it is, got %v", err)
	requireSame(t, before, get(t, store, before.ID))
	_, err = store.Find(t.Context(), storage.ExternalIDClaim("leaked"))
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func editInPlace(t *testing.T, store storage.Storage) {
	i := create(t, store, full())
	updated := update(t, store, i.ID, func(i *identity.Identity) {
		i.Traits[2] = 'E'
		password := i.Credentials[credentials.TypePassword]
		password.Identifiers[0] = "edited in place"
		i.VerifiableAddresses[0].Verified = false
	})
	require.Equal(t, int64(2), updated.Revision)
	found := get(t, store, i.ID)
	requireSame(t, updated, found)
	require.Equal(t, byte('E'), found.Traits[2])
	require.False(t, found.VerifiableAddresses[0].Verified)
	byIdentifier, err := store.Find(t.Context(), storage.IdentifierClaim(credentials.TypePassword, "edited in place"))
	require.NoError(t, err)
	requireSame(t, found, byIdentifier)
	_, err = store.Find(t.Context(), storage.IdentifierClaim(credentials.TypePassword, "full password"))
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func equalChange(t *testing.T, store storage.Storage) {
	before := create(t, store, full())
	for name, change := range map[string]func(*identity.Identity) (*identity.Identity, error){
		"same pointer": func(current *identity.Identity) (*identity.Identity, error) { return current, nil },
		"another one":  func(current *identity.Identity) (*identity.Identity, error) { return current.Clone(), nil },
		"finer times": func(current *identity.Identity) (*identity.Identity, error) {
			current.UpdatedAt = current.UpdatedAt.Add(time.Nanosecond)
			return current, nil
		},
	} {
		updated, err := store.Update(t.Context(), before.ID, change)
		require.NoError(t, err, name)
		requireSame(t, before, updated)
		requireSame(t, before, get(t, store, before.ID))
	}
}

func fixedFields(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	updated := update(t, store, i.ID, func(i *identity.Identity) {
		i.ID, i.Revision, i.CreatedAt = uuid.New(), 77, noon.Add(time.Hour)
		i.ExternalID = "moved"
	})
	require.Equal(t, i.ID, updated.ID)
	require.Equal(t, int64(2), updated.Revision)
	require.Equal(t, noon, updated.CreatedAt)
	requireSame(t, updated, get(t, store, i.ID))
}

func revisionsGapless(t *testing.T, store storage.Storage) {
	given := person(1)
	given.Revision = 40
	require.Equal(t, int64(1), create(t, store, given).Revision, "a new identity has revision 1, whatever it came with")
	for n := int64(2); n < 10; n++ {
		updated := update(t, store, given.ID, func(i *identity.Identity) {
			require.Equal(t, n-1, i.Revision)
			i.ExternalID = fmt.Sprint(n)
		})
		require.Equal(t, n, updated.Revision)
	}
}

func panickingChange(t *testing.T, store storage.Storage) {
	before := create(t, store, person(1))
	require.PanicsWithValue(t, "a bug of the caller", func() {
		_, _ = store.Update(t.Context(), before.ID, func(*identity.Identity) (*identity.Identity, error) { panic("a bug of the caller") })
	})
	require.PanicsWithValue(t, "a bug of the caller", func() {
		_ = store.Delete(t.Context(), before.ID, noon, func(*identity.Identity) error { panic("a bug of the caller") })
	})
	requireSame(t, before, get(t, store, before.ID))
	update(t, store, before.ID, func(i *identity.Identity) { i.ExternalID = "the store goes on" })
}

func exitingChange(t *testing.T, store storage.Storage) {
	before := create(t, store, person(1))
	other := create(t, store, person(2))
	inParallel(20, func(n int) {
		if n%4 == 0 {
			_ = store.Delete(t.Context(), before.ID, noon, func(*identity.Identity) error {
				runtime.Goexit()
				return nil
			})
			t.Error("the goroutine goes on")
			return
		}
		_, err := store.Update(t.Context(), other.ID, editing(func(i *identity.Identity) { i.ExternalID = fmt.Sprint(n) }))
		assert.NoError(t, err)
	})
	requireSame(t, before, get(t, store, before.ID))
	require.Equal(t, int64(1+15), get(t, store, other.ID).Revision)
	update(t, store, before.ID, func(i *identity.Identity) { i.ExternalID = "the store goes on" })
}

func notFound(t *testing.T, store storage.Storage) {
	create(t, store, person(1))
	missing := fixedID(2)
	_, err := store.Get(t.Context(), missing)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = store.Update(t.Context(), missing, func(*identity.Identity) (*identity.Identity, error) {
		t.Error("change was called without an identity")
		return nil, errors.New("no identity")
	})
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.ErrorIs(t, store.Delete(t.Context(), missing, noon, func(*identity.Identity) error {
		t.Error("check was called without an identity")
		return nil
	}), storage.ErrNotFound)
	for _, externalID := range []string{"", "missing", "person1@example.com"} {
		_, err = store.Find(t.Context(), storage.ExternalIDClaim(externalID))
		require.ErrorIs(t, err, storage.ErrNotFound, "%q", externalID)
	}
	for _, identifier := range []string{"", "missing", "PERSON1@example.com", "person1@example.com "} {
		_, err = store.Find(t.Context(), storage.IdentifierClaim(credentials.TypePassword, identifier))
		require.ErrorIs(t, err, storage.ErrNotFound, "%q", identifier)
	}
	_, err = store.Find(t.Context(), storage.IdentifierClaim(credentials.TypeOIDC, "person1@example.com"))
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = store.Find(t.Context(), storage.IdentifierClaim(storage.TypeVerifiableAddress, "email:person1@example.com"))
	require.ErrorIs(t, err, storage.ErrNotFound, "an address is no identifier")
}

func deleteFrees(t *testing.T, store storage.Storage) {
	i := create(t, store, full())
	other := create(t, store, person(1))
	require.NoError(t, store.Delete(t.Context(), i.ID, noon, nil))
	_, err := store.Get(t.Context(), i.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = store.Find(t.Context(), storage.ExternalIDClaim(i.ExternalID))
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.ErrorIs(t, store.Delete(t.Context(), i.ID, noon, nil), storage.ErrNotFound)
	require.Equal(t, int64(1), create(t, store, full()).Revision)
	requireSame(t, other, get(t, store, other.ID))
}

func refusedDelete(t *testing.T, store storage.Storage) {
	before := create(t, store, full())
	errCheck := errors.New("refused by the check")
	err := store.Delete(t.Context(), before.ID, noon, func(current *identity.Identity) error {
		requireSame(t, before, current)
		return errCheck
	})
	require.True(t, err == errCheck, "the check's error is returned as it is, got %v", err)
	requireSame(t, before, get(t, store, before.ID))
	require.NoError(t, store.Delete(t.Context(), before.ID, noon, func(*identity.Identity) error { return nil }))
}
