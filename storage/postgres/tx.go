package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/notifier"
	"github.com/idemkit/idem/storage/internal/turn"
)

// Tx is a [storage.Storage] within a transaction of the application. Its changes become
// visible to others when the application commits, and are gone if it rolls back. Make
// one with [Store.WithTx] or [WithPgxTx]. All methods are safe for concurrent use; they
// run one at a time.
type Tx struct {
	reader
	turn    *turn.Turn
	changed notifier.Notifier
}

var _ storage.Storage = (*Tx)(nil)

// WithTx returns a store that works within tx: changes to identities and to the
// application's own rows are committed together or not at all. All checks apply, and each
// call on the store is atomic by itself: it runs in a savepoint, and after a call that
// failed, tx can continue and be committed. The store joins tx and never ends it. Closing
// the store does not end tx.
//
// tx must be a transaction on the database that was given to [New]. Rules:
//
//   - A change locks the identity's row and its claims until tx ends. Keep tx short, and
//     hash passwords before it begins.
//   - Two transactions that lock the same identities in different orders block each other;
//     one of them then fails with [storage.ErrUnavailable]. So does a tx of isolation
//     REPEATABLE READ or SERIALIZABLE that has read a row which another transaction has
//     changed since. Roll back and start again.
//   - Changes of others that are under way at the same moment may stand between those of tx
//     in the feed.
//   - Reading the feed numbers the pending changes, and blocks all other numbering until
//     tx ends.
//   - A call that has begun is completed, including its wait for locks; lock_timeout and
//     the context that tx was begun with bound that wait. If the call's own context has
//     ended by then, the call is undone.
//   - Make one Tx for each tx, and do not use tx during a call.
//   - A commit of tx does not close the channels of [Store.Changed].
//   - After tx has ended every call returns [storage.ErrClosed].
func (s *Store) WithTx(tx *sql.Tx) *Tx { return newTx(s, sqlSession{tx}) }

// WithPgxTx is [Store.WithTx] for a transaction of pgx, version 5; the compiler infers the
// type arguments.
func WithPgxTx[R PgxRows, C PgxCommandTag](s *Store, tx PgxTx[R, C]) *Tx {
	return newTx(s, pgxSession[R, C]{tx})
}

func newTx(s *Store, in session) *Tx {
	t := &Tx{turn: turn.New()}
	t.reader = reader{session: in, statements: s.statements, begin: t.turn.Begin, end: t.end, portable: s.portable, inTransaction: true,
		declarations: &indexing.Cache{}} // what tx sees may never be committed, and is not for others to remember
	t.declarations.Remember(s.declarations.Last())
	return t
}

