package idem

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// MaxActorLength bounds the name of an actor, in bytes.
const MaxActorLength = 256

// ContextWithActor returns a context whose changes are recorded in the feed as made by actor,
// the application's own name for who is at work, such as "admin:42". It is valid UTF-8
// without control characters and at most [MaxActorLength] long; a change in the name of
// any other is refused (KindInvalid).
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

// Changes returns an iterator over the change feed: the changes after q.After, in the order
// of their commits, up to the newest there is when it gets there. It reads page by page,
// q.Limit changes at a time, and holds no transaction while the loop's body runs.
//
// No change is skipped. A reader that saves the Sequence of the last change it handled,
// and resumes from it, sees every change at least once. If changes after that position
// were pruned, or the store never had that change, the error is of KindGone and wraps
// [storage.ErrPosition]: read the identities again. With q.IdentityID, pruned changes are
// skipped without an error. An error ends the iteration.
func (m *Manager) Changes(ctx context.Context, q storage.ChangeQuery) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		q := q // each loop begins where the query says
		_ = m.eachChange(ctx, "read changes", &q, yield)
	}
}

// Watch is [Manager.Changes] that waits at the newest change for the next one, until ctx
// ends: the last error is then of KindCanceled. Changes made through this store arrive at
// once. Those of other processes and of the application's own transactions arrive after
// the time that [WithPollInterval] sets.
func (m *Manager) Watch(ctx context.Context, q storage.ChangeQuery) iter.Seq2[storage.Change, error] {
	const op = "watch changes"
	return func(yield func(storage.Change, error) bool) {
		q := q
		for {
			changed := m.storage.Changed() // before reading, so that none is slept through
			if err := m.eachChange(ctx, op, &q, yield); err != nil {
				return
			}
			select {
			case <-changed:
			case <-time.After(m.pollInterval):
			case <-ctx.Done():
				yield(storage.Change{}, m.finishRead(ctx, op, q.IdentityID, ctx.Err()))
				return
			}
		}
	}
}

// errStopped says that the loop's body ended the iteration.
var errStopped = errors.New("stopped")

// eachChange yields the changes that q selects to the newest, and moves q on.
func (m *Manager) eachChange(ctx context.Context, op string, q *storage.ChangeQuery, yield func(storage.Change, error) bool) error {
	for {
		found, err := m.storage.Changes(ctx, *q)
		if err != nil {
			err = m.finishRead(ctx, op, q.IdentityID, err)
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

// ListChanges returns a page of the change feed; see [Manager.Changes] for its errors.
func (m *Manager) ListChanges(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	found, err := m.storage.Changes(ctx, q)
	return found, m.finishRead(ctx, "list changes", q.IdentityID, err)
}

// LastChange returns the sequence number of the newest change, 0 if there is none: where
// to begin for who wants only what comes from now on.
func (m *Manager) LastChange(ctx context.Context) (int64, error) {
	last, err := m.storage.LastChange(ctx)
	return last, m.finishRead(ctx, "read last change", uuid.Nil, err)
}

// PruneChanges lets old changes go and returns how many. Nothing is pruned by itself: an
// application calls this now and then, with an age that no reader of the feed falls
// behind. The newest change always stays.
func (m *Manager) PruneChanges(ctx context.Context, keep storage.Retention) (int, error) {
	pruned, err := m.storage.PruneChanges(ctx, keep)
	return pruned, m.finish(ctx, "prune changes", uuid.Nil, err)
}

// WithPollInterval sets how long [Manager.Watch] waits before it looks for what other
// processes have changed. It is longer than nothing. The default is a second.
func WithPollInterval(interval time.Duration) Option {
	return Option{func(c *config) error {
		if interval <= 0 {
			return errors.New("idem: WithPollInterval: the interval must be longer than nothing")
		}
		c.pollInterval = interval
		return nil
	}}
}
