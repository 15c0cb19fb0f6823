package storage

import "github.com/idemkit/idem/identity"

// Apply is the part of an update that every store does alike: it runs change on
// a copy of current and returns what is to be kept, with the id and the creation
// time of current and the next revision. It returns current itself if nothing
// changed, and change's error as it is. The result shares no memory with what
// change returned.
func Apply(current *identity.Identity,
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

// First is the part of a create that every store does alike: it returns what is to be
// kept of a new identity, a copy in canonical form and at revision 1.
func First(i *identity.Identity) *identity.Identity {
	first := i.Clone()
	first.Canonicalize()
	first.Revision = 1
	return first
}
