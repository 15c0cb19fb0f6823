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
	return run(ctx, m, "get identity", id, func(ctx context.Context) (*identity.Identity, error) {
		return m.storage.Get(ctx, id)
	})
}

// FindByExternalID returns the identity with that external id, compared byte for
// byte. Errors: KindNotFound.
func (m *Manager) FindByExternalID(ctx context.Context, externalID string) (*identity.Identity, error) {
	return run(ctx, m, "find identity by external id", uuid.Nil, func(ctx context.Context) (*identity.Identity, error) {
		return m.storage.Find(ctx, storage.ExternalIDClaim(externalID))
	})
}

// FindByIdentifier returns the identity that signs in as identifier with a
// credential of type t. Identifiers that come from traits (password, webauthn,
// code) are found in any spelling that normalises alike; "provider:subject" of oidc
// and saml and all others are compared byte for byte. Errors: KindNotFound.
func (m *Manager) FindByIdentifier(ctx context.Context, t credentials.Type, identifier string) (*identity.Identity, error) {
	return run(ctx, m, "find identity by identifier", uuid.Nil, func(ctx context.Context) (*identity.Identity, error) {
		return m.storage.Find(ctx, storage.IdentifierClaim(t, normalize(t, identifier)))
	})
}

func normalize(t credentials.Type, identifier string) string {
	if t.IdentifiersFromTraits() {
		return schema.NormalizeIdentifier(string(t), identifier)
	}
	return identifier
}
