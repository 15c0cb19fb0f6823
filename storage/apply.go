package storage

import (
	"context"
	"slices"

	"github.com/idemkit/idem/identity"
)

// ApplyUpdate is the part of an update that is the same in every store. It calls change
// with a copy of current and returns the value that the store must keep: one with the
// id and the creation time of current and the next revision. If change altered nothing
// it returns current itself. An error of change is returned unchanged. The result
// shares no memory with what change returned.
func ApplyUpdate(current *identity.Identity,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	next, err := apply(current, current.Clone(), change)
	if err != nil || next == current {
		return next, err
	}
	return next.Clone(), nil
}

// ApplyUpdateShared is [ApplyUpdate] for a store that modifies neither current nor the
// result, and gives neither to its callers without a copy. It copies less: the result shares
// with current the credentials and addresses that change left equal, and if ctx is one of
// [WithPureChanges] for store, change gets current itself. The type of store must be comparable, as
// a pointer is.
func ApplyUpdateShared(ctx context.Context, store Storage, current *identity.Identity,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	if promised := ctx.Value(pureChangesKey{}); promised != nil && promised == store {
		return apply(current, current, change)
	}
	return apply(current, current.Clone(), change)
}

// apply applies change to given, which is current or a copy of it.
func apply(current, given *identity.Identity, change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	changed, err := change(given)
	if err != nil {
		return nil, err
	}
	next := *changed
	sameCredentials := next.Credentials.Equal(current.Credentials)
	sameVerifiable := slices.EqualFunc(next.VerifiableAddresses, current.VerifiableAddresses, identity.VerifiableAddress.Equal)
	sameRecovery := slices.EqualFunc(next.RecoveryAddresses, current.RecoveryAddresses, identity.RecoveryAddress.Equal)
	// What is shared is neither copied nor made canonical: it is canonical already, and others may be reading it.
	if sameCredentials {
		next.Credentials = nil
	}
	if sameVerifiable {
		next.VerifiableAddresses = nil
	}
	if sameRecovery {
		next.RecoveryAddresses = nil
	}
	kept := next.Clone()
	kept.Canonicalize()
	if sameCredentials {
		kept.Credentials = current.Credentials
	}
	if sameVerifiable {
		kept.VerifiableAddresses = current.VerifiableAddresses
	}
	if sameRecovery {
		kept.RecoveryAddresses = current.RecoveryAddresses
	}
	kept.ID, kept.CreatedAt, kept.Revision = current.ID, current.CreatedAt, current.Revision
	if kept.Equal(current) {
		return current, nil
	}
	kept.Revision++
	return kept, nil
}

type pureChangesKey struct{}

// WithPureChanges returns a context for the Update of store that promises that its change functions neither modify
// the identity that they are given nor keep it. Then store may give them its own identity instead of a copy. The promise
// is to store alone: a store to which store passes the call on still makes copies, since store may modify
// what it gets.
func WithPureChanges(ctx context.Context, store Storage) context.Context {
	return context.WithValue(ctx, pureChangesKey{}, store)
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
