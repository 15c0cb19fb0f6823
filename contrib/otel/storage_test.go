package otelidem_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	otelidem "github.com/idemkit/idem/contrib/otel"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/storagetest"
)

func TestStorageKeepsEveryPromise(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) storage.Storage{
		"memory": func(*testing.T) storage.Storage { return memory.New() },
		"sqlite": func(t *testing.T) storage.Storage {
			store, err := sqlite.Open(t.Context(), t.TempDir()+"/identities.db")
			require.NoError(t, err)
			return store
		},
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Storage { return collect(t).Storage(open(t)) })
		})
	}
}

// rename is a change of an identity.
func rename(externalID string) func(*identity.Identity) (*identity.Identity, error) {
	return func(current *identity.Identity) (*identity.Identity, error) {
		current.ExternalID = externalID
		return current, nil
	}
}

// one is the span of an operation on identity 1, with more attributes.
func one(operation string, more ...attribute.KeyValue) string {
	return operation + " identities (client) " + render(append(more,
		attribute.String("db.collection.name", "identities"), attribute.String("db.operation.name", operation), attribute.String("db.system.name", "memory"),
		attribute.String("idem.identity.id", id(1).String()))...)
}

func errorType(name string) attribute.KeyValue { return attribute.String("error.type", name) }

// attempt is that of an update which was worked out once.
var attempt = attribute.Int("idem.update.attempts", 1)

func TestStorageSpans(t *testing.T) {
	errOwn := errors.New("a reason of its own, with ada@example.com in it")
	collector := collect(t, otelidem.WithSystem("memory"))
	store := collector.Storage(memory.New())
	// Each case goes on with the store that the one before has left.
	for _, c := range []struct {
		name string
		call func(ctx context.Context, s storage.Storage) error
		span string
		err  error
	}{
		{
			name: "create", span: one("create"),
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.Create(ctx, stored(1))
				return err
			},
		},
		{
			name: "create what is there", span: one("create", errorType("conflict")), err: storage.ErrConflict,
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.Create(ctx, stored(1))
				return err
			},
		},
		{
			name: "import", span: "create_many identities (client) {db.collection.name=identities,db.operation.batch.size=3,db.operation.name=create_many,db.system.name=memory,idem.import.refused=1}",
			call: func(ctx context.Context, s storage.Storage) error {
				_, errs := s.CreateMany(ctx, []*identity.Identity{stored(2), stored(1), stored(3)})
				return errors.Join(errs[0], errs[2])
			},
		},
		{
			name: "get", span: one("get"),
			call: func(ctx context.Context, s storage.Storage) error { _, err := s.Get(ctx, id(1)); return err },
		},
		{
			name: "find by identifier",
			span: "find identities (client) {db.collection.name=identities,db.operation.name=find,db.system.name=memory,idem.credential.type=password,idem.identity.id=" + id(1).String() + "}",
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.Find(ctx, storage.IdentifierClaim(credentials.TypePassword, "person1@example.com"))
				return err
			},
		},
		{
			name: "find nothing by a type that nobody knows", err: storage.ErrNotFound,
			span: "find identities (client) {db.collection.name=identities,db.operation.name=find,db.system.name=memory,error.type=not found}",
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.Find(ctx, storage.IdentifierClaim("ada@example.com", "person1@example.com"))
				return err
			},
		},
		{
			name: "update", span: one("update", attempt),
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.Update(ctx, id(1), rename("crm/1"))
				return err
			},
		},
		{
			name: "find by external id", span: one("find"),
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.Find(ctx, storage.ExternalIDClaim("crm/1"))
				return err
			},
		},
		{
			name: "update that its caller gives up", span: one("update", errorType("refused"), attempt), err: errOwn,
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.Update(ctx, id(1), func(*identity.Identity) (*identity.Identity, error) { return nil, errOwn })
				return err
			},
		},
		{
			name: "update whose precondition fails", span: one("update", errorType("precondition failed"), attempt), err: storage.ErrRevision,
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.Update(ctx, id(1), func(*identity.Identity) (*identity.Identity, error) { return nil, storage.ErrRevision })
				return err
			},
		},
		{
			name: "list", span: "list identities (client) {db.collection.name=identities,db.operation.name=list,db.response.returned_rows=2,db.system.name=memory}",
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.List(ctx, storage.Query{Limit: 2})
				return err
			},
		},
		{
			name: "count", span: "count identities (client) {db.collection.name=identities,db.operation.name=count,db.system.name=memory}",
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.Count(ctx, storage.Filter{})
				return err
			},
		},
		{
			name: "delete that its caller gives up", span: one("delete", errorType("refused")), err: errOwn,
			call: func(ctx context.Context, s storage.Storage) error {
				return s.Delete(ctx, id(1), noon, func(*identity.Identity) error { return errOwn })
			},
		},
		{
			name: "delete", span: one("delete"),
			call: func(ctx context.Context, s storage.Storage) error { return s.Delete(ctx, id(1), noon, nil) },
		},
		{
			name: "newest change", span: "last changes (client) {db.collection.name=changes,db.operation.name=last,db.system.name=memory}",
			call: func(ctx context.Context, s storage.Storage) error { _, err := s.LastChange(ctx); return err },
		},
		{
			name: "prune", span: "prune changes (client) {db.collection.name=changes,db.operation.name=prune,db.system.name=memory}",
			call: func(ctx context.Context, s storage.Storage) error {
				_, err := s.PruneChanges(ctx, storage.Retention{Newest: 1})
				return err
			},
		},
		{
			name: "a caller who has left", err: context.Canceled,
			span: "count identities (client) {db.collection.name=identities,db.operation.name=count,db.system.name=memory,error.type=canceled}",
			call: func(ctx context.Context, s storage.Storage) error {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				_, err := s.Count(ctx, storage.Filter{})
				return err
			},
		},
		{
			name: "a fault", span: one("get", errorType("unavailable")) + " Error: unavailable", err: storage.ErrClosed,
			call: func(ctx context.Context, s storage.Storage) error {
				_ = s.Close()
				_, err := s.Get(ctx, id(1))
				return err
			},
		},
		{
			name: "an import into a store that fails", err: storage.ErrClosed,
			span: "create_many identities (client) {db.collection.name=identities,db.operation.batch.size=1,db.operation.name=create_many,db.system.name=memory,error.type=unavailable,idem.import.refused=1} Error: unavailable",
			call: func(ctx context.Context, s storage.Storage) error {
				_, errs := s.CreateMany(ctx, []*identity.Identity{stored(9)})
				return errs[0]
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.ErrorIs(t, c.call(t.Context(), store), c.err)
			require.Equal(t, []string{c.span}, collector.spans(t))
		})
	}
}

