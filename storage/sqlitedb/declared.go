package sqlitedb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// searchPath is the path of the search index.
const searchPath = ""

// The states of an index.
const (
	stateBuilding = "building"
	stateComplete = "complete"
	// stateStale is an index that a process wrote to which folds text by another edition of
	// Unicode. It is not kept up, and the next process that opens the database makes it again.
	stateStale   = "stale"
	stateDropped = "dropped"
)

// declared are the indexes that the database records, of one version. It is immutable.
type declared struct {
	version int64
	indexes []declaredIndex // those that are kept up
	search  *declaredIndex  // nil if there is none
	// outdated are the numbers of indexes that are kept up by others, folded otherwise.
	outdated []int64
}

// declaredIndex is an index that every writer keeps up.
type declaredIndex struct {
	number   int64
	path     string
	complete bool
	keys     query.Index // not of the search index
}

// find returns the complete index of a path, nil if there is none.
func (d *declared) find(path string) *declaredIndex {
	at := slices.IndexFunc(d.indexes, func(i declaredIndex) bool { return i.path == path && i.complete })
	if at < 0 {
		return nil
	}
	return &d.indexes[at]
}

// declarations remembers what is declared, as it was last read.
type declarations struct{ last atomic.Pointer[declared] }

// read returns what is declared as from sees it. If it has not changed since it was read
// last, that costs a query for its version.
func (d *declarations) read(ctx context.Context, from source) (*declared, error) {
	var version int64
	if err := queryRow(ctx, from, selectIndexing, nil, &version); err != nil {
		return nil, err
	}
	last := d.last.Load()
	if last != nil && last.version == version {
		return last, nil
	}
	now := &declared{version: version}
	err := eachRow(ctx, from, selectIndexes, nil, func(rows *sql.Rows) error {
		var number int64
		var path, fold, state string
		if err := rows.Scan(&number, &path, &fold, &state); err != nil {
			return sqliteerror.Translate(err)
		}
		return now.add(number, path, fold, state)
	})
	if err != nil {
		return nil, err
	}
	d.last.CompareAndSwap(last, now)
	return now, nil
}

func (d *declared) add(number int64, path, fold, state string) (err error) {
	switch {
	case state != stateBuilding && state != stateComplete:
		return nil
	case fold != query.FoldVersion:
		d.outdated = append(d.outdated, number)
		return nil
	}
	index := declaredIndex{number: number, path: path, complete: state == stateComplete}
	if path == searchPath {
		d.search = &index
		return nil
	}
	if index.keys, err = query.NewIndex(path); err != nil {
		return fmt.Errorf("sqlitedb: the database has an index that this release cannot keep up: %w", err)
	}
	d.indexes = append(d.indexes, index)
	return nil
}

// index writes what the indexes say of an identity that was before, nil if it is new, and
// is after, nil if it is deleted.
func (t *transaction) index(ctx context.Context, before, after *identity.Identity) error {
	if t.declared == nil {
		now, err := t.declarations.read(ctx, t)
		if err != nil {
			return err
		}
		if len(now.outdated) > 0 {
			if _, err := t.exec(ctx, markStale, query.FoldVersion); err != nil {
				return err
			}
			if _, err := t.exec(ctx, raiseIndexing); err != nil {
				return err
			}
		}
		t.declared = now
	}
	for _, index := range t.declared.indexes {
		if err := t.indexKeys(ctx, index, before, after); err != nil {
			return err
		}
	}
	if t.declared.search != nil {
		return t.indexText(ctx, before, after)
	}
	return nil
}

func (t *transaction) indexKeys(ctx context.Context, index declaredIndex, before, after *identity.Identity) error {
	var old, now [][]byte
	id := uuid.Nil
	if before != nil {
		old, id = index.keys.Keys(before), before.ID
	}
	if after != nil {
		now, id = index.keys.Keys(after), after.ID
	}
	for _, key := range old {
		if _, stays := slices.BinarySearchFunc(now, key, bytes.Compare); stays {
			continue
		}
		if _, err := t.exec(ctx, deleteIndexRow, index.number, key, id[:]); err != nil {
			return err
		}
	}
	for _, key := range now {
		// Those that stay may not be there yet, while the index is built.
		if _, stays := slices.BinarySearchFunc(old, key, bytes.Compare); stays && index.complete {
			continue
		}
		if _, err := t.exec(ctx, insertIndexRow, index.number, key, id[:]); err != nil {
			return err
		}
	}
	return nil
}

// indexText writes the text that a search looks at.
func (t *transaction) indexText(ctx context.Context, before, after *identity.Identity) error {
	if before != nil && after != nil && query.SearchText(before) == query.SearchText(after) {
		return nil // while the index is built, this one's turn will come or has been
	}
	if before != nil {
		if _, err := t.exec(ctx, deleteSearchText, before.ID[:]); err != nil {
			return err
		}
	}
	if after == nil {
		_, err := t.exec(ctx, deleteSearchNumber, before.ID[:])
		return err
	}
	return t.insertText(ctx, after)
}

func (t *transaction) insertText(ctx context.Context, i *identity.Identity) error {
	if _, err := t.exec(ctx, insertSearchNumber, i.ID[:]); err != nil {
		return err
	}
	_, err := t.exec(ctx, insertSearchText, query.SearchText(i), i.ID[:])
	return err
}

// build writes what the index with this number says of an identity, which may be written
// already.
func (t *transaction) build(ctx context.Context, index declaredIndex, i *identity.Identity) error {
	if index.path != searchPath {
		return t.indexKeys(ctx, index, nil, i)
	}
	var number int64
	err := queryRow(ctx, t, selectSearchNumber, []any{i.ID[:]}, &number)
	if errors.Is(err, sql.ErrNoRows) {
		return t.insertText(ctx, i)
	}
	return err
}
