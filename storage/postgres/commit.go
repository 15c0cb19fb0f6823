package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/claimtype"
	"github.com/idemkit/idem/storage/internal/committer"
	"github.com/idemkit/idem/storage/internal/indexing"
)

const (
	// lanes is how many statements that write are under way at once. While one is free a
	// write goes alone and at once; the writes that come while none is share the next.
	lanes = 4
	// maxBatch and maxBatchBytes bound the writes of a statement and their documents.
	maxBatch      = 128
	maxBatchBytes = 4 << 20
)

// errAlone says that a write must be made by itself, because its batch has failed or had no
// effect on it.
var errAlone = errors.New("postgres: to be written alone")

// queued is a write in the queue.
type queued = committer.Write[*write]

// batch is the right to write; see package committer.
type batch struct{ store *Store }

func (s *Store) beginBatch(ctx context.Context, _ time.Time) (committer.Batch[*write], error) {
	return batch{s}, ctx.Err()
}

// Cancel implements [committer.Batch].
func (batch) Cancel() {}

// Commit implements [committer.Batch].
func (b batch) Commit(writes []*queued) {
	if len(writes) == 1 {
		writes[0].Err = b.store.alone(writes[0].Value)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), b.store.config.timeout)
	defer cancel()
	all := make([]*write, len(writes))
	for n, w := range writes {
		all[n] = w.Value
	}
	done, err := b.store.together(ctx, all)
	for _, w := range writes {
		switch {
		case faultOf(err) == faultLost:
			w.Value.lost = err
			fallthrough
		case err != nil || !done[w.Value.token]:
			w.Err = errAlone
		}
	}
}

// fits reports whether next may be in one statement with those before it: each identity and
// each claim may occur in one of them.
func fits(batch []*queued, next *queued) bool {
	size := len(next.Value.document)
	for _, w := range batch {
		if size += len(w.Value.document); size > maxBatchBytes {
			return false
		}
		if w.Value.change.IdentityID == next.Value.change.IdentityID || shareClaims(w.Value, next.Value) {
			return false
		}
	}
	return true
}

func shareClaims(a, b *write) bool {
	for _, of := range [][]storage.Claim{a.added, a.removed} {
		for _, claim := range of {
			if slices.Contains(b.added, claim) || slices.Contains(b.removed, claim) {
				return true
			}
		}
	}
	return false
}

// together makes writes in one statement. It returns the tokens of those that happened; the
// others had no effect. After an error none happened, unless its fault is faultLost.
func (s *Store) together(ctx context.Context, writes []*write) (done map[int64]bool, err error) {
	set, err := s.keptUp(ctx, s.db)
	if err != nil {
		return nil, err
	}
	plain, creates := true, true
	for _, w := range writes {
		w.prepare(set)
		plain = plain && w.change.Operation == storage.OperationUpdate && !w.changesClaims()
		creates = creates && w.change.Operation == storage.OperationCreate
	}
	rows := joined(writes)
	if s.config.portable && !rows.isEmpty() {
		return nil, nil // each by itself
	}
	args := givenArgs(writes, set)
	if !plain {
		args = append(args, claimsOf(writes, func(w *write) []storage.Claim { return w.added })...)
	}
	var statement form
	switch {
	case plain:
		statement = s.statements.updates
	case creates:
		statement = s.statements.creates
	case s.config.portable:
		return nil, nil // each by itself
	default:
		statement = s.statements.writes
		args = append(args, texts(writes, func(w *write) string { return string(w.change.Operation) }))
		args = append(args, claimsOf(writes, func(w *write) []storage.Claim { return w.removed })...)
	}
	text, args := statement.with(rows, args)
	done = make(map[int64]bool, len(writes))
	err = s.db.queryOnce(ctx, text, args, func(row row) error {
		var token int64
		err := row.Scan(&token)
		done[token] = true
		return err
	})
	return done, err
}

// with returns the form that changes rows of indexes, and its arguments, if there are such
// rows.
func (f form) with(rows *indexRows, args []any) (string, []any) {
	if rows.isEmpty() {
		return f.plain, args
	}
	return f.indexed, append(args, rows.args()...)
}

