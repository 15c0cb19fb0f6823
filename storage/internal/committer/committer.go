// Package committer puts the writes of concurrent callers into shared batches, so that
// they share the cost of making a batch durable.
//
// It has no goroutine of its own. The first caller to come leads: it waits until a batch
// can be written, takes all writes that wait by then, commits them, and answers each.
// Those that come meanwhile wait, and one of them leads next. So a single caller commits
// by itself at once, and the busier a store is the more writes share one batch. There is
// no timer.
package committer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/idemkit/idem/storage"
)

// Write is one caller's write and what became of it.
type Write[W any] struct {
	// Value is what the caller wants written.
	Value W
	// Queued is when the write was queued.
	Queued time.Time
	// Err is what the caller gets. A [Batch] sets it for the writes in it.
	Err error

	taken   bool // into a batch; guarded by Committer.mu
	leading bool // its caller leads, or is told to; guarded by Committer.mu
	turn    chan turn
}

// turn is what a waiting caller is told.
type turn int

const (
	answered turn = iota // its write is done
	lead                 // it is to lead the next batch
)

// Batch is the right to write a batch.
type Batch[W any] interface {
	// Commit writes the given writes, of which there is one at least, and sets the Err of
	// those that fail. When it returns the others are durable. If it panics or ends its
	// goroutine, those without an Err get one that wraps [storage.ErrOutcomeUnknown].
	Commit(writes []*Write[W])
	// Cancel gives the right up without a write.
	Cancel()
}

// Options say how a [Committer] works.
type Options[W any] struct {
	// Begin waits until a batch can be written. Meanwhile the writes that wait can still
	// be withdrawn. It must return soon after ctx has ended. queued is when the leader's
	// own write was queued, which is not later than that of any other that waits. An error
	// is the leader's alone: the next caller that waits then leads and tries by itself.
	Begin func(ctx context.Context, queued time.Time) (Batch[W], error)
	// MaxBatch bounds the writes of a batch, and so how long the first of them waits for
	// the last.
	MaxBatch int
	// Lanes is how many batches may be under way at once. 0 means 1.
	Lanes int
	// Fits reports whether next may be in one batch with those before it. One that may
	// not, and all that come after it, wait for the next batch. Nil means that all may.
	Fits func(batch []*Write[W], next *Write[W]) bool
}

// Committer is the queue of writes. Make one with [New]. All methods are safe for
// concurrent use.
type Committer[W any] struct {
	options Options[W]

	mu      sync.Mutex
	waiting []*Write[W]
	leaders int
	closed  bool
	idle    sync.Cond // on mu: nobody leads

	// committed is called after each batch.
	committed func()
}

// New returns a Committer. It calls committed after each batch, before any of its writes
// is answered.
func New[W any](options Options[W], committed func()) *Committer[W] {
	options.Lanes = max(1, options.Lanes)
	c := &Committer[W]{options: options, committed: committed}
	c.idle.L = &c.mu
	return c
}

// Do makes the writes of one caller, each by itself, in their order, and returns what
// became of each when all are durable or refused. If ctx ends before a write is in a
// batch it is withdrawn, with the error of ctx. One that is in a batch is seen through,
// so that the answer is the truth. After [Committer.Close] the error is
// [storage.ErrClosed].
func (c *Committer[W]) Do(ctx context.Context, values ...W) []error {
	writes, now := make([]*Write[W], len(values)), time.Now()
	for n, value := range values {
		writes[n] = newWrite(value, now)
	}
	c.do(ctx, writes)
	errs := make([]error, len(writes))
	for n, w := range writes {
		errs[n] = w.Err
	}
	return errs
}

// DoOne is Do for one write.
func (c *Committer[W]) DoOne(ctx context.Context, value W) error {
	w := newWrite(value, time.Now())
	c.do(ctx, []*Write[W]{w})
	return w.Err
}

func newWrite[W any](value W, now time.Time) *Write[W] {
	return &Write[W]{Value: value, Queued: now, turn: make(chan turn, 2)}
}

// do makes writes, and sets the Err of those that fail.
func (c *Committer[W]) do(ctx context.Context, writes []*Write[W]) {
	leads, err := c.join(ctx, writes)
	if err != nil {
		for _, w := range writes {
			w.Err = err
		}
		return
	}
	// Should leading end this goroutine, the lead must not end with it.
	done := 0
	defer func() { c.abandon(writes[done:]) }()
	if leads {
		c.lead(ctx, writes[0])
	}
	for n, w := range writes {
		c.await(ctx, w)
		done = n + 1
	}
}

// join queues the writes. It reports whether the caller must lead.
func (c *Committer[W]) join(ctx context.Context, writes []*Write[W]) (leads bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false, storage.ErrClosed
	}
	c.waiting = append(c.waiting, writes...)
	if len(writes) == 0 || c.leaders == c.options.Lanes {
		return false, nil
	}
	c.leaders++
	writes[0].leading = true
	return true, nil
}

