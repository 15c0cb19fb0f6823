package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"time"

	"github.com/idemkit/idem/storage/internal/committer"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/notifier"
)

// commits puts the writes of concurrent callers into shared transactions; see package
// committer.
type commits struct {
	*committer.Committer[*job]
	database     *database
	prepared     *statements
	declarations *indexing.Cache
	changed      notifier.Notifier
}

// maxBatch bounds how many writes share a transaction, and so how long the first
// of them waits for the last.
const maxBatch = 512

// run makes one write within a transaction. refusal is what the caller gets; if it
// is not nil, the run must have changed nothing. failure is one of the database,
// after which the transaction cannot go on. It may be called again in another
// transaction.
type run func(ctx context.Context, t *transaction) (refusal, failure error)

// job is one caller's write.
type job struct {
	run run
	// foreign says that run calls code of the caller, which may panic or end its
	// goroutine.
	foreign bool

	refusal  error
	panicked any
	exited   bool
}

// queued is a job in the queue.
type queued = committer.Write[*job]

func newCommits(d *database, prepared *statements, declarations *indexing.Cache) *commits {
	c := &commits{database: d, prepared: prepared, declarations: declarations}
	c.Committer = committer.New(committer.Options[*job]{Begin: c.begin, MaxBatch: maxBatch}, c.changed.Notify)
	return c
}

// do makes one write, which calls code of the caller, and returns when it is durable
// or refused. If ctx ends before the write has begun it is withdrawn; once begun it
// is seen through, so that the answer is the truth.
func (c *commits) do(ctx context.Context, r run) error {
	j := &job{run: r, foreign: true}
	err := c.DoOne(ctx, j)
	if j.panicked != nil {
		panic(j.panicked)
	}
	if j.exited {
		runtime.Goexit()
	}
	return err
}

// doPrepared makes one write that is worked out already.
func (c *commits) doPrepared(ctx context.Context, r run) error {
	return c.DoOne(ctx, &job{run: r})
}

// close refuses further writes and waits for those under way. It reports whether
// this call was the one that closed.
func (c *commits) close() bool {
	first := c.Close()
	c.changed.Close()
	return first
}

// batch is a transaction that waits for the writes of a batch.
type batch struct {
	commits *commits
	writing *writing
}

func (c *commits) begin(ctx context.Context, queued time.Time) (committer.Batch[*job], error) {
	w, err := c.database.begin(ctx, queued)
	if err != nil {
		return nil, err
	}
	return &batch{commits: c, writing: w}, nil
}

// Cancel implements [committer.Batch].
func (b *batch) Cancel() { b.writing.cancel() }

// Commit implements [committer.Batch]. If the database fails one of the writes, each is
// run again in a transaction of its own, so that only that one fails.
func (b *batch) Commit(writes []*queued) {
	failed, err := b.commits.transact(b.writing, writes)
	if failed && len(writes) > 1 {
		for _, w := range writes {
			var single *writing
			if single, w.Err = b.commits.database.begin(context.Background(), time.Now()); w.Err == nil {
				_, w.Err = b.commits.transact(single, []*queued{w})
			}
			if w.Err == nil {
				w.Err = w.Value.refusal
			}
		}
		return
	}
	for _, w := range writes {
		if w.Err = err; err == nil {
			w.Err = w.Value.refusal
		}
	}
}

// transact runs the writes in one transaction. After an error nothing has changed, unless
// the error says that this is unknown; failed tells whether it came from one of the
// writes.
func (c *commits) transact(w *writing, writes []*queued) (failed bool, err error) {
	ctx := context.Background()
	err = w.run(ctx, func(tx *sql.Tx) error {
		t := &transaction{tx: tx, prepared: c.prepared, declarations: c.declarations}
		for _, w := range writes {
			if err := w.Value.runIn(ctx, t); err != nil {
				failed = true
				return err
			}
		}
		if err := t.writeChanges(ctx); err != nil {
			failed = true // each shall try by itself
			return err
		}
		return nil
	})
	return failed, err
}

// runIn runs the job. Code of the caller runs on a goroutine of its own: if it panics
// or ends that goroutine, as a failing test does, its caller must see it, and not the
// caller that leads.
func (j *job) runIn(ctx context.Context, t *transaction) (failure error) {
	if !j.foreign {
		j.refusal, failure = j.run(ctx, t)
		return failure
	}
	j.panicked, j.exited = nil, true
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				j.panicked, j.exited = p, false
			}
		}()
		j.refusal, failure = j.run(ctx, t)
		j.exited = false
	}()
	<-done
	if j.panicked != nil || j.exited {
		return errAborted
	}
	return failure
}

// errAborted rolls a transaction back; no caller sees it.
var errAborted = errors.New("sqlitedb: a change did not return")
