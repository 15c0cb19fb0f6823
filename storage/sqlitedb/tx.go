package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/notifier"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
	"github.com/idemkit/idem/storage/internal/turn"
)

// Tx is a [storage.Storage] within a transaction of the application. Its changes become
// visible to others when the application commits, and are gone if it rolls back. Make one
// with [Store.WithTx]. All methods are safe for concurrent use; they run one at a time.
type Tx struct {
	reader
	t       *transaction
	turn    *turn.Turn
	changed notifier.Notifier
}

var _ storage.Storage = (*Tx)(nil)

// WithTx returns a store that works within tx: changes to identities and to the
// application's own rows are committed together or not at all. All checks apply, and each
// call on the store is atomic by itself: after a call that failed, tx can continue and be
// committed. The store joins tx and never ends it. There is one exception: SQLite itself
// ends a transaction when the disk is full or fails. Then tx is rolled back, so that later
// statements are not committed on their own. Closing the store does not end tx.
//
// tx may be of the database that was given to [New] or of another handle on the same
// file. Rules:
//
//   - SQLite has one writer at a time. tx blocks all other writes from its first change
//     on, or from its beginning if it began with BEGIN IMMEDIATE. Keep it short: hash
//     passwords before it begins (Manager.PrepareCreate).
//   - A tx that read before its first write cannot write if somebody else has written
//     since: the change fails with [storage.ErrUnavailable]. So does a change that waits
//     for the lock longer than the busy timeout of tx's connection. Roll back and start
//     again. With BEGIN IMMEDIATE only the beginning can fail (for the driver that
//     package sqlite uses, _txlock=immediate in the data source name).
//   - Changes in tx do not share a commit with other writes.
//   - Make one Tx for each tx: the calls of one Tx run one at a time, those of two do not.
//   - Do not use tx during a call, nor in a function that the call runs: if the call
//     fails, it undoes what was done through tx meanwhile.
//   - A call that has begun to write is completed. If its context has ended by then, the
//     call is undone.
//   - While tx is open, do not wait for a write of another store on the same database.
//     With db.SetMaxOpenConns(1), do not use another store at all.
//   - A commit of tx does not close the channels of [Store.Changed]. Readers find its
//     changes as they find those of other processes.
//   - [storage.Storage.UpdateRecord] returns [storage.ErrInTransaction].
//   - After tx has ended every call returns [storage.ErrClosed].
func (s *Store) WithTx(tx *sql.Tx) *Tx {
	// What tx sees may never be committed, and is not for others to remember.
	declarations := &indexing.Cache{}
	declarations.Remember(s.declarations.Last())
	t := &Tx{t: &transaction{tx: tx, declarations: declarations}, turn: turn.New()}
	t.reader = reader{source: t.t, declarations: declarations, begin: t.turn.Begin, end: t.endRead}
	return t
}

// end ends the caller's turn.
func (t *Tx) end(ctx context.Context, err error) error {
	err = t.explain(err)
	t.turn.End()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, sql.ErrTxDone):
		return storage.ErrClosed
	}
	return err
}

// explain returns err, or the likely cause if the transaction's database has no tables of
// idem.
func (t *Tx) explain(err error) error {
	if !sqliteerror.IsGeneric(err) {
		return err
	}
	var exists bool
	if t.t.tx.QueryRow(selectVersionTable).Scan(&exists) != nil || exists {
		return err
	}
	return fmt.Errorf("sqlitedb: the transaction's database has no tables of idem: WithTx takes a transaction of the database that was given to New: %w", err)
}

// endRead ends the turn of a caller that reads. A statement that was prepared in the
// transaction says no more after its end than that it is closed: so after an error the
// transaction itself is asked.
func (t *Tx) endRead(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil {
		if _, ended := t.t.tx.ExecContext(ctx, `SELECT 1`); errors.Is(ended, sql.ErrTxDone) {
			err = ended
		}
	}
	return t.end(ctx, err)
}

// write makes one write, all or nothing, within the transaction.
func (t *Tx) write(caller context.Context, r run) (err error) {
	if err := t.turn.Begin(caller); err != nil {
		return err
	}
	var refused error
	defer func() {
		// A refusal is the caller's own, whatever it wraps.
		if err = t.end(caller, err); refused != nil {
			err = refused
		}
	}()
	// SQLite ends the whole transaction when a statement that writes is interrupted.
	ctx := context.WithoutCancel(caller)
	if err := t.exec(ctx, `SAVEPOINT idem`); err != nil {
		return err
	}
	kept := false
	defer func() {
		// Also when the caller's code panics or ends its goroutine.
		if kept {
			return
		}
		t.undo(ctx)
	}()
	// What is checked from here on must still hold when tx commits.
	if _, err := t.t.exec(ctx, takeWriteLock); err != nil {
		return err
	}
	t.t.unwritten, t.t.newest.Valid = nil, false // of a call that failed
	refusal, failure := r(ctx, t.t)
	if failure != nil {
		return failure
	}
	if refusal != nil {
		refused = refusal
		return refusal
	}
	if err := t.t.writeChanges(ctx); err != nil {
		return err
	}
	if err := caller.Err(); err != nil {
		return err
	}
	kept = true
	t.changed.Notify()
	return t.exec(ctx, `RELEASE idem`)
}

// undo takes back what was done since the savepoint. If that is not there any more SQLite
// has ended the transaction, and would commit by itself whatever else is done in it: then
// it ends here too.
func (t *Tx) undo(ctx context.Context) {
	err := t.exec(ctx, `ROLLBACK TO idem`)
	if err == nil {
		err = t.exec(ctx, `RELEASE idem`)
	}
	if err != nil {
		_ = t.t.tx.Rollback() // there is nothing to roll back; the error says so
	}
}

func (t *Tx) exec(ctx context.Context, query string) error {
	_, err := t.t.tx.ExecContext(ctx, query)
	return sqliteerror.Translate(err)
}

// Create implements [storage.Storage].
func (t *Tx) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	created := storage.ApplyCreate(i)
	return orNil(created, t.write(ctx, creating(ctx, created)))
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
	err := t.write(ctx, updating(ctx, t, id, change, &next))
	return orNil(next, err)
}

// Delete implements [storage.Storage].
func (t *Tx) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error {
	return t.write(ctx, deleting(ctx, id, at, check))
}

// Close implements [storage.Storage]. The transaction stays open.
func (t *Tx) Close() error {
	t.turn.Close()
	t.changed.Close()
	return nil
}
