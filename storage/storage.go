// Package storage says what idem asks of a place that keeps identities, and in
// which errors such a place answers.
//
// Three implementations come with idem: package memory for tests, package sqlite for
// one machine, and package postgres for several. Package storagetest is this contract in
// runnable form: an implementation of your own is right when it passes.
//
// Start reading at [Storage].
package storage

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
)

// Storage keeps identities. All methods are safe for concurrent use.
//
// A store keeps and returns copies: its caller may modify what it passed and what it got.
// The bytes of traits and metadata come back as they went in. Times come back in UTC,
// truncated to the microsecond.
//
// Every create, update and delete that is committed adds an entry to the change feed in
// the same step: there is no change without its entry and no entry without its change.
// If one change was committed before another began, it comes first in the
// feed; so do the changes of one identity, and of one claim, in their order. Changes under
// way at the same moment may come in either order. The order is final: what was read once
// is read so again. Reading the feed may write to the database.
//
// The id of every identity and everything that [Claims] lists is unique. A store checks
// that atomically with each write.
//
// Every method returns the error of ctx if ctx ends before its work has begun. It may
// complete work that it has begun, so that its answer is true. It returns [ErrClosed]
// after Close, and [ErrUnavailable] if the store cannot be reached or stays locked. After
// any error but one that wraps [ErrOutcomeUnknown] nothing has changed.
type Storage interface {
	// Create keeps a new identity, with revision 1, and returns it as kept.
	// Errors: a [*ConflictError]. If the id is taken, and another identity has something
	// that [Claims] lists, it is about the latter.
	Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error)

	// CreateMany creates many identities, each by itself as Create does: one that is
	// refused stops no other. Of two that clash the earlier is kept. The results have
	// the length and order of identities, and of each pair exactly one is nil.
	CreateMany(ctx context.Context, identities []*identity.Identity) ([]*identity.Identity, []error)

	// Get returns the identity id. Errors: [ErrNotFound].
	Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error)

	// Find returns the identity that has claim, compared byte for byte. Make the claim
	// with [IdentifierClaim], [ExternalIDClaim], [AddressClaim] or [KeyClaim].
	// Errors: [ErrNotFound], also for a claim of [ClaimKindID] or of an unknown kind or
	// type.
	Find(ctx context.Context, claim Claim) (*identity.Identity, error)

	// List returns a page of identities. A page that begins after a position, also one of
	// an identity that is gone, neither repeats nor skips an identity that stayed at its
	// place all along, whatever is created, changed or deleted meanwhile. The identities of
	// one page may be of different moments. A filter or an order that the store has no index
	// for makes it read all identities; it ends with ctx and holds up no write.
	List(ctx context.Context, q Query) (Page, error)

	// Count returns how many identities match. An identity that changes meanwhile may be
	// counted as it was before or after. It reads all identities where List would.
	Count(ctx context.Context, filter Filter) (int, error)

	// Update replaces the identity id by what change makes of it, in one atomic
	// step, and returns the result. change gets a copy of its own, may edit it in
	// place, may run again, and must not call the store. A result equal by content
	// writes nothing and keeps the revision; any other gets the next revision. Update
	// ignores what change does to the id, the revision and the creation time. If change
	// fails nothing has happened and its error is returned as it is.
	// Errors: [ErrNotFound]; a [*ConflictError].
	Update(ctx context.Context, id uuid.UUID,
		change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error)

	// Delete removes the identity id permanently. What it claimed is free again, and its
	// records are deleted. at is the time for the change feed. If check is not nil it
	// gets a copy of the identity as it is in the same atomic step; if it returns an
	// error, that is returned as it is and nothing is removed. check may run again and
	// must not call the store.
	// Errors: [ErrNotFound].
	Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error

	// Changes returns a part of the change feed, in its order. Sequence numbers have
	// no gaps, and every change up to the last that is returned has been committed: a
	// reader that continues after it misses none, whatever happens meanwhile.
	// Errors: [ErrPosition], unless the changes of one identity are asked for.
	Changes(ctx context.Context, q ChangeQuery) ([]Change, error)

	// LastChange returns the sequence number of the newest change, 0 if there is none.
	LastChange(ctx context.Context) (int64, error)

	// PruneChanges deletes old changes from the feed, and returns how many. The newest
	// change always stays. It may work in several steps: after an error some may be gone.
	PruneChanges(ctx context.Context, keep Retention) (int, error)

	// Changed returns a channel that is closed when something has been committed
	// through this store since the call, or the store is closed. It does not report
	// what other processes commit.
	Changed() <-chan struct{}

	// UpdateRecord replaces the record with that key by what change makes of it, in one
	// atomic step that is durable when it returns. current is nil if there is no such
	// record or it has expired at now; a result of nil deletes it. change gets a copy of
	// its own, may run again, and must not call the store; its error is returned as it
	// is and changes nothing. The Key of the result is ignored. Records are not in the
	// change feed. See [Record] for what a store keeps.
	// Errors: [ErrRecordSize]; [ErrNotFound] if the identity of the record does not
	// exist; [ErrInTransaction] on the store of an application's transaction.
	UpdateRecord(ctx context.Context, key RecordKey, now time.Time, change func(current *Record) (*Record, error)) error

	// PruneRecords deletes the records that expire at before or earlier, and returns how
	// many. It may work in several steps, and after an error some may be gone.
	PruneRecords(ctx context.Context, before time.Time) (int, error)

	// Close waits for the writes under way and closes what the store itself opened. A
	// second Close does nothing.
	Close() error
}
