package memory

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

// records holds the records of a store. The values are never modified once they are kept.
type records struct {
	byKey map[storage.RecordKey]*storage.Record
	// byExpiry and anonymous are sorted by compareExpiry; anonymous are those without an
	// identity.
	byExpiry, anonymous []*storage.Record
	byIdentity          map[uuid.UUID]map[storage.RecordKey]*storage.Record
}

func newRecords() records {
	return records{
		byKey:      map[storage.RecordKey]*storage.Record{},
		byIdentity: map[uuid.UUID]map[storage.RecordKey]*storage.Record{},
	}
}

func compareExpiry(a, b *storage.Record) int {
	return cmp.Or(a.Expires.Compare(b.Expires), bytes.Compare(a.Key[:], b.Key[:]))
}

func insertByExpiry(list []*storage.Record, r *storage.Record) []*storage.Record {
	at, _ := slices.BinarySearchFunc(list, r, compareExpiry)
	return slices.Insert(list, at, r)
}

func removeByExpiry(list []*storage.Record, r *storage.Record) []*storage.Record {
	at, found := slices.BinarySearchFunc(list, r, compareExpiry)
	if !found {
		return list
	}
	return slices.Delete(list, at, at+1)
}

func (rs *records) insert(r *storage.Record) {
	rs.byKey[r.Key] = r
	rs.byExpiry = insertByExpiry(rs.byExpiry, r)
	if r.Identity == uuid.Nil {
		rs.anonymous = insertByExpiry(rs.anonymous, r)
		return
	}
	if rs.byIdentity[r.Identity] == nil {
		rs.byIdentity[r.Identity] = map[storage.RecordKey]*storage.Record{}
	}
	rs.byIdentity[r.Identity][r.Key] = r
}

func (rs *records) remove(r *storage.Record) {
	delete(rs.byKey, r.Key)
	rs.byExpiry = removeByExpiry(rs.byExpiry, r)
	if r.Identity == uuid.Nil {
		rs.anonymous = removeByExpiry(rs.anonymous, r)
		return
	}
	delete(rs.byIdentity[r.Identity], r.Key)
	if len(rs.byIdentity[r.Identity]) == 0 {
		delete(rs.byIdentity, r.Identity)
	}
}

// removeOf removes the records of an identity.
func (rs *records) removeOf(id uuid.UUID) {
	for _, r := range rs.byIdentity[id] {
		rs.remove(r)
	}
}

// removeExpired removes records that expire at before or earlier, at most most of them,
// and returns how many.
func (rs *records) removeExpired(before time.Time, most int) int {
	removed := 0
	for removed < most && len(rs.byExpiry) > 0 && !rs.byExpiry[0].Expires.After(before) {
		rs.remove(rs.byExpiry[0])
		removed++
	}
	return removed
}

// UpdateRecord implements [storage.Storage].
func (s *Store) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time,
	change func(current *storage.Record) (*storage.Record, error)) error {

	for range attempts {
		kept, err := s.readRecord(ctx, key)
		if err != nil {
			return err
		}
		next, err := storage.ApplyRecord(key, kept, now, change)
		if err != nil {
			return err
		}
		if err := s.replaceRecord(ctx, key, kept, next, now); !errors.Is(err, errMoved) {
			return err
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	kept := s.records.byKey[key]
	next, err := storage.ApplyRecord(key, kept, now, change)
	if err != nil {
		return err
	}
	return s.replaceRecordLocked(kept, next, now)
}

// errMoved says that a value is no longer what a write was worked out from.
var errMoved = errors.New("memory: the value has changed")

// readRecord returns the kept record, which must not be modified, nil if there is none.
func (s *Store) readRecord(ctx context.Context, key storage.RecordKey) (*storage.Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.records.byKey[key], s.usable(ctx)
}

// replaceRecord puts next in the place of kept. Errors: errMoved.
func (s *Store) replaceRecord(ctx context.Context, key storage.RecordKey, kept, next *storage.Record, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if s.records.byKey[key] != kept {
		return errMoved
	}
	return s.replaceRecordLocked(kept, next, now)
}

func (s *Store) replaceRecordLocked(kept, next *storage.Record, now time.Time) error {
	if next != nil && next.Identity != uuid.Nil && s.identities[next.Identity] == nil {
		return storage.ErrNotFound
	}
	if next != kept {
		if kept != nil {
			s.records.remove(kept)
		}
		if next != nil {
			s.records.insert(next)
		}
	}
	s.records.removeExpired(now, storage.ExpiredPerUpdate)
	if len(s.records.anonymous) > storage.MaxAnonymousRecords {
		s.records.remove(s.records.anonymous[0])
	}
	return nil
}

// PruneRecords implements [storage.Storage].
func (s *Store) PruneRecords(ctx context.Context, before time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	return s.records.removeExpired(before, len(s.records.byExpiry)), nil
}
