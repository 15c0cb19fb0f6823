package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

const (
	builtAtOnce   = 250  // identities that are added to an index in one transaction
	droppedAtOnce = 2000 // rows of a dropped index that are deleted in one
	logInterval   = 5 * time.Second

	createSearch = `CREATE VIRTUAL TABLE idem_search USING fts5 (text, content = '', contentless_delete = 1, detail = 'none', tokenize = 'trigram case_sensitive 1')`
)

// builder declares, builds and drops indexes.
type builder struct {
	*database
	logger       *slog.Logger
	declarations *declarations
}

// open declares the indexes of paths that are not declared yet, makes those again that are
// out of date, and builds what is not complete, also what another process began.
func (b *builder) open(ctx context.Context, paths []string) error {
	if err := b.declare(ctx, paths); err != nil {
		return err
	}
	for {
		var number int64
		path, state := "", ""
		err := b.poll(ctx, time.Now(), func(time.Time) error {
			return b.db.QueryRowContext(ctx, `SELECT number, path, state FROM idem_indexes WHERE state IN ('building', 'dropped') ORDER BY number LIMIT 1`).Scan(&number, &path, &state)
		})
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return sqliteerror.Translate(err)
		case state == stateDropped:
			err = b.clean(ctx, number)
		default:
			err = b.build(ctx, number, path)
		}
		if err != nil {
			return err
		}
	}
}

// recorded is a row of idem_indexes.
type recorded struct {
	number            int64
	path, fold, state string
}

