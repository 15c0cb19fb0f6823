package sqlitedb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// readDeclared returns what is declared as from sees it. If it has not changed since it was
// read last, that costs a query for its version.
func readDeclared(ctx context.Context, cache *indexing.Cache, from source) (*indexing.Set, error) {
	var version int64
	if err := queryRow(ctx, from, selectIndexing, nil, &version); err != nil {
		return nil, err
	}
	return declaredAt(ctx, cache, from, version)
}

// declaredAt is readDeclared for a reader that knows the version.
func declaredAt(ctx context.Context, cache *indexing.Cache, from source, version int64) (*indexing.Set, error) {
	if last := cache.Last(); last != nil && last.Version == version {
		return last, nil
	}
	var records []indexing.Record
	err := eachRow(ctx, from, selectIndexes, nil, func(rows *sql.Rows) error {
		r, err := scanRecorded(rows)
		records = append(records, r)
		return sqliteerror.Translate(err)
	})
	if err != nil {
		return nil, err
	}
	now, err := indexing.NewSet(version, records)
	if err != nil {
		return nil, fmt.Errorf("sqlitedb: %w", err)
	}
	cache.Remember(now)
	return now, nil
}

// index updates the indexes for an identity that changes from before, nil if it is new, to
// after, nil if it is deleted.
func (t *transaction) index(ctx context.Context, before, after *identity.Identity) error {
	if t.declared == nil {
		if err := t.readState(ctx); err != nil {
			return err
		}
		now, err := declaredAt(ctx, t.declarations, t, t.indexing)
		if err != nil {
			return err
		}
		if len(now.Outdated) > 0 {
			if _, err := t.exec(ctx, markStale, query.FoldVersion); err != nil {
				return err
			}
			if _, err := t.exec(ctx, raiseIndexing); err != nil {
				return err
			}
		}
		t.declared = now
	}
	for _, index := range t.declared.Values {
		if err := t.indexKeys(ctx, index, before, after); err != nil {
			return err
		}
	}
	if t.declared.Search != nil {
		return t.indexText(ctx, before, after)
	}
	return nil
}

func (t *transaction) indexKeys(ctx context.Context, index indexing.Index, before, after *identity.Identity) error {
	old, now := index.Keys(before, after)
	id := cmp.Or(after, before).ID
	for _, key := range indexing.Without(old, now) {
		if _, err := t.exec(ctx, deleteIndexRow, index.Number, key, id[:]); err != nil {
			return err
		}
	}
	if index.Complete { // else those that stay may not be there yet
		now = indexing.Without(now, old)
	}
	for _, key := range now {
		if _, err := t.exec(ctx, insertIndexRow, index.Number, key, id[:]); err != nil {
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

// build writes the entries of one index for an identity. They may exist already.
func (t *transaction) build(ctx context.Context, index indexing.Index, i *identity.Identity) error {
	if index.Path != indexing.SearchPath {
		return t.indexKeys(ctx, index, nil, i)
	}
	var number int64
	err := queryRow(ctx, t, selectSearchNumber, []any{i.ID[:]}, &number)
	if errors.Is(err, sql.ErrNoRows) {
		return t.insertText(ctx, i)
	}
	return err
}
