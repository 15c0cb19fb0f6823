package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/retention"
)

// record appends a change to the feed. The lock is held.
func (s *Store) record(c storage.Change) {
	c.Sequence = s.lastChange() + 1
	s.feed = append(s.feed, c)
	s.changed.Notify()
}

// lastChange is right after pruning too: the newest change always stays.
func (s *Store) lastChange() int64 {
	if len(s.feed) == 0 {
		return 0
	}
	return s.feed[len(s.feed)-1].Sequence
}

// Changes implements [storage.Storage]. With an identity id it looks at all changes.
func (s *Store) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = storage.DefaultLimit
	}
	start, _ := slices.BinarySearchFunc(s.feed, q.After, func(c storage.Change, after int64) int { return cmp.Compare(c.Sequence, after) })
	rest := s.feed[start:]
	if q.IdentityID == uuid.Nil {
		found, err := storage.ResumeAfter(q.After, rest)
		return cloneChanges(found[:min(len(found), limit)]), err
	}
	var found []storage.Change
	for _, c := range rest {
		if c.IdentityID == q.IdentityID && c.Sequence > q.After && len(found) < limit {
			found = append(found, c)
		}
	}
	return cloneChanges(found), nil
}

func cloneChanges(changes []storage.Change) []storage.Change {
	clones := slices.Clone(changes)
	for n := range clones {
		clones[n].Fields = slices.Clone(clones[n].Fields)
	}
	return clones
}

// LastChange implements [storage.Storage].
func (s *Store) LastChange(ctx context.Context) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	return s.lastChange(), nil
}

// PruneChanges implements [storage.Storage].
func (s *Store) PruneChanges(ctx context.Context, keep storage.Retention) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	gone := 0
	if !keep.Since.IsZero() {
		gone = s.old(keep.Since)
	}
	if keep.Newest > 0 {
		gone = max(gone, len(s.feed)-keep.Newest)
	}
	gone = max(0, min(gone, len(s.feed)-1))
	s.feed = slices.Clone(s.feed[gone:]) // so that the memory of the rest is free
	return gone, nil
}

// old returns how many changes at the beginning of the feed are old.
func (s *Store) old(since time.Time) int {
	if len(s.feed) == 0 {
		return 0
	}
	finder, oldest := retention.NewFinder(since), s.feed[0].Sequence
	for _, c := range s.feed {
		if first, found := finder.Add(c.Sequence, storage.UnixMicro(c.Time)); found {
			return int(first - oldest)
		}
	}
	if first := finder.End(); first > 0 {
		return int(first - oldest)
	}
	return len(s.feed)
}

// Changed implements [storage.Storage].
func (s *Store) Changed() <-chan struct{} { return s.changed.Wait() }