func recordedIndexes(ctx context.Context, from interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}) (all []recorded, err error) {
	rows, err := from.QueryContext(ctx, queries[selectIndexes])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r recorded
		if err := rows.Scan(&r.number, &r.path, &r.fold, &r.state); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// changes returns which indexes must be dropped and which made.
func changes(all []recorded, paths []string) (drop []recorded, add []string) {
	var kept []string
	for _, r := range all {
		switch {
		case r.state == stateDropped:
		case r.state == stateStale || r.fold != query.FoldVersion:
			drop, add = append(drop, r), append(add, r.path)
		default:
			kept = append(kept, r.path)
		}
	}
	for _, path := range paths {
		if !slices.Contains(kept, path) && !slices.Contains(add, path) {
			add = append(add, path)
		}
	}
	return drop, add
}

func (b *builder) declare(ctx context.Context, paths []string) error {
	var all []recorded
	err := b.poll(ctx, time.Now(), func(time.Time) (err error) {
		all, err = recordedIndexes(ctx, b.db)
		return err
	})
	if err != nil {
		return sqliteerror.Translate(err)
	}
	if drop, add := changes(all, paths); len(drop)+len(add) == 0 {
		return b.checkSearch(ctx, all)
	}
	return b.inTransaction(ctx, func(tx *sql.Tx) error {
		all, err := recordedIndexes(ctx, tx)
		if err != nil {
			return sqliteerror.Translate(err)
		}
		drop, add := changes(all, paths)
		for _, r := range drop {
			if err := dropIn(ctx, tx, r.number, r.path); err != nil {
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
func (b *builder) checkSearch(ctx context.Context, all []recorded) error {
	if !slices.ContainsFunc(all, func(r recorded) bool { return r.path == searchPath && r.state != stateDropped }) {
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
	if path == searchPath {
		if err := execAll(ctx, tx, createSearch); err != nil {
			return err
		}
	}
	if err := execAll(ctx, tx, queries[raiseIndexing]); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO idem_indexes (number, path, fold_version, state) SELECT version, ?, ?, ? FROM idem_indexing`, path, query.FoldVersion, stateBuilding)
	return sqliteerror.Translate(err)
}

// dropIn records in a transaction that an index is no longer kept up.
func dropIn(ctx context.Context, tx *sql.Tx, number int64, path string) error {
	if path == searchPath {
		if err := execAll(ctx, tx, `DROP TABLE IF EXISTS idem_search`, `DELETE FROM idem_search_numbers`); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE idem_indexes SET state = ? WHERE number = ?`, stateDropped, number); err != nil {
		return sqliteerror.Translate(err)
	}
	return execAll(ctx, tx, queries[raiseIndexing])
}

// clean deletes the rows of a dropped index, and then its record.
func (b *builder) clean(ctx context.Context, number int64) error {
	for done := false; !done; {
		err := b.inTransaction(ctx, func(tx *sql.Tx) error {
			result, err := tx.ExecContext(ctx, `DELETE FROM idem_index WHERE number = ?1 AND (key, identity_id) IN
				(SELECT key, identity_id FROM idem_index WHERE number = ?1 LIMIT ?2)`, number, droppedAtOnce)
			if err != nil {
				return sqliteerror.Translate(err)
			}
			rows, err := result.RowsAffected()
			if err != nil || rows == droppedAtOnce {
				return sqliteerror.Translate(err)
			}
			done = true
			_, err = tx.ExecContext(ctx, `DELETE FROM idem_indexes WHERE number = ? AND state = ?`, number, stateDropped)
			return sqliteerror.Translate(err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// build adds the identities to an index, some in each transaction, in the order of their
// ids. Every writer keeps it up from the moment that it is declared, so it is complete when
// all that were there have had their turn.
func (b *builder) build(ctx context.Context, number int64, path string) error {
	name := path
	if path == searchPath {
		name = "search"
	}
	added, begun, told := 0, time.Now(), time.Now()
	for done := false; !done; {
		err := b.inTransaction(ctx, func(tx *sql.Tx) (err error) {
			var count int
			count, done, err = b.buildSome(ctx, tx, number)
			added += count
			return err
		})
		if err != nil {
			return err
		}
		if done || time.Since(told) >= logInterval {
			told = time.Now()
			b.logger.LogAttrs(ctx, slog.LevelInfo, "building an index", slog.String("index", name), slog.Int("identities", added),
				slog.Bool("complete", done), slog.Duration("time", time.Since(begun)))
		}
	}
	return nil
}

// buildSome adds the next identities to an index. It is done if the index is complete, or
// another process has dropped it.
func (b *builder) buildSome(ctx context.Context, tx *sql.Tx, number int64) (count int, done bool, err error) {
	t := &transaction{tx: tx, declarations: b.declarations}
	now, err := t.declarations.read(ctx, t)
	if err != nil {
		return 0, false, err
	}
	index := now.byNumber(number)
	if index == nil || index.complete {
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
	err = eachRow(ctx, t, selectPage, []any{built, builtAtOnce, 0}, func(rows *sql.Rows) error {
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
	if count < builtAtOnce {
		if _, err := tx.ExecContext(ctx, `UPDATE idem_indexes SET state = ?, built = NULL WHERE number = ?`, stateComplete, number); err != nil {
			return 0, false, sqliteerror.Translate(err)
		}
		return count, true, execAll(ctx, tx, queries[raiseIndexing])
	}
	_, err = tx.ExecContext(ctx, `UPDATE idem_indexes SET built = ? WHERE number = ?`, built, number)
	return count, false, sqliteerror.Translate(err)
}

func (d *declared) byNumber(number int64) *declaredIndex {
	if d.search != nil && d.search.number == number {
		return d.search
	}
	at := slices.IndexFunc(d.indexes, func(i declaredIndex) bool { return i.number == number })
	if at < 0 {
		return nil
	}
	return &d.indexes[at]
}

// DropIndex removes the index of [WithIndex] for path, for every process that uses the
// database. It takes effect at once, and returns when the rows of the index are
// deleted, which takes several steps. Without such an index it does nothing.
func (s *Store) DropIndex(ctx context.Context, path string) error {
	if path == searchPath {
		return nil // what this would mean is DropSearchIndex
	}
	return s.drop(ctx, path)
}

// DropSearchIndex removes the index of [WithSearchIndex], for every process that uses the
// database, in one transaction. Without such an index it does nothing.
func (s *Store) DropSearchIndex(ctx context.Context) error { return s.drop(ctx, searchPath) }

func (s *Store) drop(ctx context.Context, path string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if s.commits.Closed() {
		return storage.ErrClosed
	}
	b := &builder{database: s.commits.database, declarations: s.declarations}
	var dropped []int64
	err := b.inTransaction(ctx, func(tx *sql.Tx) error {
		dropped = nil
		all, err := recordedIndexes(ctx, tx)
		if err != nil {
			return sqliteerror.Translate(err)
		}
		for _, r := range all {
			if r.path == path && r.state != stateDropped {
				dropped = append(dropped, r.number)
				if err := dropIn(ctx, tx, r.number, path); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, number := range dropped {
		if err == nil {
			err = b.clean(ctx, number)
		}
	}
	return s.end(ctx, err)
}
