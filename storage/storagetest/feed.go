package storagetest

import (
	"fmt"
	"math"
	"slices"
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

// changes reads the feed after a position to its end.
func changes(t *testing.T, store storage.Storage, q storage.ChangeQuery) []storage.Change {
	t.Helper()
	var all []storage.Change
	for {
		found, err := store.Changes(t.Context(), q)
		require.NoError(t, err)
		if len(found) == 0 {
			return all
		}
		all = append(all, found...)
		q.After = found[len(found)-1].Sequence
	}
}

func lastChange(t *testing.T, store storage.Storage) int64 {
	t.Helper()
	last, err := store.LastChange(t.Context())
	require.NoError(t, err)
	return last
}

func changeFeed(t *testing.T, store storage.Storage) {
	require.Empty(t, changes(t, store, storage.ChangeQuery{}))
	require.Zero(t, lastChange(t, store))

	ctx := storage.WithActor(t.Context(), "admin:42")
	i, err := store.Create(ctx, person(1))
	require.NoError(t, err)
	_, err = store.Update(ctx, i.ID, editing(func(i *identity.Identity) {
		withEmail("new@example.com")(i)
		i.UpdatedAt = noon.Add(time.Hour)
	}))
	require.NoError(t, err)
	_, errs := store.CreateMany(t.Context(), []*identity.Identity{person(2), person(1), person(3)})
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], storage.ErrConflict)
	require.NoError(t, errs[2])
	require.NoError(t, store.Delete(ctx, i.ID, noon.Add(2*time.Hour+time.Nanosecond), nil))

	created := []string{"/credentials/password", "/schema_id", "/state", "/traits", "/verifiable_addresses"}
	want := []storage.Change{
		{Sequence: 1, Time: noon, IdentityID: fixedID(1), Revision: 1, Operation: storage.OperationCreate, Fields: created, Actor: "admin:42"},
		{Sequence: 2, Time: noon.Add(time.Hour), IdentityID: fixedID(1), Revision: 2, Operation: storage.OperationUpdate, Fields: []string{"/credentials/password", "/traits", "/verifiable_addresses"}, Actor: "admin:42"},
		{Sequence: 3, Time: noon, IdentityID: fixedID(2), Revision: 1, Operation: storage.OperationCreate, Fields: created},
		{Sequence: 4, Time: noon, IdentityID: fixedID(3), Revision: 1, Operation: storage.OperationCreate, Fields: created},
		{Sequence: 5, Time: noon.Add(2 * time.Hour), IdentityID: fixedID(1), Revision: 3, Operation: storage.OperationDelete, Actor: "admin:42"},
	}
	require.Equal(t, want, changes(t, store, storage.ChangeQuery{}))
	require.Equal(t, int64(5), lastChange(t, store))
	for after := range 5 {
		require.Equal(t, want[after:], changes(t, store, storage.ChangeQuery{After: int64(after)}))
		require.Equal(t, want[after:], changes(t, store, storage.ChangeQuery{After: int64(after), Limit: 1}))
		page, err := store.Changes(t.Context(), storage.ChangeQuery{After: int64(after), Limit: 2})
		require.NoError(t, err)
		require.Equal(t, want[after:min(after+2, 5)], page)
	}
	require.Empty(t, changes(t, store, storage.ChangeQuery{After: 5}))
	for _, after := range []int64{6, math.MaxInt64, -1, math.MinInt64} {
		_, err = store.Changes(t.Context(), storage.ChangeQuery{After: after})
		require.ErrorIs(t, err, storage.ErrPosition, "a position that was never given out: %d", after)
	}
	for _, limit := range []int{-1, math.MinInt, math.MaxInt} {
		require.Equal(t, want, changes(t, store, storage.ChangeQuery{Limit: limit}), "limit %d", limit)
		require.Len(t, changes(t, store, storage.ChangeQuery{Limit: limit, IdentityID: i.ID}), 3, "limit %d", limit)
	}
}

