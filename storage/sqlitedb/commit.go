package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/notifier"
)

// committer puts the writes of concurrent callers into shared transactions.
//
// There is no goroutine of its own. The first caller to come leads: it takes all
// writes that wait, runs them in one transaction, and answers each after the
// commit; those that came meanwhile wait, and one of them leads next. So a lone
// caller commits by itself at once, and the busier the store the more writes
// share one commit, without a timer.
type committer struct {
	db       *sql.DB
	prepared *statements
	// deferred says that a transaction of db begins without the write lock, which
	// must then be taken first: checks made before it would not hold.
	deferred bool

	mu      sync.Mutex
	waiting []*write
	leading bool
	closed  bool
	idle    sync.Cond // on mu: no one leads

	changed notifier.Notifier
}

// maxBatch bounds how many writes share a transaction, and so how long the first
// of them waits for the last.
const maxBatch = 512

// run makes one write within a transaction. refusal is what the caller gets; if it
// is not nil, the run must have changed nothing. failure is one of the database,
// after which the transaction cannot go on. It may be called again in another
// transaction.
type run func(ctx context.Context, t *transaction) (refusal, failure error)

// write is one caller's write and what became of it.
type write struct {
	run run
	// foreign says that run calls code of the caller, which may panic or end its
	// goroutine.
	foreign bool

	err      error
	panicked any
	exited   bool
	taken    bool // by a leader; guarded by committer.mu
	turn     chan turn
}

// turn is what a waiting caller is told.
type turn int

const (
	answered turn = iota // its write is done
	lead                 // it is to lead the next batch, its own write included
)

func newCommitter(db *sql.DB, prepared *statements, deferred bool) *committer {
	c := &committer{db: db, prepared: prepared, deferred: deferred}
	c.idle.L = &c.mu
	return c
}

// do makes one write, which calls code of the caller, and returns when it is durable
// or refused. If ctx ends before the write has begun it is withdrawn; once begun it
// is seen through, so that the answer is the truth.
func (c *committer) do(ctx context.Context, r run) error {
	w := &write{run: r, foreign: true}
	err := c.doAll(ctx, w)[0]
	if w.panicked != nil {
		panic(w.panicked)
	}
	if w.exited {
		runtime.Goexit()
	}
	return err
}

// doPrepared makes one write that is worked out already.
func (c *committer) doPrepared(ctx context.Context, r run) error {
	return c.doAll(ctx, &write{run: r})[0]
}

// doAll makes several writes, each as do does, in their order.
func (c *committer) doAll(ctx context.Context, writes ...*write) []error {
	errs := make([]error, len(writes))
	for _, w := range writes {
		w.turn = make(chan turn, 1)
	}
	leads, err := c.join(ctx, writes)
	if err != nil {
		for n := range errs {
			errs[n] = err
		}
		return errs
	}
	// Should leading end this goroutine, the lead must not end with it.
	answered := 0
	defer func() { c.abandon(writes[answered:]) }()
	if leads {
		c.mu.Lock()
		c.leadLocked()
	}
	for n, w := range writes {
		errs[n] = c.await(ctx, w)
		answered = n + 1
	}
	return errs
}

// join queues the writes. It reports whether the caller must lead, because nobody does.
func (c *committer) join(ctx context.Context, writes []*write) (leads bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false, storage.ErrClosed
	}
	c.waiting = append(c.waiting, writes...)
	leads = !c.leading
	c.leading = true
	return leads, nil
}

// await returns what became of w, and leads when it is w's turn to.
func (c *committer) await(ctx context.Context, w *write) error {
	var t turn
	select {
	case t = <-w.turn:
	case <-ctx.Done():
		// Not if it has been answered: then it was taken before.
		if c.withdraw(w) {
			return ctx.Err()
		}
		t = <-w.turn
	}
	if t == lead {
		c.mu.Lock()
		c.leadLocked()
	}
	return w.err
}

// withdraw takes w back unless a leader has it or it is to lead itself.
func (c *committer) withdraw(w *write) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.taken {
		return false
	}
	c.dropLocked(w)
	return true
}

func (c *committer) dropLocked(w *write) {
	for n, waiting := range c.waiting {
		if waiting == w {
			c.waiting = append(c.waiting[:n], c.waiting[n+1:]...)
			return
		}
	}
}

