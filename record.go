package idem

import (
	"context"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

// UpdateRecord replaces the record with that key by the result of change, in one atomic
// step that is durable when UpdateRecord returns. current is nil if there is no such
// record or it has expired by the Manager's clock; a nil result deletes the record. change
// gets its own copy, may run again, and must not call the Manager or the store.
// [storage.Record] says which records are kept, and for how long.
//
// Errors: KindNotFound if the identity of the record does not exist; KindInternal around
// [storage.ErrInTransaction] if the Manager works on an application's transaction, whose
// rollback would undo the step, around [storage.ErrRecordSize], and around an error of
// change.
func (m *Manager) UpdateRecord(ctx context.Context, key storage.RecordKey, change func(current *storage.Record) (*storage.Record, error)) error {
	return runError(ctx, m, "update record", uuid.Nil, func(ctx context.Context) error {
		return m.storage.UpdateRecord(ctx, key, m.now(), change)
	})
}

// PruneRecords deletes the records that have expired by the Manager's clock, and returns
// how many. Every write of a record deletes a few expired ones, so an application that
// writes records need not call PruneRecords. It frees the space at once.
func (m *Manager) PruneRecords(ctx context.Context) (int, error) {
	return run(ctx, m, "prune records", uuid.Nil, func(ctx context.Context) (int, error) {
		return m.storage.PruneRecords(ctx, m.now())
	})
}
