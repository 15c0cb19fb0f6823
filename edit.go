package idem

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// EditIdentity calls edit to describe a change of the identity id, makes that change in
// one atomic step, and returns the changed identity. [Manager.ModifyIdentity] and the
// methods that change one thing are built on it. Use it for a change that none of them can
// describe.
//
// edit gets a copy of the current identity, and an e that changes nothing yet. edit may
// run again if another caller changes the identity meanwhile. It must not call the Manager
// or the store. Plain passwords are checked and hashed outside the atomic step. Traits and
// schema that e leaves alone are not validated again. With preconditions the change
// happens only if they all hold.
//
// Errors: those of [Manager.UpdateIdentity]. An error of edit is returned as the cause,
// unchanged; one that has no kind of its own becomes a [*PreconditionError].
func (m *Manager) EditIdentity(ctx context.Context, id uuid.UUID, edit func(current *identity.Identity, e *identity.Edit) error, preconditions ...Precondition) (*identity.Identity, error) {
	return m.editing(ctx, "edit identity", id, edit, preconditions)
}

// ModifyIdentity changes some fields of the identity id in one atomic step, and returns
// the changed identity. modify gets an update that holds the current values, and sets the
// fields that it wants to change. Credentials are not filled in; those that modify sets
// are merged, as in an update. modify may run again, and must not call the Manager or the
// store.
//
// Errors: those of [Manager.EditIdentity].
func (m *Manager) ModifyIdentity(ctx context.Context, id uuid.UUID, modify func(u *identity.Update) error, preconditions ...Precondition) (*identity.Identity, error) {
	return m.editing(ctx, "modify identity", id, func(_ *identity.Identity, e *identity.Edit) error {
		return modify(&e.Update)
	}, preconditions)
}

// editing is EditIdentity as the operation op.
func (m *Manager) editing(ctx context.Context, op string, id uuid.UUID, edit func(*identity.Identity, *identity.Edit) error, preconditions []Precondition) (*identity.Identity, error) {
	return write(ctx, m, op, id, func(ctx context.Context) (*identity.Identity, error) {
		return m.edit(ctx, id, func(current *identity.Identity) (identity.Edit, error) {
			e := identity.NewEdit(current)
			err := edit(current.Clone(), &e)
			if err != nil && kindOf(err) == KindInternal {
				err = &PreconditionError{Err: err}
			}
			return e, err
		}, preconditions)
	})
}

// errMoved ends an attempt that worked on an identity that has changed since.
var errMoved = errors.New("the identity has changed")

// maxLosses is how often an edit is worked out before the store's step. Then it is worked
// out within the step, so that others who keep changing the identity cannot starve it.
const maxLosses = 2

// edit changes the identity id by what resolve makes of it.
func (m *Manager) edit(ctx context.Context, id uuid.UUID, resolve func(current *identity.Identity) (identity.Edit, error), preconditions []Precondition) (*identity.Identity, error) {
	w := editWork{manager: m, resolve: resolve, schemas: m.Schemas(), hasher: &rememberingHasher{Hasher: m.hasher}}
	for losses := 0; ; {
		current, err := m.storage.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := check(preconditions, current); err != nil {
			return nil, err
		}
		if err := w.work(ctx, current, false); err != nil {
			return nil, err
		}
		ends := func(before, after *identity.Identity) bool {
			return w.edit.EndSignIns || identity.EndsSignIns(before, after)
		}
		edited, err := m.changeEnding(ctx, id, preconditions, ends, func(now *identity.Identity) (*identity.Identity, error) {
			if !w.isFor(now) {
				if losses < maxLosses {
					return nil, errMoved
				}
				if err := w.work(ctx, now.Clone(), true); err != nil {
					return nil, err
				}
			}
			return w.edit.Apply(now, w.facts)
		})
		if !errors.Is(err, errMoved) {
			return edited, locate(err, w.facts.Derived, w.edit.Credentials)
		}
		losses++
	}
}

// editWork is an edit and what it was worked out to be.
type editWork struct {
	manager *Manager
	resolve func(current *identity.Identity) (identity.Edit, error)
	schemas *schema.Registry
	hasher  *rememberingHasher
	edit    identity.Edit
	facts   identity.Facts
	// current is what edit and facts were worked out for.
	current *identity.Identity
}

// isFor reports whether the edit was worked out for this very identity. A store may run a change on an older state than
// the one that was read, and then again on that one.
func (w *editWork) isFor(i *identity.Identity) bool {
	return w.current.Revision == i.Revision && w.current.Equal(i)
}

// work works the edit out for current. Within the store's step it hashes nothing: a
// password that was not seen before the step is errMoved.
func (w *editWork) work(ctx context.Context, current *identity.Identity, inStep bool) (err error) {
	w.current = current
	if w.edit, err = w.resolve(current); err != nil {
		return err
	}
	in := input{
		schemas: w.schemas, hasher: w.hasher, schemaID: w.edit.SchemaID, traits: w.edit.Traits,
		kept: w.edit.KeptTraits(current), credentials: w.edit.Credentials, stored: current.Credentials,
		checked: w.edit.CheckChanges(current),
	}
	if inStep {
		in.hasher, in.judged = rememberedHash{w.hasher}, true
	}
	w.facts, err = w.manager.facts(ctx, in)
	return err
}
