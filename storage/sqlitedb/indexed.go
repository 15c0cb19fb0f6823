package sqlitedb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage/internal/finder"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

var _ finder.Indexed = stored{}

// HasIndex implements [finder.Indexed].
func (r stored) HasIndex(path string) bool { return r.declared != nil && r.declared.Find(path) != nil }

// Entries implements [finder.Indexed].
func (r stored) Entries(ctx context.Context, path string, s finder.Scan) ([]finder.Entry, error) {
	number := r.declared.Find(path).Number
	key, id := rowOf(s.After)
	switch {
	case s.Key:
		return r.entries(ctx, selectIndexEqual, number, key, id, s.Limit)
	case s.Descending:
		return r.entries(ctx, selectIndexDown, number, key, id, s.Limit)
	}
	return r.entries(ctx, selectIndexUp, number, key, id, afterAllKeys, s.Limit)
}

// rowOf returns the key and the id of a row that is compared with others. The nil id is
// before all ids.
func rowOf(e finder.Entry) (key, id []byte) {
	key, id = append([]byte{}, e.Key...), []byte{} // nil is NULL
	if e.ID != uuid.Nil {
		id = e.ID[:]
	}
	return key, id
}

// afterAllKeys is greater than every key of an index.
var afterAllKeys = []byte{0xff}

func (r stored) entries(ctx context.Context, n statement, args ...any) (entries []finder.Entry, err error) {
	err = r.eachEntry(ctx, n, args, func(key []byte, id uuid.UUID) {
		entries = append(entries, finder.Entry{Key: slices.Clone(key), ID: id})
	})
	return entries, err
}

// eachEntry calls each with every row of an index that a statement selects. The key is valid
// until the next.
func (r stored) eachEntry(ctx context.Context, n statement, args []any, each func(key []byte, id uuid.UUID)) error {
	var key, raw sql.RawBytes
	columns := []any{&key, &raw}
	return eachRow(ctx, r.source, n, args, func(rows *sql.Rows) error {
		if err := rows.Scan(columns...); err != nil {
			return sqliteerror.Translate(err)
		}
		id, err := idOf(raw)
		if err != nil {
			return err
		}
		each(key, id)
		return nil
	})
}

// Ranged implements [finder.Indexed].
func (r stored) Ranged(path string, ranges []finder.Range) finder.Source {
	return finder.NewRanged(ranges, rangeReader{r, r.declared.Find(path).Number})
}

// rangeReader implements [finder.RangeReader].
type rangeReader struct {
	stored stored
	number int64
}

func (r rangeReader) Read(ctx context.Context, after finder.Entry, to []byte, limit int) (ids []uuid.UUID, last finder.Entry, err error) {
	key, id := rowOf(after)
	err = r.stored.eachEntry(ctx, selectIndexUp, []any{r.number, key, id, to, limit}, func(key []byte, id uuid.UUID) {
		ids, last.Key, last.ID = append(ids, id), append(last.Key[:0], key...), id
	})
	return ids, last, err
}

func (r rangeReader) Count(ctx context.Context, of finder.Range, most int) (count int, err error) {
	err = queryRow(ctx, r.stored.source, countIndexRows, []any{r.number, of.From, of.To, most}, &count)
	return count, err
}

func (r rangeReader) Sorted(ctx context.Context, of finder.Range, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	return appendIDs(ctx, nil, r.stored.source, selectIndexSorted, r.number, of.From, of.To, after[:], limit)
}

// Searched implements [finder.Indexed].
func (r stored) Searched(needles []string) finder.Source {
	if r.declared == nil || r.declared.Search == nil || !r.declared.Search.Complete {
		return nil
	}
	if pool, ok := r.source.(*statements); ok && pool[selectSearch] == nil {
		return nil // it was declared after this store was opened
	}
	return &searched{stored: r, expression: trigrams(needles)}
}

// maxTrigrams bounds how many trigrams a search asks for. The rest is left to matching.
const maxTrigrams = 24

// trigrams returns the full-text expression for texts that have all needles in them. The
// index has no positions, and so no phrases: it is asked for trigrams.
func trigrams(needles []string) string {
	var all []string
	for _, needle := range needles {
		runes := []rune(needle)
		for n := range len(runes) - 2 {
			all = append(all, `"`+strings.ReplaceAll(string(runes[n:n+3]), `"`, `""`)+`"`)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if most := len(all); most > maxTrigrams {
		for n := range maxTrigrams {
			all[n] = all[n*most/maxTrigrams]
		}
		all = all[:maxTrigrams]
	}
	return strings.Join(all, " AND ")
}

// searched reads the search index.
type searched struct {
	stored     stored
	expression string
	last       int64
}

// Next implements [finder.Source].
func (s *searched) Next(ctx context.Context, limit int) (ids []uuid.UUID, done bool, err error) {
	err = eachRow(ctx, s.stored.source, selectSearch, []any{s.expression, s.last, limit}, func(rows *sql.Rows) error {
		var key sql.RawBytes
		if err := rows.Scan(&s.last, &key); err != nil {
			return sqliteerror.Translate(err)
		}
		id, err := idOf(key)
		if err != nil {
			return fmt.Errorf("the search index: %w", err)
		}
		ids = append(ids, id)
		return nil
	})
	return ids, len(ids) < limit, err
}
