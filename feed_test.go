package idem_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

func TestChanges(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		ctx := idem.ContextWithActor(t.Context(), "admin:42")
		ada, err := w.CreateIdentity(ctx, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		require.NoError(t, err)
		bob := w.create(t, identity.Create{Traits: raw(`{"email":"bob@example.com"}`)})
		updated := w.update(t, ada.ID, identity.Update{
			Traits:      raw(`{"email":"ada@example.com"}`),
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "a long secret"}},
		})
		w.update(t, ada.ID, identity.Update{Traits: updated.Traits}) // no change
		deletedAt := w.advance()
		require.NoError(t, w.DeleteIdentity(ctx, ada.ID))

		var all []storage.Change
		for c, err := range w.Changes(t.Context(), storage.ChangeQuery{Limit: 3}) {
			require.NoError(t, err)
			all = append(all, c)
		}
		require.Len(t, all, 4)
		require.Equal(t, storage.Change{
			Sequence: 3, Time: updated.UpdatedAt, IdentityID: ada.ID, Revision: 2, Operation: storage.OperationUpdate, Fields: []string{"/credentials/password", "/sign_in_epoch"},
		}, all[2])
		require.Equal(t, storage.Change{
			Sequence: 4, Time: deletedAt, IdentityID: ada.ID, Revision: 3, Operation: storage.OperationDelete, Actor: "admin:42",
		}, all[3])

		var ofBob []storage.Change
		for c, err := range w.Changes(t.Context(), storage.ChangeQuery{IdentityID: bob.ID, Limit: 1}) {
			require.NoError(t, err)
			ofBob = append(ofBob, c)
		}
		require.Equal(t, all[1:2], ofBob)

		for c, err := range w.Changes(t.Context(), storage.ChangeQuery{After: 1}) {
			require.NoError(t, err)
			require.Equal(t, all[1], c)
			break // a reader may stop at any change
		}

		pruned, err := w.PruneChanges(t.Context(), storage.Retention{Newest: 1})
		require.NoError(t, err)
		require.Equal(t, 3, pruned)
		for _, missed := range []int64{1, 2, 5} {
			for _, err := range w.Changes(t.Context(), storage.ChangeQuery{After: missed}) {
				requireKind(t, err, idem.KindGone)
				require.ErrorIs(t, err, storage.ErrPosition)
			}
		}
	})
}

// watch collects what Watch yields.
func watch(ctx context.Context, m *idem.Manager, q storage.ChangeQuery) (<-chan storage.Change, <-chan error) {
	changes, ended := make(chan storage.Change, 1000), make(chan error, 1)
	go func() {
		defer close(changes)
		for c, err := range m.Watch(ctx, q) {
			if err != nil {
				ended <- err
				return
			}
			changes <- c
		}
	}()
	return changes, ended
}

func next(t *testing.T, changes <-chan storage.Change) storage.Change {
	t.Helper()
	select {
	case c := <-changes:
		return c
	case <-time.After(10 * time.Second):
		require.Fail(t, "no change came")
	}
	return storage.Change{}
}

func TestWatch(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		// Only what the store tells, and no poll, may wake who watches.
		patient := newWorld(t, w.store, idem.WithPollInterval(time.Hour))
		first := w.create(t, identity.Create{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		changes, ended := watch(ctx, patient.Manager, storage.ChangeQuery{})
		require.Equal(t, first.ID, next(t, changes).IdentityID)
		for n := range 5 {
			created := w.create(t, identity.Create{})
			c := next(t, changes)
			require.Equal(t, int64(n+2), c.Sequence)
			require.Equal(t, created.ID, c.IdentityID)
		}
		ofFirst, _ := watch(ctx, patient.Manager, storage.ChangeQuery{After: 1, IdentityID: first.ID})
		w.create(t, identity.Create{})
		w.update(t, first.ID, identity.Update{State: identity.StateInactive})
		require.Equal(t, int64(8), next(t, ofFirst).Sequence)
		cancel()
		requireKind(t, <-ended, idem.KindCanceled)
	})
}

func TestWatchEndsWithTheStore(t *testing.T) {
	store := memory.New()
	_, ended := watch(t.Context(), newWorld(t, store, idem.WithPollInterval(time.Hour)).Manager, storage.ChangeQuery{})
	require.NoError(t, store.Close())
	requireKind(t, <-ended, idem.KindUnavailable)
}

// TestWatchSeesOtherProcesses has another store on the same file, as another process
// would.
func TestWatchSeesOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.db")
	open := func() *world {
		store, err := sqlite.Open(t.Context(), path)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return newWorld(t, store, idem.WithPollInterval(10*time.Millisecond))
	}
	here, there := open(), open()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changes, _ := watch(ctx, here.Manager, storage.ChangeQuery{})
	for range 3 {
		require.Equal(t, there.create(t, identity.Create{}).ID, next(t, changes).IdentityID)
		there.advance()
	}
}

// TestWatchUnderLoad has watchers of two stores on one file see the changes of 64
// writers, all of them and in one order.
func TestWatchUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.db")
	worlds := make([]*world, 2)
	for n := range worlds {
		store, err := sqlite.Open(t.Context(), path)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		worlds[n] = newWorld(t, store, idem.WithPollInterval(5*time.Millisecond))
	}
	people := make([]*identity.Identity, 8)
	for n := range people {
		people[n] = worlds[0].create(t, identity.Create{})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	here, _ := watch(ctx, worlds[0].Manager, storage.ChangeQuery{})
	there, _ := watch(ctx, worlds[1].Manager, storage.ChangeQuery{})

	const writers, rounds = 64, 4
	var running sync.WaitGroup
	for n := range writers {
		running.Go(func() {
			for round := range rounds {
				_, err := worlds[n%2].UpdateIdentity(t.Context(), people[n%8].ID, identity.Update{ExternalID: fmt.Sprint(n, " ", round)})
				assert.NoError(t, err)
			}
		})
	}
	running.Wait()
	revisions := map[string]int64{}
	for n := range len(people) + writers*rounds {
		c := next(t, here)
		require.Equal(t, c, next(t, there))
		require.Equal(t, int64(n+1), c.Sequence)
		revisions[c.IdentityID.String()]++
		require.Equal(t, revisions[c.IdentityID.String()], c.Revision)
	}
}

func TestWithStorage(t *testing.T) {
	w := newWorld(t, memory.New())
	other := w.WithStorage(memory.New())
	created := w.create(t, identity.Create{})
	_, err := other.GetIdentity(t.Context(), created.ID)
	requireKind(t, err, idem.KindNotFound)
	_, err = other.CreateIdentity(t.Context(), identity.Create{})
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(w.Schemas().Default())
	require.NoError(t, err)
	require.NoError(t, w.SetSchemas(schemas))
	require.Same(t, schemas, other.Schemas(), "schemas are shared")
	require.Panics(t, func() { w.WithStorage(nil) })
}
