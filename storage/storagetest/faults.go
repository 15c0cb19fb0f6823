package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// Faults makes steps of a store fail. A step is a request of the store to its database: a statement, or the beginning or end
// of a transaction.
type Faults interface {
	// Arm makes one step fail: the next if n is 0, the one after it if n is 1, and so on.
	Arm(n int)
	// Disarm ends Arm. It reports whether the step was reached.
	Disarm() (came bool)
}

// RunFaults makes every operation of a store fail at each of its steps in turn, and checks its result. After an error nothing
// may have changed, unless the error wraps [storage.ErrOutcomeUnknown]. Without an error the whole change must be there.
// open returns an empty store and the Faults of its steps.
//
// If retried is true, the faults are those that a database tells its clients to retry (SQLSTATE 40001); then no operation
// may fail. Otherwise an operation that fails must return [storage.ErrUnavailable] or [storage.ErrOutcomeUnknown].
func RunFaults(t *testing.T, open func(t *testing.T) (storage.Storage, Faults), retried bool) {
	for _, o := range faultyOperations {
		t.Run(o.name, func(t *testing.T) {
			undisturbed, _ := open(t)
			fillForFaults(t, undisturbed)
			before := o.everything(t, undisturbed)
			require.NoError(t, o.do(t.Context(), undisturbed))
			want := o.everything(t, undisturbed)
			require.NoError(t, undisturbed.Close())

			for n := 0; ; n++ {
				store, faults := open(t)
				fillForFaults(t, store)
				faults.Arm(n)
				err := o.do(t.Context(), store)
				came := faults.Disarm()
				got, at := o.everything(t, store), fmt.Sprintf("step %d: %v", n, err)
				switch {
				case err == nil:
					require.Equal(t, want, got, at)
				case retried:
					require.NoError(t, err, at)
				case o.several:
					// Each part of it may have happened or not.
				case errors.Is(err, storage.ErrOutcomeUnknown):
					require.Contains(t, []string{before, want}, got, at)
				default:
					require.ErrorIs(t, err, storage.ErrUnavailable, at)
					require.Equal(t, before, got, at)
				}
				requireWhole(t, store, at)
				require.NoError(t, o.again(t.Context(), store, err), "%s: the store does not go on", at)
				require.NoError(t, store.Close())
				if !came {
					require.NoError(t, err)
					require.Positive(t, n, "no step came")
					return
				}
			}
		})
	}
}

// faultyOperation is an operation in which steps fail.
type faultyOperation struct {
	name string
	do   func(ctx context.Context, store storage.Storage) error
	// several says that the operation has parts, each of which may happen by itself, in any
	// order.
	several bool
}

// again makes the operation once more after it failed with err. If it is not known whether
// it happened, it may be refused now.
func (o faultyOperation) again(ctx context.Context, store storage.Storage, err error) error {
	if err == nil {
		return nil
	}
	again := o.do(ctx, store)
	if errors.Is(again, storage.ErrConflict) || errors.Is(again, storage.ErrNotFound) {
		if o.several || errors.Is(err, storage.ErrOutcomeUnknown) {
			return nil
		}
	}
	return again
}

