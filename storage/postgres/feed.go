package postgres

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/retention"
)

const (
	// numberStep is how many changes get their numbers in one statement.
	numberStep = 2000
	// pruneStep is how many rows go in one statement.
	pruneStep = 1000
)

// number gives pending changes their numbers and returns whether there may be more. The
// numbers are durable when it returns, unless the session is a transaction. On a read-only
// server it does nothing.
//
// No number is skipped, because of the lock on the feed's row: one session numbers at a
// time. A change comes after all that were committed before it began, because of the
// tickets: a session that sees its pending entry sees theirs too, and theirs are lower.
func (r reader) number(ctx context.Context) (more bool, err error) {
	var pending bool
	if err := queryOne(ctx, r.session, r.statements.hasPending, nil, &pending); err != nil || !pending {
		return false, err
	}
	_, err = r.exec(ctx, r.statements.number, int64(numberStep))
	if sqlState(err) == stateReadOnly {
		return false, nil // a session that can write numbers them
	}
	return err == nil, err
}

// numberAll numbers all changes that were committed before the call.
func (r reader) numberAll(ctx context.Context) error {
	for {
		more := false
		err := r.retryRead(ctx, func(ctx context.Context) (err error) {
			more, err = r.number(ctx)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

// Changes implements [storage.Storage]. It writes to the database if changes have no
// number yet.
func (r reader) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	limit := int64(q.Limit)
	if limit <= 0 {
		limit = storage.DefaultLimit
	}
	limit = min(limit, math.MaxInt32)
	return read(ctx, r, func(ctx context.Context) ([]storage.Change, error) {
		if q.IdentityID != uuid.Nil {
			if err := r.numberAll(ctx); err != nil {
				return nil, err
			}
			return r.scanChanges(ctx, r.statements.history, q.After, limit, q.IdentityID.String())
		}
		for {
			found, err := r.scanChanges(ctx, r.statements.changes, q.After, limit+1)
			if err != nil {
				return nil, err
			}
			more := false
			if int64(len(found)) <= limit {
				if more, err = r.number(ctx); err != nil {
					return nil, err
				}
			}
			if more {
				continue
			}
			found, err = storage.ResumeAfter(q.After, found)
			return found[:min(int64(len(found)), limit)], err
		}
	})
}

func (r reader) scanChanges(ctx context.Context, statement string, args ...any) (found []storage.Change, err error) {
	var (
		c                 storage.Change
		at                int64
		operation, fields string
		actor             []byte
	)
	columns := []any{&c.Sequence, &c.IdentityID, &c.Revision, &operation, &at, &fields, &actor}
	err = r.query(ctx, statement, args, func(row row) error {
		if err := row.Scan(columns...); err != nil {
			return err
		}
		c.Operation, c.Time, c.Actor, c.Fields = storage.Operation(operation), time.UnixMicro(at).UTC(), string(actor), nil
		if fields != "" {
			c.Fields = strings.Split(fields, fieldSeparator)
		}
		found = append(found, c)
		return nil
	})
	return found, err
}

// LastChange implements [storage.Storage]. It writes to the database if changes have no
// number yet.
func (r reader) LastChange(ctx context.Context) (int64, error) {
	return read(ctx, r, func(ctx context.Context) (int64, error) {
		if err := r.numberAll(ctx); err != nil {
			return 0, err
		}
		return r.lastNumber(ctx)
	})
}

// lastNumber returns the number of the newest change that has one.
func (r reader) lastNumber(ctx context.Context) (last int64, err error) {
	err = queryOne(ctx, r.session, r.statements.lastChange, nil, &last)
	return last, err
}

// PruneChanges implements [storage.Storage].
func (r reader) PruneChanges(ctx context.Context, keep storage.Retention) (gone int, err error) {
	first, err := read(ctx, r, func(ctx context.Context) (int64, error) {
		if err := r.numberAll(ctx); err != nil {
			return 0, err
		}
		return r.firstKept(ctx, keep)
	})
	for err == nil {
		var rows int64
		rows, err = read(ctx, r, func(ctx context.Context) (int64, error) {
			return r.exec(ctx, r.statements.pruneChanges, first, int64(pruneStep))
		})
		if gone += int(rows); rows < pruneStep {
			break
		}
	}
	return gone, err
}

// firstKept returns the sequence number of the oldest change to keep.
func (r reader) firstKept(ctx context.Context, keep storage.Retention) (int64, error) {
	last, err := r.lastNumber(ctx)
	if err != nil {
		return 0, err
	}
	first := int64(0)
	if !keep.Since.IsZero() {
		if first, err = r.firstSince(ctx, keep.Since); err != nil {
			return 0, err
		}
	}
	if keep.Newest > 0 {
		first = max(first, last-int64(keep.Newest)+1)
	}
	return min(first, last), nil
}

// firstSince returns the sequence number of the oldest change that is not old, as package
// retention has it; one after all there are if none.
func (r reader) firstSince(ctx context.Context, since time.Time) (int64, error) {
	finder := retention.NewFinder(since)
	for after := int64(0); ; {
		var first, rows int64
		err := r.query(ctx, r.statements.times, []any{after, int64(pruneStep)}, func(row row) error {
			var at int64
			rows++
			if err := row.Scan(&after, &at); err != nil || first > 0 {
				return err
			}
			if kept, found := finder.Add(after, at); found {
				first = kept
			}
			return nil
		})
		switch {
		case err != nil || first > 0:
			return first, err
		case rows < pruneStep:
			if first = finder.End(); first == 0 {
				first = math.MaxInt64
			}
			return first, nil
		}
	}
}