func changesOfOne(t *testing.T, store storage.Storage) {
	create(t, store, person(1))
	create(t, store, person(2))
	for n := range 5 {
		update(t, store, fixedID(1), func(i *identity.Identity) { i.ExternalID = fmt.Sprint(n) })
		update(t, store, fixedID(2), func(i *identity.Identity) { i.ExternalID = fmt.Sprint("other ", n) })
	}
	require.NoError(t, store.Delete(t.Context(), fixedID(1), noon, nil))
	create(t, store, person(1)) // the same id again
	require.NoError(t, store.Delete(t.Context(), fixedID(2), noon, nil))

	all := changes(t, store, storage.ChangeQuery{})
	require.Len(t, all, 15)
	for _, id := range []uuid.UUID{fixedID(1), fixedID(2), fixedID(3)} {
		for after := range 16 {
			var want []storage.Change
			for _, c := range all[min(after, len(all)):] {
				if c.IdentityID == id {
					want = append(want, c)
				}
			}
			q := storage.ChangeQuery{IdentityID: id, After: int64(after)}
			require.Equal(t, want, changes(t, store, q))
			q.Limit = 2
			require.Equal(t, want, changes(t, store, q))
			page, err := store.Changes(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, want[:min(2, len(want))], page[:])
		}
	}
}

func refusedIsNoChange(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	create(t, store, person(2))
	before := changes(t, store, storage.ChangeQuery{})
	update(t, store, i.ID, func(*identity.Identity) {})
	_, err := store.Update(t.Context(), i.ID, editing(withEmail("person2@example.com")))
	require.ErrorIs(t, err, storage.ErrConflict)
	_, err = store.Update(t.Context(), i.ID, func(*identity.Identity) (*identity.Identity, error) { return nil, storage.ErrRevision })
	require.ErrorIs(t, err, storage.ErrRevision)
	_, err = store.Create(t.Context(), person(1))
	require.ErrorIs(t, err, storage.ErrConflict)
	require.ErrorIs(t, store.Delete(t.Context(), i.ID, noon, func(*identity.Identity) error { return storage.ErrRevision }), storage.ErrRevision)
	require.ErrorIs(t, store.Delete(t.Context(), fixedID(3), noon, nil), storage.ErrNotFound)
	require.Equal(t, before, changes(t, store, storage.ChangeQuery{}))
	create(t, store, person(3))
	require.Equal(t, int64(3), lastChange(t, store), "a refused change takes no number")
}

func changedFields(t *testing.T, store storage.Storage) {
	i := create(t, store, full())
	all := changes(t, store, storage.ChangeQuery{})[0].Fields
	require.Equal(t, []string{
		"/external_id", "/credentials/code", "/credentials/lookup_secret", "/credentials/oidc", "/credentials/passkey", "/credentials/password",
		"/credentials/saml", "/credentials/totp", "/credentials/webauthn", "/schema_id", "/state", "/traits", "/verifiable_addresses",
		"/recovery_addresses", "/metadata_public", "/metadata_admin", "/organization_id", "/sign_in_epoch",
	}, all)
	for field, edit := range map[string]func(*identity.Identity){
		"/external_id":          func(i *identity.Identity) { i.ExternalID = "" },
		"/credentials/saml":     func(i *identity.Identity) { delete(i.Credentials, credentials.TypeSAML) },
		"/schema_id":            func(i *identity.Identity) { i.SchemaID = "other" },
		"/state":                func(i *identity.Identity) { i.State, i.StateChangedAt = identity.StateActive, noon },
		"/traits":               func(i *identity.Identity) { i.Traits = nil },
		"/verifiable_addresses": func(i *identity.Identity) { i.VerifiableAddresses[0].Verified = false },
		"/recovery_addresses":   func(i *identity.Identity) { i.RecoveryAddresses = nil },
		"/metadata_public":      func(i *identity.Identity) { i.MetadataPublic = nil },
		"/metadata_admin":       func(i *identity.Identity) { i.MetadataAdmin = nil },
		"/sign_in_epoch":        func(i *identity.Identity) { i.SignInEpoch++ },
		"/organization_id":      func(i *identity.Identity) { i.OrganizationID = uuid.NullUUID{} },
	} {
		after := lastChange(t, store)
		update(t, store, i.ID, edit)
		require.Equal(t, []string{field}, changes(t, store, storage.ChangeQuery{After: after})[0].Fields)
	}
}

