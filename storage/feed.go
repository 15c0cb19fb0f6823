package storage

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
)

// Operation is what a change did to an identity.
type Operation string

// The operations.
const (
	OperationCreate Operation = "create"
	OperationUpdate Operation = "update"
	OperationDelete Operation = "delete"
)

// Change is an entry of the change feed: one committed create, update or delete. It holds
// no value of the identity, and no secret.
type Change struct {
	// Sequence is the position in the feed: 1 for the first change of a store, and one
	// more for each later change. It is 0 before the change is committed.
	Sequence int64
	// Time is the UpdatedAt of the identity after the change, or the time of the delete.
	// Unlike Sequence it may decrease from one change to the next, because clocks
	// differ.
	Time time.Time
	// IdentityID is the identity that changed.
	IdentityID uuid.UUID
	// Revision is the identity's revision after the change. For a delete it is the last
	// revision plus one. So (IdentityID, Revision) identifies a change too.
	Revision int64
	// Operation is what happened.
	Operation Operation
	// Fields are the fields that changed, or those that a create set, as
	// [identity.ChangedFields] names them. A delete has none.
	Fields []string
	// Actor is the actor of the change's context; see [WithActor]. It may be empty.
	Actor string
}

// NewChange returns the entry for a change from before to after at the given time. before
// is nil for a create, and after is nil for a delete. The actor is that of ctx.
func NewChange(ctx context.Context, before, after *identity.Identity, at time.Time) Change {
	c := Change{Time: at.UTC().Truncate(time.Microsecond), Operation: OperationUpdate, Actor: Actor(ctx)}
	switch {
	case after == nil:
		c.Operation, c.IdentityID, c.Revision = OperationDelete, before.ID, before.Revision+1
		return c
	case before == nil:
		c.Operation, before = OperationCreate, &identity.Identity{}
	}
	c.IdentityID, c.Revision = after.ID, after.Revision
	c.Fields = identity.ChangedFields(before, after)
	return c
}

type actorKey struct{}

// WithActor returns a context whose changes are recorded as made by actor. A store records
// any actor unchecked. Applications use idem.ContextWithActor instead; package idem
// defines which actors are valid, and refuses a change by any other.
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// Actor returns the actor of ctx, empty if there is none.
func Actor(ctx context.Context) string {
	actor, _ := ctx.Value(actorKey{}).(string)
	return actor
}

// ChangeQuery selects changes of the feed. [Storage.Changes] returns one page of them. The
// zero ChangeQuery is the beginning of the feed.
type ChangeQuery struct {
	// After is the sequence number of the last change that the reader has handled. 0
	// starts at the oldest change that is kept.
	After int64
	// IdentityID selects the changes of one identity, also of one that was deleted. The
	// nil id selects all. With it, pruned changes are skipped without an error.
	IdentityID uuid.UUID
	// Limit bounds the number of changes of a page. 0 or less means DefaultLimit.
	Limit int
}

// Retention says which changes to keep. The zero Retention keeps all. A change is
// deleted if either field does not keep it. Changes are deleted from the oldest on.
type Retention struct {
	// Since keeps the changes made at this time or later. Clocks differ, so a change
	// counts as older only if most of the group of this change and the hundred after it
	// are older. One clock that is far off therefore has no effect. The zero time keeps
	// all.
	Since time.Time
	// Newest keeps only this many of the latest changes. 0 keeps all.
	Newest int
}

// ErrPosition says that the feed cannot be read from the reader's position: changes after
// it were pruned, or the store never had the change, for example because it was restored
// from an older copy. The reader has missed changes and must read the identities again.
var ErrPosition = errors.New("the change feed cannot be read on from this position")

// ResumeAfter is the part of reading the feed that is the same in every store. found are
// the oldest changes of the feed whose sequence number is at least after. It returns
// those whose number is greater than after, or [ErrPosition] if changes between are
// missing.
func ResumeAfter(after int64, found []Change) ([]Change, error) {
	switch {
	case after == 0:
		return found, nil
	case len(found) == 0 || found[0].Sequence > after+1:
		return nil, ErrPosition
	case found[0].Sequence == after:
		return found[1:], nil
	}
	return found, nil
}
