package idem

import (
	"slices"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// Precondition decides, in the same atomic step as the change it guards, whether
// the identity as it is then may be changed. Its error ends the change.
type Precondition func(current *identity.Identity) error

// IfRevision lets a change happen only while the identity has one of the given
// revisions. Otherwise the error is [storage.ErrRevision], and nothing changes. It
// is what If-Match is over HTTP (RFC 9110, section 13.1.1).
func IfRevision(revisions ...int64) Precondition {
	return func(current *identity.Identity) error {
		if !slices.Contains(revisions, current.Revision) {
			return storage.ErrRevision
		}
		return nil
	}
}

// IfNotRevision lets a change happen only while the identity has none of the given
// revisions. It is what If-None-Match is over HTTP (RFC 9110, section 13.1.2).
func IfNotRevision(revisions ...int64) Precondition {
	return func(current *identity.Identity) error {
		if slices.Contains(revisions, current.Revision) {
			return storage.ErrRevision
		}
		return nil
	}
}

func check(preconditions []Precondition, current *identity.Identity) error {
	for _, p := range preconditions {
		if err := p(current); err != nil {
			return err
		}
	}
	return nil
}
