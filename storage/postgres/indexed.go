package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage/internal/finder"
	"github.com/idemkit/idem/storage/internal/indexing"
)

var _ finder.Indexed = kept{}

// withIndexes calls find with the indexes that are declared and complete.
func withIndexes[T any](ctx context.Context, r reader, find func(k kept) (T, error)) (found T, err error) {
	k := newKept(r)
	return indexing.With(ctx, k.usable, func(set *indexing.Set) (T, error) {
		k.declared = set
		return find(k)
	})
}

// usable returns what is declared. If a few identities are missing in an index, it adds
// them first, where it may write.
func (k kept) usable(ctx context.Context) (*indexing.Set, error) {
	set, lagging, err := k.readDeclared(ctx, k.session)
	if err != nil || lagging == 0 || k.complete == nil {
		return set, err
	}
	if err := k.complete(ctx, lagging); err != nil {
		return set, nil // the index is not used; a server that is read-only still answers
	}
	set, _, err = k.readDeclared(ctx, k.session)
	return set, err
}

// HasIndex implements [finder.Indexed].
func (k kept) HasIndex(path string) bool { return k.declared != nil && k.declared.Find(path) != nil }

// Entries implements [finder.Indexed].
func (k kept) Entries(ctx context.Context, path string, s finder.Scan) ([]finder.Entry, error) {
	number := k.declared.Find(path).Number
	switch {
	case s.Key:
		return k.entries(ctx, k.statements.indexEqual, s.Limit, number, bytesOf(s.After.Key), s.After.ID.String())
	case s.Descending:
		return k.entries(ctx, k.statements.indexDown, s.Limit, number, bytesOf(s.After.Key), s.After.ID.String())
	}
	return k.entries(ctx, k.statements.indexUp, s.Limit, number, bytesOf(s.After.Key), s.After.ID.String(), afterAllKeys)
}

// afterAllKeys is greater than every key of an index.
var afterAllKeys = []byte{0xff}

// bytesOf returns key, which may be nil, as a value that is not NULL.
func bytesOf(key []byte) []byte { return append([]byte{}, key...) }

func (k kept) entries(ctx context.Context, statement string, limit int, args ...any) (entries []finder.Entry, err error) {
	err = k.query(ctx, statement, append(args, int64(limit)), func(row row) error {
		var e finder.Entry
		if err := row.Scan(&e.Key, &e.ID); err != nil {
			return err
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// Ranged implements [finder.Indexed].
func (k kept) Ranged(path string, ranges []finder.Range) finder.Source {
	return finder.NewRanged(ranges, rangeReader{k, k.declared.Find(path).Number})
}

// rangeReader implements [finder.RangeReader].
type rangeReader struct {
	kept   kept
	number int64
}

func (r rangeReader) Read(ctx context.Context, after finder.Entry, to []byte, limit int) (ids []uuid.UUID, last finder.Entry, err error) {
	args := []any{r.number, bytesOf(after.Key), after.ID.String(), to, int64(limit)}
	err = r.kept.query(ctx, r.kept.statements.indexUp, args, func(row row) error {
		err := row.Scan(&last.Key, &last.ID)
		ids = append(ids, last.ID)
		return err
	})
	return ids, last, err
}

func (r rangeReader) Count(ctx context.Context, of finder.Range, most int) (int, error) {
	var count int64
	err := queryOne(ctx, r.kept.session, r.kept.statements.indexCount, []any{r.number, of.From, of.To, int64(most)}, &count)
	return int(count), err
}

func (r rangeReader) Sorted(ctx context.Context, of finder.Range, after uuid.UUID, limit int) (ids []uuid.UUID, err error) {
	err = r.kept.query(ctx, r.kept.statements.indexSorted, []any{r.number, of.From, of.To, after.String(), int64(limit)}, func(row row) error {
		var id uuid.UUID
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// Searched implements [finder.Indexed].
func (k kept) Searched(needles []string) finder.Source {
	if k.declared == nil || k.declared.Search == nil || !k.declared.Search.Complete {
		return nil
	}
	grams := gramsOfAll(needles)
	if len(grams) == 0 {
		return nil
	}
	return &searched{kept: k, grams: integers(grams, func(gram int32) int64 { return int64(gram) })}
}

// searched reads the search index.
type searched struct {
	kept  kept
	grams string
	last  uuid.UUID
}

// FindsAll implements [finder.FindsAll]: the server finds all ids for each step.
func (s *searched) FindsAll() {}

// Next implements [finder.Source].
func (s *searched) Next(ctx context.Context, limit int) (ids []uuid.UUID, done bool, err error) {
	err = s.kept.query(ctx, s.kept.statements.search, []any{s.grams, s.last.String(), int64(limit)}, func(row row) error {
		err := row.Scan(&s.last)
		ids = append(ids, s.last)
		return err
	})
	return ids, len(ids) < limit, err
}
