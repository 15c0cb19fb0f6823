package idem

import (
	"context"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// DeleteCredential removes a credential of the identity id. Which of several links of
// oidc and saml is meant, identifier says, as "provider:subject"; for other types it
// is ignored. What can be removed, and when, [credentials.Set.Remove] says. With
// preconditions it happens only if they all hold.
//
// Errors: KindNotFound if there is no such identity or credential; KindInvalid for
// [credentials.ErrLastFirstFactor], [credentials.ErrNotRemovable] and
// [credentials.ErrIdentifierRequired]; KindPrecondition; KindVetoed.
func (m *Manager) DeleteCredential(ctx context.Context, id uuid.UUID, t credentials.Type, identifier string, preconditions ...Precondition) error {
	now := m.now()
	_, err := m.change(ctx, id, func(current *identity.Identity) (*identity.Identity, error) {
		if err := check(preconditions, current); err != nil {
			return nil, err
		}
		return current.WithoutCredential(t, identifier, now)
	})
	return m.finish(ctx, "delete credential", id, err)
}
