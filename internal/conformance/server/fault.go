package server

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// FaultyStore is a store that can be told to fail.
type FaultyStore struct {
	storage.Storage
	fault atomic.Pointer[func() error]
}

// Fail has every use of the store run fault first, which may return an error or
// panic. Nil ends that.
func (s *FaultyStore) Fail(fault func() error) {
	if fault == nil {
		s.fault.Store(nil)
		return
	}
	s.fault.Store(&fault)
}

func (s *FaultyStore) check() error {
	if fault := s.fault.Load(); fault != nil {
		return (*fault)()
	}
	return nil
}

// Create implements [storage.Storage].
func (s *FaultyStore) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.Storage.Create(ctx, i)
}

// CreateMany implements [storage.Storage].
func (s *FaultyStore) CreateMany(ctx context.Context, identities []*identity.Identity) ([]*identity.Identity, []error) {
	if err := s.check(); err != nil {
		errs := make([]error, len(identities))
		for n := range errs {
			errs[n] = err
		}
		return make([]*identity.Identity, len(identities)), errs
	}
	return s.Storage.CreateMany(ctx, identities)
}

// Get implements [storage.Storage].
func (s *FaultyStore) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.Storage.Get(ctx, id)
}

// Find implements [storage.Storage].
func (s *FaultyStore) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.Storage.Find(ctx, claim)
}

// List implements [storage.Storage].
func (s *FaultyStore) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	if err := s.check(); err != nil {
		return storage.Page{}, err
	}
	return s.Storage.List(ctx, q)
}

// Changes implements [storage.Storage].
func (s *FaultyStore) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.Storage.Changes(ctx, q)
}

// Update implements [storage.Storage].
func (s *FaultyStore) Update(ctx context.Context, id uuid.UUID, change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.Storage.Update(ctx, id, change)
}

// Delete implements [storage.Storage].
func (s *FaultyStore) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(*identity.Identity) error) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.Storage.Delete(ctx, id, at, check)
}
