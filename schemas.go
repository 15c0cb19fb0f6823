package idem

import (
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// Schemas returns the schemas that traits are checked against now.
func (m *Manager) Schemas() *schema.Registry { return m.schemas.Load() }

// SetSchemas replaces the schemas for every call that begins after it. Calls that have
// begun finish with the old schemas. Identities are not changed: [Manager.CheckSchema]
// reports in advance what a new schema would change, and [Manager.Rederive] makes that
// change. An identity whose traits do not fit its schema stays readable, and everything
// but its traits can be changed; new traits must fit.
//
// It fails if schemas is nil.
func (m *Manager) SetSchemas(schemas *schema.Registry) error {
	if schemas == nil {
		return &Error{Op: "set schemas", Kind: KindInvalid, Err: violation.New("", "", "the schema registry is nil")}
	}
	m.schemas.Store(schemas)
	return nil
}
