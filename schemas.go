package idem

import (
	"context"
	"errors"
	"iter"

	"github.com/google/uuid"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// Schemas returns the schemas that traits are checked against now.
func (m *Manager) Schemas() *schema.Registry { return m.schemas.Load() }

// SetSchemas replaces the schemas, at once and for every call that begins after it.
// Calls under way finish with the schemas they began with. Identities are not looked
// at: [Manager.CheckSchema] tells beforehand which would no longer validate. One
// whose traits do not fit its schema stays readable, and its next update must fit.
//
// The error is that of a nil registry.
func (m *Manager) SetSchemas(schemas *schema.Registry) error {
	if schemas == nil {
		return &Error{Op: "set schemas", Kind: KindInvalid, Err: violation.New("", "", "the schema registry is nil")}
	}
	m.schemas.Store(schemas)
	return nil
}

// SchemaMismatch is an identity that a schema would no longer accept.
type SchemaMismatch struct {
	ID uuid.UUID
	// Violations are what is wrong with its traits, without their values.
	Violations []violation.Violation
}

// CheckSchema tells which of the identities of the schema id have traits that
// candidate would refuse, for a look before candidate takes that schema's place. It
// walks all identities, page by page, and changes nothing. candidate may refer to the
// schemas that are registered. The error ends it: that of a candidate that cannot be
// linked with them (KindInvalid), or of the store.
func (m *Manager) CheckSchema(ctx context.Context, id string, candidate *schema.Schema) iter.Seq2[SchemaMismatch, error] {
	const op = "check schema"
	return func(yield func(SchemaMismatch, error) bool) {
		_ = runError(ctx, m, op, uuid.Nil, func(ctx context.Context) error {
			end := func(id uuid.UUID, err error) error {
				err = m.wrap(ctx, op, id, err)
				yield(SchemaMismatch{}, err)
				return err
			}
			linked, err := m.Schemas().With(candidate)
			if err != nil {
				return end(uuid.Nil, violation.New("/schema_id", "", err.Error()))
			}
			candidate, _ := linked.Get(candidate.ID())
			for i, err := range m.Identities(ctx, Query{PageSize: MaxPageSize}) {
				if err != nil {
					return end(uuid.Nil, err)
				}
				if i.SchemaID != id {
					continue
				}
				_, err := candidate.Validate(i.Traits)
				var invalid *violation.Error
				switch {
				case err == nil:
				case errors.As(err, &invalid):
					if !yield(SchemaMismatch{ID: i.ID, Violations: invalid.Violations}, nil) {
						return nil
					}
				default:
					return end(i.ID, err)
				}
			}
			return nil
		})
	}
}
