package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/notifier"
)

// Tx is a [storage.Storage] within a transaction of the application: what it changes is
// there when, and only if, the application commits. Make one with [Store.WithTx] or
// [WithPgxTx]. All methods are safe for concurrent use, and take turns.
type Tx struct {
	reader
	// turn is held by the call that uses the transaction. A channel, so that one who
	// waits for it can leave.
	turn    chan struct{}
	closed  bool // guarded by turn
	changed notifier.Notifier
}

var _ storage.Storage = (*Tx)(nil)

// WithTx returns a store that works within tx, so that changes to identities and to the
// application's own rows become real together or not at all. Every check is in force, and
// each call on the store is all or nothing by itself: it runs in a savepoint, and after one
// that failed tx can go on and be committed. It joins tx and never ends it. Closing the
// store only ends the use of it.
//
// tx must be a transaction on the database that was given to [New]. What there is to know:
//
//   - A change locks the identity's row, and what it claims, until tx ends. Keep tx short,
//     and hash passwords before it begins.
//   - Two transactions that lock the same identities in different orders block each other;
//     the database then ends the wait of one of them with [storage.ErrUnavailable]. So it
//     does in a tx of isolation REPEATABLE READ or SERIALIZABLE that has read what another
//     has changed since. Roll back and start over.
//   - Reading the feed numbers what is pending, and lets nobody else number until tx ends.
//   - A call that has begun is seen through, waiting for locks included; lock_timeout and
//     the context that tx was begun with bound that. If its own context has ended by then
//     it is undone.
//   - Make one Tx for each tx, and leave tx alone while a call is under way.
//   - When tx commits, the store's [Store.Changed] does not tell.
//   - After tx has ended every call is [storage.ErrClosed].
func (s *Store) WithTx(tx *sql.Tx) *Tx { return newTx(s, sqlSession{tx}) }

// WithPgxTx is [Store.WithTx] for a transaction of pgx, version 5; the compiler infers the
// type arguments.
func WithPgxTx[R PgxRows, C PgxCommandTag](s *Store, tx PgxTx[R, C]) *Tx {
	return newTx(s, pgxSession[R, C]{tx})
}

func newTx(s *Store, in session) *Tx {
	t := &Tx{turn: make(chan struct{}, 1)}
	t.reader = reader{session: in, statements: s.statements, begin: t.begin, end: t.end, portable: s.portable, inTransaction: true}
	return t
}

// begin waits for the caller's turn.
func (t *Tx) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if t.closed {
		<-t.turn
		return storage.ErrClosed
	}
	return nil
}

// end ends the caller's turn.
func (t *Tx) end(ctx context.Context, err error) error {
	<-t.turn
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
	if err := t.begin(caller); err != nil {
		return err
	}
	var w *write
	err, refused := t.tryWrite(caller, id, work, &w)
	if err == nil && w != nil {
		t.changed.Notify()
	}
	if refused {
		<-t.turn
		return err // the caller's own, whatever has become of its context
	}
	return t.end(caller, err)
}

func (t *Tx) tryWrite(caller context.Context, id *uuid.UUID, work func(current stored) (*write, error), w **write) (err error, refused bool) {
	returned := false
	defer func() {
		if !returned {
			<-t.turn // work has panicked, or ended its goroutine
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
		if !errors.Is(err, errRepeat) && !errors.Is(err, errMoved) {
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
	err := t.write(ctx, &id, updating(ctx, change, &next))
	return orNil(next, err)
}

// Delete implements [storage.Storage].
func (t *Tx) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error {
	return t.write(ctx, &id, func(current stored) (*write, error) { return newRemoval(ctx, current, at, check) })
}

// UpdateRecord implements [storage.Storage]: it returns [storage.ErrInTransaction].
func (t *Tx) UpdateRecord(ctx context.Context, _ storage.RecordKey, _ time.Time,
	_ func(current *storage.Record) (*storage.Record, error)) error {

	if err := t.begin(ctx); err != nil {
		return err
	}
	return t.end(ctx, storage.ErrInTransaction)
}

// Changed implements [storage.Storage], for what is written through t itself.
func (t *Tx) Changed() <-chan struct{} { return t.changed.Wait() }

// Close implements [storage.Storage]. The transaction goes on.
func (t *Tx) Close() error {
	t.turn <- struct{}{}
	t.closed = true
	<-t.turn
	t.changed.Close()
	return nil
}
