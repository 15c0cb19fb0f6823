// Package memory keeps identities in the memory of the process, for unit tests and for
// programs that need no more. It follows every rule that a durable store follows.
package memory

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/notifier"
)

// Store is a [storage.Storage] in memory. All methods are safe for concurrent use.
type Store struct {
	mu sync.RWMutex
	// identities holds values that are never modified once they are in the map, so
	// that a reader may copy one after it has left the lock.
	identities map[uuid.UUID]*identity.Identity
	owners     map[storage.Claim]uuid.UUID
	order      []uuid.UUID // of the identities, sorted
	feed       []storage.Change
	records    records
	changed    notifier.Notifier
	closed     bool
}

var _ storage.Storage = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		identities: map[uuid.UUID]*identity.Identity{},
		owners:     map[storage.Claim]uuid.UUID{},
		records:    newRecords(),
	}
}

// Create implements [storage.Storage].
func (s *Store) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	created, errs := s.CreateMany(ctx, []*identity.Identity{i})
	return created[0], errs[0]
}

// CreateMany implements [storage.Storage].
func (s *Store) CreateMany(ctx context.Context, identities []*identity.Identity) ([]*identity.Identity, []error) {
	created, errs := make([]*identity.Identity, len(identities)), make([]error, len(identities))
	for n, i := range identities {
		kept := storage.ApplyCreate(i)
		if errs[n] = s.keep(ctx, kept); errs[n] == nil {
			created[n] = kept.Clone()
		}
	}
	return created, errs
}

// keep adds a new identity, which must not be modified any more.
func (s *Store) keep(ctx context.Context, i *identity.Identity) error {
	claims, change := storage.Claims(i), storage.NewChange(ctx, nil, i, i.UpdatedAt)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := s.checkFree(i.ID, claims); err != nil {
		return err
	}
	if _, taken := s.identities[i.ID]; taken {
		return storage.NewConflictError(storage.Claim{Kind: storage.ClaimKindID, Value: i.ID.String()})
	}
	s.identities[i.ID] = i
	at, _ := slices.BinarySearchFunc(s.order, i.ID, compareIDs)
	s.order = slices.Insert(s.order, at, i.ID)
	s.claim(i.ID, claims)
	s.record(change)
	return nil
}

// Get implements [storage.Storage].
func (s *Store) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	kept, err := s.read(ctx, id)
	if err != nil {
		return nil, err
	}
	return kept.Clone(), nil
}

// Find implements [storage.Storage].
func (s *Store) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	id, found := s.owners[claim]
	if !found {
		return nil, storage.ErrNotFound
	}
	return s.identities[id].Clone(), nil
}

// attempts is how often an update is worked out beside the lock before it is
// worked out within it, where it cannot lose.
const attempts = 2

// Update implements [storage.Storage].
func (s *Store) Update(ctx context.Context, id uuid.UUID,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	for range attempts {
		current, err := s.read(ctx, id)
		if err != nil {
			return nil, err
		}
		next, err := storage.ApplyUpdateShared(ctx, s, current, change)
		if err != nil {
			return nil, err
		}
		kept, done, err := s.replace(ctx, current, next)
		if done {
			return kept, err
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	current, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	next, err := storage.ApplyUpdateShared(ctx, s, current, change)
	if err != nil {
		return nil, err
	}
	return s.replaceLocked(ctx, current, next)
}

// replace puts next in the place of current, unless current was replaced already:
// then it is not done.
func (s *Store) replace(ctx context.Context, current, next *identity.Identity) (kept *identity.Identity, done bool, err error) {
	if next == current {
		return current.Clone(), true, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, true, err
	}
	if s.identities[current.ID] != current {
		return nil, false, nil
	}
	kept, err = s.replaceLocked(ctx, current, next)
	return kept, true, err
}

func (s *Store) replaceLocked(ctx context.Context, current, next *identity.Identity) (*identity.Identity, error) {
	if next == current {
		return current.Clone(), nil
	}
	added, removed := storage.ChangedClaims(current, next)
	if err := s.checkFree(next.ID, added); err != nil {
		return nil, err
	}
	s.identities[next.ID] = next
	s.release(next.ID, removed)
	s.claim(next.ID, added)
	s.record(storage.NewChange(ctx, current, next, next.UpdatedAt))
	return next.Clone(), nil
}

// Delete implements [storage.Storage].
func (s *Store) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error {
	for range attempts {
		current, err := s.read(ctx, id)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(current.Clone()); err != nil {
				return err
			}
		}
		if err := s.remove(ctx, current, at); !errors.Is(err, errMoved) {
			return err
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	current, err := s.current(ctx, id)
	if err != nil {
		return err
	}
	if check != nil {
		if err := check(current.Clone()); err != nil {
			return err
		}
	}
	s.removeLocked(ctx, current, at)
	return nil
}

// remove removes current. Errors: errMoved if it was replaced already.
func (s *Store) remove(ctx context.Context, current *identity.Identity, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if s.identities[current.ID] != current {
		return errMoved
	}
	s.removeLocked(ctx, current, at)
	return nil
}

func (s *Store) removeLocked(ctx context.Context, current *identity.Identity, at time.Time) {
	id := current.ID
	delete(s.identities, id)
	if n, found := slices.BinarySearchFunc(s.order, id, compareIDs); found {
		s.order = slices.Delete(s.order, n, n+1)
	}
	s.release(id, storage.Claims(current))
	s.records.removeOf(id)
	s.record(storage.NewChange(ctx, current, nil, at))
}

// Close implements [storage.Storage]. The contents of the store are lost.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.identities, s.owners, s.order, s.feed, s.records = true, nil, nil, nil, nil, records{}
	s.changed.Close()
	return nil
}

// read returns the kept identity, which must not be modified.
func (s *Store) read(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current(ctx, id)
}

// current returns the kept identity, which must not be modified. The lock is held.
func (s *Store) current(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	kept, found := s.identities[id]
	if !found {
		return nil, storage.ErrNotFound
	}
	return kept, nil
}

func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed {
		return storage.ErrClosed
	}
	return nil
}

// checkFree refuses what another identity than id claims.
func (s *Store) checkFree(id uuid.UUID, claims []storage.Claim) error {
	for _, claim := range claims {
		if owner, taken := s.owners[claim]; taken && owner != id {
			return storage.NewConflictError(claim)
		}
	}
	return nil
}

func (s *Store) claim(id uuid.UUID, claims []storage.Claim) {
	for _, claim := range claims {
		s.owners[claim] = id
	}
}

// release frees what id claims of claims.
func (s *Store) release(id uuid.UUID, claims []storage.Claim) {
	for _, claim := range claims {
		if s.owners[claim] == id {
			delete(s.owners, claim)
		}
	}
}
