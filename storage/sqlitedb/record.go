package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

// UpdateRecord implements [storage.Storage].
func (s *Store) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time,
	change func(current *storage.Record) (*storage.Record, error)) error {

	for range attempts {
		kept, err := read(ctx, s.reader, func(ctx context.Context) (*storage.Record, error) {
			return getRecord(s.oneRow(ctx), s.source, key)
		})
		if err != nil {
			return err
		}
		next, err := storage.ApplyRecord(key, kept, now, change)
		if err != nil || next == kept {
			return err
		}
		err = s.commits.doPrepared(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
			current, err := getRecord(ctx, t, key)
			if err != nil {
				return nil, err
			}
			if !current.Equal(kept) {
				return errMoved, nil
			}
			return t.replaceRecord(ctx, key, next, now)
		})
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return s.commits.do(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
		kept, err := getRecord(ctx, t, key)
		if err != nil {
			return nil, err
		}
		next, err := storage.ApplyRecord(key, kept, now, change)
		if err != nil || next == kept {
			return err, nil
		}
		return t.replaceRecord(ctx, key, next, now)
	})
}

// UpdateRecord implements [storage.Storage]: it returns [storage.ErrInTransaction].
func (t *Tx) UpdateRecord(ctx context.Context, _ storage.RecordKey, _ time.Time,
	_ func(current *storage.Record) (*storage.Record, error)) error {

	if err := t.turn.Begin(ctx); err != nil {
		return err
	}
	return t.endRead(ctx, storage.ErrInTransaction)
}

// getRecord returns the record that is kept, nil if there is none.
func getRecord(ctx context.Context, from source, key storage.RecordKey) (*storage.Record, error) {
	var (
		r        = storage.Record{Key: key}
		identity []byte
		expires  int64
	)
	err := queryRow(ctx, from, selectRecord, []any{key[:]}, &identity, &r.Value, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := complete(&r, identity, expires); err != nil {
		return nil, err
	}
	return &r, nil
}

// complete gives a record what is stored in another form: the id of its identity, nil for none, and when it expires.
func complete(r *storage.Record, identity []byte, expires int64) (err error) {
	if identity != nil {
		if r.Identity, err = idOf(identity); err != nil {
			return err
		}
	}
	r.Expires = time.UnixMicro(expires).UTC()
	return nil
}

// recordRow are the columns of a record that is kept under key: key, identity, value and when it expires.
func recordRow(key storage.RecordKey, r *storage.Record) []any {
	var identity any
	if r.Identity != uuid.Nil {
		identity = r.Identity[:]
	}
	value := r.Value
	if value == nil {
		value = []byte{}
	}
	return []any{key[:], identity, value, storage.UnixMicro(r.Expires)}
}

// exists reports whether there is an identity with that id.
func (t *transaction) exists(ctx context.Context, id uuid.UUID) (bool, error) {
	err := queryRow(ctx, t, selectExists, []any{id[:]}, new(int))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// replaceRecord keeps next under key, or no record if next is nil.
func (t *transaction) replaceRecord(ctx context.Context, key storage.RecordKey, next *storage.Record, now time.Time) (refusal, failure error) {
	if next != nil && next.Identity != uuid.Nil {
		switch exists, err := t.exists(ctx, next.Identity); {
		case err != nil:
			return nil, err
		case !exists:
			return storage.ErrNotFound, nil
		}
	}
	if _, err := t.exec(ctx, deleteExpiredRecords, storage.UnixMicro(now), storage.ExpiredPerUpdate); err != nil {
		return nil, err
	}
	if next == nil {
		_, err := t.exec(ctx, deleteRecord, key[:])
		return nil, err
	}
	if _, err := t.exec(ctx, replaceRecord, recordRow(key, next)...); err != nil {
		return nil, err
	}
	if next.Identity != uuid.Nil {
		return nil, nil
	}
	return nil, t.evictAnonymous(ctx)
}

// evictAnonymous deletes the record that expires first if there are too many without an
// identity.
func (t *transaction) evictAnonymous(ctx context.Context) error {
	var anonymous int
	if err := queryRow(ctx, t, selectAnonymousRecords, nil, &anonymous); err != nil {
		return err
	}
	if anonymous <= storage.MaxAnonymousRecords {
		return nil
	}
	_, err := t.exec(ctx, deleteFirstAnonymousRecord)
	return err
}

// PruneRecords implements [storage.Storage].
func (s *Store) PruneRecords(ctx context.Context, before time.Time) (int, error) {
	return pruneRecords(ctx, before, s.commits.doPrepared)
}

// PruneRecords implements [storage.Storage].
func (t *Tx) PruneRecords(ctx context.Context, before time.Time) (int, error) {
	return pruneRecords(ctx, before, t.write)
}

// pruneRecords deletes expired records step by step, each with write.
func pruneRecords(ctx context.Context, before time.Time, write func(context.Context, run) error) (int, error) {
	for gone := 0; ; {
		var rows int64
		err := write(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
			rows, failure = t.exec(ctx, deleteExpiredRecords, storage.UnixMicro(before), pruneStep)
			return nil, failure
		})
		if err != nil {
			return gone, err
		}
		if gone += int(rows); rows < pruneStep {
			return gone, nil
		}
	}
}
