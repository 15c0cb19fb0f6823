package storage

import "github.com/idemkit/idem/identity"

// ApplyUpdate is the part of an update that is the same in every store. It calls change
// with a copy of current and returns the value that the store must keep: one with the
// id and the creation time of current and the next revision. If change altered nothing
// it returns current itself. An error of change is returned unchanged. The result
// shares no memory with what change returned.
func ApplyUpdate(current *identity.Identity,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	changed, err := change(current.Clone())
	if err != nil {
		return nil, err
	}
	next := changed.Clone()
	next.Canonicalize()
	next.ID, next.CreatedAt, next.Revision = current.ID, current.CreatedAt, current.Revision
	if next.Equal(current) {
		return current, nil
	}
	next.Revision++
	return next, nil
}

// ApplyCreate is the part of a create that is the same in every store. It returns the
// value that the store must keep for the new identity i: a copy in canonical form at
// revision 1.
func ApplyCreate(i *identity.Identity) *identity.Identity {
	first := i.Clone()
	first.Canonicalize()
	first.Revision = 1
	return first
}
