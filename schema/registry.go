package schema

import (
	"fmt"
	"slices"
)

// Registry is a set of identity schemas that may refer to each other. One of them is the default. A Registry
// is immutable and safe for concurrent use. [Registry.With] returns a changed copy.
type Registry struct {
	schemas []*Schema // linked copies; the default first
	byID    map[string]*Schema
}

// NewRegistry makes a registry of first, which is the default schema, and others. It links schemas that refer
// to each other. The registry holds linked copies; the given schemas do not change. The error wraps a
// [*violation.Error] that names a schema with a duplicate id, or a reference to a schema that is missing.
func NewRegistry(first *Schema, others ...*Schema) (*Registry, error) {
	r := &Registry{byID: make(map[string]*Schema)}
	var sources []*source
	for _, s := range append([]*Schema{first}, others...) {
		if s == nil {
			return nil, fmt.Errorf("schema registry: a schema is nil")
		}
		if _, taken := r.byID[s.id]; taken {
			return nil, refuse(s.id, "", "", "another schema of the registry has the same id")
		}
		sources = append(sources, s.source)
		r.byID[s.id] = s
		r.schemas = append(r.schemas, s)
	}
	documents := newLibrary(sources...)
	for i, s := range r.schemas {
		if len(s.outside) == 0 {
			continue
		}
		linked, err := compile(s.source, documents)
		if err != nil {
			return nil, err
		}
		linked.outside = s.outside
		r.schemas[i], r.byID[s.id] = linked, linked
	}
	return r, nil
}

// Default returns the schema for identities that name no schema.
func (r *Registry) Default() *Schema { return r.schemas[0] }

// Get returns the schema with exactly this id.
func (r *Registry) Get(id string) (*Schema, bool) {
	s, ok := r.byID[id]
	return s, ok
}

// All returns the schemas: the default first, then the others in the order of registration. The slice is the
// caller's.
func (r *Registry) All() []*Schema { return slices.Clone(r.schemas) }

// With returns a registry in which s replaces the schema with the same id. If there is none, s is added last.
// All references are linked again, so other schemas refer to the new one. Errors are those of [NewRegistry].
func (r *Registry) With(s *Schema) (*Registry, error) {
	if s == nil {
		return nil, fmt.Errorf("schema registry: a schema is nil")
	}
	schemas := r.All()
	at := slices.IndexFunc(schemas, func(other *Schema) bool { return other.id == s.id })
	if at < 0 {
		schemas = append(schemas, s)
	} else {
		schemas[at] = s
	}
	return NewRegistry(schemas[0], schemas[1:]...)
}
