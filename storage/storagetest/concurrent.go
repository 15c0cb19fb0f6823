package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// inParallel runs f n times at once and waits for all.
func inParallel(n int, f func(n int)) {
	var running sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		running.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	running.Wait()
}

func count(t *testing.T, i *identity.Identity) int {
	t.Helper()
	var traits struct {
		Email string `json:"email"`
		Count int    `json:"count"`
	}
	require.NoError(t, json.Unmarshal(i.Traits, &traits))
	return traits.Count
}

func parallelUpdates(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	inParallel(50, func(int) {
		_, err := store.Update(t.Context(), i.ID, func(current *identity.Identity) (*identity.Identity, error) {
			current.Traits = json.RawMessage(fmt.Sprintf(`{"email":"person1@example.com","count":%d}`, count(t, current)+1))
			return current, nil
		})
		assert.NoError(t, err)
	})
	found := get(t, store, i.ID)
	require.Equal(t, 50, count(t, found))
	require.Equal(t, int64(51), found.Revision)
}

func uniquenessRace(t *testing.T, store storage.Storage) {
	const racers = 32
	for n := range racers {
		create(t, store, person(n))
	}
	var winners atomic.Int32
	inParallel(racers, func(n int) {
		edit := withEmail("prize@example.com")
		var err error
		if n%2 == 0 {
			_, err = store.Update(t.Context(), fixedID(n), editing(edit))
		} else {
			fresh := person(racers + n)
			edit(fresh)
			_, err = store.Create(t.Context(), fresh)
		}
		if err == nil {
			winners.Add(1)
			return
		}
		assert.ErrorIs(t, err, storage.ErrConflict)
	})
	require.Equal(t, int32(1), winners.Load())
}

// mixedRace has writers take each other's emails, deletes and creates at once, and
// then checks that every identity is found by what it claims and that what nobody
// claims is free.
func mixedRace(t *testing.T, store storage.Storage) {
	const people, emails, rounds = 8, 6, 25
	email := func(n int) string { return fmt.Sprintf("shared%d@example.com", n%emails) }
	inParallel(people, func(n int) {
		for round := range rounds {
			var err error
			switch (n + round) % 4 {
			case 0:
				fresh := person(n)
				withEmail(email(n + round))(fresh)
				_, err = store.Create(t.Context(), fresh)
			case 1, 2:
				_, err = store.Update(t.Context(), fixedID(n), editing(withEmail(email(n*round))))
			case 3:
				err = store.Delete(t.Context(), fixedID(n), noon, nil)
			}
			if err != nil && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
				assert.NoError(t, err)
			}
		}
	})

	claimed := map[string]uuid.UUID{}
	for n := range people {
		i, err := store.Get(t.Context(), fixedID(n))
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		require.NoError(t, err)
		identifier := i.Credentials[credentials.TypePassword].Identifiers[0]
		require.NotContains(t, claimed, identifier, "two identities have one identifier")
		claimed[identifier] = i.ID
	}
	for n := range emails {
		found, err := store.Find(t.Context(), storage.IdentifierClaim(credentials.TypePassword, email(n)))
		if owner, taken := claimed[email(n)]; taken {
			require.NoError(t, err)
			require.Equal(t, owner, found.ID)
			continue
		}
		require.ErrorIs(t, err, storage.ErrNotFound)
		fresh := person(1000 + n)
		withEmail(email(n))(fresh)
		create(t, store, fresh)
	}
}

func cancelled(t *testing.T, store storage.Storage) {
	before := create(t, store, full())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.Get(ctx, before.ID)
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.Find(ctx, storage.ExternalIDClaim(before.ExternalID))
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.Find(ctx, storage.IdentifierClaim(credentials.TypeOIDC, "full oidc"))
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.Create(ctx, person(1))
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.Update(ctx, before.ID, editing(func(i *identity.Identity) { i.ExternalID = "leaked" }))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, store.Delete(ctx, before.ID, noon, nil), context.Canceled)
	_, err = store.List(ctx, storage.Query{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.Count(ctx, storage.Filter{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.Changes(ctx, storage.ChangeQuery{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.PruneChanges(ctx, storage.Retention{Newest: 1})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, store.UpdateRecord(ctx, recordKey(1), noon, func(*storage.Record) (*storage.Record, error) { return nil, nil }), context.Canceled)
	_, err = store.PruneRecords(ctx, noon)
	require.ErrorIs(t, err, context.Canceled)
	_, errs := store.CreateMany(ctx, []*identity.Identity{person(1), person(2)})
	require.ErrorIs(t, errs[1], context.Canceled)

	requireSame(t, before, get(t, store, before.ID))
	_, err = store.Get(t.Context(), fixedID(1))
	require.ErrorIs(t, err, storage.ErrNotFound)
}

// cancelledWhileWaiting ends the contexts of updates that compete: whichever way
// each comes out, what it said is so.
func cancelledWhileWaiting(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	var succeeded atomic.Int32
	inParallel(40, func(n int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := store.Update(ctx, i.ID, func(current *identity.Identity) (*identity.Identity, error) {
			if n%2 == 0 {
				cancel()
			}
			current.Traits = json.RawMessage(fmt.Sprintf(`{"email":"person1@example.com","count":%d}`, count(t, current)+1))
			return current, nil
		})
		if err == nil {
			succeeded.Add(1)
			return
		}
		assert.ErrorIs(t, err, context.Canceled)
	})
	found := get(t, store, i.ID)
	require.Equal(t, int(succeeded.Load()), count(t, found))
	require.Equal(t, int64(succeeded.Load())+1, found.Revision)
}

func afterClose(t *testing.T, store storage.Storage) {
	i := create(t, store, full())
	require.NoError(t, store.Close())
	_, err := store.Get(t.Context(), i.ID)
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = store.Find(t.Context(), storage.ExternalIDClaim(i.ExternalID))
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = store.Find(t.Context(), storage.IdentifierClaim(credentials.TypeOIDC, "full oidc"))
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = store.Create(t.Context(), person(1))
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = store.Update(t.Context(), i.ID, editing(func(i *identity.Identity) { i.ExternalID = "late" }))
	require.ErrorIs(t, err, storage.ErrClosed)
	require.ErrorIs(t, store.Delete(t.Context(), i.ID, noon, nil), storage.ErrClosed)
	_, err = store.List(t.Context(), storage.Query{})
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = store.Count(t.Context(), storage.Filter{IDs: []uuid.UUID{i.ID}})
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = store.Changes(t.Context(), storage.ChangeQuery{})
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = store.LastChange(t.Context())
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = store.PruneChanges(t.Context(), storage.Retention{Newest: 1})
	require.ErrorIs(t, err, storage.ErrClosed)
	require.ErrorIs(t, store.UpdateRecord(t.Context(), recordKey(1), noon, func(*storage.Record) (*storage.Record, error) { return nil, nil }), storage.ErrClosed)
	_, err = store.PruneRecords(t.Context(), noon)
	require.ErrorIs(t, err, storage.ErrClosed)
	require.NoError(t, store.Close())
}