// await returns when it is known what became of w, and leads when it is w's turn to.
func (c *Committer[W]) await(ctx context.Context, w *Write[W]) {
	ended := ctx.Done()
	for {
		select {
		case t := <-w.turn:
			if t == answered {
				c.passLead(w)
				return
			}
			c.lead(ctx, w)
		case <-ended:
			if c.withdraw(w) {
				w.Err = ctx.Err()
				return
			}
			ended = nil // it is in a batch, or leads
		}
	}
}

// withdraw takes w back unless it is in a batch or its caller leads.
func (c *Committer[W]) withdraw(w *Write[W]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.taken || w.leading {
		return false
	}
	c.dropLocked(w)
	return true
}

func (c *Committer[W]) dropLocked(w *Write[W]) {
	for n, waiting := range c.waiting {
		if waiting == w {
			c.waiting = append(c.waiting[:n], c.waiting[n+1:]...)
			return
		}
	}
}

// abandon takes back writes whose caller does not await them any more, and passes on the
// lead if it is with one of them.
func (c *Committer[W]) abandon(writes []*Write[W]) {
	for _, w := range writes {
		if c.withdraw(w) {
			continue
		}
		if <-w.turn == answered {
			c.passLead(w)
			continue
		}
		c.mu.Lock()
		c.dropLocked(w)
		c.mu.Unlock()
		c.handOver(w, nil)
	}
}

// passLead passes the lead on if w, which is answered, was chosen to lead as well: with several
// lanes another leader can take w into its batch, and answer it, before its caller hears of the lead.
func (c *Committer[W]) passLead(w *Write[W]) {
	c.mu.Lock()
	chosen := w.leading
	c.mu.Unlock()
	if chosen {
		<-w.turn // on its way
		c.handOver(w, nil)
	}
}

// lead writes one batch for all that wait, as the caller of own.
func (c *Committer[W]) lead(ctx context.Context, own *Write[W]) {
	var batch []*Write[W]
	finished, committed := false, false
	// Deferred, so that no caller blocks forever, even if the code below panics or ends
	// the goroutine.
	defer func() {
		if !finished {
			batch = c.take(batch, own)
			for _, w := range batch {
				if w.Err == nil {
					w.Err = errLeaderEnded
				}
			}
		}
		if committed {
			c.committed()
		}
		c.handOver(own, batch)
	}()
	right, err := c.options.Begin(ctx, own.Queued)
	if err != nil {
		if batch = c.take(nil, own); len(batch) > 0 {
			own.Err = err
		}
		finished = true
		return
	}
	batch = c.takeWaiting()
	if len(batch) == 0 { // another leader has taken them
		right.Cancel()
	} else {
		committed = true
		right.Commit(batch)
	}
	finished = true
}

// errLeaderEnded answers those who shared a batch with a leader whose goroutine ended in
// it. It was rolled back, or the end came out of the commit.
var errLeaderEnded = fmt.Errorf("%w: the commit did not return", storage.ErrOutcomeUnknown)

// take adds w to batch if it waits.
func (c *Committer[W]) take(batch []*Write[W], w *Write[W]) []*Write[W] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.taken {
		return batch
	}
	c.dropLocked(w)
	w.taken = true
	return append(batch, w)
}

// takeWaiting takes the next batch from the writes that wait.
func (c *Committer[W]) takeWaiting() []*Write[W] {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := min(len(c.waiting), c.options.MaxBatch)
	if c.options.Fits != nil {
		for n := 1; n < size; n++ {
			if !c.options.Fits(c.waiting[:n], c.waiting[n]) {
				size = n
			}
		}
	}
	batch := c.waiting[:size:size]
	c.waiting = c.waiting[size:]
	for _, w := range batch {
		w.taken = true
	}
	return batch
}

// handOver answers the batch and passes the lead of own on.
func (c *Committer[W]) handOver(own *Write[W], batch []*Write[W]) {
	c.mu.Lock()
	c.leaders--
	own.leading = false
	var next *Write[W]
	for _, w := range c.waiting {
		if !w.leading {
			next = w
			next.leading = true
			c.leaders++
			break
		}
	}
	if len(c.waiting) == 0 {
		c.waiting = nil
	}
	if c.leaders == 0 {
		c.idle.Broadcast()
	}
	c.mu.Unlock()
	// In the order of the batch, which is the order of the commit. No send blocks: a turn
	// has room for the lead and the answer.
	for _, w := range batch {
		w.turn <- answered
	}
	if next != nil {
		next.turn <- lead
	}
}

// Waiting returns how many writes wait to be in a batch.
func (c *Committer[W]) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}

// Close refuses further writes and waits for those under way. It reports whether
// this call was the one that closed.
func (c *Committer[W]) Close() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.closed
	c.closed = true
	for c.leaders > 0 {
		c.idle.Wait()
	}
	return first
}

// Closed reports whether Close was called.
func (c *Committer[W]) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}
