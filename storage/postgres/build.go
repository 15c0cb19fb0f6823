package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/indexing"
)

// builder declares, builds and drops indexes.
type builder struct {
	reader
	db database
}

var _ indexing.Builder = builder{}

// transact runs work in a transaction, again if it loses to others.
func (b builder) transact(ctx context.Context, work func(tx transaction) error) error {
	for n := 1; ; n++ {
		err := b.try(ctx, work)
		switch fault := faultOf(err); {
		case err == nil:
			return nil
		case isOurs(err):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case (fault == faultAgain || fault == faultDuplicate) && n < repeatAttempts:
		case (fault == faultLost || fault == faultNotSent) && n < readAttempts: // each step may be made twice
		default:
			return translate(err)
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

func (b builder) try(ctx context.Context, work func(tx transaction) error) error {
	tx, err := b.db.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.exec(ctx, `SET TRANSACTION ISOLATION LEVEL READ COMMITTED`); err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return err
	}
	return tx.commit(ctx)
}

// read is transact for one query.
func (b builder) read(ctx context.Context, query func(ctx context.Context) error) error {
	return b.retryRead(ctx, query)
}

// Declare implements [indexing.Builder].
func (b builder) Declare(ctx context.Context, paths []string) error {
	var records []indexing.Record
	err := b.read(ctx, func(ctx context.Context) (err error) {
		_, records, err = b.records(ctx, b.db)
		return err
	})
	if err != nil {
		return err
	}
	if drop, add := indexing.Plan(records, paths); len(drop)+len(add) == 0 {
		return nil // without a right to change anything
	}
	return b.transact(ctx, func(tx transaction) error {
		if err := queryOne(ctx, tx, b.statements.lockIndexing, nil, new(int64)); err != nil {
			return err
		}
		_, records, err := b.records(ctx, tx)
		if err != nil {
			return err
		}
		drop, add := indexing.Plan(records, paths)
		for _, r := range drop {
			if err := b.dropIn(ctx, tx, r.Number); err != nil {
				return err
			}
		}
		for _, path := range add {
			if _, err := tx.exec(ctx, b.statements.raiseIndexing); err != nil {
				return err
			}
			if _, err := tx.exec(ctx, b.statements.addIndex, []byte(path), query.FoldVersion); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropIn records in a transaction that an index is no longer kept up.
func (b builder) dropIn(ctx context.Context, tx transaction, number int64) error {
	if _, err := tx.exec(ctx, b.statements.setIndexState, number, string(indexing.StateDropped)); err != nil {
		return err
	}
	_, err := tx.exec(ctx, b.statements.raiseIndexing)
	return err
}

// Unfinished implements [indexing.Builder].
func (b builder) Unfinished(ctx context.Context) (found *indexing.Record, err error) {
	err = b.read(ctx, func(ctx context.Context) error {
		found = nil
		_, records, err := b.records(ctx, b.db)
		for _, r := range records {
			if found == nil && (r.State == indexing.StateBuilding || r.State == indexing.StateDropped) {
				found = &r
			}
		}
		return err
	})
	return found, err
}

// Build implements [indexing.Builder]. It adds identities to all indexes in which they are
// missing.
func (b builder) Build(ctx context.Context, number int64) (added int, done bool, err error) {
	var set *indexing.Set
	err = b.read(ctx, func(ctx context.Context) (err error) {
		set, err = b.refresh(ctx, b.db)
		return err
	})
	if err != nil {
		return 0, false, err
	}
	if index := set.ByNumber(number); index == nil || index.Complete {
		return 0, true, nil
	}
	switch found, added, err := b.add(ctx, set, number); {
	case err != nil:
		return 0, false, err
	case found > 0 && added == 0: // all are held, or were changed
		return 0, false, pause(ctx, lockedPause)
	case found > 0:
		return added, false, nil
	}
	err = b.transact(ctx, func(tx transaction) error {
		// Raising the version takes the lock that keeps it from a process that drops the index.
		if _, err := tx.exec(ctx, b.statements.raiseIndexing); err != nil {
			return err
		}
		_, err := tx.exec(ctx, b.statements.completeIndex, number)
		return err
	})
	return 0, err == nil, err
}

// lockedPause is for which repetition a builder pauses before it tries again what others hold.
const lockedPause = 6

// complete adds identities that are missing in indexes up to a number, which are few, but for
// those that a transaction holds (see skipLocked).
func (b builder) complete(ctx context.Context, number int64) error {
	for {
		set, err := b.refresh(ctx, b.db)
		if err != nil {
			return err
		}
		if _, added, err := b.add(ctx, set, number); err != nil || added == 0 {
			return err
		}
	}
}

// add adds some identities that are missing in indexes up to a number, and returns how many
// it found, and how many of them it added.
func (b builder) add(ctx context.Context, set *indexing.Set, number int64) (found, added int, err error) {
	var missing []*write
	err = b.read(ctx, func(ctx context.Context) error {
		missing = nil
		return b.db.query(ctx, b.statements.missing, []any{number, int64(indexing.BuiltAtOnce)}, func(row row) error {
			var (
				id       uuid.UUID
				revision int64
				raw      []byte
				w        write
			)
			if err := row.Scan(&id, &revision, &w.previous, &w.indexed, &raw); err != nil {
				return err
			}
			w.change.IdentityID = id
			if i, err := document.Decode(id, revision, raw); err == nil { // one that cannot be read is in no list either
				w.before, w.after = i, i
			}
			missing = append(missing, &w)
			return nil
		})
	})
	if err != nil || len(missing) == 0 {
		return 0, 0, err
	}
	for _, w := range missing {
		if w.rows = (&indexRows{set: set}); w.after != nil {
			w.rows = newIndexRows(set, w.before, w.after, w.indexed)
		}
	}
	added, err = b.write(ctx, set, missing)
	return len(missing), added, err
}

// write writes the rows of identities that nobody has changed meanwhile or holds, and returns
// of how many.
func (b builder) write(ctx context.Context, set *indexing.Set, missing []*write) (added int, err error) {
	args := []any{
		ids(missing, func(w *write) uuid.UUID { return w.change.IdentityID }),
		integers(missing, func(w *write) int64 { return w.previous }),
		integers(missing, func(w *write) int64 { return w.indexed }),
		set.Version, set.Greatest(),
	}
	statement := b.statements.build.indexed
	if b.portable {
		statement = b.statements.build.plain
	} else {
		args = append(args, joined(missing).args()...)
	}
	err = b.transact(ctx, func(tx transaction) error {
		written := map[uuid.UUID]bool{}
		err := tx.query(ctx, statement, args, func(row row) error {
			var id uuid.UUID
			err := row.Scan(&id)
			written[id] = true
			return err
		})
		if added = len(written); err != nil || !b.portable {
			return err
		}
		all := &indexRows{}
		for _, w := range missing {
			if written[w.change.IdentityID] {
				all.add(w.rows)
			}
		}
		return b.changeIndexes(ctx, tx, all)
	})
	return added, err
}

// Clean implements [indexing.Builder].
func (b builder) Clean(ctx context.Context, number int64) (done bool, err error) {
	err = b.transact(ctx, func(tx transaction) error {
		done = true
		for _, statement := range []string{b.statements.cleanIndex, b.statements.cleanSearch} {
			deleted, err := tx.exec(ctx, statement, number, int64(indexing.DroppedAtOnce))
			if err != nil {
				return err
			}
			done = done && deleted < indexing.DroppedAtOnce
		}
		if !done {
			return nil
		}
		_, err := tx.exec(ctx, b.statements.forgetIndex, number)
		return err
	})
	return done && err == nil, err
}

// DropIndex removes the index of [WithIndex] for path, for every process that uses the
// database. It takes effect at once, and returns when the rows of the index are
// deleted, which takes several steps. Without such an index it does nothing.
func (s *Store) DropIndex(ctx context.Context, path string) error {
	if path == indexing.SearchPath {
		return nil // what this would mean is DropSearchIndex
	}
	return s.drop(ctx, path)
}

// DropSearchIndex removes the index of [WithSearchIndex], for every process that uses the
// database. It takes effect at once, and returns when the rows of the index are deleted,
// which takes several steps. Without such an index it does nothing.
func (s *Store) DropSearchIndex(ctx context.Context) error { return s.drop(ctx, indexing.SearchPath) }

func (s *Store) drop(ctx context.Context, path string) error {
	if err := s.beginRead(ctx); err != nil {
		return err
	}
	s.using.RLock() // so that Close waits
	defer s.using.RUnlock()
	b := s.builder()
	var dropped []int64
	err := b.transact(ctx, func(tx transaction) error {
		dropped = nil
		if err := queryOne(ctx, tx, b.statements.lockIndexing, nil, new(int64)); err != nil {
			return err
		}
		_, records, err := b.records(ctx, tx)
		if err != nil {
			return err
		}
		for _, r := range records {
			if r.Path == path && r.State != indexing.StateDropped {
				dropped = append(dropped, r.Number)
				if err := b.dropIn(ctx, tx, r.Number); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, number := range dropped {
		err = errors.Join(err, indexing.Clean(ctx, b, number))
	}
	return s.endRead(ctx, err)
}

func (s *Store) builder() builder { return builder{s.reader, s.db} }
