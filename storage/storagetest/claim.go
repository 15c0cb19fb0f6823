package storagetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// clashes are edits that make a person claim what full claims.
var clashes = []struct {
	kind, claimType string
	edit            func(*identity.Identity)
}{
	{"identifier", "password", func(i *identity.Identity) {
		i.Credentials[credentials.TypePassword] = credentials.Credential{Type: credentials.TypePassword, Identifiers: []string{"second password"}}
	}},
	{"identifier", "oidc", func(i *identity.Identity) {
		i.Credentials[credentials.TypeOIDC] = credentials.Credential{Type: credentials.TypeOIDC, Identifiers: []string{"free", "full oidc"}}
	}},
	{"external_id", "", func(i *identity.Identity) { i.ExternalID = full().ExternalID }},
	{"address", "verifiable_address", func(i *identity.Identity) {
		i.VerifiableAddresses = append(i.VerifiableAddresses, identity.VerifiableAddress{Via: "sms", Value: "+16502530000"})
	}},
	{"address", "recovery_address", func(i *identity.Identity) {
		i.RecoveryAddresses = append(i.RecoveryAddresses, identity.RecoveryAddress{Via: "email", Value: "full@example.com"})
	}},
}

func requireConflict(t *testing.T, err error, kind, claimType string) {
	t.Helper()
	require.ErrorIs(t, err, storage.ErrConflict)
	require.ErrorIs(t, fmt.Errorf("wrapped: %w", err), storage.ErrConflict)
	var conflict *storage.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, kind, conflict.Kind)
	require.Equal(t, claimType, conflict.Type)
	require.NotContains(t, err.Error(), "full", "the error shows what is taken")
}

func conflicts(t *testing.T, store storage.Storage) {
	create(t, store, full())
	create(t, store, person(1))
	for _, clash := range clashes {
		fresh := person(2)
		clash.edit(fresh)
		_, err := store.Create(t.Context(), fresh)
		requireConflict(t, err, clash.kind, clash.claimType)
		_, err = store.Update(t.Context(), fixedID(1), editing(clash.edit))
		requireConflict(t, err, clash.kind, clash.claimType)
	}
	same := person(3)
	same.ID = fixedID(1)
	_, err := store.Create(t.Context(), same)
	requireConflict(t, err, "id", "")
}

func conflictLeavesNoTrace(t *testing.T, store storage.Storage) {
	first, second := create(t, store, full()), create(t, store, person(1))
	for _, clash := range clashes {
		_, err := store.Update(t.Context(), second.ID, func(current *identity.Identity) (*identity.Identity, error) {
			current.State = identity.StateInactive
			current.Credentials[credentials.TypeSAML] = credentials.Credential{Type: credentials.TypeSAML, Identifiers: []string{"leaked"}}
			clash.edit(current)
			return current, nil
		})
		require.ErrorIs(t, err, storage.ErrConflict)
		fresh := person(2)
		fresh.Credentials[credentials.TypeSAML] = credentials.Credential{Type: credentials.TypeSAML, Identifiers: []string{"leaked"}}
		clash.edit(fresh)
		_, err = store.Create(t.Context(), fresh)
		require.ErrorIs(t, err, storage.ErrConflict)
	}
	requireSame(t, first, get(t, store, first.ID))
	requireSame(t, second, get(t, store, second.ID))
	_, err := store.Get(t.Context(), fixedID(2))
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = store.FindByIdentifier(t.Context(), credentials.TypeSAML, "leaked")
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func separateClaims(t *testing.T, store storage.Storage) {
	const value = "email:same"
	kinds := []func(*identity.Identity){
		func(i *identity.Identity) { i.ExternalID = value },
		func(i *identity.Identity) {
			i.RecoveryAddresses = []identity.RecoveryAddress{{Via: "email", Value: "same"}}
		},
		func(i *identity.Identity) { i.VerifiableAddresses[0].Value = "same" },
		func(i *identity.Identity) {
			i.VerifiableAddresses[0].Via, i.VerifiableAddresses[0].Value = "sms", "same"
		},
	}
	for _, c := range credentials.Types() {
		kinds = append(kinds, func(i *identity.Identity) {
			i.Credentials[c] = credentials.Credential{Type: c, Identifiers: []string{value}}
		})
	}
	for n, edit := range kinds {
		i := person(n)
		edit(i)
		create(t, store, i)
	}
	both := person(100)
	both.RecoveryAddresses = []identity.RecoveryAddress{{Via: "email", Value: both.VerifiableAddresses[0].Value}}
	create(t, store, both)
}

func releasedClaims(t *testing.T, store storage.Storage) {
	i := create(t, store, full())
	update(t, store, i.ID, func(i *identity.Identity) {
		i.ExternalID, i.VerifiableAddresses, i.RecoveryAddresses = "", nil, nil
		delete(i.Credentials, credentials.TypeOIDC)
		password := i.Credentials[credentials.TypePassword]
		password.Identifiers = password.Identifiers[:1]
		i.Credentials[credentials.TypePassword] = password
	})
	for n, clash := range clashes {
		other := person(n)
		clash.edit(other)
		create(t, store, other)
	}
	_, err := store.Update(t.Context(), i.ID, editing(func(i *identity.Identity) { i.ExternalID = full().ExternalID }))
	requireConflict(t, err, "external_id", "")

	// Two that swap have to go by way of a third value; each step frees the last.
	update(t, store, fixedID(0), withEmail("third@example.com"))
	update(t, store, fixedID(2), withEmail("person0@example.com"))
	update(t, store, fixedID(0), withEmail("person2@example.com"))
	found, err := store.FindByIdentifier(t.Context(), credentials.TypePassword, "person0@example.com")
	require.NoError(t, err)
	require.Equal(t, fixedID(2), found.ID)
}

// ownClaims has updates of one identity claim the same at once: a rival's commit between
// the read and the write is a reason to start over, and no conflict.
func ownClaims(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	var rivals sync.Once
	done := make(chan struct{})
	revision := int64(2)
	updated, err := store.Update(t.Context(), i.ID, func(current *identity.Identity) (*identity.Identity, error) {
		rivals.Do(func() {
			// Not from within the change, which must not call the store.
			go func() {
				defer close(done)
				_, err := store.Update(t.Context(), i.ID, editing(withEmail("rival@example.com")))
				assert.NoError(t, err)
			}()
			select {
			case <-done:
				revision = 3
			case <-time.After(200 * time.Millisecond): // a store may have one change wait for another
			}
		})
		withEmail("rival@example.com")(current)
		current.ExternalID = "second"
		return current, nil
	})
	require.NoError(t, err)
	require.Equal(t, revision, updated.Revision)
	<-done

	for round := range 10 {
		inParallel(8, func(n int) {
			_, err := store.Update(t.Context(), i.ID, editing(withEmail(fmt.Sprintf("round%d@example.com", round))))
			assert.NoError(t, err)
		})
	}
}
