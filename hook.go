package idem

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// PendingChange is a change that is about to be committed, as a hook of [WithBeforeCommit] sees
// it: what the feed will say of it, but for its Sequence, and the identity on both
// sides.
type PendingChange struct {
	storage.Change
	// Before is the identity as it is, nil for a create. After is the identity as it
	// will be, nil for a delete. Both are the hook's own: no edit of them has an effect.
	Before, After *identity.Identity
}

// WithBeforeCommit has hook asked about every change, whoever makes it and on whichever
// way: creates, imports, updates, patches, deletes of an identity or a credential, and
// the new hash that a sign-in may bring. It sees exactly what will be committed; a
// change that changes nothing is not shown.
//
// An error vetoes the change: nothing happens, and the caller gets an error of
// KindVetoed that wraps a [*VetoError] with it. Over HTTP that is a 422 with the text of
// the error as its reason, so it should be written for the client and hold no secret.
//
// hook runs as part of the store's atomic step (for a create, which begins from nothing,
// just before it): it must be quick, must not call the Manager or the store, and may run
// again, or for a change that then fails for another reason. What must happen after a
// commit is for [Manager.Watch].
func WithBeforeCommit(hook func(ctx context.Context, c PendingChange) error) Option {
	return Option{func(c *config) error {
		if hook == nil {
			return errors.New("idem: WithBeforeCommit: the hook is nil")
		}
		c.beforeCommit = hook
		return nil
	}}
}

// VetoError says that a hook of [WithBeforeCommit] refused a change.
type VetoError struct {
	// Err is what the hook returned.
	Err error
}

// Error returns the text that the hook chose.
func (e *VetoError) Error() string { return e.Err.Error() }

// Unwrap returns what the hook returned.
func (e *VetoError) Unwrap() error { return e.Err }

// change replaces the identity id by what change makes of it, if the hook agrees.
func (m *Manager) change(ctx context.Context, id uuid.UUID,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	if err := checkActor(ctx); err != nil {
		return nil, err
	}
	if m.beforeCommit == nil {
		return m.storage.Update(ctx, id, change)
	}
	return m.storage.Update(ctx, id, func(current *identity.Identity) (*identity.Identity, error) {
		next, err := storage.ApplyUpdate(current, change)
		if err != nil || next == current {
			return next, err
		}
		return next, m.ask(ctx, storage.NewChange(ctx, current, next, next.UpdatedAt), current, next.Clone())
	})
}

// askCreate asks the hook about a new identity.
func (m *Manager) askCreate(ctx context.Context, i *identity.Identity) error {
	if err := checkActor(ctx); err != nil || m.beforeCommit == nil {
		return err
	}
	first := storage.ApplyCreate(i)
	return m.ask(ctx, storage.NewChange(ctx, nil, first, first.UpdatedAt), nil, first)
}

// ask asks the hook. A context that ended is no veto.
func (m *Manager) ask(ctx context.Context, c storage.Change, before, after *identity.Identity) error {
	err := m.beforeCommit(ctx, PendingChange{Change: c, Before: before, After: after})
	if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return &VetoError{Err: err}
}
