package finder

import (
	"cmp"
	"container/heap"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/pager"
)

// maxHeld bounds how many positions a list without an index holds at once. One that begins
// farther in reads all identities several times.
const maxHeld = 20_000

// candidates calls yield, until it returns false, with identities, each once, without their
// credentials unless full.
type candidates func(ctx context.Context, full bool, yield func(*identity.Identity) bool) error

// sorted fills a page that is not in the order of the ids.
func (l *list) sorted(ctx context.Context) error {
	l.listed = map[uuid.UUID]bool{}
	indexed, ok := l.store.(Indexed)
	if ok && indexed.HasIndex(l.query.Sort.Orders()[0].Path) {
		few, sources, err := narrow(ctx, l.store, l.query.Filter)
		if err != nil {
			return err
		}
		if few == nil {
			return l.race(ctx, newWalkOfOrder(l, indexed), sources)
		}
	}
	_, err := l.choose(ctx, func(ctx context.Context, full bool, yield func(*identity.Identity) bool) error {
		return each(ctx, l.store, l.query.Filter, full, yield)
	}, false)
	return err
}

// choose adds to the page those candidates that match and come after l.after, in order: it
// looks at all, holds the positions of the first ones, and then gets those. One that has
// moved meanwhile has not stayed, and is left out. Of few candidates it keeps the identities,
// and need not get them. It is done if the page is complete.
func (l *list) choose(ctx context.Context, all candidates, few bool) (done bool, err error) {
	for {
		first, more, err := l.first(ctx, all, few, min(l.skip, maxHeld)+pager.Limit(l.query)+1)
		if err != nil {
			return false, err
		}
		if done, err := l.addAt(ctx, first); done || err != nil || !more {
			return done, err
		}
	}
}

// maxKept bounds the identities that are kept from the look at them, in bytes.
const maxKept = 4 << 20

// held is a match with its position.
type held struct {
	query.Position
	identity *identity.Identity // nil if it is not kept
}

// addAt adds the identities that have these positions to the page. It is done if the page is
// complete.
func (l *list) addAt(ctx context.Context, first []held) (done bool, err error) {
	skipped := min(l.skip, len(first))
	l.skip -= skipped
	if len(first) > 0 {
		l.after = first[len(first)-1].Position
	}
	first = first[skipped:]
	wanted := make(map[uuid.UUID]query.Position, len(first))
	var ids []uuid.UUID // of those that are not kept
	for _, h := range first {
		if wanted[h.ID] = h.Position; h.identity == nil {
			ids = append(ids, h.ID)
		}
	}
	add := func(i *identity.Identity) bool {
		moved := l.query.Sort.Compare(l.query.Sort.Position(i), wanted[i.ID]) != 0
		if moved || l.listed[i.ID] { // one that moves may be met again
			return true
		}
		l.listed[i.ID] = true
		return l.add(i)
	}
	if len(ids) > 0 {
		ids = ids[:0]
		for _, h := range first { // in one order
			ids = append(ids, h.ID)
		}
		all, err := getAll(ctx, l.store, ids, l.full, add)
		return !all, err
	}
	for _, h := range first {
		if !add(h.identity) {
			return true, nil
		}
	}
	return false, nil
}

// first returns the first matches after l.after, in order, and whether there are more.
func (l *list) first(ctx context.Context, all candidates, few bool, limit int) (_ []held, more bool, err error) {
	h, kept := &latestFirst{sort: l.query.Sort}, 0
	err = all(ctx, l.readsCredentials() || few && l.full, func(i *identity.Identity) bool {
		if !l.matches(i) {
			return l.err == nil
		}
		match := held{Position: h.sort.Position(i)}
		if !l.isAhead(match.Position) {
			return true
		}
		if few && kept <= maxKept {
			match.identity, kept = i, kept+storage.Size(i)
		}
		if len(h.held) < limit {
			heap.Push(h, match)
			return true
		}
		if more = true; h.sort.Compare(match.Position, h.held[0].Position) < 0 {
			h.held[0] = match
			heap.Fix(h, 0)
		}
		return true
	})
	slices.SortFunc(h.held, func(a, b held) int { return h.sort.Compare(a.Position, b.Position) })
	return h.held, more, cmp.Or(err, l.err)
}

// readsCredentials reports whether to tell matches and their positions takes credentials.
func (l *list) readsCredentials() bool {
	return l.query.Filter.ReadsCredentials() || l.query.Sort.ReadsCredentials()
}

// isAhead reports whether the list has not come to p yet.
func (l *list) isAhead(p query.Position) bool {
	return l.after.ID == uuid.Nil || l.query.Sort.Compare(p, l.after) > 0
}

// byIDs are the identities with these ids.
func byIDs(s Store, ids []uuid.UUID) candidates {
	ids = sortIDs(ids)
	return func(ctx context.Context, full bool, yield func(*identity.Identity) bool) error {
		_, err := getAll(ctx, s, ids, full, yield)
		return err
	}
}

// latestFirst is a heap of positions, the last in the order at its top.
type latestFirst struct {
	sort query.Sort
	held []held
}

func (h *latestFirst) Len() int { return len(h.held) }
func (h *latestFirst) Less(a, b int) bool {
	return h.sort.Compare(h.held[a].Position, h.held[b].Position) > 0
}
func (h *latestFirst) Swap(a, b int) { h.held[a], h.held[b] = h.held[b], h.held[a] }
func (h *latestFirst) Push(p any)    { h.held = append(h.held, p.(held)) }
func (h *latestFirst) Pop() any      { panic("a position is replaced, never removed") }
