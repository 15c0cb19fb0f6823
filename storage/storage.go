// Package storage is the contract of a store of identities: its methods, its guarantees
// and its errors.
//
// Three implementations come with idem: package memory for tests, package sqlite for one
// machine, and package postgres for several. Package storagetest tests this contract: an
// implementation of your own is correct if it passes.
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
// A store keeps and returns copies: a caller may modify its arguments and results
// afterwards. The bytes of traits and metadata are returned as they were given. Times are
// returned in UTC, truncated to the microsecond.
//
// Every create, update and delete that is committed adds an entry to the change feed in
// the same step: there is no change without its entry and no entry without its change. If
// one change was committed before another began, it comes first in the feed; so do the
// changes of one identity, and of one claim, in their order. Changes under way at the same
// moment may come in either order. The order never changes once it has been read. Reading
// the feed may write to the database.
//
// The id of every identity and everything that [Claims] lists is unique. A store checks
// that atomically with each write.
//
// Every method returns the error of ctx if ctx ends before its work has begun. It may
// complete work that it has begun, so that its result is correct. It returns [ErrClosed]
// after Close, and [ErrUnavailable] if the store cannot be reached or stays locked. After
// an error nothing has changed, unless the error wraps [ErrOutcomeUnknown].
type Storage interface {
	// Create keeps a new identity, with revision 1, and returns it as kept. Errors: a
	// [*ConflictError]. If both the id and a claim that [Claims] lists are taken, the
	// error is about the claim.
	Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error)

	// CreateMany creates many identities, each on its own as Create does: if one fails,
	// the others are still created. If two of them clash, the earlier one is created
	// and the later one fails. Both results have the length and order of identities. At
	// each index exactly one of them is nil.
	CreateMany(ctx context.Context, identities []*identity.Identity) ([]*identity.Identity, []error)

	// Get returns the identity id. Errors: [ErrNotFound].
	Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error)

	// Find returns the identity that has claim, compared byte for byte. Make the claim
	// with [IdentifierClaim], [ExternalIDClaim], [AddressClaim] or [KeyClaim].
	// Errors: [ErrNotFound], also for a claim of [ClaimKindID] or of an unknown kind or
	// type.
	Find(ctx context.Context, claim Claim) (*identity.Identity, error)

	// List returns a page of identities. A page that begins after a position neither repeats
	// nor skips an identity that stays at its place in the order, even if other identities
	// are created, changed or deleted meanwhile. The position may be that of a deleted
	// identity. The identities of one page may have been read at different moments. If the
	// store has no index for a filter or for the order, it reads all identities; that stops
	// when ctx ends and blocks no write.
	List(ctx context.Context, q Query) (Page, error)

	// Count returns how many identities match. An identity that changes meanwhile is
	// counted as it was before or after the change. Count reads all identities in the
	// cases in which List does.
	Count(ctx context.Context, filter Filter) (int, error)

	// Update replaces the identity id by the result of change, in one atomic step, and
	// returns the new identity. change gets its own copy, may edit it in place, may run
	// again, and must not call the store. If the result has the same content, nothing
	// is written and the revision stays; otherwise the identity gets the next revision.
	// Update ignores changes to the id, the revision and the creation time. If change
	// fails, nothing is written and its error is returned unchanged. Errors:
	// [ErrNotFound]; a [*ConflictError].
	Update(ctx context.Context, id uuid.UUID,
		change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error)

	// Delete removes the identity id permanently. Other identities can then have its
	// claims. Its records are deleted too. at is the time for the change feed. If check
	// is not nil, it is called in the same atomic step with a copy of the current
	// identity; if it returns an error, nothing is deleted and the error is returned
	// unchanged. check may run again and must not call the store. Errors: [ErrNotFound].
	Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error

	// Changes returns a part of the change feed, in its order. Sequence numbers have no
	// gaps, and every change up to the last that is returned has been committed: a
	// reader that continues after it skips no change, whatever happens meanwhile.
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

	// UpdateRecord replaces the record with that key by the result of change, in one
	// atomic step that is durable when UpdateRecord returns. current is nil if there is
	// no such record or it has expired at now; a nil result deletes the record. change
	// gets its own copy, may run again, and must not call the store. If change fails,
	// nothing is written and its error is returned unchanged. The Key of the result is
	// ignored. Records are not in the change feed. See [Record] for what a store keeps.
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
