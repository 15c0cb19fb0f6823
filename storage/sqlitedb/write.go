package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
)

// errMoved says that an identity is no longer what a write was prepared from.
var errMoved = errors.New("sqlitedb: the identity has moved on")

// attempts is how often an update or a delete is worked out on the caller, beside the
// others, before it is worked out within the transaction, where it cannot lose.
const attempts = 2

// Create implements [storage.Storage].
func (s *Store) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	created := storage.ApplyCreate(i)
	return orNil(created, s.commits.doPrepared(ctx, creating(ctx, created)))
}

// CreateMany implements [storage.Storage]. All identities are queued at once, so that
// they are written in as few transactions as possible.
func (s *Store) CreateMany(ctx context.Context, identities []*identity.Identity) ([]*identity.Identity, []error) {
	created := make([]*identity.Identity, len(identities))
	writes := make([]*job, len(identities))
	for n, i := range identities {
		created[n] = storage.ApplyCreate(i)
		writes[n] = &job{run: creating(ctx, created[n])}
	}
	errs := s.commits.Do(ctx, writes...)
	for n, err := range errs {
		if err != nil {
			created[n] = nil
		}
	}
	return created, errs
}

// creating returns the run that keeps a new identity; its JSON work is done already.
func creating(ctx context.Context, i *identity.Identity) run {
	raw, claims := document.Append(nil, i), newClaims(storage.Claims(i))
	change := newEntry(storage.NewChange(ctx, nil, i, i.UpdatedAt), sql.NullInt64{})
	return func(ctx context.Context, t *transaction) (refusal, failure error) {
		return t.create(ctx, i, raw, claims, &change)
	}
}

// Update implements [storage.Storage].
func (s *Store) Update(ctx context.Context, id uuid.UUID,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	if remembered, ok := s.recent.get(id); ok && ctx.Err() == nil {
		// A refusal and an equal result are only an answer for the identity as it is.
		if next, err := storage.ApplyUpdateShared(ctx, s, remembered.identity, change); err == nil && next != remembered.identity {
			if written, err := s.replace(ctx, remembered, next); !errors.Is(err, errMoved) {
				return written, err
			}
		}
	}
	for range attempts {
		current, err := s.get(ctx, id)
		if err != nil {
			return nil, err
		}
		next, err := storage.ApplyUpdateShared(ctx, s, current.identity, change)
		if err != nil || next == current.identity {
			return next, err
		}
		if written, err := s.replace(ctx, current, next); !errors.Is(err, errMoved) {
			return written, err
		}
	}

	var next *identity.Identity
	err := s.commits.do(ctx, updating(ctx, s, id, change, &next))
	return orNil(next, err)
}

// replace writes next in the place of current, remembers it, and returns what the caller may have of it.
func (s *Store) replace(ctx context.Context, current row, next *identity.Identity) (*identity.Identity, error) {
	r := newReplacement(ctx, current, next)
	err := s.commits.doPrepared(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
		return t.replace(ctx, &r)
	})
	if err != nil {
		s.recent.forget(next.ID)
		return nil, err
	}
	if s.recent == nil {
		return next, nil // the caller alone holds it, and current, with which it may share memory, is used no more
	}
	s.recent.put(row{identity: next, lastChange: sql.NullInt64{Int64: r.sequence, Valid: true}, size: len(r.document)}, current.size)
	return next.Clone(), nil
}

// updating returns the run of an update that is worked out within its transaction. It
// sets next.
func updating(caller context.Context, store storage.Storage, id uuid.UUID,
	change func(current *identity.Identity) (*identity.Identity, error), next **identity.Identity) run {

	return func(ctx context.Context, t *transaction) (refusal, failure error) {
		current, err := get(ctx, t, id)
		if err != nil {
			return asRefusal(err)
		}
		*next, err = storage.ApplyUpdateShared(caller, store, current.identity, change)
		if err != nil || *next == current.identity {
			return err, nil
		}
		r := newReplacement(caller, current, *next)
		return t.replace(ctx, &r)
	}
}