var faultyOperations = []faultyOperation{
	{name: "Create", do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.Create(ctx, person(10))
		return err
	}},
	{name: "CreateMany", several: true, do: func(ctx context.Context, store storage.Storage) error {
		_, errs := store.CreateMany(ctx, []*identity.Identity{person(10), person(11), person(12)})
		return errors.Join(errs...)
	}},
	{name: "Update", do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.Update(ctx, fixedID(1), editing(func(i *identity.Identity) {
			withEmail("updated@example.com")(i)
			i.UpdatedAt = noon.Add(time.Hour)
		}))
		return err
	}},
	{name: "Delete", do: func(ctx context.Context, store storage.Storage) error {
		return store.Delete(ctx, fixedID(1), noon, func(*identity.Identity) error { return nil })
	}},
	{name: "Get", do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.Get(ctx, fixedID(1))
		return err
	}},
	{name: "Find", do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.Find(ctx, storage.IdentifierClaim(credentials.TypePassword, "person1@example.com"))
		return err
	}},
	{name: "List", do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.List(ctx, storage.Query{Limit: 2})
		return err
	}},
	{name: "Count", do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.Count(ctx, storage.Filter{})
		return err
	}},
	{name: "Changes", do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.Changes(ctx, storage.ChangeQuery{})
		return err
	}},
	{name: "ChangesOfOne", do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.Changes(ctx, storage.ChangeQuery{IdentityID: fixedID(1)})
		return err
	}},
	{name: "LastChange", do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.LastChange(ctx)
		return err
	}},
	{name: "PruneChanges", several: true, do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.PruneChanges(ctx, storage.Retention{Newest: 2})
		return err
	}},
	{name: "UpdateRecord", do: func(ctx context.Context, store storage.Storage) error {
		return store.UpdateRecord(ctx, recordKey(1), noon, func(*storage.Record) (*storage.Record, error) {
			return &storage.Record{Value: []byte("updated"), Expires: noon.AddDate(1, 0, 0)}, nil
		})
	}},
	{name: "PruneRecords", several: true, do: func(ctx context.Context, store storage.Storage) error {
		_, err := store.PruneRecords(ctx, noon.Add(2*time.Hour))
		return err
	}},
}

func fillForFaults(t *testing.T, store storage.Storage) {
	t.Helper()
	for n := 1; n <= 3; n++ {
		create(t, store, person(n))
	}
	keep(t, store, recordKey(1), noon, &storage.Record{Identity: fixedID(1), Value: []byte("kept"), Expires: noon.AddDate(1, 0, 0)})
	keep(t, store, recordKey(2), noon, &storage.Record{Value: []byte("expires"), Expires: noon.Add(time.Hour)})
}

// everything describes what the store holds.
func (o faultyOperation) everything(t *testing.T, store storage.Storage) string {
	t.Helper()
	var text strings.Builder
	page, err := store.List(t.Context(), storage.Query{})
	require.NoError(t, err)
	for _, i := range page.Identities {
		fmt.Fprintln(&text, i.ID, i.Revision, string(i.Traits), storage.Claims(i))
	}
	feed := changes(t, store, storage.ChangeQuery{})
	if o.several {
		slices.SortFunc(feed, func(a, b storage.Change) int { return bytes.Compare(a.IdentityID[:], b.IdentityID[:]) })
		for n := range feed {
			feed[n].Sequence = int64(n)
		}
	}
	for _, c := range feed {
		fmt.Fprintln(&text, c)
	}
	for n := 1; n <= 2; n++ {
		if r := record(t, store, recordKey(n), noon); r != nil {
			fmt.Fprintln(&text, n, r.Identity, string(r.Value), r.Expires)
		}
	}
	return text.String()
}

// requireWhole holds identities, claims and the feed against each other.
func requireWhole(t *testing.T, store storage.Storage, at string) {
	t.Helper()
	revisions := map[uuid.UUID]int64{}
	feed := changes(t, store, storage.ChangeQuery{})
	for n, c := range feed {
		require.Equal(t, feed[0].Sequence+int64(n), c.Sequence, at)
		revisions[c.IdentityID] = c.Revision
		if c.Operation == storage.OperationDelete {
			revisions[c.IdentityID] = 0
		}
	}
	page, err := store.List(t.Context(), storage.Query{})
	require.NoError(t, err)
	for _, i := range page.Identities {
		if newest, told := revisions[i.ID]; told {
			require.Equal(t, newest, i.Revision, at)
		}
		for _, claim := range storage.Claims(i) {
			requireFound(t, store, claim, i.ID)
		}
	}
	requireFound(t, store, storage.IdentifierClaim(credentials.TypePassword, "nobody@example.com"), uuid.Nil)
}