// givenArgs are the arguments that all statements of many writes begin with. It sorts the
// writes by their identities, so that all writers take their locks in one order.
func givenArgs(writes []*write, set *indexing.Set) []any {
	places := make(map[*write]int64, len(writes))
	for n, w := range writes {
		places[w] = int64(n)
	}
	slices.SortFunc(writes, func(a, b *write) int { return bytes.Compare(a.change.IdentityID[:], b.change.IdentityID[:]) })
	var documents []byte
	starts := make(map[*write]int64, len(writes))
	for _, w := range writes {
		starts[w] = int64(len(documents)) + 1
		documents = append(documents, w.document...)
	}
	return []any{
		integers(writes, func(w *write) int64 { return places[w] }),
		integers(writes, func(w *write) int64 { return w.token }),
		ids(writes, func(w *write) uuid.UUID { return w.change.IdentityID }),
		integers(writes, func(w *write) int64 { return w.previous }),
		integers(writes, func(w *write) int64 { return w.change.Revision }),
		ids(writes, func(w *write) uuid.UUID { return w.organization }),
		integers(writes, func(w *write) int64 { return starts[w] }),
		integers(writes, func(w *write) int64 { return int64(len(w.document)) }),
		integers(writes, func(w *write) int64 { return storage.UnixMicro(w.change.Time) }),
		texts(writes, func(w *write) string { return strings.Join(w.change.Fields, fieldSeparator) }),
		byteStrings(writes, func(w *write) string { return w.change.Actor }),
		documents,
		integers(writes, func(w *write) int64 { return w.indexed }),
		set.Version, set.Greatest(),
	}
}

// claimsOf are the owners, the values and the types of claims of many writes.
func claimsOf(writes []*write, claims func(*write) []storage.Claim) []any {
	type owned struct {
		owner uuid.UUID
		claim storage.Claim
	}
	var all []owned
	for _, w := range writes {
		for _, claim := range claims(w) {
			all = append(all, owned{w.change.IdentityID, claim})
		}
	}
	return []any{
		ids(all, func(o owned) uuid.UUID { return o.owner }),
		byteStrings(all, func(o owned) string { return o.claim.Value }),
		texts(all, func(o owned) string { return claimtype.Kept(o.claim) }),
	}
}

// errRepeat says that nothing stands in the way of a write that had no effect.
var errRepeat = errors.New("postgres: to be repeated")

// errPruned says that the entries are gone that would tell whether a write happened.
var errPruned = errors.New("postgres: the feed was pruned")

// unexplained is the failure to find out why a write had no effect.
type unexplained struct{ error }

func (u unexplained) Unwrap() error { return u.error }

// alone makes one write in a statement of its own, repeats it if that can help, and returns
// what became of it: nil, errMoved, a conflict, or what a caller is told. If the answer of
// a statement is lost it is repeated until the time for it is over. That is how to find
// out what happened: a statement whose first try is still under way waits for its locks.
func (s *Store) alone(w *write) error {
	lost, until := w.lost, time.Now().Add(s.config.resolve)
	again, unsent := 0, 0
	for n := 1; ; n++ {
		limit := s.config.timeout
		if lost != nil {
			limit = max(time.Until(until), time.Second)
		}
		err := s.attempt(w, lost != nil, limit)
		if err == nil || errors.Is(err, errMoved) || errors.Is(err, storage.ErrConflict) || errors.Is(err, errIndex) && lost == nil {
			return err
		}
		if errors.Is(err, errPruned) {
			return unknown(lost)
		}
		fault := faultOf(err)
		if errors.Is(err, errRepeat) {
			fault = faultAgain
		}
		switch {
		case fault == faultAgain:
			if again++; again == repeatAttempts {
				return settled(lost, err)
			}
		case errors.As(err, new(unexplained)):
			if time.Now().After(until) {
				return settled(lost, err)
			}
		case fault == faultNotSent && lost == nil:
			if unsent++; unsent == readAttempts {
				return translate(err)
			}
		case fault == faultLost:
			if lost == nil {
				lost, until = err, time.Now().Add(s.config.resolve)
			}
		case lost == nil || fault == faultOther:
			return settled(lost, err)
		}
		if lost != nil && time.Now().After(until) {
			return unknown(lost)
		}
		_ = pause(context.Background(), n) // whose context does not end
	}
}

// settled is what a caller is told of a write that failed with err, and of which an earlier
// try may have happened if lost is not nil.
func settled(lost, err error) error {
	if lost != nil {
		return unknown(lost)
	}
	if errors.Is(err, errRepeat) {
		return errTooOften
	}
	return translate(err)
}

var errTooOften = fmt.Errorf("%w: the write lost to others too often", storage.ErrUnavailable)