// Delete implements [storage.Storage].
func (s *Store) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error {
	defer s.recent.forget(id)
	for range attempts {
		current, err := s.get(ctx, id)
		if err != nil {
			return err
		}
		r, err := newRemoval(ctx, current, at, check)
		if err != nil {
			return err
		}
		err = s.commits.doPrepared(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
			return t.remove(ctx, r)
		})
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return s.commits.do(ctx, deleting(ctx, id, at, check))
}

// deleting returns the run of a delete that is checked within its transaction.
func deleting(caller context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) run {
	return func(ctx context.Context, t *transaction) (refusal, failure error) {
		current, err := get(ctx, t, id)
		if err != nil {
			return asRefusal(err)
		}
		r, err := newRemoval(caller, current, at, check)
		if err != nil {
			return err, nil
		}
		return t.remove(ctx, r)
	}
}

// removal is a delete that was checked.
type removal struct {
	before   *identity.Identity
	id       uuid.UUID
	revision int64
	claims   []storage.Claim
	change   entry
}

// newRemoval checks a delete for the caller whose context is ctx.
func newRemoval(ctx context.Context, current row, at time.Time, check func(current *identity.Identity) error) (removal, error) {
	i := current.identity
	r := removal{
		before: i, id: i.ID, revision: i.Revision, claims: storage.Claims(i),
		change: newEntry(storage.NewChange(ctx, i, nil, at), current.lastChange),
	}
	if check == nil {
		return r, nil
	}
	return r, check(i.Clone()) // which it may edit
}

func orNil(i *identity.Identity, err error) (*identity.Identity, error) {
	if err != nil {
		return nil, err
	}
	return i, nil
}

// asRefusal tells an answer of the database from its failure.
func asRefusal(err error) (refusal, failure error) {
	if errors.Is(err, storage.ErrNotFound) {
		return err, nil
	}
	return nil, err
}

// replacement is an update that is ready to be written: all JSON work is done.
type replacement struct {
	before, next *identity.Identity
	document     []byte
	added        claims
	removed      []storage.Claim
	change       entry
	// previous is the change that made the identity what it was worked out from. The
	// revision alone would not tell whether that is still there: where an identity was
	// deleted and another created with its id, revisions begin again. Nor would previous
	// alone, while a process of a release without a feed writes to the same file.
	previous sql.NullInt64
	// sequence is the number of the change, once it is written.
	sequence int64
}

// newReplacement prepares a replacement for the caller whose context is ctx.
func newReplacement(ctx context.Context, current row, next *identity.Identity) replacement {
	r := replacement{
		before: current.identity, next: next, document: document.Append(nil, next),
		change:   newEntry(storage.NewChange(ctx, current.identity, next, next.UpdatedAt), current.lastChange),
		previous: current.lastChange,
	}
	added, removed := storage.ChangedClaims(current.identity, next)
	r.added, r.removed = newClaims(added), removed
	return r
}

// A refused write must leave nothing behind in a transaction that goes on. To look up first whether claims are free would
// cost a quarter of a create and a tenth of an update that changes an e-mail address, so both claim at once, and take back
// what they have written if something is taken. Every other reason to refuse is found before the first write.

func (t *transaction) create(ctx context.Context, i *identity.Identity, raw []byte, claims claims, change *entry) (refusal, failure error) {
	sequence, err := t.sequence(ctx)
	if err != nil {
		return nil, err
	}
	refusal, failure = t.insert(ctx, i, raw, claims, sequence)
	if refusal == nil && failure == nil {
		t.record(change)
	}
	return refusal, failure
}

