package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/retention"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// entry are the arguments of a change of the feed, in the order of insertChange. The
// sequence number is not among them: the database gives the next one, which is free,
// since the writer has the lock and the newest change always stays.
type entry [7]any

// newEntry returns the entry of a change. previous is the identity's change before it; a
// new identity has none.
func newEntry(c storage.Change, previous sql.NullInt64) entry {
	var before any
	if previous.Valid {
		before = previous.Int64
	}
	return entry{c.IdentityID[:], c.Revision, string(c.Operation), storage.UnixMicro(c.Time), strings.Join(c.Fields, fieldSeparator), c.Actor, before}
}

// id, revision and previous are what newEntry got, as arguments of other statements.
func (e *entry) id() any       { return e[0] }
func (e *entry) revision() any { return e[1] }
func (e *entry) previous() any { return e[len(e)-1] }

// sequence returns the number that the next change of the transaction will have. The
// transaction must have the write lock.
func (t *transaction) sequence(ctx context.Context) (int64, error) {
	if err := t.readState(ctx); err != nil {
		return 0, err
	}
	return t.newest.Int64 + int64(len(t.unwritten)) + 1, nil
}

// record takes a change down for the feed, which writeChanges writes.
func (t *transaction) record(e *entry) { t.unwritten = append(t.unwritten, e) }

// writeChanges writes to the feed what was recorded, in that order: the last thing that a
// transaction does.
func (t *transaction) writeChanges(ctx context.Context) error {
	t.newest.Valid = false
	var args []any
	for len(t.unwritten) > 0 {
		n, count := insertChange, 1
		switch {
		case len(t.unwritten) >= manyChanges:
			n, count = insertManyChanges, manyChanges
		case len(t.unwritten) >= someChanges:
			n, count = insertSomeChanges, someChanges
		}
		args = args[:0]
		for _, e := range t.unwritten[:count] {
			args = append(args, e[:]...)
		}
		if _, err := t.exec(ctx, n, args...); err != nil {
			return err
		}
		t.unwritten = t.unwritten[count:]
	}
	return nil
}

// fieldSeparator does not occur in the name of a field.
const fieldSeparator = ","

// Changes implements [storage.Storage].
func (r reader) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	return read(ctx, r, func(ctx context.Context) ([]storage.Change, error) {
		limit := q.Limit
		if limit <= 0 {
			limit = storage.DefaultLimit
		}
		if q.IdentityID != uuid.Nil {
			return history(ctx, r.source, q.IdentityID, q.After, limit)
		}
		found, err := scanChanges(ctx, r.source, selectChanges, q.After, limit+1)
		if err != nil {
			return nil, err
		}
		found, err = storage.ResumeAfter(q.After, found)
		return found[:min(len(found), limit)], err
	})
}

// history returns the changes of one identity after a sequence number. They form a chain
// from the newest to the oldest. It is followed from milestone to milestone, so that a
// page does not cost what came after it.
func history(ctx context.Context, from source, id uuid.UUID, after int64, limit int) (found []storage.Change, err error) {
	for len(found) < limit {
		var milestone sql.NullInt64
		if err := queryRow(ctx, from, selectMilestone, []any{id[:], after, id[:], after}, &milestone); err != nil {
			return nil, err
		}
		part, err := scanChanges(ctx, from, selectHistory, milestone, id[:], id[:], after, after, limit-len(found))
		if err != nil {
			return nil, err
		}
		found = append(found, part...)
		if !milestone.Valid {
			break
		}
		after = milestone.Int64
	}
	return found, nil
}

func scanChanges(ctx context.Context, from source, n statement, args ...any) (found []storage.Change, err error) {
	err = eachRow(ctx, from, n, args, func(rows *sql.Rows) error {
		var (
			c      storage.Change
			id     sql.RawBytes
			at     int64
			fields string
		)
		if err := rows.Scan(&c.Sequence, &id, &c.Revision, &c.Operation, &at, &fields, &c.Actor); err != nil {
			return sqliteerror.Translate(err)
		}
		if c.IdentityID, err = idOf(id); err != nil {
			return err
		}
		c.Time = time.UnixMicro(at).UTC()
		if fields != "" {
			c.Fields = strings.Split(fields, fieldSeparator)
		}
		found = append(found, c)
		return nil
	})
	return found, err
}

// LastChange implements [storage.Storage].
func (r reader) LastChange(ctx context.Context) (int64, error) {
	return read(ctx, r, func(ctx context.Context) (last int64, err error) {
		err = queryRow(ctx, r.source, selectLastChange, nil, &last)
		return last, err
	})
}

// pruneStep is how many changes go in one transaction: more would keep writers waiting.
const pruneStep = 1000

// PruneChanges implements [storage.Storage].
func (s *Store) PruneChanges(ctx context.Context, keep storage.Retention) (int, error) {
	return pruneChanges(ctx, s.reader, keep, s.commits.doPrepared)
}

// PruneChanges implements [storage.Storage].
func (t *Tx) PruneChanges(ctx context.Context, keep storage.Retention) (int, error) {
	return pruneChanges(ctx, t.reader, keep, t.write)
}

// pruneChanges finds where the feed shall begin, and deletes what comes before it step by
// step, each with write.
func pruneChanges(ctx context.Context, from reader, keep storage.Retention, write func(context.Context, run) error) (int, error) {
	first, err := read(ctx, from, func(ctx context.Context) (int64, error) { return firstKept(ctx, from.source, keep) })
	if err != nil {
		return 0, err
	}
	for gone := 0; ; {
		var rows int64
		err := write(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
			rows, failure = t.exec(ctx, deleteChanges, first, pruneStep)
			return nil, failure
		})
		if err != nil {
			return gone, err
		}
		if gone += int(rows); rows < pruneStep {
			return gone, nil
		}
	}
}

// firstKept returns the sequence number of the oldest change to keep.
func firstKept(ctx context.Context, from source, keep storage.Retention) (int64, error) {
	var last, first int64
	if err := queryRow(ctx, from, selectLastChange, nil, &last); err != nil {
		return 0, err
	}
	if !keep.Since.IsZero() {
		var err error
		if first, err = firstSince(ctx, from, keep.Since); err != nil {
			return 0, err
		}
	}
	if keep.Newest > 0 {
		first = max(first, last-int64(keep.Newest)+1)
	}
	return min(first, last), nil
}

// firstSince returns the sequence number of the oldest change that is not old, as package
// retention has it; all there are if none.
func firstSince(ctx context.Context, from source, since time.Time) (first int64, err error) {
	finder := retention.NewFinder(since)
	err = eachRow(ctx, from, selectTimes, nil, func(rows *sql.Rows) error {
		var sequence, at int64
		if err := rows.Scan(&sequence, &at); err != nil {
			return sqliteerror.Translate(err)
		}
		var found bool
		if first, found = finder.Add(sequence, at); found {
			return errEnough
		}
		return nil
	})
	switch {
	case errors.Is(err, errEnough):
		return first, nil
	case err != nil:
		return 0, err
	}
	if first = finder.End(); first == 0 {
		first = math.MaxInt64
	}
	return first, nil
}

// Changed implements [storage.Storage].
func (s *Store) Changed() <-chan struct{} { return s.commits.changed.Wait() }

// Changed implements [storage.Storage], for what is written through t itself.
func (t *Tx) Changed() <-chan struct{} { return t.changed.Wait() }
