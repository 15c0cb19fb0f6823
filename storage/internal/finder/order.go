package finder

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

// walkOfOrder walks over identities in the order of an index, that of the first path of the
// sort. The keys of an index are longer than those of a position in some ways and shorter in
// others, and the rows of one key may be in the wrong order of ids. So the rows are taken in
// groups whose keys begin alike, which are in the right order among each other, and each
// group is put in order.
type walkOfOrder struct {
	list    *list
	indexed Indexed
	order   query.Order
	after   Entry // the last row of the groups that were passed on
}

func newWalkOfOrder(l *list, indexed Indexed) *walkOfOrder {
	w := &walkOfOrder{list: l, indexed: indexed, order: l.query.Sort.Orders()[0]}
	switch first := l.query.After; {
	case first.ID != uuid.Nil && w.order.Descending:
		// Behind, that is above, all keys of the group of the position.
		w.after.Key = append(bytes.Clone(common(first.Keys[0])), 0xff, 0xff)
	case first.ID != uuid.Nil:
		w.after.Key = common(first.Keys[0])
	case w.order.Descending:
		w.after.Key = query.FoldedKeys()
	}
	return w
}

// common is the part of a key that the group of its row has in common. A position has 64 code
// points, which in the key of a row may be cut within the last; it has 64 digits, behind the
// type, the sign and the exponent.
func common(key []byte) []byte {
	const codePoints = query.MaxSortKey - 1
	if !query.IsTextKey(key) {
		return key[:min(len(key), maxNumber)]
	}
	count := 0
	for at := range string(key[1:]) {
		if count++; count > codePoints {
			return key[:1+at]
		}
	}
	return key
}

// maxNumber is how long a key of a number is with as many digits as a position has.
const maxNumber = 1 + 1 + 8 + query.MaxSortKey

// isPosition reports whether all rows with this key have one position but for their ids, and
// no other rows have it.
func isPosition(key []byte) bool {
	return bytes.Equal(common(key), key) && (query.IsTextKey(key) || len(key) < maxNumber)
}

// next implements walker.
func (w *walkOfOrder) next(ctx context.Context, step int) (done bool, err error) {
	step++ // the last group is left for the next step
	rows, err := w.read(ctx, w.after, step)
	if err != nil || len(rows) == 0 {
		return true, err
	}
	last := len(rows) < step
	first, end := common(rows[0].Key), len(rows)
	if !last {
		// The last group may go on.
		for end > 0 && bytes.Equal(common(rows[end-1].Key), common(rows[len(rows)-1].Key)) {
			end--
		}
	}
	if end == 0 {
		return w.group(ctx, first, rows, step)
	}
	if done, err := w.add(ctx, rows[:end]); done || err != nil {
		return done, err
	}
	w.after = rows[end-1]
	return last, nil
}

// read returns rows of the index after one, without those of folded keys.
func (w *walkOfOrder) read(ctx context.Context, after Entry, limit int) ([]Entry, error) {
	rows, err := w.indexed.Entries(ctx, w.order.Path, Scan{After: after, Descending: w.order.Descending, Limit: limit})
	for n, row := range rows {
		if bytes.Compare(row.Key, query.FoldedKeys()) >= 0 {
			return rows[:n], err // an ascending scan has come to its end
		}
	}
	return rows, err
}

// add puts the identities of whole groups into the page.
func (w *walkOfOrder) add(ctx context.Context, rows []Entry) (done bool, err error) {
	keys := map[uuid.UUID][][]byte{}
	ids := make([]uuid.UUID, 0, len(rows))
	for _, row := range rows {
		keys[row.ID] = append(keys[row.ID], common(row.Key))
		ids = append(ids, row.ID)
	}
	return w.list.choose(ctx, w.deciding(byIDs(w.list.store, ids), keys), true)
}

// deciding leaves out identities that are sorted by another of their values, and those that
// have changed. keys are what the keys of their rows have in common with their groups.
func (w *walkOfOrder) deciding(all candidates, keys map[uuid.UUID][][]byte) candidates {
	return func(ctx context.Context, full bool, yield func(*identity.Identity) bool) error {
		return all(ctx, full, func(i *identity.Identity) bool {
			own := common(w.list.query.Sort.Position(i).Keys[0])
			return !slices.ContainsFunc(keys[i.ID], func(key []byte) bool { return bytes.Equal(key, own) }) || yield(i)
		})
	}
}

// group passes on a group of more rows than a step. Where all have one key, which says all of
// the position, the order is that of the ids, and the page takes no more than it needs.
func (w *walkOfOrder) group(ctx context.Context, key []byte, rows []Entry, step int) (done bool, err error) {
	if len(w.list.query.Sort.Orders()) == 1 && bytes.Equal(rows[0].Key, key) && bytes.Equal(rows[len(rows)-1].Key, key) && isPosition(key) {
		return w.oneKey(ctx, key, step)
	}
	var ids []uuid.UUID
	end := Entry{}
	for more := true; more; {
		for _, row := range rows {
			if more = bytes.Equal(common(row.Key), key); !more {
				break
			}
			ids, end = append(ids, row.ID), row
		}
		if !more || len(rows) < step {
			break
		}
		if step = walkStep; more {
			if rows, err = w.read(ctx, end, step); err != nil {
				return false, err
			}
			more = len(rows) > 0
		}
	}
	all := byIDs(w.list.store, ids)
	done, err = w.list.choose(ctx, func(ctx context.Context, full bool, yield func(*identity.Identity) bool) error {
		return all(ctx, full, func(i *identity.Identity) bool {
			return !bytes.Equal(common(w.list.query.Sort.Position(i).Keys[0]), key) || yield(i)
		})
	}, true)
	w.after = end
	return done, err
}

// oneKey passes on all identities that have a key, in the order of their ids.
func (w *walkOfOrder) oneKey(ctx context.Context, key []byte, step int) (done bool, err error) {
	at := Entry{Key: key}
	if after := w.list.after; after.ID != uuid.Nil && bytes.Equal(after.Keys[0], key) {
		at.ID = after.ID
	}
	for {
		rows, err := w.indexed.Entries(ctx, w.order.Path, Scan{After: at, Key: true, Limit: step})
		if err != nil {
			return false, err
		}
		if len(rows) > 0 {
			if done, err := w.add(ctx, rows); done || err != nil {
				return done, err
			}
			at = rows[len(rows)-1]
		}
		if len(rows) < step {
			break
		}
		step = min(2*step, walkStep)
	}
	// Behind all rows of this key, in the direction of the walk.
	if w.after = at; w.order.Descending {
		w.after.ID = uuid.Nil
	} else {
		w.after.ID = uuid.Max
	}
	return false, nil
}

// rest implements walker.
func (w *walkOfOrder) rest(ctx context.Context, ids []uuid.UUID) error {
	_, err := w.list.choose(ctx, byIDs(w.list.store, ids), true)
	return err
}
