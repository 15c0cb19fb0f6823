package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

// anonymousSlots is among how many rows the number of records without an identity is
// spread.
const anonymousSlots = 16

// UpdateRecord implements [storage.Storage]. If the answer of the database is lost, the
// record shows whether it was written, unless it was deleted, or written by another call
// since. Then UpdateRecord returns [storage.ErrOutcomeUnknown].
func (s *Store) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time,
	change func(current *storage.Record) (*storage.Record, error)) error {

	for n := 1; n <= 10*repeatAttempts; n++ {
		kept, err := read(ctx, s.reader, func(ctx context.Context) (storedRecord, error) { return s.getRecord(ctx, key) })
		if err != nil {
			return err
		}
		next, err := storage.ApplyRecord(key, kept.record, now, change)
		if err != nil || next == kept.record {
			return err
		}
		w := newRecordWrite(key, kept, next, now)
		if err := s.writeRecord(ctx, w); !errors.Is(err, errMoved) {
			return err
		}
		if err := pause(ctx, min(n, 5)); err != nil {
			return err
		}
	}
	return errTooOften
}

// storedRecord is a record as it is stored.
type storedRecord struct {
	record *storage.Record // nil if there is none
	token  int64
}

// getRecord returns the record that is kept.
func (r reader) getRecord(ctx context.Context, key storage.RecordKey) (storedRecord, error) {
	var (
		token, expires int64
		owner          *string
		value          []byte
	)
	err := queryOne(ctx, r.session, r.statements.record, []any{key[:]}, &token, &owner, &value, &expires)
	if errors.Is(err, errNoRow) {
		return storedRecord{}, nil
	}
	if err != nil {
		return storedRecord{}, err
	}
	record := &storage.Record{Key: key, Value: value, Expires: time.UnixMicro(expires).UTC()}
	if owner != nil {
		if record.Identity, err = uuid.Parse(*owner); err != nil {
			return storedRecord{}, errDamaged
		}
	}
	return storedRecord{record, token}, nil
}

// recordWrite is a change of a record that is worked out.
type recordWrite struct {
	key   storage.RecordKey
	token int64 // of the record after the write
	kept  storedRecord
	next  *storage.Record // nil to delete it
	now   time.Time
	// added is what it adds to the number of records that belong to no identity.
	added int64
}

func newRecordWrite(key storage.RecordKey, kept storedRecord, next *storage.Record, now time.Time) *recordWrite {
	w := &recordWrite{key: key, token: newToken(), kept: kept, next: next, now: now}
	if isAnonymous(next) {
		w.added++
	}
	if isAnonymous(kept.record) {
		w.added--
	}
	return w
}

func isAnonymous(r *storage.Record) bool { return r != nil && r.Identity == uuid.Nil }

func (w *recordWrite) statement(s *statements) (statement string, args []any) {
	args = []any{w.key[:], storage.UnixMicro(w.now), int64(storage.ExpiredPerUpdate), rand.Int64N(anonymousSlots), w.added}
	if w.next == nil {
		return s.deleteRecord, append(args, w.kept.token)
	}
	value := w.next.Value
	if value == nil {
		value = []byte{}
	}
	args = append(args, w.token, idOrNil(w.next.Identity), value, storage.UnixMicro(w.next.Expires))
	if w.kept.record == nil {
		return s.insertRecord, args
	}
	return s.updateRecord, append(args, w.kept.token)
}

// writeRecord makes a write and returns what became of it: nil, errMoved, or what a caller
// is told.
func (s *Store) writeRecord(caller context.Context, w *recordWrite) error {
	if err := s.beginRead(caller); err != nil {
		return err
	}
	s.using.RLock() // so that Close waits
	defer s.using.RUnlock()
	if s.portable {
		if _, err := s.pruneSome(caller, w.now, storage.ExpiredPerUpdate); err != nil {
			return err
		}
	}
	var (
		lost      error
		until     time.Time
		anonymous int64
	)
	for n := 1; ; n++ {
		changed := int64(0)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), s.config.timeout)
		statement, args := w.statement(s.statements)
		err := s.db.queryOnce(ctx, statement, args, func(row row) error { return row.Scan(&changed, &anonymous, new(int64)) })
		if err == nil && changed == 0 {
			err = s.explainRecord(ctx, w, lost != nil)
		}
		cancel()
		switch fault := faultOf(err); {
		case err == nil:
			if w.added > 0 && anonymous >= storage.MaxAnonymousRecords {
				s.evict(caller)
			}
			return nil
		case errors.Is(err, errMoved):
			return err
		case errors.Is(err, errPruned):
			return unknown(lost)
		case fault == faultReference:
			return storage.ErrNotFound
		case fault == faultAgain:
			if n >= repeatAttempts {
				return settled(lost, err)
			}
		case fault == faultNotSent && lost == nil:
			if n >= readAttempts {
				return translate(err)
			}
		case fault == faultLost:
			if lost == nil {
				lost, until = err, time.Now().Add(s.config.resolve)
			}
		case lost == nil || fault == faultOther:
			return settled(lost, err)
		}
		if lost != nil && time.Now().After(until) {
			return unknown(lost)
		}
		_ = pause(context.Background(), n) // whose context does not end
	}
}

// explainRecord returns errMoved if the record is not what w was worked out from, and nil
// if w happened. lost says that an earlier try may have happened; then errPruned says that
// this cannot be found out.
func (s *Store) explainRecord(ctx context.Context, w *recordWrite, lost bool) error {
	current, err := s.getRecord(ctx, w.key)
	switch {
	case err != nil:
		return err
	case w.next != nil && current.record != nil && current.token == w.token:
		return nil
	case lost:
		return errPruned
	}
	return errMoved
}

// evict deletes the records without an identity that are too many. A failure leaves that to
// the next write.
func (s *Store) evict(caller context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), s.config.timeout)
	defer cancel()
	_ = s.retryRead(ctx, func(ctx context.Context) error {
		// One at a time, or each would delete what is too many.
		tx, err := s.begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.rollback(context.WithoutCancel(ctx)) }()
		if err := queryOne(ctx, tx, s.statements.lockAnonymous, nil, new(int64)); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, s.statements.evictAnonymous, int64(storage.MaxAnonymousRecords)); err != nil {
			return err
		}
		return tx.commit(ctx)
	})
}

// PruneRecords implements [storage.Storage].
func (r reader) PruneRecords(ctx context.Context, before time.Time) (gone int, err error) {
	for {
		rows, err := r.pruneSome(ctx, before, pruneStep)
		if gone += int(rows); err != nil || rows < pruneStep {
			return gone, err
		}
	}
}

// pruneSome deletes up to limit records that have expired before a time, the soonest first,
// and returns how many.
func (r reader) pruneSome(ctx context.Context, before time.Time, limit int64) (int64, error) {
	return read(ctx, r, func(ctx context.Context) (rows int64, err error) {
		err = queryOne(ctx, r.session, r.statements.pruneRecords, []any{storage.UnixMicro(before), limit, rand.Int64N(anonymousSlots)}, &rows, new(int64))
		return rows, err
	})
}
