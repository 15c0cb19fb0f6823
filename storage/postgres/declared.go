package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage/internal/indexing"
)

// What is declared may change while a write is under way, and no lock keeps the two apart.
// Two things do. A write has its effect only if the version of what is declared is, in its
// snapshot, the one that it was worked out for. And an identity names the greatest number
// of an index for which it has rows, so that what was written beside a declaration, or
// before it, is known not to be in the index: a builder adds it, and until then no list
// uses the index.

// readDeclared returns what is declared, as from sees it. An index is complete in it if all
// identities have their rows. lagging is the number of one that is recorded as complete and
// is not, 0 if there is none.
func (r reader) readDeclared(ctx context.Context, from session) (set *indexing.Set, lagging int64, err error) {
	var (
		version int64
		least   *int64 // nil if there are no identities
	)
	if err := queryOne(ctx, from, r.statements.indexing, nil, &version, &least); err != nil {
		return nil, 0, err
	}
	set = r.declarations.Last()
	if set == nil || set.Version != version {
		if set, err = r.refresh(ctx, from); err != nil {
			return nil, 0, err
		}
	}
	if least == nil || set.IsEmpty() {
		return set.CompleteUpTo(set.Greatest()), 0, nil
	}
	if lagging = set.GreatestComplete(); lagging <= *least {
		lagging = 0
	}
	return set.CompleteUpTo(*least), lagging, nil
}

// refresh reads what is declared and remembers it.
func (r reader) refresh(ctx context.Context, from session) (*indexing.Set, error) {
	version, records, err := r.records(ctx, from)
	if err != nil {
		return nil, err
	}
	set, err := indexing.NewSet(version, records)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errIndex, err)
	}
	r.declarations.Remember(set)
	return set, nil
}

// errIndex is about a declared index.
var errIndex = errors.New("postgres: a declared index")

// records reads what is recorded of indexes.
func (r reader) records(ctx context.Context, from session) (version int64, records []indexing.Record, err error) {
	err = from.query(ctx, r.statements.indexes, nil, func(row row) error {
		var (
			number             *int64 // nil in the one row if there are none
			path               []byte
			foldVersion, state *string
		)
		if err := row.Scan(&version, &number, &path, &foldVersion, &state); err != nil || number == nil {
			return err
		}
		records = append(records, indexing.Record{Number: *number, Path: string(path), FoldVersion: *foldVersion, State: indexing.State(*state)})
		return nil
	})
	return version, records, err
}

// keptUp returns the indexes that a write keeps up. Before a process writes beside an index
// whose text is folded otherwise, it says so, since it cannot keep that up.
func (r reader) keptUp(ctx context.Context, in session) (set *indexing.Set, err error) {
	if set = r.declarations.Last(); set != nil && len(set.Outdated) == 0 {
		return set, nil
	}
	if set != nil {
		if _, err := in.exec(ctx, r.statements.markStale, query.FoldVersion); err != nil {
			return nil, notSent{err}
		}
	}
	set, err = r.refresh(ctx, in)
	if err != nil && !errors.Is(err, errIndex) {
		err = notSent{err}
	}
	return set, err
}

// indexRow is a row of an index of values; searchRow is one of the search index.
type (
	indexRow struct {
		id     uuid.UUID
		number int64
		key    []byte
	}
	searchRow struct {
		id     uuid.UUID
		number int64
		grams  []int32
	}
)

// indexRows is how a write changes the indexes of a set.
type indexRows struct {
	set            *indexing.Set
	removed, added []indexRow
	removedTexts   []searchRow // without grams
	texts          []searchRow
}

func (c *indexRows) isEmpty() bool {
	return len(c.removed)+len(c.added)+len(c.removedTexts)+len(c.texts) == 0
}

// prepare works out how w changes the indexes of set, unless that is done.
func (w *write) prepare(set *indexing.Set) {
	if w.rows != nil && w.rows.set.Version == set.Version {
		return
	}
	w.rows = newIndexRows(set, w.before, w.after, w.indexed)
}

// newIndexRows returns what a change of an identity changes. Before has its rows in the
// indexes up to the number indexed. It is nil for a new identity, as after is for a deleted
// one.
func newIndexRows(set *indexing.Set, before, after *identity.Identity, indexed int64) *indexRows {
	c := &indexRows{set: set}
	id := uuid.Nil
	for _, i := range []*identity.Identity{before, after} {
		if i != nil {
			id = i.ID
		}
	}
	for _, index := range set.Values {
		of := before
		if index.Number > indexed {
			of = nil
		}
		old, now := index.Keys(of, after)
		for _, key := range indexing.Without(old, now) {
			c.removed = append(c.removed, indexRow{id, index.Number, key})
		}
		for _, key := range indexing.Without(now, old) {
			c.added = append(c.added, indexRow{id, index.Number, key})
		}
	}
	if index := set.Search; index != nil {
		has := before != nil && index.Number <= indexed
		switch {
		case after == nil && has:
			c.removedTexts = append(c.removedTexts, searchRow{id: id, number: index.Number})
		case after != nil:
			if text := query.SearchText(after); !has || query.SearchText(before) != text {
				c.texts = append(c.texts, searchRow{id, index.Number, gramsOf(text)})
			}
		}
	}
	return c
}

// args are the arguments of the parts of a statement that change the indexes.
func (c *indexRows) args() []any {
	return []any{
		ids(c.removed, indexRow.owner), integers(c.removed, indexRow.of), byteStrings(c.removed, indexRow.bytes),
		ids(c.added, indexRow.owner), integers(c.added, indexRow.of), byteStrings(c.added, indexRow.bytes),
		ids(c.removedTexts, searchRow.owner), integers(c.removedTexts, searchRow.of),
		ids(c.texts, searchRow.owner), integers(c.texts, searchRow.of), texts(c.texts, searchRow.array),
	}
}

func (r indexRow) owner() uuid.UUID  { return r.id }
func (r indexRow) of() int64         { return r.number }
func (r indexRow) bytes() string     { return string(r.key) }
func (r searchRow) owner() uuid.UUID { return r.id }
func (r searchRow) of() int64        { return r.number }
func (r searchRow) array() string {
	return integers(r.grams, func(gram int32) int64 { return int64(gram) })
}

// joined is what writes that were prepared for one set change together.
func joined(writes []*write) *indexRows {
	all := &indexRows{}
	for _, w := range writes {
		all.add(w.rows)
	}
	return all
}

func (c *indexRows) add(o *indexRows) {
	c.removed, c.added = append(c.removed, o.removed...), append(c.added, o.added...)
	c.removedTexts, c.texts = append(c.removedTexts, o.removedTexts...), append(c.texts, o.texts...)
}

// changeIndexes changes the indexes in statements of their own, for engines that refuse to
// change a table twice in one statement.
func (r reader) changeIndexes(ctx context.Context, in session, c *indexRows) error {
	args := c.args()
	for _, part := range []struct {
		statement string
		rows      int
		args      []any
	}{
		{r.statements.unindexPart, len(c.removed), args[0:3]},
		{r.statements.indexPart, len(c.added), args[3:6]},
		{r.statements.unsearchPart, len(c.removedTexts), args[6:8]},
		{r.statements.searchPart, len(c.texts), args[8:11]},
	} {
		if part.rows == 0 {
			continue
		}
		if _, err := in.exec(ctx, part.statement, part.args...); err != nil {
			return err
		}
	}
	return nil
}
