package otelidem

import (
	"context"
	"time"

	"github.com/google/uuid"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// Storage is a [storage.Storage] that tells of what it does. Make one with
// [Telemetry.Storage].
//
// It has the methods of the contract alone. What else a store can do, ask of the store
// itself, and wrap again what is a store: for a transaction of the application's on
// SQLite that is
//
//	within := manager.WithStorage(telemetry.Storage(store.WithTx(tx)))
type Storage struct {
	store      storage.Storage
	operations *storageOperations
}

var _ storage.Storage = (*Storage)(nil)

type storageOperations struct {
	create, createMany, get, find     *operation
	list, count, update, delete       *operation
	changes, lastChange, pruneChanges *operation
	updateRecord, pruneRecords        *operation
}

func newStorageOperations(make func(name, collection string) *operation) storageOperations {
	const identities, changes, records = "identities", "changes", "records"
	feed := make("list", changes)
	feed.nested = true
	return storageOperations{
		create:       make("create", identities),
		createMany:   make("create_many", identities),
		get:          make("get", identities),
		find:         make("find", identities),
		list:         make("list", identities),
		count:        make("count", identities),
		update:       make("update", identities),
		delete:       make("delete", identities),
		changes:      feed,
		lastChange:   make("last", changes),
		pruneChanges: make("prune", changes),
		updateRecord: make("update", records),
		pruneRecords: make("prune", records),
	}
}

// Create implements [storage.Storage].
func (s *Storage) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	return observe(ctx, s.operations.create, func(ctx context.Context, c *call) (*identity.Identity, error) {
		c.identity(i.ID)
		return s.store.Create(ctx, i)
	})
}

// CreateMany implements [storage.Storage]. Its span tells how many identities were refused;
// it has an error, the first, only where that is a fault.
func (s *Storage) CreateMany(ctx context.Context, identities []*identity.Identity) (created []*identity.Identity, errs []error) {
	// What became of each is in errs.
	_ = observeError(ctx, s.operations.createMany, func(ctx context.Context, c *call) error {
		c.span.SetAttributes(semconv.DBOperationBatchSize(len(identities)))
		created, errs = s.store.CreateMany(ctx, identities)
		return c.imported(errs)
	})
	return created, errs
}

// Get implements [storage.Storage].
func (s *Storage) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	return observe(ctx, s.operations.get, func(ctx context.Context, c *call) (*identity.Identity, error) {
		c.identity(id)
		return s.store.Get(ctx, id)
	})
}

// Find implements [storage.Storage].
func (s *Storage) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	return observe(ctx, s.operations.find, func(ctx context.Context, c *call) (*identity.Identity, error) {
		if claim.Kind == storage.ClaimKindIdentifier {
			c.credential(credentials.Type(claim.Type))
		}
		return c.found(s.store.Find(ctx, claim))
	})
}

// List implements [storage.Storage].
func (s *Storage) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	return observe(ctx, s.operations.list, func(ctx context.Context, c *call) (storage.Page, error) {
		page, err := s.store.List(ctx, q)
		c.rows(len(page.Identities))
		return page, err
	})
}

// Count implements [storage.Storage].
func (s *Storage) Count(ctx context.Context, filter storage.Filter) (int, error) {
	return observe(ctx, s.operations.count, func(ctx context.Context, _ *call) (int, error) {
		return s.store.Count(ctx, filter)
	})
}

// Update implements [storage.Storage]. Its span tells how often change ran.
func (s *Storage) Update(ctx context.Context, id uuid.UUID,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	return observe(ctx, s.operations.update, func(ctx context.Context, c *call) (*identity.Identity, error) {
		c.identity(id)
		attempts := 0
		defer func() { c.span.SetAttributes(keyAttempts.Int(attempts)) }()
		return s.store.Update(ctx, id, func(current *identity.Identity) (*identity.Identity, error) {
			attempts++
			next, err := change(current)
			return next, c.asked(err)
		})
	})
}

// Delete implements [storage.Storage].
func (s *Storage) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error {
	return observeError(ctx, s.operations.delete, func(ctx context.Context, c *call) error {
		c.identity(id)
		if check == nil {
			return s.store.Delete(ctx, id, at, nil)
		}
		return s.store.Delete(ctx, id, at, func(current *identity.Identity) error { return c.asked(check(current)) })
	})
}

// Changes implements [storage.Storage]. It has a span only within another: else who waits
// for changes, and looks every second, would leave a trace every second.
func (s *Storage) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	return observe(ctx, s.operations.changes, func(ctx context.Context, c *call) ([]storage.Change, error) {
		c.identity(q.IdentityID)
		found, err := s.store.Changes(ctx, q)
		c.rows(len(found))
		return found, err
	})
}

// LastChange implements [storage.Storage].
func (s *Storage) LastChange(ctx context.Context) (int64, error) {
	return observe(ctx, s.operations.lastChange, func(ctx context.Context, _ *call) (int64, error) {
		return s.store.LastChange(ctx)
	})
}

// PruneChanges implements [storage.Storage].
func (s *Storage) PruneChanges(ctx context.Context, keep storage.Retention) (int, error) {
	return observe(ctx, s.operations.pruneChanges, func(ctx context.Context, _ *call) (int, error) {
		return s.store.PruneChanges(ctx, keep)
	})
}

// UpdateRecord implements [storage.Storage].
func (s *Storage) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time,
	change func(current *storage.Record) (*storage.Record, error)) error {

	return observeError(ctx, s.operations.updateRecord, func(ctx context.Context, c *call) error {
		return s.store.UpdateRecord(ctx, key, now, func(current *storage.Record) (*storage.Record, error) {
			next, err := change(current)
			return next, c.asked(err)
		})
	})
}

// PruneRecords implements [storage.Storage].
func (s *Storage) PruneRecords(ctx context.Context, before time.Time) (int, error) {
	return observe(ctx, s.operations.pruneRecords, func(ctx context.Context, _ *call) (int, error) {
		return s.store.PruneRecords(ctx, before)
	})
}

// Changed implements [storage.Storage].
func (s *Storage) Changed() <-chan struct{} { return s.store.Changed() }

// Close implements [storage.Storage].
func (s *Storage) Close() error { return s.store.Close() }