func TestStorageMeasurements(t *testing.T) {
	collector := collect(t)
	store := collector.Storage(memory.New())
	for range 3 {
		_, err := store.Get(t.Context(), id(1))
		require.ErrorIs(t, err, storage.ErrNotFound)
	}
	_, err := store.Create(t.Context(), stored(1))
	require.NoError(t, err)
	for range 2 {
		_, err := store.Get(t.Context(), id(1))
		require.NoError(t, err)
	}
	_, err = store.Changes(t.Context(), storage.ChangeQuery{})
	require.NoError(t, err)
	require.Equal(t, map[string]uint64{
		"db.client.operation.duration {db.collection.name=identities,db.operation.name=get,error.type=not found}": 3,
		"db.client.operation.duration {db.collection.name=identities,db.operation.name=create}":                   1,
		"db.client.operation.duration {db.collection.name=identities,db.operation.name=get}":                      2,
		"db.client.operation.duration {db.collection.name=changes,db.operation.name=list}":                        1,
	}, collector.measurements(t))
}

// TestReadingTheFeed has a span only within another: a Watch looks every second.
func TestReadingTheFeed(t *testing.T) {
	collector := collect(t)
	store := collector.Storage(memory.New())
	_, err := store.Create(t.Context(), stored(1))
	require.NoError(t, err)
	collector.spans(t)

	_, err = store.Changes(t.Context(), storage.ChangeQuery{})
	require.NoError(t, err)
	require.Empty(t, collector.spans(t))

	ctx, parent := collector.tracers.Tracer("application").Start(t.Context(), "parent")
	_, err = store.Changes(ctx, storage.ChangeQuery{IdentityID: id(1)})
	require.NoError(t, err)
	parent.End()
	require.Equal(t, []string{
		"parent > list changes (client) {db.collection.name=changes,db.operation.name=list,db.response.returned_rows=1,idem.identity.id=" + id(1).String() + "}",
		"parent (internal) {}",
	}, collector.spans(t))
}

func TestChangeThatPanics(t *testing.T) {
	collector := collect(t, otelidem.WithSystem("memory"))
	store := collector.Storage(memory.New())
	_, err := store.Create(t.Context(), stored(1))
	require.NoError(t, err)
	collector.spans(t)
	require.PanicsWithValue(t, "a bug of the caller", func() {
		_, _ = store.Update(t.Context(), id(1), func(*identity.Identity) (*identity.Identity, error) { panic("a bug of the caller") })
	})
	require.Equal(t, []string{one("update", errorType("panic"), attempt) + " Error: panic"}, collector.spans(t))
	require.Equal(t, uint64(1), collector.measurements(t)["db.client.operation.duration {db.collection.name=identities,db.operation.name=update,db.system.name=memory,error.type=panic}"])
}

func TestWrapWithoutWhatIsWrapped(t *testing.T) {
	collector := collect(t)
	require.Panics(t, func() { collector.Storage(nil) })
	require.Panics(t, func() { collector.Manager(nil) })
	_, err := otelidem.New(otelidem.WithTracerProvider(nil))
	require.Error(t, err)
	_, err = otelidem.New(otelidem.WithMeterProvider(nil))
	require.Error(t, err)
}
