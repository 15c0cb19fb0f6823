package credentials

import (
	"iter"
	"maps"
	"reflect"
	"slices"
	"time"
)

// Credential is one way to prove an identity. For some types it is a set of ways.
//
// It is a plain value whose slices belong to its holder. It prints as a placeholder, and encoding/json leaves Config out.
type Credential struct {
	// Type is the type, the key in the [Set] that holds the credential.
	Type Type `json:"type"`
	// Identifiers are the names by which the owner is found, sorted and without repetitions. Within a type, no two
	// identities have the same identifier.
	Identifiers []string `json:"identifiers"`
	// Config is the secret part.
	Config Config `json:"-"`
	// Version is the version of Config's layout, see [Type.Version].
	Version int `json:"version"`
	// CreatedAt and UpdatedAt are in UTC. UpdatedAt moves when Identifiers or
	// Config change.
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Clone returns a copy that shares no memory with c.
func (c Credential) Clone() Credential {
	c.Identifiers = slices.Clone(c.Identifiers)
	c.Config = c.Config.Clone()
	return c
}

// Equal reports whether c and o have the same content. Times are compared as instants.
// A nil slice equals an empty one.
func (c Credential) Equal(o Credential) bool {
	return c.Type == o.Type &&
		slices.Equal(c.Identifiers, o.Identifiers) &&
		c.Version == o.Version &&
		c.CreatedAt.Equal(o.CreatedAt) &&
		c.UpdatedAt.Equal(o.UpdatedAt) &&
		c.Config.Equal(o.Config)
}

// isFirstFactor reports whether c alone is enough to sign in now: it has what the
// owner proves (for a code, an address to send one to) and, where the owner is
// found by an identifier, an identifier.
func (c Credential) isFirstFactor() bool {
	switch c.Type {
	case TypePassword:
		return len(c.Identifiers) > 0 && (c.Config.HashedPassword != "" || c.Config.UsePasswordMigrationHook)
	case TypeOIDC, TypeSAML:
		return len(c.Config.Providers) > 0
	case TypeWebAuthn:
		return len(c.Identifiers) > 0 && slices.ContainsFunc(c.Config.Keys, func(k Key) bool { return k.Passwordless })
	case TypePasskey:
		return len(c.Config.Keys) > 0
	case TypeCode:
		return len(c.Identifiers) > 0
	}
	return false
}

// Set holds the credentials of one identity by type. The nil Set is an empty one.
type Set map[Type]Credential

// Clone returns a copy that shares no memory with s; nil for a nil Set.
func (s Set) Clone() Set {
	if s == nil {
		return nil
	}
	identifiers := 0
	for _, c := range s {
		identifiers += len(c.Identifiers)
	}
	// One piece of memory holds the identifiers of all types, each cut off so that
	// to append to one reaches no other.
	all := make([]string, 0, identifiers)
	clone := make(Set, len(s))
	for t, c := range s {
		if c.Identifiers != nil {
			start := len(all)
			all = append(all, c.Identifiers...)
			c.Identifiers = all[start:len(all):len(all)]
		}
		c.Config = c.Config.Clone()
		clone[t] = c
	}
	return clone
}

// Sorted returns the credentials by type, in the order of the types' names.
func (s Set) Sorted() iter.Seq2[Type, Credential] {
	return func(yield func(Type, Credential) bool) {
		types := make([]Type, 0, 8) // as many as there are
		for t := range s {
			types = append(types, t)
		}
		slices.Sort(types)
		for _, t := range types {
			if !yield(t, s[t]) {
				return
			}
		}
	}
}

// Equal reports whether s and o hold equal credentials. A nil Set equals an empty
// one.
func (s Set) Equal(o Set) bool { return s.is(o) || maps.EqualFunc(s, o, Credential.Equal) }

// is reports whether s and o are one and the same map, as they are where an update leaves the credentials alone.
func (s Set) is(o Set) bool { return reflect.ValueOf(s).Pointer() == reflect.ValueOf(o).Pointer() }