func pruneChanges(t *testing.T, store storage.Storage) {
	for n := range 10 {
		i := person(n)
		i.UpdatedAt = noon.Add(time.Duration(n) * time.Hour)
		create(t, store, i)
	}
	all := changes(t, store, storage.ChangeQuery{})
	prune := func(keep storage.Retention, gone int) {
		t.Helper()
		before := changes(t, store, storage.ChangeQuery{})
		pruned, err := store.PruneChanges(t.Context(), keep)
		require.NoError(t, err)
		require.Equal(t, gone, pruned)
		require.Equal(t, before[gone:], changes(t, store, storage.ChangeQuery{}))
	}
	prune(storage.Retention{}, 0)
	prune(storage.Retention{Newest: 20}, 0)
	prune(storage.Retention{Newest: 9}, 1)
	prune(storage.Retention{Since: noon}, 0)
	prune(storage.Retention{Newest: 7}, 2)
	prune(storage.Retention{Since: noon, Newest: 6}, 1)
	prune(storage.Retention{Since: noon.Add(time.Hour), Newest: 5}, 1)

	_, err := store.Changes(t.Context(), storage.ChangeQuery{After: 3})
	require.ErrorIs(t, err, storage.ErrPosition, "a reader that has missed changes is told")
	for _, after := range []int64{5, 6, 9} {
		require.Equal(t, all[after:], changes(t, store, storage.ChangeQuery{After: after}), "a reader that has missed none reads on")
	}
	require.Empty(t, changes(t, store, storage.ChangeQuery{IdentityID: fixedID(2)}))
	require.Equal(t, all[7:8], changes(t, store, storage.ChangeQuery{IdentityID: fixedID(7)}))

	prune(storage.Retention{Since: noon.Add(100 * time.Hour)}, 4)
	require.Equal(t, int64(10), lastChange(t, store), "the newest stays")
	require.Empty(t, changes(t, store, storage.ChangeQuery{After: 10}))
	update(t, store, fixedID(9), func(i *identity.Identity) { i.ExternalID = "later" })
	require.Equal(t, int64(11), lastChange(t, store), "a number is never given out again")
	require.Len(t, changes(t, store, storage.ChangeQuery{IdentityID: fixedID(9)}), 2)
}

