package finder

import (
	"container/heap"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage/internal/pager"
)

// maxHeld bounds how many positions a list without an index holds at once. One that begins
// farther in reads all identities several times.
const maxHeld = 20_000

// sorted fills a page in an order that no index has: it looks at every match, holds the
// positions of the first ones, and then gets those. One that has moved meanwhile has not
// stayed, and is left out.
func (l *list) sorted(ctx context.Context) error {
	listed := map[uuid.UUID]bool{}
	for after := l.query.After; ; {
		positions, more, err := l.first(ctx, after, min(l.skip, maxHeld)+pager.Limit(l.query)+1)
		if err != nil {
			return err
		}
		skipped := min(l.skip, len(positions))
		l.skip -= skipped
		wanted := make(map[uuid.UUID]query.Position, len(positions))
		ids := make([]uuid.UUID, 0, len(positions))
		for n, p := range positions {
			if after = p; n >= skipped {
				wanted[p.ID] = p
				ids = append(ids, p.ID)
			}
		}
		all, err := getAll(ctx, l.store, ids, l.full, func(i *identity.Identity) bool {
			moved := l.query.Sort.Compare(l.query.Sort.Position(i), wanted[i.ID]) != 0
			if moved || listed[i.ID] { // one that moves may be met again
				return true
			}
			listed[i.ID] = true
			return l.add(i)
		})
		if err != nil || !all {
			return err
		}
		if !more {
			return nil
		}
	}
}

// first returns the positions of the first matches after a position, in order, and whether
// there are more.
func (l *list) first(ctx context.Context, after query.Position, limit int) (_ []query.Position, more bool, err error) {
	h := &latestFirst{sort: l.query.Sort}
	full := l.query.Filter.ReadsCredentials() || l.query.Sort.ReadsCredentials()
	err = each(ctx, l.store, l.query.Filter, full, func(i *identity.Identity) {
		p := h.sort.Position(i)
		if !isFirst(after) && h.sort.Compare(p, after) <= 0 {
			return
		}
		if len(h.held) == limit {
			more = true
			if h.sort.Compare(p, h.held[0]) > 0 {
				return
			}
			h.held[0] = p
			heap.Fix(h, 0)
			return
		}
		heap.Push(h, p)
	})
	slices.SortFunc(h.held, h.sort.Compare)
	return h.held, more, err
}

// isFirst reports whether p is where a list begins.
func isFirst(p query.Position) bool { return p.ID == [16]byte{} }

// latestFirst is a heap of positions, the last in the order at its top.
type latestFirst struct {
	sort query.Sort
	held []query.Position
}

func (h *latestFirst) Len() int           { return len(h.held) }
func (h *latestFirst) Less(a, b int) bool { return h.sort.Compare(h.held[a], h.held[b]) > 0 }
func (h *latestFirst) Swap(a, b int)      { h.held[a], h.held[b] = h.held[b], h.held[a] }
func (h *latestFirst) Push(p any)         { h.held = append(h.held, p.(query.Position)) }
func (h *latestFirst) Pop() any           { panic("a position is replaced, never removed") }
