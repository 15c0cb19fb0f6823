package idem

import (
	"context"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// DeleteIdentity deletes the identity id permanently. Its identifiers, addresses and
// external id can then be used by other identities. With preconditions the identity is
// deleted only if they all hold.
//
// Errors: KindNotFound; KindPrecondition; KindVetoed.
func (m *Manager) DeleteIdentity(ctx context.Context, id uuid.UUID, preconditions ...Precondition) error {
	return writeError(ctx, m, "delete identity", id, func(ctx context.Context) error {
		return m.deleteIdentity(ctx, id, preconditions)
	})
}

func (m *Manager) deleteIdentity(ctx context.Context, id uuid.UUID, preconditions []Precondition) error {
	if err := checkActor(ctx); err != nil {
		return err
	}
	now := m.now()
	if err := checkTime(now); err != nil {
		return err
	}
	return m.storage.Delete(ctx, id, now, func(current *identity.Identity) error {
		if err := check(preconditions, current); err != nil || m.beforeCommit == nil {
			return err
		}
		return m.ask(ctx, storage.NewChange(ctx, current, nil, now), current, nil)
	})
}

// DeleteCredential removes the credential of type t of the identity id. identifier selects
// one of several: for oidc and saml it is "provider:subject" and required; for webauthn and
// passkey it may be the id of a key. For other types it is ignored.
// [credentials.Set.Remove] says which credentials can be removed, and when. With
// preconditions the credential is removed only if they all hold.
//
// Errors: KindNotFound if there is no such identity or credential; KindInvalid for
// [credentials.ErrLastFirstFactor], [credentials.ErrNotRemovable] and
// [credentials.ErrIdentifierRequired]; KindPrecondition; KindVetoed.
func (m *Manager) DeleteCredential(ctx context.Context, id uuid.UUID, t credentials.Type, identifier string, preconditions ...Precondition) error {
	_, err := m.RemoveCredential(ctx, id, t, identifier, preconditions...)
	return err
}

// RemoveCredential is like [Manager.DeleteCredential], but returns the changed
// identity.
func (m *Manager) RemoveCredential(ctx context.Context, id uuid.UUID, t credentials.Type, identifier string, preconditions ...Precondition) (*identity.Identity, error) {
	return write(ctx, m, "delete credential", id, func(ctx context.Context) (*identity.Identity, error) {
		now := m.now()
		return m.change(ctx, id, preconditions, func(current *identity.Identity) (*identity.Identity, error) {
			return current.WithoutCredential(t, identifier, now)
		})
	})
}
