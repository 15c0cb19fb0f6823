package idem

import (
	"context"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// DeleteIdentity removes the identity id for good: its identifiers, addresses and
// external id are free again. With preconditions it happens only if they all hold.
//
// Errors: KindNotFound; KindPrecondition; KindVetoed.
func (m *Manager) DeleteIdentity(ctx context.Context, id uuid.UUID, preconditions ...Precondition) error {
	return m.finish(ctx, "delete identity", id, m.deleteIdentity(ctx, id, preconditions))
}

func (m *Manager) deleteIdentity(ctx context.Context, id uuid.UUID, preconditions []Precondition) error {
	if err := checkActor(ctx); err != nil {
		return err
	}
	now := m.now()
	return m.storage.Delete(ctx, id, now, func(current *identity.Identity) error {
		if err := check(preconditions, current); err != nil || m.beforeCommit == nil {
			return err
		}
		return m.ask(ctx, storage.NewChange(ctx, current, nil, now), current, nil)
	})
}