// attempt makes a write once. Errors: those of explain; those of the database.
func (s *Store) attempt(w *write, lost bool, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	changed, err := s.send(ctx, w)
	switch {
	case err == nil && changed == 1:
		return nil
	case err != nil && faultOf(err) != faultDuplicate:
		return err
	}
	err = s.explain(ctx, s.db, w, lost)
	if !errors.Is(err, errOutdated) {
		return err
	}
	if _, err := s.refresh(ctx, s.db); err != nil {
		return unexplained{err}
	}
	return errRepeat
}

// errOutdated says that a write was worked out for indexes that have changed since.
var errOutdated = errors.New("postgres: the declared indexes have changed")

// send makes a write in a transaction of its own, and returns how many rows it changed: 1 if
// it happened, 0 if it may not.
func (s *Store) send(ctx context.Context, w *write) (changed int64, err error) {
	set, err := s.keptUp(ctx, s.db)
	if err != nil {
		return 0, err
	}
	if w.prepare(set); !s.splits(w) {
		form, args := w.statement(s.statements)
		statement, args := form.with(w.rows, args)
		return s.db.exec(ctx, statement, args...)
	}
	tx, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.rollback(context.WithoutCancel(ctx)) }()
	if changed, err = s.sendIn(ctx, tx, w); err != nil || changed == 0 {
		return 0, err
	}
	return changed, tx.commit(ctx)
}

// splits reports whether a write takes several statements.
func (r reader) splits(w *write) bool {
	return r.portable && (w.changesClaims() || !w.rows.isEmpty())
}

// sendIn makes a write in a transaction, and returns what send does.
func (r reader) sendIn(ctx context.Context, in session, w *write) (changed int64, err error) {
	set, err := r.keptUp(ctx, in)
	if err != nil {
		return 0, err
	}
	if w.prepare(set); !r.splits(w) {
		form, args := w.statement(r.statements)
		statement, args := form.with(w.rows, args)
		return in.exec(ctx, statement, args...)
	}
	if w.changesClaims() {
		changed, err = r.sendParts(ctx, in, w)
	} else {
		form, args := w.statement(r.statements)
		changed, err = in.exec(ctx, form.plain, args...)
	}
	if err != nil || changed == 0 {
		return 0, err
	}
	return changed, r.changeIndexes(ctx, in, w.rows)
}

// sendParts makes an update that changes claims in several statements.
func (r reader) sendParts(ctx context.Context, in session, w *write) (changed int64, err error) {
	id := w.change.IdentityID.String()
	changed, err = in.exec(ctx, r.statements.updatePart, w.token, w.change.Revision, idOrNil(w.organization), w.document, id, w.previous,
		w.rows.set.Version, w.rows.set.Greatest(), w.indexed)
	if err != nil || changed == 0 {
		return 0, err
	}
	if _, err := in.exec(ctx, r.statements.releasePart, append([]any{id}, claimArrays(w.removed)...)...); err != nil {
		return 0, err
	}
	if _, err := in.exec(ctx, r.statements.claimPart, append([]any{id}, claimArrays(w.added)...)...); err != nil {
		return 0, err
	}
	return in.exec(ctx, r.statements.pendingPart, w.entry()...)
}

// explain returns why a write had no effect: errMoved, a conflict, errOutdated, or errRepeat
// if there is no reason any more. lost says that the answer of an earlier try is missing: then it
// returns nil if that has happened, and errPruned if that cannot be found out.
func (r reader) explain(ctx context.Context, from session, w *write, lost bool) error {
	var (
		token, clash, indexed *int64
		found, replaced       bool
		version               int64
	)
	args := append([]any{w.change.IdentityID.String(), w.token}, claimArrays(w.added)...)
	err := queryOne(ctx, from, r.statements.explain, append(args, lost, w.change.Revision), &token, &clash, &found, &replaced, &indexed, &version)
	if err != nil {
		return unexplained{err}
	}
	if found || token != nil && *token == w.token {
		return nil
	}
	if w.change.Operation == storage.OperationCreate {
		switch {
		case clash != nil:
			return storage.NewConflictError(w.added[*clash-1])
		case token != nil:
			return storage.NewConflictError(storage.Claim{Kind: storage.ClaimKindID, Value: w.change.IdentityID.String()})
		case version != w.rows.set.Version:
			return errOutdated
		}
		return errRepeat
	}
	switch {
	case token == nil || *token != w.previous:
		if lost && !replaced {
			return errPruned
		}
		return errMoved
	case clash != nil:
		return storage.NewConflictError(w.added[*clash-1])
	case *indexed != w.indexed: // a builder has come between
		return errMoved
	case version != w.rows.set.Version:
		return errOutdated
	}
	return errRepeat
}
