package console

import (
	"errors"
	"slices"
	"sort"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

// historyLength is how many changes a person's page shows at once.
const historyLength = 30

// history returns the last changes of an identity, at most limit, the newest first: those up to number before, or all where
// that is 0. more tells whether there are older ones. The feed is read forwards: where there are more than limit, a search
// finds where the last begin.
func (req *request) history(id uuid.UUID, before int64, limit int) (last []storage.Change, more bool, err error) {
	read := func(after int64) []storage.Change {
		if err != nil {
			return nil
		}
		var found []storage.Change
		found, err = req.manager.ListChanges(req.r.Context(), storage.ChangeQuery{IdentityID: id, After: after, Limit: limit + 1})
		if before > 0 {
			found = slices.DeleteFunc(found, func(c storage.Change) bool { return c.Sequence > before })
		}
		return found
	}
	found := read(0)
	if more = len(found) > limit; more {
		newest, failed := req.manager.LastChange(req.r.Context())
		if failed != nil {
			return nil, false, failed
		}
		// The first position from which at most limit changes follow.
		after := sort.Search(int(newest), func(n int) bool { return len(read(int64(n))) <= limit })
		found = read(int64(after))
	}
	slices.Reverse(found)
	return found, more, err
}

// recent returns the last changes of the whole feed, the newest first: those up to number before, or all where that is
// 0. more tells whether there are older ones.
func (req *request) recent(before int64, limit int) (last []storage.Change, more bool, err error) {
	newest, err := req.manager.LastChange(req.r.Context())
	if err != nil {
		return nil, false, err
	}
	if before > 0 {
		newest = min(newest, before)
	}
	after := max(newest-int64(limit), 0)
	found, err := req.manager.ListChanges(req.r.Context(), storage.ChangeQuery{After: after, Limit: limit})
	if errors.Is(err, storage.ErrPosition) {
		// Those before are no longer kept.
		after = 0
		found, err = req.manager.ListChanges(req.r.Context(), storage.ChangeQuery{Limit: limit})
	}
	found = slices.DeleteFunc(found, func(c storage.Change) bool { return c.Sequence > newest })
	slices.Reverse(found)
	return found, after > 0, err
}
