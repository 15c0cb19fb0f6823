package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

const createSearch = `CREATE VIRTUAL TABLE idem_search USING fts5 (text, content = '', contentless_delete = 1, detail = 'none', tokenize = 'trigram case_sensitive 1')`

// builder declares, builds and drops indexes.
type builder struct {
	*database
	declarations *indexing.Cache
}

var _ indexing.Builder = (*builder)(nil)

// Unfinished implements [indexing.Builder].
func (b *builder) Unfinished(ctx context.Context) (*indexing.Record, error) {
	var r indexing.Record
	err := b.poll(ctx, time.Now(), func(time.Time) error {
		return b.db.QueryRowContext(ctx, `SELECT number, path, state FROM idem_indexes WHERE state IN ('building', 'dropped') ORDER BY number LIMIT 1`).
			Scan(&r.Number, &r.Path, &r.State)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &r, sqliteerror.Translate(err)
}

func recordedIndexes(ctx context.Context, from interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}) (all []indexing.Record, err error) {
	rows, err := from.QueryContext(ctx, queries[selectIndexes])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRecorded(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// scanRecorded reads a row of selectIndexes.
func scanRecorded(rows *sql.Rows) (r indexing.Record, err error) {
	err = rows.Scan(&r.Number, &r.Path, &r.FoldVersion, &r.State)
	return r, err
}

// Declare implements [indexing.Builder].
func (b *builder) Declare(ctx context.Context, paths []string) error {
	var all []indexing.Record
	err := b.poll(ctx, time.Now(), func(time.Time) (err error) {
		all, err = recordedIndexes(ctx, b.db)
		return err
	})
	if err != nil {
		return sqliteerror.Translate(err)
	}
	if drop, add := indexing.Plan(all, paths); len(drop)+len(add) == 0 {
		return b.checkSearch(ctx, all)
	}
	return b.inTransaction(ctx, func(tx *sql.Tx) error {
		all, err := recordedIndexes(ctx, tx)
		if err != nil {
			return sqliteerror.Translate(err)
		}
		drop, add := indexing.Plan(all, paths)
		for _, r := range drop {
			if err := dropIn(ctx, tx, r); err != nil {
				return err
			}
		}
		for _, path := range add {
			if err := addIn(ctx, tx, path); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkSearch refuses a driver that cannot keep up the search index that is declared.
func (b *builder) checkSearch(ctx context.Context, all []indexing.Record) error {
	if !slices.ContainsFunc(all, func(r indexing.Record) bool { return r.Path == indexing.SearchPath && r.State != indexing.StateDropped }) {
		return nil
	}
	err := b.poll(ctx, time.Now(), func(time.Time) error {
		_, err := b.db.ExecContext(ctx, `SELECT rowid FROM idem_search LIMIT 0`)
		return err
	})
	return searchError(err)
}

// searchError explains a driver without what the search index needs.
func searchError(err error) error {
	if err == nil || sqliteerror.IsBusy(err) {
		return err
	}
	if text := err.Error(); strings.Contains(text, "fts5") || strings.Contains(text, "tokenizer") || strings.Contains(text, "contentless_delete") {
		return fmt.Errorf("sqlitedb: the search index needs an SQLite of version 3.43 or later with FTS5, which this driver does not have: %w", err)
	}
	return sqliteerror.Translate(err)
}

func execAll(ctx context.Context, tx *sql.Tx, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return searchError(err)
		}
	}
	return nil
}

// addIn records a new index in a transaction.
func addIn(ctx context.Context, tx *sql.Tx, path string) error {
	if path == indexing.SearchPath {
		if err := execAll(ctx, tx, createSearch); err != nil {
			return err
		}
	}
	if err := execAll(ctx, tx, queries[raiseIndexing]); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO idem_indexes (number, path, fold_version, state) SELECT version, ?, ?, ? FROM idem_indexing`, path, query.FoldVersion, indexing.StateBuilding)
	return sqliteerror.Translate(err)
}

// dropIn records in a transaction that an index is no longer kept up.
func dropIn(ctx context.Context, tx *sql.Tx, r indexing.Record) error {
	if r.Path == indexing.SearchPath {
		if err := execAll(ctx, tx, `DROP TABLE IF EXISTS idem_search`, `DELETE FROM idem_search_numbers`); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE idem_indexes SET state = ? WHERE number = ?`, indexing.StateDropped, r.Number); err != nil {
		return sqliteerror.Translate(err)
	}
	return execAll(ctx, tx, queries[raiseIndexing])
}

// Clean implements [indexing.Builder].
func (b *builder) Clean(ctx context.Context, number int64) (done bool, err error) {
	err = b.inTransaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM idem_index WHERE number = ?1 AND (key, identity_id) IN
			(SELECT key, identity_id FROM idem_index WHERE number = ?1 LIMIT ?2)`, number, indexing.DroppedAtOnce)
		if err != nil {
			return sqliteerror.Translate(err)
		}
		rows, err := result.RowsAffected()
		if err != nil || rows == indexing.DroppedAtOnce {
			return sqliteerror.Translate(err)
		}
		done = true
		_, err = tx.ExecContext(ctx, `DELETE FROM idem_indexes WHERE number = ? AND state = ?`, number, indexing.StateDropped)
		return sqliteerror.Translate(err)
	})
	if !done {
		yield(ctx)
	}
	return done, err
}

// Build implements [indexing.Builder]. It adds the identities in the order of their ids.
// Every writer keeps the index up from the moment that it is declared, so it is complete
// when all that were there have had their turn.
func (b *builder) Build(ctx context.Context, number int64) (added int, done bool, err error) {
	err = b.inTransaction(ctx, func(tx *sql.Tx) (err error) {
		added, done, err = b.buildSome(ctx, tx, number)
		return err
	})
	if !done {
		yield(ctx)
	}
	return added, done, err
}

// buildSome is Build in a transaction.
func (b *builder) buildSome(ctx context.Context, tx *sql.Tx, number int64) (count int, done bool, err error) {
	t := &transaction{tx: tx, declarations: b.declarations}
	now, err := readDeclared(ctx, t.declarations, t)
	if err != nil {
		return 0, false, err
	}
	index := now.ByNumber(number)
	if index == nil || index.Complete {
		return 0, true, nil
	}
	var built []byte
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(built, x'') FROM idem_indexes WHERE number = ?`, number).Scan(&built); err != nil {
		return 0, false, sqliteerror.Translate(err)
	}
	if built == nil {
		built = []byte{} // as some drivers do not: NULL comes after nothing
	}
	var next []*identity.Identity
	err = eachRow(ctx, t, selectPage, []any{built, indexing.BuiltAtOnce, 0}, func(rows *sql.Rows) error {
		var key, raw sql.RawBytes
		var revision int64
		if err := rows.Scan(&key, &revision, &raw); err != nil {
			return sqliteerror.Translate(err)
		}
		built, count = slices.Clone(key), count+1
		if id, err := uuid.FromBytes(key); err == nil {
			if i, err := document.Decode(id, revision, raw); err == nil { // one that cannot be read is in no list either
				next = append(next, i)
			}
		}
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	for _, i := range next {
		if err := t.build(ctx, *index, i); err != nil {
			return 0, false, err
		}
	}
	if count < indexing.BuiltAtOnce {
		if _, err := tx.ExecContext(ctx, `UPDATE idem_indexes SET state = ?, built = NULL WHERE number = ?`, indexing.StateComplete, number); err != nil {
			return 0, false, sqliteerror.Translate(err)
		}
		return count, true, execAll(ctx, tx, queries[raiseIndexing])
	}
	_, err = tx.ExecContext(ctx, `UPDATE idem_indexes SET built = ? WHERE number = ?`, built, number)
	return count, false, sqliteerror.Translate(err)
}

// DropIndex removes the index of [WithIndex] for path, for every process that uses the
// database. It takes effect at once, and returns when the rows of the index are
// deleted, which takes several steps. Without such an index it does nothing.
func (s *Store) DropIndex(ctx context.Context, path string) error {
	if path == indexing.SearchPath {
		return nil // what this would mean is DropSearchIndex
	}
	return s.drop(ctx, path)
}

// DropSearchIndex removes the index of [WithSearchIndex], for every process that uses the
// database, in one transaction. Without such an index it does nothing.
func (s *Store) DropSearchIndex(ctx context.Context) error { return s.drop(ctx, indexing.SearchPath) }

func (s *Store) drop(ctx context.Context, path string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if s.commits.Closed() {
		return storage.ErrClosed
	}
	b := &builder{s.commits.database, s.declarations}
	var dropped []int64
	err := b.inTransaction(ctx, func(tx *sql.Tx) error {
		dropped = nil
		all, err := recordedIndexes(ctx, tx)
		if err != nil {
			return sqliteerror.Translate(err)
		}
		for _, r := range all {
			if r.Path == path && r.State != indexing.StateDropped {
				dropped = append(dropped, r.Number)
				if err := dropIn(ctx, tx, r); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, number := range dropped {
		if err == nil {
			err = indexing.Clean(ctx, b, number)
		}
	}
	return s.end(ctx, err)
}
