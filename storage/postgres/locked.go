package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

// writeLocked makes a write that work makes of the identity id while its row is locked, so
// that it cannot lose to another. A nil write of work changes nothing. Errors: those of
// work, as they are; what a caller is told.
func (s *Store) writeLocked(ctx context.Context, id uuid.UUID, work func(current stored) (*write, error)) error {
	if err := s.beginRead(ctx); err != nil {
		return err
	}
	s.using.RLock() // so that Close waits
	defer s.using.RUnlock()
	l := locked{store: s, id: id, work: work}
	defer func() {
		if l.wrote {
			s.committed()
		}
	}()
	var (
		lost  error
		until time.Time
	)
	for n := 1; ; n++ {
		err := l.try(ctx, lost != nil)
		switch {
		case l.answered:
			return err
		case errors.Is(err, errPruned):
			return unknown(lost)
		case lost == nil && ctx.Err() != nil && !l.writing:
			return ctx.Err()
		}
		switch fault := faultOf(err); {
		case errors.Is(err, errRepeat), fault == faultAgain:
			if n >= 5*repeatAttempts {
				return settled(lost, err)
			}
		case fault == faultLost && l.writing && lost == nil:
			lost, until = err, time.Now().Add(s.config.resolve)
		case (fault == faultLost || fault == faultNotSent) && lost == nil:
			if n >= readAttempts {
				return translate(err)
			}
		case lost == nil || fault == faultOther:
			return settled(lost, err)
		}
		if lost != nil && time.Now().After(until) {
			return unknown(lost)
		}
		_ = pause(context.Background(), n) // whose context does not end
	}
}

// locked is a write under the lock of its identity.
type locked struct {
	store *Store
	id    uuid.UUID
	work  func(current stored) (*write, error)

	write *write // of the last try
	// writing says that the last try has sent its commit.
	writing bool
	// answered says that the error of the last try is the caller's answer.
	answered bool
	wrote    bool
}

// try makes the write once, in one transaction. lost says that an earlier try may have
// happened.
func (l *locked) try(caller context.Context, lost bool) (err error) {
	s := l.store
	l.writing = false
	// Not the caller's: the transaction would end with it, also while it commits.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), s.config.timeout)
	defer cancel()
	tx, err := s.begin(ctx)
	if err != nil {
		return err
	}
	// Also when work panics or ends its goroutine.
	defer func() { _ = tx.rollback(context.WithoutCancel(ctx)) }()

	waiting := caller // may leave while it waits for the lock
	if lost {
		waiting = ctx
	}
	current, err := getStored(waiting, tx, s.statements.getLocked, l.id)
	if lost && (err == nil || errors.Is(err, storage.ErrNotFound)) {
		switch happened := s.explain(ctx, tx, l.write, true); {
		case happened == nil:
			l.answered, l.wrote = true, true
			return nil
		case errors.Is(happened, errPruned), errors.As(happened, new(unexplained)):
			return happened
		}
	}
	if isOurs(err) {
		l.answered = true
	}
	if err != nil {
		return err
	}
	if l.write, err = l.work(current); err != nil || l.write == nil {
		l.answered = true
		return err
	}
	changed, err := s.sendIn(ctx, tx, l.write)
	switch {
	case faultOf(err) == faultDuplicate:
		_ = tx.rollback(ctx)
		err = s.explain(ctx, s.db, l.write, false)
		l.answered = errors.Is(err, storage.ErrConflict)
		return err
	case err != nil:
		return err
	case changed != 1: // what is declared has changed
		if _, err := s.refresh(ctx, tx); err != nil {
			return err
		}
		return errRepeat
	}
	l.writing = true
	if err := tx.commit(ctx); err != nil {
		return err
	}
	l.answered, l.wrote = true, true
	return nil
}

// begin begins a transaction that sees, in each statement, what is committed by then: one
// that has waited for a lock must see what it has waited for.
func (s *Store) begin(ctx context.Context) (transaction, error) {
	tx, err := s.db.begin(ctx)
	if err != nil || !s.isolated {
		return tx, err
	}
	if _, err := tx.exec(ctx, `SET TRANSACTION ISOLATION LEVEL READ COMMITTED`); err != nil {
		_ = tx.rollback(context.WithoutCancel(ctx))
		return nil, err
	}
	return tx, nil
}
