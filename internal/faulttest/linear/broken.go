package linear

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// Broken are stores that break a promise each, by what they do wrong.
var Broken = map[string]func(storage.Storage) storage.Storage{
	"reads are stale":              func(s storage.Storage) storage.Storage { return &staleStore{Storage: s} },
	"finds are stale":              func(s storage.Storage) storage.Storage { return &staleFindStore{Storage: s} },
	"updates are lost":             func(s storage.Storage) storage.Storage { return losingStore{s} },
	"creates come early":           func(s storage.Storage) storage.Storage { return earlyStore{s} },
	"refused updates leave traces": func(s storage.Storage) storage.Storage { return leakyStore{s} },

	"writes of records are lost":       func(s storage.Storage) storage.Storage { return losingRecordStore{s} },
	"expired records are shown":        func(s storage.Storage) storage.Storage { return &lateStore{Storage: s, late: -100} },
	"records expire early":             func(s storage.Storage) storage.Storage { return &lateStore{Storage: s, late: 100} },
	"pruning deletes too many":         func(s storage.Storage) storage.Storage { return pruningStore{s} },
	"records outlive their identity":   func(s storage.Storage) storage.Storage { return &orphanStore{Storage: s} },
	"records of nobody can be written": func(s storage.Storage) storage.Storage { return &orphanStore{Storage: s, unchecked: true} },
}

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

// losingRecordStore works changes of records out beside the store and writes them without
// looking again.
type losingRecordStore struct{ storage.Storage }

func (s losingRecordStore) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time,
	change func(*storage.Record) (*storage.Record, error)) error {

	var kept *storage.Record
	err := s.Storage.UpdateRecord(ctx, key, now, func(current *storage.Record) (*storage.Record, error) {
		kept = current.Clone()
		return current, nil
	})
	if err != nil {
		return err
	}
	next, err := change(kept)
	if err != nil {
		return err
	}
	time.Sleep(50 * time.Microsecond)
	return s.Storage.UpdateRecord(ctx, key, now, func(*storage.Record) (*storage.Record, error) { return next, nil })
}

// lateStore has a clock that is late, by microseconds, or early.
type lateStore struct {
	storage.Storage
	late time.Duration
}

func (s *lateStore) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time,
	change func(*storage.Record) (*storage.Record, error)) error {

	return s.Storage.UpdateRecord(ctx, key, now.Add(s.late*time.Microsecond), change)
}

// pruningStore prunes what is soon to expire.
type pruningStore struct{ storage.Storage }

func (s pruningStore) PruneRecords(ctx context.Context, before time.Time) (int, error) {
	return s.Storage.PruneRecords(ctx, before.Add(time.Hour))
}

// orphanStore keeps records apart from the identities that they belong to.
type orphanStore struct {
	storage.Storage
	owners sync.Map // of keys to ids
	// unchecked does not ask whether the identity of a record exists.
	unchecked bool
}

func (s *orphanStore) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time,
	change func(*storage.Record) (*storage.Record, error)) error {

	var written *storage.Record
	err := s.Storage.UpdateRecord(ctx, key, now, func(current *storage.Record) (*storage.Record, error) {
		if owner, known := s.owners.Load(key); known && current != nil {
			current.Identity = owner.(uuid.UUID)
		}
		next, err := change(current)
		if written = next.Clone(); err != nil || next == nil || !s.unchecked {
			return next, err
		}
		return s.orphan(key, next), nil
	})
	if err != nil || written == nil || s.unchecked {
		return err
	}
	return s.Storage.UpdateRecord(ctx, key, now, func(current *storage.Record) (*storage.Record, error) {
		if !current.Equal(written) {
			return current, nil
		}
		return s.orphan(key, current), nil
	})
}

func (s *orphanStore) orphan(key storage.RecordKey, r *storage.Record) *storage.Record {
	s.owners.Store(key, r.Identity)
	orphan := r.Clone()
	orphan.Identity = uuid.Nil
	return orphan
}
