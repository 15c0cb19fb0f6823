package idem

import (
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// Schemas returns the schemas that traits are checked against now.
func (m *Manager) Schemas() *schema.Registry { return m.schemas.Load() }

// SetSchemas replaces the schemas, at once and for every call that begins after it.
// Calls under way finish with the schemas they began with. Identities stay as they are:
// [Manager.CheckSchema] tells beforehand what the new schema would change, and
// [Manager.Rederive] changes it. An identity whose traits do not fit its schema stays
// readable, and everything but its traits can be changed; new traits must fit.
//
// The error is that of a nil registry.
func (m *Manager) SetSchemas(schemas *schema.Registry) error {
	if schemas == nil {
		return &Error{Op: "set schemas", Kind: KindInvalid, Err: violation.New("", "", "the schema registry is nil")}
	}
	m.schemas.Store(schemas)
	return nil
}
