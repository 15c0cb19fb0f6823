package idem

import (
	"slices"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// Precondition decides whether an identity may be changed. It runs in the same atomic
// step as the change, on the current identity, and may run more than once. It must be
// quick, must not change current, and must not call the Manager or the store. If it
// returns an error nothing happens, and the caller gets a [*PreconditionError] with it.
type Precondition func(current *identity.Identity) error

// PreconditionError is the error, of KindPrecondition, of a change whose precondition
// does not hold.
type PreconditionError struct {
	// Err is the error that the [Precondition] returned. For [IfRevision] and
	// [IfNotRevision] it is [storage.ErrRevision].
	Err error
}

// Error returns the text of Err.
func (e *PreconditionError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *PreconditionError) Unwrap() error { return e.Err }

// IfRevision allows a change only if the identity has one of the given revisions.
// Otherwise the error is [storage.ErrRevision], and nothing changes. It corresponds to
// If-Match in HTTP (RFC 9110, section 13.1.1).
func IfRevision(revisions ...int64) Precondition {
	return func(current *identity.Identity) error {
		if !slices.Contains(revisions, current.Revision) {
			return storage.ErrRevision
		}
		return nil
	}
}

// IfNotRevision allows a change only if the identity has none of the given revisions.
// Otherwise the error is [storage.ErrRevision], and nothing changes. It corresponds to
// If-None-Match in HTTP (RFC 9110, section 13.1.2).
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
			return &PreconditionError{Err: err}
		}
	}
	return nil
}
