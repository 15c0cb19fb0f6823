package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/restoring"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
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
	writes := make([]*job, len(identities))
	for n, i := range identities {
		raw, claims := document.Append(nil, i), newClaims(storage.Claims(i))
		writes[n] = &job{run: func(ctx context.Context, t *transaction) (refusal, failure error) {
			return t.insert(ctx, i, raw, claims, nil)
		}}
	}
	for _, err := range s.commits.Do(ctx, writes...) {
		switch {
		case err == nil:
			restored++
		case !errors.Is(err, storage.ErrConflict):
			return restored, err
		}
	}
	return restored, restoring.VerifyIdentities(ctx, s, identities)
}

// The table of the newest restored changes of identities that are not there, because a later
// change deletes them. It is only there while there are such.
const (
	createRestoring = `CREATE TABLE IF NOT EXISTS idem_restoring (identity_id BLOB NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID`
	selectRestoring = `SELECT coalesce((SELECT last_change FROM idem_identities WHERE id = ?1), (SELECT sequence FROM idem_restoring WHERE identity_id = ?1))`
	moveLastChange  = `UPDATE idem_identities SET last_change = ? WHERE id = ?`
	moveRestoring   = `INSERT INTO idem_restoring (identity_id, sequence) VALUES (?, ?) ON CONFLICT (identity_id) DO UPDATE SET sequence = excluded.sequence`
	endRestoring    = `DELETE FROM idem_restoring WHERE identity_id = ?`
	anyRestoring    = `SELECT count(*) FROM (SELECT 1 FROM idem_restoring LIMIT 1)`
	dropRestoring   = `DROP TABLE idem_restoring`
	restoreChange   = `INSERT INTO idem_changes (sequence, identity_id, revision, operation, time, fields, actor, previous) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
)

// RestoreChanges appends changes of another store's feed, with their sequence numbers, all or
// none of them. The identities must have been restored before. The changes must continue the
// feed; if the feed is empty, the first may have any number. Changes that already exist are
// skipped, so that an interrupted move can be run again. There must be no other writer
// meanwhile.
func (s *Store) RestoreChanges(ctx context.Context, changes []storage.Change) error {
	last, err := s.LastChange(ctx)
	if err != nil {
		return err
	}
	if err := restoring.CheckChanges(last, changes); err != nil {
		return fmt.Errorf("sqlitedb: %w", err)
	}
	for len(changes) > 0 && changes[0].Sequence <= last {
		changes = changes[1:]
	}
	if len(changes) == 0 {
		return nil
	}
	return s.commits.doPrepared(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
		t.newest.Valid = false
		if _, err := t.tx.ExecContext(ctx, createRestoring); err != nil {
			return nil, sqliteerror.Translate(err)
		}
		for _, c := range changes {
			if err := t.restoreChange(ctx, c); err != nil {
				return nil, sqliteerror.Translate(err)
			}
		}
		var left bool
		if err := t.tx.QueryRowContext(ctx, anyRestoring).Scan(&left); err != nil || left {
			return nil, sqliteerror.Translate(err)
		}
		_, err := t.tx.ExecContext(ctx, dropRestoring)
		return nil, sqliteerror.Translate(err)
	})
}

// restoreChange appends one change to the feed and to the chain of its identity.
func (t *transaction) restoreChange(ctx context.Context, c storage.Change) error {
	var previous sql.NullInt64
	if c.Operation != storage.OperationCreate {
		if err := t.tx.QueryRowContext(ctx, selectRestoring, c.IdentityID[:]).Scan(&previous); err != nil {
			return err
		}
	}
	e := newEntry(c, previous)
	if _, err := t.tx.ExecContext(ctx, restoreChange, append([]any{c.Sequence}, e[:]...)...); err != nil {
		return err
	}
	result, err := t.tx.ExecContext(ctx, moveLastChange, c.Sequence, c.IdentityID[:])
	if err != nil {
		return err
	}
	if rows, err := result.RowsAffected(); err != nil || rows > 0 {
		return err
	}
	if c.Operation == storage.OperationDelete {
		_, err = t.tx.ExecContext(ctx, endRestoring, c.IdentityID[:])
	} else {
		_, err = t.tx.ExecContext(ctx, moveRestoring, c.IdentityID[:], c.Sequence)
	}
	return err
}

// Records returns up to limit records in the order of their keys, those that have expired
// included, after a key; nil begins with the first. It is for copying a database: an
// application reads records by [Store.UpdateRecord].
func (s *Store) Records(ctx context.Context, after *storage.RecordKey, limit int) (found []storage.Record, err error) {
	begin := []byte{} // before all keys
	if after != nil {
		begin = after[:]
	}
	err = s.commits.doPrepared(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
		found, err = readRecords(ctx, t.tx, begin, limit)
		return nil, sqliteerror.Translate(err)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func readRecords(ctx context.Context, tx *sql.Tx, after []byte, limit int) (found []storage.Record, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT key, identity_id, value, expires FROM idem_records WHERE key > ? ORDER BY key LIMIT ?`, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			r          storage.Record
			key, owner []byte
			expires    int64
		)
		if err := rows.Scan(&key, &owner, &r.Value, &expires); err != nil {
			return nil, err
		}
		if len(key) != len(r.Key) {
			return nil, errors.New("sqlitedb: the key of a record is damaged")
		}
		copy(r.Key[:], key)
		if err := complete(&r, owner, expires); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// RestoreRecords writes records of another store unchanged, those that have expired included,
// all or none of them, and returns how many it wrote. A record whose key exists is skipped,
// so that an interrupted move can be run again. Their identities must be there. There must
// be no other writer meanwhile. Errors: [storage.ErrNotFound] if an identity does not exist.
func (s *Store) RestoreRecords(ctx context.Context, records []storage.Record) (restored int, err error) {
	err = s.commits.doPrepared(ctx, func(ctx context.Context, t *transaction) (refusal, failure error) {
		restored = 0
		for _, r := range records {
			if r.Identity == uuid.Nil {
				continue
			}
			switch exists, err := t.exists(ctx, r.Identity); {
			case err != nil:
				return nil, err
			case !exists:
				return fmt.Errorf("a record of the identity %s, which does not exist: %w", r.Identity, storage.ErrNotFound), nil
			}
		}
		for _, r := range records {
			result, err := t.tx.ExecContext(ctx, `INSERT INTO idem_records (key, identity_id, value, expires) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				recordRow(r.Key, &r)...)
			if err != nil {
				return nil, sqliteerror.Translate(err)
			}
			rows, err := result.RowsAffected()
			if err != nil {
				return nil, sqliteerror.Translate(err)
			}
			restored += int(rows)
		}
		return nil, nil
	})
	if err != nil {
		return 0, err
	}
	return restored, nil
}
