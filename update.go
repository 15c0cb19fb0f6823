package idem

import (
	"cmp"
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// UpdateIdentity replaces the fields of the identity id that u sets, by the rules that
// the fields of [identity.Update] describe, and returns the changed identity. It is one
// atomic step: a reader sees the identity before or after the update, and an error
// means that nothing has changed. An update that changes nothing writes nothing.
//
// With preconditions the identity is updated only if they all hold; see [IfRevision].
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

// errTraitsMoved ends an attempt that was to keep traits that the identity no longer has.
var errTraitsMoved = errors.New("the identity's traits have changed")

func (m *Manager) updateIdentity(ctx context.Context, id uuid.UUID, u identity.Update, preconditions []Precondition) (*identity.Identity, error) {
	in := input{
		schemas: m.Schemas(), hasher: &rememberingHasher{Hasher: m.hasher},
		schemaID: u.SchemaID, traits: u.Traits, credentials: u.Credentials, checked: u.Check(),
	}
	for {
		facts, kept, err := m.updateFacts(ctx, id, u, in)
		if err != nil {
			return nil, err
		}
		updated, err := m.change(ctx, id, preconditions, func(current *identity.Identity) (*identity.Identity, error) {
			now := facts
			switch {
			case kept && !u.KeepsTraits(current):
				return nil, errTraitsMoved
			case u.SchemaID == "" && current.SchemaID != facts.SchemaID:
				return nil, errSchemaMoved
			case kept:
				now.Derived = current.Derived()
			}
			return u.Apply(current, now), nil
		})
		if !errors.Is(err, errSchemaMoved) && !errors.Is(err, errTraitsMoved) {
			return updated, locate(err, facts.Derived, u.Credentials)
		}
	}
}

// updateFacts works out the facts of u. The identity is read only where they depend on it: for the schema that u leaves
// out, for what it may send back, and for traits that no longer fit their schema, which u may keep as they are: then kept is true.
func (m *Manager) updateFacts(ctx context.Context, id uuid.UUID, u identity.Update, in input) (facts identity.Facts, kept bool, err error) {
	var current *identity.Identity
	if u.SchemaID == "" || m.refersToStored(in) {
		found, err := m.storage.Get(ctx, id)
		switch {
		case err == nil:
			current, in.schemaID, in.stored = found, cmp.Or(u.SchemaID, found.SchemaID), found.Credentials
		case u.SchemaID == "" || !errors.Is(err, storage.ErrNotFound):
			return facts, false, m.invalidFirst(err, in)
		}
	}
	in.derived, in.traitsErr = in.derive()
	in.isDerived = true
	echoesCode := u.Credentials != nil && u.Credentials.Code != nil // and may hold what was derived from other traits
	if echoesCode || in.traitsErr != nil && errors.As(in.traitsErr, new(*violation.Error)) {
		if current == nil {
			found, err := m.storage.Get(ctx, id)
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return facts, false, err
			}
			current = found
		}
		if current != nil {
			in.stored = current.Credentials
			if u.KeepsTraits(current) {
				in.kept, in.schemaID = current.Derived(), current.SchemaID
			}
		}
	}
	facts, err = m.facts(ctx, in)
	return facts, in.kept != nil, err
}

// invalidFirst puts what is wrong with the input, as far as it can be told, before
// err, which says that there is nothing to apply it to.
func (m *Manager) invalidFirst(err error, in input) error {
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if invalid := violation.Join(in.checked, checkShape(in.traits), m.checkCredentials(in)); invalid != nil {
		return invalid
	}
	return err
}
