package idem

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// UpdateIdentity replaces what u names on the identity id, by the rules that the
// fields of [identity.Update] give, and returns the identity as it is then. It is
// one atomic step: a reader sees the identity before or after, and after any error
// nothing has changed. An update that changes nothing writes nothing.
//
// With preconditions it happens only if they all hold; see [IfRevision].
//
// Errors: KindInvalid with everything that is wrong with u; KindNotFound;
// KindConflict if an identifier, an address or the external id belongs to another
// identity; KindPrecondition; KindVetoed.
func (m *Manager) UpdateIdentity(ctx context.Context, id uuid.UUID, u identity.Update, preconditions ...Precondition) (*identity.Identity, error) {
	return write(ctx, m, "update identity", id, func(ctx context.Context) (*identity.Identity, error) {
		return m.updateIdentity(ctx, id, u, preconditions)
	})
}

// errSchemaMoved ends an attempt whose traits were checked against a schema that
// the identity no longer has.
var errSchemaMoved = errors.New("the identity's schema has changed")

func (m *Manager) updateIdentity(ctx context.Context, id uuid.UUID, u identity.Update, preconditions []Precondition) (*identity.Identity, error) {
	in := input{
		schemas: m.Schemas(), hasher: &rememberingHasher{Hasher: m.hasher},
		schemaID: u.SchemaID, traits: u.Traits, credentials: u.Credentials, checked: u.Check(),
	}
	for {
		if u.SchemaID == "" {
			current, err := m.storage.Get(ctx, id)
			if err != nil {
				return nil, invalidFirst(err, in)
			}
			in.schemaID = current.SchemaID
		}
		facts, err := m.facts(ctx, in)
		if err != nil {
			return nil, err
		}
		updated, err := m.change(ctx, id, preconditions, func(current *identity.Identity) (*identity.Identity, error) {
			if u.SchemaID == "" && current.SchemaID != in.schemaID {
				return nil, errSchemaMoved
			}
			return u.Apply(current, facts), nil
		})
		if !errors.Is(err, errSchemaMoved) {
			return updated, locate(err, facts.Derived, u.Credentials)
		}
	}
}

// invalidFirst puts what is wrong with the input, as far as it can be told, before
// err, which says that there is nothing to apply it to.
func invalidFirst(err error, in input) error {
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if invalid := violation.Join(in.checked, checkShape(in.traits), checkCredentials(in.credentials)); invalid != nil {
		return invalid
	}
	return err
}
