package idem

import (
	"context"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
)

// DeleteIdentity removes the identity id for good: its identifiers, addresses and
// external id are free again. With preconditions it happens only if they all hold.
//
// Errors: KindNotFound; KindPrecondition.
func (m *Manager) DeleteIdentity(ctx context.Context, id uuid.UUID, preconditions ...Precondition) error {
	err := m.storage.Delete(ctx, id, m.now(), func(current *identity.Identity) error {
		return check(preconditions, current)
	})
	return m.finish(ctx, "delete identity", id, err)
}
