package storagetest

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// clashes are edits that make a person claim what full claims.
var clashes = []struct {
	kind      storage.ClaimKind
	claimType string
	edit      func(*identity.Identity)
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

func requireConflict(t *testing.T, err error, kind storage.ClaimKind, claimType string) {
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

// manyClaims gives identities up to 30 claims of one kind: each of them is kept, and each of them clashes. A store that
// reads and writes several at once must not miss one.
func manyClaims(t *testing.T, store storage.Storage) {
	having := func(n int, values ...string) *identity.Identity {
		i := person(n)
		i.VerifiableAddresses = nil
		i.Credentials = credentials.Set{credentials.TypeOIDC: {Type: credentials.TypeOIDC, Identifiers: values, CreatedAt: noon, UpdatedAt: noon}}
		return i
	}
	const most = 30
	owned := make([]string, most)
	for count := 1; count <= most; count += 7 {
		for n := range owned {
			owned[n] = fmt.Sprintf("google:%02d-%02d", count, n)
		}
		owner := create(t, store, having(count, owned[:count]...))
		for _, value := range owned[:count] {
			found, err := store.Find(t.Context(), storage.IdentifierClaim(credentials.TypeOIDC, value))
			require.NoError(t, err, value)
			require.Equal(t, owner.ID, found.ID)
		}
		for at, value := range owned[:count] {
			others := make([]string, most)
			for n := range others {
				others[n] = fmt.Sprintf("github:%02d-%02d", at, n)
			}
			others[at] = value
			_, err := store.Create(t.Context(), having(most+count, others...))
			requireConflict(t, err, "identifier", "oidc")
		}
	}
}

// claimBeforeID creates what has the id of one identity and a claim of another: the claim
// says that an account exists, where an id says nothing to a person. An identity that is
// created twice clashes with itself by its id alone.
func claimBeforeID(t *testing.T, store storage.Storage) {
	i, other := create(t, store, full()), create(t, store, person(1))
	both := person(1)
	both.ID = i.ID
	_, err := store.Create(t.Context(), both)
	requireConflict(t, err, "identifier", "password")
	both.ID, both.ExternalID = other.ID, i.ExternalID
	_, err = store.Create(t.Context(), both)
	requireConflict(t, err, "external_id", "")
	same := person(2)
	same.ID = i.ID
	_, errs := store.CreateMany(t.Context(), []*identity.Identity{i, person(3), same, person(3)})
	requireConflict(t, errs[0], "id", "")
	require.NoError(t, errs[1])
	requireConflict(t, errs[2], "id", "")
	requireConflict(t, errs[3], "id", "")
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
	_, err = store.Find(t.Context(), storage.IdentifierClaim(credentials.TypeSAML, "leaked"))
	require.ErrorIs(t, err, storage.ErrNotFound)
	free := person(2)
	free.Credentials[credentials.TypeSAML] = credentials.Credential{Type: credentials.TypeSAML, Identifiers: []string{"leaked"}}
	_, err = store.Create(t.Context(), free)
	require.NoError(t, err, "what was refused is still free")
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
	found, err := store.Find(t.Context(), storage.IdentifierClaim(credentials.TypePassword, "person0@example.com"))
	require.NoError(t, err)
	require.Equal(t, fixedID(2), found.ID)
}

// ownClaims has updates of one identity claim the same at once: a rival's commit between
// the read and the write is a reason to start over, and no conflict.
func ownClaims(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	var rivals sync.Once
	done := make(chan struct{})
	possible := []int64{2, 3} // without the rival's update, or after it
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
				possible = []int64{3}
			case <-time.After(200 * time.Millisecond): // a store may have one change wait for another
			}
		})
		withEmail("rival@example.com")(current)
		current.ExternalID = "second"
		return current, nil
	})
	require.NoError(t, err)
	require.Contains(t, possible, updated.Revision)
	<-done

	for round := range 10 {
		inParallel(8, func(n int) {
			_, err := store.Update(t.Context(), i.ID, editing(withEmail(fmt.Sprintf("round%d@example.com", round))))
			assert.NoError(t, err)
		})
	}
}

// requireFound requires that claim finds the identity id, or nobody if id is the nil id.
func requireFound(t *testing.T, store storage.Storage, claim storage.Claim, id uuid.UUID) {
	t.Helper()
	found, err := store.Find(t.Context(), claim)
	if id == uuid.Nil {
		require.ErrorIs(t, err, storage.ErrNotFound)
		return
	}
	require.NoError(t, err)
	requireSame(t, get(t, store, id), found)
}