// abandon takes back writes whose caller is no longer there to await them, and passes
// on the lead if it is with one of them.
func (c *committer) abandon(writes []*write) {
	for _, w := range writes {
		if c.withdraw(w) || <-w.turn != lead {
			continue
		}
		c.mu.Lock()
		c.dropLocked(w)
		c.mu.Unlock()
		c.handOver(nil)
	}
}

// leadLocked commits the writes that wait, and then hands the lead to the first
// of those that came meanwhile. It is called with the lock held and returns
// without it.
func (c *committer) leadLocked() {
	batch := c.waiting
	if len(batch) > maxBatch {
		batch = batch[:maxBatch:maxBatch]
	}
	c.waiting = c.waiting[len(batch):]
	for _, w := range batch {
		w.taken = true
	}
	c.mu.Unlock()

	// Deferred, so that even a panic below leaves nobody waiting.
	defer c.handOver(batch)
	c.commit(batch)
}

// handOver answers the batch and passes the lead on.
func (c *committer) handOver(batch []*write) {
	c.mu.Lock()
	var next *write
	if len(c.waiting) > 0 {
		next = c.waiting[0]
		next.taken = true
	} else {
		c.waiting = nil
		c.leading = false
		c.idle.Broadcast()
	}
	c.mu.Unlock()
	c.changed.Notify()

	// In the order of the batch, which is the order of the commit. No send blocks:
	// a turn has room for one, and a leader has taken its first out.
	for _, w := range batch {
		w.turn <- answered
	}
	if next != nil {
		next.turn <- lead
	}
}

// close refuses further writes and waits for those under way. It reports whether
// this call was the one that closed.
func (c *committer) close() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.closed
	c.closed = true
	for c.leading {
		c.idle.Wait()
	}
	c.changed.Close()
	return first
}

func (c *committer) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// commit runs the batch in one transaction. If the database fails one of the
// writes, each is run again in a transaction of its own, so that only that one
// fails.
func (c *committer) commit(batch []*write) {
	unanswered := batch
	defer func() {
		for _, w := range unanswered {
			w.err = errLeaderPanicked
		}
	}()
	failed, err := c.transact(batch)
	if failed != nil && len(batch) > 1 {
		for n, w := range batch {
			unanswered = batch[n+1:] // w is for the call below to answer
			c.commit([]*write{w})
		}
		return
	}
	unanswered = nil
	if err != nil {
		for _, w := range batch {
			w.err = err
		}
	}
}

// transact runs the writes in one transaction and sets what they refused. After
// an error nothing has changed, unless the error says that this is unknown; failed
// is the write that the error came from, if it came from one.
func (c *committer) transact(batch []*write) (failed *write, err error) {
	// The callers' contexts do not reach the statements: a cancelled caller must not
	// take its neighbours' writes with it.
	ctx := context.Background()
	err = inTransaction(ctx, c.db, func(tx *sql.Tx) error {
		t := &transaction{tx: tx, prepared: c.prepared}
		if c.deferred {
			if _, err := t.exec(ctx, takeWriteLock); err != nil {
				return err
			}
		}
		for _, w := range batch {
			if err := w.runIn(ctx, t); err != nil {
				failed = w
				return err
			}
		}
		if err := t.writeChanges(ctx); err != nil {
			failed = batch[0] // or any other: each shall try by itself
			return err
		}
		return nil
	})
	return failed, err
}

// runIn runs w. Code of the caller runs on a goroutine of its own: whether it panics
// or ends that goroutine, as a failing test does, is for its caller to see, and must
// not befall the one who leads.
func (w *write) runIn(ctx context.Context, t *transaction) (failure error) {
	if !w.foreign {
		w.err, failure = w.run(ctx, t)
		return failure
	}
	w.panicked, w.exited = nil, true
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				w.panicked, w.exited = p, false
			}
		}()
		w.err, failure = w.run(ctx, t)
		w.exited = false
	}()
	<-done
	if w.panicked != nil || w.exited {
		return errAborted
	}
	return failure
}

// errLeaderPanicked answers those who shared a transaction with a leader whose
// goroutine panicked in it. It was rolled back, or the panic came out of the commit.
var errLeaderPanicked = fmt.Errorf("%w: the transaction panicked", storage.ErrOutcomeUnknown)

// errAborted rolls a transaction back; no caller sees it.
var errAborted = errors.New("sqlitedb: a change did not return")
