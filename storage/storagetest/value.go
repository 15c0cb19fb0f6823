package storagetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

func roundTrip(t *testing.T, store storage.Storage) {
	want := full()
	created := create(t, store, want)
	want.Revision = 1
	requireSame(t, want, created)
	requireSame(t, want, get(t, store, want.ID))

	byExternalID, err := store.Find(t.Context(), storage.ExternalIDClaim(want.ExternalID))
	require.NoError(t, err)
	requireSame(t, want, byExternalID)
	for _, c := range credentials.Types() {
		byIdentifier, err := store.Find(t.Context(), storage.IdentifierClaim(c, "second "+string(c)))
		require.NoError(t, err, c)
		requireSame(t, want, byIdentifier)
	}

	updated := update(t, store, want.ID, func(i *identity.Identity) {
		requireSame(t, want, i)
		i.UpdatedAt = noon.Add(2 * time.Hour)
	})
	want.Revision, want.UpdatedAt = 2, noon.Add(2*time.Hour)
	requireSame(t, want, updated)
	requireSame(t, want, get(t, store, want.ID))
}

func exactBytes(t *testing.T, store storage.Storage) {
	odd := []string{
		`{ "b" : 1.0e0 ,"a":[ ],  "c":{"\u0061":"\/\u00e9\ud83d\ude00"} }`,
		"{\n\t\"tab\":\"\\t\"\n}",
		`{"large":123456789012345678901234567890,"negative":-0.0,"html":"<&>\u2028"}`,
	}
	for n, raw := range odd {
		i := person(n)
		i.Traits = json.RawMessage(raw)
		i.MetadataPublic, i.MetadataAdmin = json.RawMessage(raw), json.RawMessage(raw)
		create(t, store, i)
		update(t, store, i.ID, func(i *identity.Identity) { i.ExternalID = "moved" + raw })
		found := get(t, store, i.ID)
		require.Equal(t, raw, string(found.Traits))
		require.Equal(t, raw, string(found.MetadataPublic))
		require.Equal(t, raw, string(found.MetadataAdmin))
	}
}

func absentAdminMetadata(t *testing.T, store storage.Storage) {
	absent, null := person(1), person(2)
	null.MetadataAdmin = json.RawMessage("null")
	create(t, store, absent)
	create(t, store, null)
	require.Nil(t, get(t, store, absent.ID).MetadataAdmin)
	require.Nil(t, get(t, store, null.ID).MetadataAdmin)

	updated := update(t, store, absent.ID, func(i *identity.Identity) { i.MetadataAdmin = json.RawMessage("null") })
	require.Equal(t, int64(1), updated.Revision, "null and absent are one value")
}

func microseconds(t *testing.T, store storage.Storage) {
	fine := time.Date(2026, 11, 23, 13, 0, 0, 123456789, time.FixedZone("east", 3600))
	for n, moment := range []time.Time{fine, time.Unix(0, 0), {}} {
		want := moment.UTC().Truncate(time.Microsecond)
		i := person(n)
		i.StateChangedAt, i.CreatedAt, i.UpdatedAt = moment, moment, moment
		i.VerifiableAddresses[0].CreatedAt, i.VerifiableAddresses[0].VerifiedAt = moment, moment
		created, found := create(t, store, i), get(t, store, i.ID)
		for _, got := range []*identity.Identity{created, found} {
			require.Equal(t, want, got.StateChangedAt)
			require.Equal(t, want, got.CreatedAt)
			require.Equal(t, want, got.UpdatedAt)
			require.Equal(t, want, got.VerifiableAddresses[0].CreatedAt)
			require.Equal(t, want, got.VerifiableAddresses[0].VerifiedAt)
		}
	}
}

func resultsAreCopies(t *testing.T, store storage.Storage) {
	scribble := func(i *identity.Identity) {
		i.Traits[2] = 'X'
		i.MetadataPublic[2] = 'X'
		i.MetadataAdmin[2] = 'X'
		i.VerifiableAddresses[0].Value = "scribbled"
		i.RecoveryAddresses[0].Value = "scribbled"
		for _, c := range i.Credentials {
			c.Identifiers[0] = "scribbled"
			if len(c.Config.Providers) > 0 {
				c.Config.Providers[0].Subject = "scribbled"
			}
			if len(c.Config.Keys) > 0 {
				c.Config.Keys[0].JSON[2] = 'X'
				c.Config.UserHandle[0] = 'X'
			}
		}
		i.Credentials[credentials.TypePassword] = credentials.Credential{}
	}
	want := full()
	given := full()
	created := create(t, store, given)
	want.Revision = 1
	scribble(given)
	requireSame(t, want, get(t, store, want.ID))
	scribble(created)
	requireSame(t, want, get(t, store, want.ID))
	scribble(get(t, store, want.ID))
	requireSame(t, want, get(t, store, want.ID))

	var kept *identity.Identity
	updated := update(t, store, want.ID, func(i *identity.Identity) {
		i.ExternalID = "copies"
		kept = i
	})
	want.Revision, want.ExternalID = 2, "copies"
	scribble(updated)
	requireSame(t, want, get(t, store, want.ID))
	scribble(kept)
	requireSame(t, want, get(t, store, want.ID))

	unchanged := update(t, store, want.ID, func(*identity.Identity) {})
	scribble(unchanged)
	requireSame(t, want, get(t, store, want.ID))

	// Of most of an identity such a store may keep one copy for several versions of it.
	for n := range 3 {
		want.Revision, want.ExternalID = want.Revision+1, fmt.Sprint("pure", n)
		updated, err := store.Update(storage.WithPureChanges(t.Context(), store), want.ID, func(current *identity.Identity) (*identity.Identity, error) {
			next := *current
			next.ExternalID = want.ExternalID
			return &next, nil
		})
		require.NoError(t, err)
		requireSame(t, want, updated)
		scribble(updated)
		requireSame(t, want, get(t, store, want.ID))
	}
	unchanged, err := store.Update(storage.WithPureChanges(t.Context(), store), want.ID, func(current *identity.Identity) (*identity.Identity, error) {
		return current, nil
	})
	require.NoError(t, err)
	scribble(unchanged)
	requireSame(t, want, get(t, store, want.ID))
}

func purePromise(t *testing.T, store storage.Storage) {
	want := full()
	create(t, store, want)
	want = get(t, store, want.ID)
	type around struct{ storage.Storage } // a store of the application's, which may edit what the one inside gives it
	toAnother := storage.WithPureChanges(t.Context(), &around{store})
	refused := errors.New("refused")
	for range 2 {
		_, err := store.Update(toAnother, want.ID, func(current *identity.Identity) (*identity.Identity, error) {
			current.State, current.Traits[2], current.VerifiableAddresses[0].Value = identity.StateActive, 'X', "scribbled"
			delete(current.Credentials, credentials.TypePassword)
			return nil, refused
		})
		require.ErrorIs(t, err, refused)
		requireSame(t, want, get(t, store, want.ID))
		want = update(t, store, want.ID, func(i *identity.Identity) { i.ExternalID += "x" }) // which a store may remember
	}
}

func emptyValues(t *testing.T, store storage.Storage) {
	for n, empty := range []json.RawMessage{nil, {}} {
		i := person(n)
		i.Traits, i.MetadataPublic, i.MetadataAdmin = empty, empty, empty
		created, found := create(t, store, i), get(t, store, i.ID)
		for _, got := range []*identity.Identity{created, found} {
			require.Equal(t, "{}", string(got.Traits))
			require.Nil(t, got.MetadataPublic)
			require.Nil(t, got.MetadataAdmin)
		}
	}
}
