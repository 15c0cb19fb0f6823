package idem

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

// Changes returns an iterator over the change feed: the committed changes that q selects,
// in commit order, starting after q.After and ending at the newest change. The zero query
// starts at the oldest change that is kept. q.Limit is how many changes are read at a time.
//
// No change is skipped. A reader that saves the Sequence of the last change it handled, and
// resumes from it after a crash, sees every change at least once. If unread changes have been
// pruned, or if the store never had the change q.After, the error has KindGone and wraps
// [storage.ErrPosition]. The reader must then read all identities and resume at
// [Manager.LastChange].
//
// With q.IdentityID only that identity's changes are returned, also after the identity was
// deleted. Pruned changes are then skipped without an error.
//
// The iterator ends after an error.
func (m *Manager) Changes(ctx context.Context, q storage.ChangeQuery) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		q := q // each loop begins where the query does
		_ = m.eachChange(ctx, &q, func(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
			return m.readChanges(ctx, "read changes", q)
		}, yield)
	}
}

// Watch is like Changes, but at the newest change it waits for the next one, until ctx ends.
// The last error then has KindCanceled. Changes made through this store arrive at once.
// Changes made by other processes, and in the application's own transactions, arrive within
// the interval that [WithPollInterval] sets.
func (m *Manager) Watch(ctx context.Context, q storage.ChangeQuery) iter.Seq2[storage.Change, error] {
	const op = "watch changes"
	return func(yield func(storage.Change, error) bool) {
		_ = runError(ctx, m, op, q.IdentityID, func(ctx context.Context) error {
			q, left, read := q, false, m.readWithoutGap()
			send := func(c storage.Change, err error) bool {
				left = err == nil && !yield(c, nil)
				return !left
			}
			for {
				changed := m.storage.Changed() // before reading, so that none is slept through
				err := m.eachChange(ctx, &q, read, send)
				if left {
					return nil
				}
				if err == nil {
					select {
					case <-changed:
						continue
					case <-time.After(m.pollInterval):
						continue
					case <-ctx.Done():
						err = ctx.Err()
					}
				}
				err = m.wrap(ctx, op, q.IdentityID, err)
				yield(storage.Change{}, err)
				return err
			}
		})
	}
}

// readWithoutGap returns [storage.Storage.Changes] for one reader that begins at the oldest
// change. Once it has seen the feed without any, the next must be number 1: otherwise
// others were made and pruned between two looks.
func (m *Manager) readWithoutGap() func(context.Context, storage.ChangeQuery) ([]storage.Change, error) {
	empty := false
	return func(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
		found, err := m.storage.Changes(ctx, q)
		if err != nil || q.After != 0 || q.IdentityID != uuid.Nil {
			return found, err
		}
		if empty && len(found) > 0 && found[0].Sequence > 1 {
			return nil, storage.ErrPosition
		}
		empty = len(found) == 0
		return found, nil
	}
}

// errStopped is the error of a loop that its caller left.
var errStopped = errors.New("stopped")

// eachChange yields the changes that q selects up to the newest, and moves q on.
func (m *Manager) eachChange(ctx context.Context, q *storage.ChangeQuery,
	read func(context.Context, storage.ChangeQuery) ([]storage.Change, error), yield func(storage.Change, error) bool) error {

	for {
		found, err := read(ctx, *q)
		if err != nil {
			yield(storage.Change{}, err)
			return err
		}
		for _, c := range found {
			q.After = c.Sequence
			if !yield(c, nil) {
				return errStopped
			}
		}
		if len(found) == 0 {
			return nil
		}
	}
}

// ListChanges returns a page of the change feed. Its errors are those of
// [Manager.Changes].
func (m *Manager) ListChanges(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	return m.readChanges(ctx, "list changes", q)
}

func (m *Manager) readChanges(ctx context.Context, op string, q storage.ChangeQuery) ([]storage.Change, error) {
	return run(ctx, m, op, q.IdentityID, func(ctx context.Context) ([]storage.Change, error) {
		return m.storage.Changes(ctx, q)
	})
}

// LastChange returns the sequence number of the newest change, 0 if there is none. A
// reader that wants only later changes uses it as After.
func (m *Manager) LastChange(ctx context.Context) (int64, error) {
	return run(ctx, m, "read last change", uuid.Nil, m.storage.LastChange)
}

// PruneChanges deletes old changes from the feed and returns how many. idem never prunes
// by itself. An application should call this regularly, and keep changes long enough for
// its slowest reader. The newest change always stays.
func (m *Manager) PruneChanges(ctx context.Context, keep storage.Retention) (int, error) {
	return write(ctx, m, "prune changes", uuid.Nil, func(ctx context.Context) (int, error) {
		return m.storage.PruneChanges(ctx, keep)
	})
}

// WithPollInterval sets how long [Manager.Watch] waits between two checks for changes
// by other processes. It must be positive. The default is a second.
func WithPollInterval(interval time.Duration) Option {
	return Option{func(c *config) error {
		if interval <= 0 {
			return errors.New("idem: WithPollInterval: the interval must be positive")
		}
		c.pollInterval = interval
		return nil
	}}
}
