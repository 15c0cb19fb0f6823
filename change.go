package idem

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// MaxActorLength bounds the name of an actor, in bytes.
const MaxActorLength = 256

// ContextWithActor returns a context whose changes are recorded in the feed as made by
// actor, the application's own name for the person or program at work, such as
// "admin:42". An actor is valid UTF-8 without control characters, of at most
// [MaxActorLength] bytes. A change with any other actor is refused (KindInvalid).
func ContextWithActor(ctx context.Context, actor string) context.Context {
	return storage.WithActor(ctx, actor)
}

func checkActor(ctx context.Context) error {
	actor := storage.Actor(ctx)
	if len(actor) > MaxActorLength || !utf8.ValidString(actor) || strings.ContainsFunc(actor, unicode.IsControl) {
		return violation.New("", "", fmt.Sprintf("the actor must be valid UTF-8 without control characters and at most %d bytes long", MaxActorLength))
	}
	return nil
}

// change replaces the identity id by what change makes of it, if the preconditions hold, it stays within the bounds of an
// identity, and the hook agrees. It gives it another sign-in epoch where its sign-ins must end. change must be a rule of
// package identity: none of them modifies the identity that it is given.
func (m *Manager) change(ctx context.Context, id uuid.UUID, preconditions []Precondition,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	return m.changeEnding(ctx, id, preconditions, identity.EndsSignIns, change)
}

// changeEnding is change where ends tells whether sign-ins must end.
func (m *Manager) changeEnding(ctx context.Context, id uuid.UUID, preconditions []Precondition, ends func(before, after *identity.Identity) bool,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	var epoch int64
	now := m.now()
	return m.commit(ctx, id, preconditions, func(current *identity.Identity) (*identity.Identity, error) {
		next, err := change(current)
		if err == nil {
			err = identity.CheckBounds(current, next)
		}
		if err != nil || !ends(current, next) {
			return next, err
		}
		if epoch == 0 {
			if epoch, err = m.newEpoch(current.SignInEpoch); err != nil {
				return nil, err
			}
		}
		ended := *next
		ended.SignInEpoch = epoch
		if ended.UpdatedAt.Equal(current.UpdatedAt) {
			ended.UpdatedAt = now // nothing else has changed
		}
		return &ended, nil
	})
}

// newEpoch draws a sign-in epoch other than current.
func (m *Manager) newEpoch(current int64) (int64, error) {
	for {
		var drawn [8]byte
		if _, err := io.ReadFull(m.random, drawn[:]); err != nil {
			return 0, fmt.Errorf("read randomness: %w", err)
		}
		if epoch := int64(binary.BigEndian.Uint64(drawn[:]) >> 1); epoch != 0 && epoch != current {
			return epoch, nil
		}
	}
}

// commit is change for what leaves the sign-in epoch to its caller. All changes of an identity that exists go through here.
func (m *Manager) commit(ctx context.Context, id uuid.UUID, preconditions []Precondition,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	if err := checkActor(ctx); err != nil {
		return nil, err
	}
	guarded := func(current *identity.Identity) (*identity.Identity, error) {
		if err := check(preconditions, current); err != nil {
			return nil, err
		}
		next, err := change(current)
		if err != nil {
			return nil, err
		}
		if next.UpdatedAt.Before(current.UpdatedAt) { // the clock was set back
			ordered := *next
			ordered.UpdatedAt = current.UpdatedAt
			next = &ordered
		}
		return next, checkStamps(next)
	}
	if m.beforeCommit == nil {
		if len(preconditions) == 0 { // else guarded calls code of the application
			ctx = storage.WithPureChanges(ctx, m.storage)
		}
		return m.storage.Update(ctx, id, guarded)
	}
	return m.storage.Update(ctx, id, func(current *identity.Identity) (*identity.Identity, error) {
		next, err := storage.ApplyUpdate(current, guarded)
		if err != nil || next == current {
			return next, err
		}
		return next, m.ask(ctx, storage.NewChange(ctx, current, next, next.UpdatedAt), current, next.Clone())
	})
}

// askCreate asks the hook about a new identity.
func (m *Manager) askCreate(ctx context.Context, i *identity.Identity) error {
	if err := violation.Join(checkActor(ctx), checkStamps(i)); err != nil || m.beforeCommit == nil {
		return err
	}
	first := storage.ApplyCreate(i)
	return m.ask(ctx, storage.NewChange(ctx, nil, first, first.UpdatedAt), nil, first)
}

// ask asks the hook. An error that is neither a veto nor the end of the context is a
// fault of the hook, whatever it wraps.
func (m *Manager) ask(ctx context.Context, c storage.Change, before, after *identity.Identity) error {
	err := m.beforeCommit(ctx, PendingChange{Change: c, Before: before, After: after})
	if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	if _, vetoed := errors.AsType[*VetoError](err); vetoed {
		return err
	}
	return &hookError{err}
}