// withKey returns an edit that adds a key to the credentials of type c.
func withKey(c credentials.Type, id string) func(*identity.Identity) {
	return func(i *identity.Identity) {
		credential := i.Credentials[c]
		credential.Type = c
		credential.Config.Keys = append(credential.Config.Keys, credentials.Key{ID: id, JSON: json.RawMessage(fmt.Sprintf(`{"id":%q}`, id))})
		i.Credentials[c] = credential
	}
}

func findKey(t *testing.T, store storage.Storage) {
	first, second := create(t, store, person(1)), create(t, store, person(2))
	const bytes, urlAlphabet, other = "+/8=", "-_8", "not base64!"
	update(t, store, first.ID, withKey(credentials.TypeWebAuthn, bytes))
	update(t, store, first.ID, withKey(credentials.TypePasskey, other))
	for _, spelling := range []string{bytes, "+/8", urlAlphabet, "-_8="} {
		requireFound(t, store, storage.KeyClaim(spelling), first.ID)
		for _, c := range []credentials.Type{credentials.TypeWebAuthn, credentials.TypePasskey} {
			_, err := store.Update(t.Context(), second.ID, editing(withKey(c, spelling)))
			requireConflict(t, err, "key", "")
			fresh := person(3)
			withKey(c, spelling)(fresh)
			_, err = store.Create(t.Context(), fresh)
			requireConflict(t, err, "key", "")
		}
	}
	requireFound(t, store, storage.KeyClaim(other), first.ID)
	requireFound(t, store, storage.KeyClaim("AAAA"), uuid.Nil)

	// One identity may have a key in both types, and has it until neither is left.
	update(t, store, first.ID, withKey(credentials.TypePasskey, urlAlphabet))
	update(t, store, first.ID, func(i *identity.Identity) { delete(i.Credentials, credentials.TypePasskey) })
	requireFound(t, store, storage.KeyClaim(bytes), first.ID)
	requireFound(t, store, storage.KeyClaim(other), uuid.Nil)
	update(t, store, first.ID, func(i *identity.Identity) { delete(i.Credentials, credentials.TypeWebAuthn) })
	requireFound(t, store, storage.KeyClaim(bytes), uuid.Nil)
	update(t, store, second.ID, withKey(credentials.TypePasskey, bytes))
	requireFound(t, store, storage.KeyClaim(bytes), second.ID)
	require.NoError(t, store.Delete(t.Context(), second.ID, noon, nil))
	requireFound(t, store, storage.KeyClaim(bytes), uuid.Nil)
}

func findAddress(t *testing.T, store storage.Storage) {
	i := create(t, store, full())
	other := person(1)
	other.VerifiableAddresses[0].Value = "both@example.com"
	other.RecoveryAddresses = []identity.RecoveryAddress{{Via: "sms", Value: "+16502530000"}}
	create(t, store, other)
	requireFound(t, store, storage.AddressClaim(storage.TypeVerifiableAddress, "email", "full@example.com"), i.ID)
	requireFound(t, store, storage.AddressClaim(storage.TypeRecoveryAddress, "email", "full@example.com"), i.ID)
	requireFound(t, store, storage.AddressClaim(storage.TypeVerifiableAddress, "sms", "+16502530000"), i.ID)
	requireFound(t, store, storage.AddressClaim(storage.TypeRecoveryAddress, "sms", "+16502530000"), other.ID)
	requireFound(t, store, storage.AddressClaim(storage.TypeRecoveryAddress, "email", "both@example.com"), uuid.Nil)
	requireFound(t, store, storage.AddressClaim(storage.TypeVerifiableAddress, "sms", "full@example.com"), uuid.Nil)
}

func findOther(t *testing.T, store storage.Storage) {
	i := full()
	i.ExternalID = "email:full@example.com"
	create(t, store, i)
	for _, claim := range []storage.Claim{
		{},
		{Kind: storage.ClaimKindID, Value: i.ID.String()},
		{Kind: "of another release", Value: i.ExternalID},
		{Kind: storage.ClaimKindAddress, Type: "of another release", Value: i.ExternalID},
		{Kind: storage.ClaimKindAddress, Type: "external_id", Value: i.ExternalID},
		{Kind: storage.ClaimKindAddress, Type: "password", Value: "full password"},
		{Kind: storage.ClaimKindIdentifier, Type: "external_id", Value: i.ExternalID},
		{Kind: storage.ClaimKindIdentifier, Type: "key", Value: "a2V5"},
		{Kind: storage.ClaimKindIdentifier, Type: storage.TypeVerifiableAddress, Value: i.ExternalID},
		storage.IdentifierClaim(credentials.TypePassword, ""),
		storage.ExternalIDClaim(""),
		storage.KeyClaim(""),
		storage.AddressClaim(storage.TypeVerifiableAddress, "", ""),
	} {
		requireFound(t, store, claim, uuid.Nil)
	}
}