// pruneByAge prunes a feed with a change a minute, in which two clocks were far off.
func pruneByAge(t *testing.T, store storage.Storage) {
	const changes = 300
	fill := func() {
		for n := range changes {
			// One by one: the feed may have those of one CreateMany in any order.
			i := person(n)
			switch i.UpdatedAt = noon.Add(time.Duration(n) * time.Minute); n {
			case 0, 10:
				i.UpdatedAt = noon.AddDate(70, 0, 0)
			case 200:
				i.UpdatedAt = noon.AddDate(-50, 0, 0)
			}
			create(t, store, i)
		}
	}
	prune := func(keep storage.Retention, gone int) {
		t.Helper()
		pruned, err := store.PruneChanges(t.Context(), keep)
		require.NoError(t, err)
		require.Equal(t, gone, pruned)
	}
	prune(storage.Retention{Since: noon}, 0) // of nothing
	fill()
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	for _, never := range []time.Time{noon, minute(40), noon.AddDate(-1000, 0, 0), time.Date(-400_000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		prune(storage.Retention{Since: never}, 0)
	}
	// Of the change at 50 and the hundred that follow it 50 were made before.
	prune(storage.Retention{Since: minute(100)}, 50)
	prune(storage.Retention{Since: minute(100)}, 0)
	prune(storage.Retention{Since: minute(100).Add(time.Nanosecond)}, 1)
	prune(storage.Retention{Since: minute(250)}, 149)
	prune(storage.Retention{Since: time.Date(400_000, 1, 1, 0, 0, 0, 0, time.UTC)}, changes-1-200)
	require.Equal(t, int64(changes), lastChange(t, store), "the newest stays")
}

// longHistory reads the changes of an identity that has many, was deleted and created
// again, and shares the feed with another.
func longHistory(t *testing.T, store storage.Storage) {
	one, other := person(1), person(2)
	create(t, store, one)
	create(t, store, other)
	var want []int64
	for n := range 400 {
		switch {
		case n%150 == 149:
			require.NoError(t, store.Delete(t.Context(), one.ID, noon, nil))
			create(t, store, one)
		case n > 380:
			require.NoError(t, store.Delete(t.Context(), one.ID, noon, nil))
			create(t, store, one)
		case n%3 == 0:
			update(t, store, other.ID, func(i *identity.Identity) { i.ExternalID = fmt.Sprint("other ", n) })
		default:
			update(t, store, one.ID, func(i *identity.Identity) { i.ExternalID = fmt.Sprint("one ", n) })
		}
	}
	check := func() {
		t.Helper()
		want = nil
		for _, c := range changes(t, store, storage.ChangeQuery{}) {
			if c.IdentityID == one.ID {
				want = append(want, c.Sequence)
			}
		}
		for _, limit := range []int{1, 7, 63, 64, 65, 250, 1000} {
			var found []int64
			q := storage.ChangeQuery{IdentityID: one.ID, Limit: limit}
			for {
				page, err := store.Changes(t.Context(), q)
				require.NoError(t, err)
				for _, c := range page {
					found = append(found, c.Sequence)
					q.After = c.Sequence
				}
				if len(page) < limit {
					break
				}
			}
			require.Equal(t, want, found, "pages of %d", limit)
		}
	}
	check()
	_, err := store.PruneChanges(t.Context(), storage.Retention{Newest: 100})
	require.NoError(t, err)
	check()
	require.NoError(t, store.Delete(t.Context(), one.ID, noon, nil))
	check()
}

// feedUnderLoad reads the feed while it is written, and then holds it against what each
// writer was told.
func feedUnderLoad(t *testing.T, store storage.Storage) {
	const writers, rounds = 64, 5
	done, read := make(chan struct{}), make(chan struct{})
	var live []storage.Change
	go func() {
		defer close(read)
		var after int64
		for last := false; ; {
			select {
			case <-done:
				last = true
			default:
			}
			found, err := store.Changes(t.Context(), storage.ChangeQuery{After: after, Limit: 7})
			if !assert.NoError(t, err) || len(found) == 0 && last {
				return
			}
			for _, c := range found {
				after = c.Sequence
				live = append(live, c)
			}
		}
	}()
	var (
		mu           sync.Mutex
		acknowledged = map[string]int{}
	)
	acknowledge := func(operation storage.Operation, id uuid.UUID, revision int64) {
		mu.Lock()
		defer mu.Unlock()
		acknowledged[fmt.Sprint(operation, id, revision)]++
	}
	inParallel(writers, func(n int) {
		created, err := store.Create(t.Context(), person(n))
		if !assert.NoError(t, err) {
			return
		}
		acknowledge(storage.OperationCreate, created.ID, 1)
		for round := range rounds {
			who := fixedID(n / 8 * 8) // shared by eight
			updated, err := store.Update(t.Context(), who, editing(func(i *identity.Identity) { i.ExternalID = fmt.Sprint(n, " ", round) }))
			if err == nil {
				acknowledge(storage.OperationUpdate, who, updated.Revision)
			} else {
				assert.ErrorIs(t, err, storage.ErrNotFound) // it is yet to come
			}
		}
		if n%8 != 0 {
			assert.NoError(t, store.Delete(t.Context(), created.ID, noon, nil))
			acknowledge(storage.OperationDelete, created.ID, 2)
		}
	})
	close(done)
	<-read
	require.Equal(t, changes(t, store, storage.ChangeQuery{}), live, "a reader at the same time has missed nothing")
	revisions := map[uuid.UUID]int64{}
	for n, c := range live {
		require.Equal(t, int64(n+1), c.Sequence, "numbers have no gaps")
		require.Equal(t, revisions[c.IdentityID]+1, c.Revision, "the order is that of the commits")
		revisions[c.IdentityID] = c.Revision
		key := fmt.Sprint(c.Operation, c.IdentityID, c.Revision)
		require.Equal(t, 1, acknowledged[key], "no entry without its change: %s", key)
		delete(acknowledged, key)
	}
	require.Empty(t, acknowledged, "no change without its entry")
}

func changedChannel(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	isClosed := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		case <-time.After(10 * time.Second):
			return false
		}
	}
	first, second := store.Changed(), store.Changed()
	select {
	case <-first:
		require.Fail(t, "nothing has been committed since the call")
	default:
	}
	update(t, store, i.ID, func(i *identity.Identity) { i.ExternalID = "changed" })
	require.True(t, isClosed(first))
	require.True(t, isClosed(second))
	waiting := store.Changed()
	require.NoError(t, store.Close())
	require.True(t, isClosed(waiting), "closing wakes those that wait")
	require.True(t, isClosed(store.Changed()))
}

// resultsOfFeedAreCopies edits what the feed returned.
func resultsOfFeedAreCopies(t *testing.T, store storage.Storage) {
	create(t, store, person(1))
	for _, q := range []storage.ChangeQuery{{}, {IdentityID: fixedID(1)}} {
		found := changes(t, store, q)
		want := slices.Clone(found[0].Fields)
		found[0].Fields[0] = "edited"
		require.Equal(t, want, changes(t, store, q)[0].Fields)
	}
}