// end ends the caller's turn.
func (t *Tx) end(ctx context.Context, err error) error {
	t.turn.End()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// save runs work in a savepoint. Its refusals are returned as they are, and so are the
// database's errors. After either it is undone, and so it is if the caller's context has
// ended.
func (t *Tx) save(caller context.Context, work func(ctx context.Context) (refusal, failure error)) error {
	ctx := context.WithoutCancel(caller) // ending a statement could end the transaction
	if _, err := t.exec(ctx, `SAVEPOINT idem`); err != nil {
		return t.translate(err)
	}
	kept := false
	defer func() {
		// Also when the caller's code panics or ends its goroutine.
		if !kept {
			_, _ = t.exec(ctx, `ROLLBACK TO SAVEPOINT idem`)
			_, _ = t.exec(ctx, `RELEASE SAVEPOINT idem`)
		}
	}()
	refusal, failure := work(ctx)
	if refusal != nil {
		return refusal
	}
	if failure != nil {
		return t.translate(failure)
	}
	if err := caller.Err(); err != nil {
		return err
	}
	kept = true
	_, err := t.exec(ctx, `RELEASE SAVEPOINT idem`)
	return t.translate(err)
}

// write makes one write, all or nothing. work makes it of the identity id, with its row
// locked, or of none if id is nil.
func (t *Tx) write(caller context.Context, id *uuid.UUID, work func(current stored) (*write, error)) error {
	if err := t.turn.Begin(caller); err != nil {
		return err
	}
	var w *write
	err, refused := t.tryWrite(caller, id, work, &w)
	if err == nil && w != nil {
		t.changed.Notify()
	}
	if refused {
		t.turn.End()
		return err // the caller's own, whatever has become of its context
	}
	return t.end(caller, err)
}

func (t *Tx) tryWrite(caller context.Context, id *uuid.UUID, work func(current stored) (*write, error), w **write) (err error, refused bool) {
	returned := false
	defer func() {
		if !returned {
			t.turn.End() // work has panicked, or ended its goroutine
		}
	}()
	for n := 1; ; n++ {
		err = t.save(caller, func(ctx context.Context) (refusal, failure error) {
			refused = false
			var current stored
			if id != nil {
				if current, err = getStored(ctx, t.session, t.statements.getLocked, *id); err != nil {
					return nil, err
				}
			}
			if *w, refusal = work(current); refusal != nil || *w == nil {
				refused = refusal != nil
				return refusal, nil
			}
			changed, err := t.sendIn(ctx, t.session, *w)
			if err == nil && changed == 1 {
				return nil, nil
			}
			if err != nil && faultOf(err) != faultDuplicate {
				return nil, err
			}
			return errRepeat, nil // after what has failed is undone
		})
		if !errors.Is(err, errRepeat) {
			break
		}
		ctx := context.WithoutCancel(caller)
		err = t.explain(ctx, t.session, *w, false)
		if errors.As(err, new(unexplained)) {
			err = t.translate(err)
		}
		if errors.Is(err, errOutdated) {
			if _, refreshErr := t.refresh(ctx, t.session); refreshErr != nil {
				err = t.translate(refreshErr)
			}
		}
		if !errors.Is(err, errRepeat) && !errors.Is(err, errMoved) && !errors.Is(err, errOutdated) {
			break
		}
		if err = errTooOften; n == attempts {
			break
		}
	}
	returned = true
	return err, refused
}

// Create implements [storage.Storage].
func (t *Tx) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	created := storage.ApplyCreate(i)
	w := newCreate(ctx, created)
	return orNil(created, t.write(ctx, nil, func(stored) (*write, error) { return w, nil }))
}

// CreateMany implements [storage.Storage].
func (t *Tx) CreateMany(ctx context.Context, identities []*identity.Identity) ([]*identity.Identity, []error) {
	created, errs := make([]*identity.Identity, len(identities)), make([]error, len(identities))
	for n, i := range identities {
		created[n], errs[n] = t.Create(ctx, i)
	}
	return created, errs
}

// Update implements [storage.Storage].
func (t *Tx) Update(ctx context.Context, id uuid.UUID,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	var next *identity.Identity
	err := t.write(ctx, &id, updating(ctx, t, change, &next))
	return orNil(next, err)
}

// Delete implements [storage.Storage].
func (t *Tx) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error {
	return t.write(ctx, &id, func(current stored) (*write, error) { return newRemoval(ctx, current, at, check) })
}

// UpdateRecord implements [storage.Storage]: it returns [storage.ErrInTransaction].
func (t *Tx) UpdateRecord(ctx context.Context, _ storage.RecordKey, _ time.Time,
	_ func(current *storage.Record) (*storage.Record, error)) error {

	if err := t.turn.Begin(ctx); err != nil {
		return err
	}
	return t.end(ctx, storage.ErrInTransaction)
}

// Changed implements [storage.Storage], for what is written through t itself.
func (t *Tx) Changed() <-chan struct{} { return t.changed.Wait() }

// Close implements [storage.Storage]. The transaction stays open.
func (t *Tx) Close() error {
	t.turn.Close()
	t.changed.Close()
	return nil
}
