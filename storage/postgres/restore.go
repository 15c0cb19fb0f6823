package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/restoring"
)

// Restore writes identities of another store unchanged: with their ids, revisions, times
// and credentials. It adds no entry to the feed; [Store.RestoreChanges] does that. An
// identity that already exists, equal and at the same revision, is skipped, so that an
// interrupted move can be run again. Restore returns how many identities it wrote. There
// must be no other writer meanwhile.
//
// Errors: an error that wraps [storage.ErrConflict] and names the first identity that
// exists and differs, or that has a claim of another identity; [storage.ErrUnavailable].
func (s *Store) Restore(ctx context.Context, identities []*identity.Identity) (restored int, err error) {
	var part []*write
	size := 0
	flush := func() error {
		count, err := s.restore(ctx, part)
		restored += count
		part, size = nil, 0
		return err
	}
	for _, i := range identities {
		w := newCreate(ctx, i)
		w.change.Revision = i.Revision
		if len(part) == maxBatch || size+len(w.document) > maxBatchBytes && len(part) > 0 {
			if err := flush(); err != nil {
				return restored, err
			}
		}
		part, size = append(part, w), size+len(w.document)
	}
	if len(part) > 0 {
		if err := flush(); err != nil {
			return restored, err
		}
	}
	return restored, restoring.VerifyIdentities(ctx, s, identities)
}

// restore makes one statement of Restore.
func (s *Store) restore(ctx context.Context, writes []*write) (count int, err error) {
	_, err = read(ctx, s.reader, func(ctx context.Context) (struct{}, error) {
		set, err := s.refresh(ctx, s.db) // beside a change of what is declared, a builder adds what is missing
		if err != nil {
			return struct{}{}, err
		}
		for _, w := range writes {
			w.prepare(set)
		}
		args := append(givenArgs(writes, set), claimsOf(writes, func(w *write) []storage.Claim { return w.added })...)
		if s.config.portable {
			count, err = s.restoreInParts(ctx, writes, args)
			return struct{}{}, err
		}
		statement, args := s.statements.restore.with(joined(writes), args)
		count = 0
		return struct{}{}, s.db.queryOnce(ctx, statement, args, func(row row) error {
			count++
			return row.Scan(new(int64))
		})
	})
	return count, err
}

// restoreInParts is restore for engines that refuse to change a table twice in a statement.
func (s *Store) restoreInParts(ctx context.Context, writes []*write, args []any) (count int, err error) {
	tx, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.rollback(context.WithoutCancel(ctx)) }()
	done := map[int64]bool{}
	err = tx.query(ctx, s.statements.restore.plain, args, func(row row) error {
		var token int64
		err := row.Scan(&token)
		done[token] = true
		return err
	})
	if err != nil {
		return 0, err
	}
	restored := slices.DeleteFunc(slices.Clone(writes), func(w *write) bool { return !done[w.token] })
	if err := s.changeIndexes(ctx, tx, joined(restored)); err != nil {
		return 0, err
	}
	return len(restored), tx.commit(ctx)
}

// RestoreChanges appends changes of another store's feed, with their sequence numbers. They
// must continue the feed; if the feed is empty, the first may have any number. Changes that
// already exist are skipped, so that an interrupted move can be run again. There must be no
// other writer meanwhile.
func (s *Store) RestoreChanges(ctx context.Context, changes []storage.Change) error {
	last, err := s.LastChange(ctx)
	if err != nil || len(changes) == 0 {
		return err
	}
	if err := restoring.CheckChanges(last, changes); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	text := func(of func(c storage.Change) string) string { return texts(changes, of) }
	number := func(of func(c storage.Change) int64) string { return integers(changes, of) }
	_, err = read(ctx, s.reader, func(ctx context.Context) (int64, error) {
		return s.db.exec(ctx, s.statements.restoreChanges,
			number(func(c storage.Change) int64 { return c.Sequence }),
			number(func(storage.Change) int64 { return newToken() }),
			ids(changes, func(c storage.Change) uuid.UUID { return c.IdentityID }),
			number(func(c storage.Change) int64 { return c.Revision }),
			text(func(c storage.Change) string { return string(c.Operation) }),
			number(func(c storage.Change) int64 { return storage.UnixMicro(c.Time) }),
			text(func(c storage.Change) string { return strings.Join(c.Fields, fieldSeparator) }),
			byteStrings(changes, func(c storage.Change) string { return c.Actor }))
	})
	return err
}

// Records returns up to limit records in the order of their keys, those that have expired
// included, after a key; nil begins with the first. It is for copying a database: an
// application reads records by [Store.UpdateRecord].
func (s *Store) Records(ctx context.Context, after *storage.RecordKey, limit int) ([]storage.Record, error) {
	return read(ctx, s.reader, func(ctx context.Context) (found []storage.Record, err error) {
		var begin any
		if after != nil {
			begin = after[:]
		}
		err = s.query(ctx, s.statements.records, []any{begin, int64(limit)}, func(row row) error {
			var (
				r       storage.Record
				key     []byte
				owner   *string
				expires int64
			)
			if err := row.Scan(&key, &owner, &r.Value, &expires); err != nil {
				return err
			}
			if len(key) != len(r.Key) {
				return errDamaged
			}
			copy(r.Key[:], key)
			if owner != nil {
				if r.Identity, err = uuid.Parse(*owner); err != nil {
					return errDamaged
				}
			}
			r.Value, r.Expires = bytes.Clone(r.Value), time.UnixMicro(expires).UTC()
			found = append(found, r)
			return nil
		})
		return found, err
	})
}

// RestoreRecords writes records of another store unchanged, those that have expired included,
// and returns how many it wrote. A record whose key exists is skipped, so that an interrupted
// move can be run again. Their identities must be there. There must be no other writer
// meanwhile. Errors: [storage.ErrNotFound] if an identity does not exist.
func (s *Store) RestoreRecords(ctx context.Context, records []storage.Record) (restored int, err error) {
	if len(records) == 0 {
		return 0, nil
	}
	args := []any{
		byteStrings(records, func(r storage.Record) string { return string(r.Key[:]) }),
		integers(records, func(storage.Record) int64 { return newToken() }),
		ids(records, func(r storage.Record) uuid.UUID { return r.Identity }),
		byteStrings(records, func(r storage.Record) string { return string(r.Value) }),
		integers(records, func(r storage.Record) int64 { return storage.UnixMicro(r.Expires) }),
	}
	return read(ctx, s.reader, func(ctx context.Context) (restored int, err error) {
		err = s.db.queryOnce(ctx, s.statements.restoreRecords, args, func(row row) error { return row.Scan(&restored, new(int64)) })
		if faultOf(err) == faultReference {
			err = fmt.Errorf("a record of an identity that does not exist: %w", storage.ErrNotFound)
		}
		return restored, err
	})
}
