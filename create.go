package idem

import (
	"context"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// CreateIdentity creates an identity and returns it. Plain passwords are hashed, and
// imported hashes are checked. Identifiers and addresses are derived from the traits by
// their schema.
//
// Errors: KindInvalid with everything that is wrong with c; KindConflict if an
// identifier, an address or the external id belongs to another identity; KindVetoed.
func (m *Manager) CreateIdentity(ctx context.Context, c identity.Create) (*identity.Identity, error) {
	return write(ctx, m, "create identity", uuid.Nil, func(ctx context.Context) (*identity.Identity, error) {
		return m.createIdentity(ctx, c)
	})
}

func (m *Manager) createIdentity(ctx context.Context, c identity.Create) (*identity.Identity, error) {
	facts, err := m.createFacts(ctx, m.Schemas(), c, m.hasher)
	if err != nil {
		return nil, err
	}
	created := c.Apply(m.newID(), facts)
	if err := identity.CheckBounds(nil, created); err != nil {
		return nil, err
	}
	if err := m.askCreate(ctx, created); err != nil {
		return nil, err
	}
	created, err = m.storage.Create(ctx, created)
	return created, locate(err, facts.Derived, c.Credentials)
}

func (m *Manager) createFacts(ctx context.Context, schemas *schema.Registry, c identity.Create, hasher passwordhash.Hasher) (identity.Facts, error) {
	schemaID := c.SchemaID
	if schemaID == "" {
		schemaID = schemas.Default().ID()
	}
	return m.facts(ctx, input{
		schemas: schemas, hasher: hasher,
		schemaID: schemaID, traits: c.Traits, credentials: c.Credentials, checked: c.Check(),
	})
}
