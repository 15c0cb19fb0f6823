package idem

import (
	"context"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// GetIdentity returns the identity id. Errors: KindNotFound.
func (m *Manager) GetIdentity(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	found, err := m.storage.Get(ctx, id)
	return found, m.finishRead(ctx, "get identity", id, err)
}

// FindByExternalID returns the identity with that external id, compared byte for
// byte. Errors: KindNotFound.
func (m *Manager) FindByExternalID(ctx context.Context, externalID string) (*identity.Identity, error) {
	found, err := m.storage.Find(ctx, storage.ExternalIDClaim(externalID))
	return found, m.finishRead(ctx, "find identity by external id", uuid.Nil, err)
}

// FindByIdentifier returns the identity that signs in as identifier with a
// credential of type t. Identifiers that come from traits (password, webauthn,
// code) are found in any spelling that normalises alike; "provider:subject" of oidc
// and saml and all others are compared byte for byte. Errors: KindNotFound.
func (m *Manager) FindByIdentifier(ctx context.Context, t credentials.Type, identifier string) (*identity.Identity, error) {
	found, err := m.storage.Find(ctx, storage.IdentifierClaim(t, normalize(t, identifier)))
	return found, m.finishRead(ctx, "find identity by identifier", uuid.Nil, err)
}

func normalize(t credentials.Type, identifier string) string {
	if t.IdentifiersFromTraits() {
		return schema.Normalize(identifier)
	}
	return identifier
}
