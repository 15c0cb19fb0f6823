package memory

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/finder"
)

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// List implements [storage.Storage].
func (s *Store) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	if err := s.check(ctx); err != nil {
		return storage.Page{}, err
	}
	page, err := finder.Visit(ctx, kept{s}, q)
	// Copied at the end: what is kept is never modified.
	for n, i := range page.Identities {
		page.Identities[n] = i.Clone()
	}
	return page, err
}

// Count implements [storage.Storage].
func (s *Store) Count(ctx context.Context, filter storage.Filter) (int, error) {
	if err := s.check(ctx); err != nil {
		return 0, err
	}
	return finder.Count(ctx, kept{s}, filter)
}

func (s *Store) check(ctx context.Context) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.usable(ctx)
}

// kept is what a [Store] keeps, for package finder. Its methods hold the lock only to take
// pointers.
type kept struct{ store *Store }

// walkStep is how many identities are taken in one hold of the lock.
const walkStep = 256

// Walk implements [finder.Store].
func (k kept) Walk(ctx context.Context, w finder.Walk, yield func(*identity.Identity) bool) error {
	for w.Limit > 0 {
		step, last, err := k.step(ctx, w)
		if err != nil || len(step) == 0 {
			return err
		}
		if !w.Organization.Valid {
			w.Offset = 0 // step has left those out
		}
		for _, i := range step {
			if err := ctx.Err(); err != nil { // looking at one identity can take long
				return err
			}
			switch {
			case w.Organization.Valid && i.OrganizationID != w.Organization:
			case w.Offset > 0:
				w.Offset--
			default:
				if w.Limit--; !yield(i) || w.Limit == 0 {
					return nil
				}
			}
		}
		w.After = last
	}
	return nil
}

// step returns the next identities of a walk, and the id of the last.
func (k kept) step(ctx context.Context, w finder.Walk) (step []*identity.Identity, last uuid.UUID, err error) {
	s := k.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, last, err
	}
	start, found := slices.BinarySearchFunc(s.order, w.After, compareIDs)
	if found {
		start++
	}
	if !w.Organization.Valid {
		start = min(start+w.Offset, len(s.order))
	}
	for _, last = range s.order[start:min(start+walkStep, len(s.order))] {
		step = append(step, s.identities[last])
	}
	return step, last, nil
}

// Get implements [finder.Store].
func (k kept) Get(ctx context.Context, ids []uuid.UUID, _ bool, yield func(*identity.Identity) bool) error {
	for _, id := range ids {
		i, err := k.store.read(ctx, id)
		switch {
		case errors.Is(err, storage.ErrNotFound):
		case err != nil:
			return err
		case !yield(i):
			return nil
		}
	}
	return nil
}

// Count implements [finder.Store].
func (k kept) Count(ctx context.Context, organization uuid.NullUUID) (int, error) {
	k.store.mu.RLock()
	defer k.store.mu.RUnlock()
	if !organization.Valid {
		return len(k.store.order), k.store.usable(ctx)
	}
	count := 0
	for _, i := range k.store.identities {
		if i.OrganizationID == organization {
			count++
		}
	}
	return count, k.store.usable(ctx)
}

// Owners implements [finder.Store].
func (k kept) Owners(ctx context.Context, claims []storage.Claim) (ids []uuid.UUID, err error) {
	k.store.mu.RLock()
	defer k.store.mu.RUnlock()
	for _, claim := range claims {
		if id, found := k.store.owners[claim]; found {
			ids = append(ids, id)
		}
	}
	return ids, k.store.usable(ctx)
}

// Prefixed implements [finder.Store]. The claims are in no order that would help.
func (k kept) Prefixed([]storage.Identifier) finder.Source { return nil }