// insert is create without the entry of the feed. lastChange is the number of that, nil if
// there is none.
func (t *transaction) insert(ctx context.Context, i *identity.Identity, raw []byte, claims claims, lastChange any) (refusal, failure error) {
	rows, err := t.exec(ctx, insertIdentity, i.ID[:], i.Revision, lastChange, organization(i), raw)
	if err != nil {
		return nil, err
	}
	if rows == 0 {
		if refusal, failure := t.firstTaken(ctx, i.ID, claims.list); refusal != nil || failure != nil {
			return refusal, failure // a claim is told before the id
		}
		return storage.NewConflictError(storage.Claim{Kind: storage.ClaimKindID, Value: i.ID.String()}), nil
	}
	switch err := t.claim(ctx, i.ID, claims); {
	case errors.Is(err, errTaken):
		return t.takeBack(ctx, i, lastChange, claims)
	case err != nil:
		return nil, err
	}
	return nil, t.index(ctx, nil, i)
}

// takeBack undoes a create, of which another identity has a claim, and refuses it. The identity is new: only this create
// has claimed anything for its id.
func (t *transaction) takeBack(ctx context.Context, i *identity.Identity, lastChange any, claims claims) (refusal, failure error) {
	if err := t.release(ctx, i.ID, claims.list); err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, deleteIdentity, i.ID[:], i.Revision, lastChange); err != nil {
		return nil, err
	}
	return t.mustBeTaken(ctx, i.ID, claims.list)
}

// mustBeTaken returns the conflict of claims of which claim could not make one.
func (t *transaction) mustBeTaken(ctx context.Context, id uuid.UUID, claims []storage.Claim) (refusal, failure error) {
	refusal, failure = t.firstTaken(ctx, id, claims)
	if refusal == nil && failure == nil {
		failure = errTaken
	}
	return refusal, failure
}

func (t *transaction) replace(ctx context.Context, r *replacement) (refusal, failure error) {
	i := r.next
	if r.sequence, failure = t.sequence(ctx); failure != nil {
		return nil, failure
	}
	switch err := t.claim(ctx, i.ID, r.added); {
	case errors.Is(err, errTaken):
		return t.giveUp(ctx, r)
	case err != nil:
		return nil, err
	}
	rows, err := t.exec(ctx, updateIdentity, r.change.revision(), r.sequence, organization(i), r.document, r.change.id(), i.Revision-1, r.change.previous())
	if err != nil {
		return nil, err
	}
	if rows == 0 {
		return errMoved, t.release(ctx, i.ID, r.added.list) // all were free
	}
	if err := t.release(ctx, i.ID, r.removed); err != nil {
		return nil, err
	}
	if err := t.index(ctx, r.before, i); err != nil {
		return nil, err
	}
	t.record(&r.change)
	return nil, nil
}

// giveUp takes back the claims that r made, one of which was taken: by another identity, or by an update of the same one
// that came between and claims it too. It refuses r only if the identity is still what r was worked out from. Else there may
// be another answer: that it is gone, or that a precondition does not hold any more.
func (t *transaction) giveUp(ctx context.Context, r *replacement) (refusal, failure error) {
	current, err := get(ctx, t, r.next.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return errMoved, t.release(ctx, r.next.ID, r.added.list)
	case err != nil:
		return nil, err
	}
	// All that the identity does not have in its row. It may not own some of them: release leaves those alone.
	made, _ := storage.ChangedClaims(current.identity, r.next)
	if err := t.release(ctx, r.next.ID, made); err != nil {
		return nil, err
	}
	if current.lastChange != r.previous || current.identity.Revision != r.next.Revision-1 {
		return errMoved, nil
	}
	return t.mustBeTaken(ctx, r.next.ID, r.added.list)
}

func (t *transaction) remove(ctx context.Context, r removal) (refusal, failure error) {
	rows, err := t.exec(ctx, deleteIdentity, r.change.id(), r.revision, r.change.previous())
	if err != nil {
		return nil, err
	}
	if rows == 0 {
		return errMoved, nil
	}
	if err := t.release(ctx, r.id, r.claims); err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, deleteRecordsOf, r.id[:]); err != nil {
		return nil, err
	}
	if err := t.index(ctx, r.before, nil); err != nil {
		return nil, err
	}
	t.record(&r.change)
	return nil, nil
}

func organization(i *identity.Identity) any {
	if !i.OrganizationID.Valid {
		return nil
	}
	return i.OrganizationID.UUID[:]
}
