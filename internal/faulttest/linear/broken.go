//go:build unix

package faulttest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// The stores here break a promise each, to show that the tests would find it.

// earlyStore answers a create at once and makes it a little later.
type earlyStore struct{ storage.Storage }

func (s earlyStore) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	kept := i.Clone()
	kept.Revision = 1
	go func() {
		time.Sleep(20 * time.Millisecond)
		_, _ = s.Storage.Create(ctx, kept)
	}()
	return kept.Clone(), nil
}

// staleStore reads from a cache, of which it renews every fourth read.
type staleStore struct {
	storage.Storage
	mu    sync.Mutex
	cache map[uuid.UUID]*identity.Identity
	reads int
}

func (s *staleStore) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if cached := s.cache[id]; cached != nil && s.reads%4 != 0 {
		return cached.Clone(), nil
	}
	found, err := s.Storage.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.cache == nil {
		s.cache = map[uuid.UUID]*identity.Identity{}
	}
	s.cache[id] = found.Clone()
	return found, nil
}

// staleFindStore looks identifiers up in an index that lags behind.
type staleFindStore struct {
	storage.Storage
	index sync.Map // of claims to ids
}

func (s *staleFindStore) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	if id, known := s.index.Load(claim); known {
		if found, err := s.Get(ctx, id.(uuid.UUID)); err == nil {
			return found, nil
		}
	}
	found, err := s.Storage.Find(ctx, claim)
	if err == nil {
		s.index.Store(claim, found.ID)
	}
	return found, err
}

// losingStore works updates out beside the store and writes them without looking
// again.
type losingStore struct{ storage.Storage }

func (s losingStore) Update(ctx context.Context, id uuid.UUID,
	change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	current, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	next, err := storage.ApplyUpdate(current, change)
	if err != nil {
		return nil, err
	}
	time.Sleep(50 * time.Microsecond)
	return s.Storage.Update(ctx, id, func(*identity.Identity) (*identity.Identity, error) { return next, nil })
}

// leakyStore writes what it can of an update that conflicts.
type leakyStore struct{ storage.Storage }

func (s leakyStore) Update(ctx context.Context, id uuid.UUID,
	change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	updated, err := s.Storage.Update(ctx, id, change)
	if errors.Is(err, storage.ErrConflict) {
		_, _ = s.Storage.Update(ctx, id, func(current *identity.Identity) (*identity.Identity, error) {
			next, err := change(current.Clone())
			if err != nil {
				return nil, err
			}
			current.MetadataPublic, current.MetadataAdmin = next.MetadataPublic, next.MetadataAdmin
			return current, nil
		})
	}
	return updated, err
}
