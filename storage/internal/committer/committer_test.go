package committer_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/committer"
)

// recorder writes batches of numbers. begin, if set, is called first, and write with each
// number.
type recorder struct {
	begin func(ctx context.Context, queued time.Time) error
	write func(n int) error

	mu        sync.Mutex
	batches   [][]int
	cancelled int
	underWay  int
	most      int
}

func (r *recorder) Begin(ctx context.Context, queued time.Time) (committer.Batch[int], error) {
	if r.begin != nil {
		if err := r.begin(ctx, queued); err != nil {
			return nil, err
		}
	}
	return batch{r}, nil
}

type batch struct{ *recorder }

func (b batch) Cancel() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cancelled++
}

func (b batch) Commit(writes []*committer.Write[int]) {
	b.mu.Lock()
	b.underWay++
	b.most = max(b.most, b.underWay)
	var numbers []int
	for _, w := range writes {
		numbers = append(numbers, w.Value)
	}
	b.batches = append(b.batches, numbers)
	b.mu.Unlock()
	for _, w := range writes {
		if b.write != nil {
			w.Err = b.write(w.Value)
		}
	}
	b.mu.Lock()
	b.underWay--
	b.mu.Unlock()
}

func (r *recorder) written() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Concat(r.batches...)
}

func newCommitter(r *recorder, options committer.Options[int]) *committer.Committer[int] {
	options.Begin = r.Begin
	if options.MaxBatch == 0 {
		options.MaxBatch = 100
	}
	return committer.New(options, func() {})
}

// waitFor waits until so many writes wait.
func waitFor(c *committer.Committer[int], count int) {
	for c.Waiting() < count {
		runtime.Gosched()
	}
}

// TestCallersShareBatches queues writes while one batch is under way.
func TestCallersShareBatches(t *testing.T) {
	held, holding := make(chan struct{}), make(chan struct{})
	refused := errors.New("refused")
	r := &recorder{write: func(n int) error {
		switch n {
		case 0:
			close(holding)
			<-held
		case 3:
			return refused
		}
		return nil
	}}
	c := newCommitter(r, committer.Options[int]{MaxBatch: 4})
	var callers sync.WaitGroup
	callers.Go(func() { assert.Equal(t, []error{nil}, c.Do(t.Context(), 0)) })
	<-holding
	for n := 1; n <= 6; n++ {
		callers.Go(func() {
			want := error(nil)
			if n == 3 {
				want = refused
			}
			assert.Equal(t, []error{want}, c.Do(t.Context(), n))
		})
		waitFor(c, n)
	}
	close(held)
	callers.Wait()
	require.Equal(t, [][]int{{0}, {1, 2, 3, 4}, {5, 6}}, r.batches)
	require.Empty(t, c.Do(t.Context()))
}

// TestManyOfOneCaller are in order, and more than fit into a batch.
func TestManyOfOneCaller(t *testing.T) {
	r := &recorder{}
	c := newCommitter(r, committer.Options[int]{MaxBatch: 2})
	require.Equal(t, make([]error, 5), c.Do(t.Context(), 1, 2, 3, 4, 5))
	require.Equal(t, [][]int{{1, 2}, {3, 4}, {5}}, r.batches)
}

// TestWithdrawn ends the contexts of the leader and of those behind it while nothing can be
// written: each is told, and another leads.
func TestWithdrawn(t *testing.T) {
	free := make(chan struct{})
	r := &recorder{begin: func(ctx context.Context, _ time.Time) error {
		select {
		case <-free:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
	c := newCommitter(r, committer.Options[int]{})
	ctx, cancel := context.WithCancel(t.Context())
	var callers, leavers sync.WaitGroup
	for n := range 8 {
		if n%2 == 0 {
			leavers.Go(func() { assert.ErrorIs(t, c.Do(ctx, n)[0], context.Canceled) })
		} else {
			callers.Go(func() { assert.NoError(t, c.Do(t.Context(), n)[0]) })
		}
		waitFor(c, n+1)
	}
	cancel()
	leavers.Wait()
	require.Equal(t, 4, c.Waiting())
	close(free)
	callers.Wait()
	require.Equal(t, []int{1, 3, 5, 7}, r.written())
	require.ErrorIs(t, c.Do(ctx, 9)[0], context.Canceled)
}

// TestBeginFails tells each caller what its own attempt found.
func TestBeginFails(t *testing.T) {
	began := 0
	failure := errors.New("out of reach")
	r := &recorder{begin: func(context.Context, time.Time) error {
		if began++; began <= 2 {
			return failure
		}
		return nil
	}}
	c := newCommitter(r, committer.Options[int]{})
	require.Equal(t, []error{failure, failure, nil, nil}, c.Do(t.Context(), 1, 2, 3, 4))
	require.Equal(t, [][]int{{3, 4}}, r.batches)
}

// TestLeaderEnds ends the goroutine of a leader in every place. No caller may block forever,
// and a write whose outcome is unknown must not be reported as done.
func TestLeaderEnds(t *testing.T) {
	for name, end := range map[string]func(){
		"by a panic":       func() { panic("a fault") },
		"by ending itself": runtime.Goexit,
	} {
		for _, place := range []string{"begin", "commit"} {
			t.Run(name+" in "+place, func(t *testing.T) {
				armed, holding, held := true, make(chan struct{}), make(chan struct{})
				at := func(here string) {
					if here == place && armed {
						armed = false
						close(holding)
						<-held
						end()
					}
				}
				r := &recorder{
					begin: func(context.Context, time.Time) error { at("begin"); return nil },
					write: func(int) error { at("commit"); return nil },
				}
				c := newCommitter(r, committer.Options[int]{})
				var callers sync.WaitGroup
				callers.Go(func() {
					defer func() { _ = recover() }()
					c.Do(t.Context(), 1, 2, 3)
					t.Error("the leader went on")
				})
				<-holding
				callers.Go(func() { assert.NoError(t, c.Do(t.Context(), 4)[0]) })
				for c.Waiting() == 0 {
					runtime.Gosched()
				}
				close(held)
				callers.Wait()
				require.NoError(t, c.Do(t.Context(), 5)[0])
				require.Contains(t, r.written(), 4)
				require.True(t, c.Close())
			})
		}
	}
	// Those who shared a batch with it are told that it is unknown.
	held, holding := make(chan struct{}), make(chan struct{})
	r := &recorder{}
	r.write = func(n int) error {
		switch n {
		case 0:
			close(holding)
			<-held
		case 1:
			panic("a fault")
		}
		return nil
	}
	c := newCommitter(r, committer.Options[int]{})
	var callers sync.WaitGroup
	callers.Go(func() { c.Do(t.Context(), 0) })
	<-holding
	for n := 1; n <= 2; n++ {
		callers.Go(func() {
			defer func() { _ = recover() }()
			assert.ErrorIs(t, c.Do(t.Context(), n)[0], storage.ErrOutcomeUnknown)
		})
		waitFor(c, n)
	}
	close(held)
	callers.Wait()
}

// TestLanes has several batches under way at once, and no two that may not be together in
// one.
func TestLanes(t *testing.T) {
	r := &recorder{write: func(int) error { time.Sleep(time.Millisecond); return nil }}
	c := newCommitter(r, committer.Options[int]{Lanes: 3, MaxBatch: 8, Fits: func(batch []*committer.Write[int], next *committer.Write[int]) bool {
		return !slices.ContainsFunc(batch, func(w *committer.Write[int]) bool { return w.Value%10 == next.Value%10 })
	}})
	const callers, rounds = 32, 10
	var working sync.WaitGroup
	for caller := range callers {
		working.Go(func() {
			for round := range rounds {
				n := 1000*round + 10*caller
				for _, err := range c.Do(t.Context(), n+caller%7, n+caller%5) {
					assert.NoError(t, err)
				}
			}
		})
	}
	working.Wait()
	require.Len(t, r.written(), 2*callers*rounds)
	require.Equal(t, 3, r.most)
	for _, numbers := range r.batches {
		seen := map[int]bool{}
		for _, n := range numbers {
			require.False(t, seen[n%10], "%v", numbers)
			seen[n%10] = true
		}
	}
	require.True(t, c.Close())
}

// TestClose waits for what is under way and refuses the rest.
func TestClose(t *testing.T) {
	held, holding := make(chan struct{}), make(chan struct{})
	r := &recorder{write: func(n int) error {
		if n == 1 {
			close(holding)
			<-held
		}
		return nil
	}}
	c := newCommitter(r, committer.Options[int]{})
	var callers sync.WaitGroup
	callers.Go(func() { assert.NoError(t, c.Do(t.Context(), 1)[0]) })
	<-holding
	callers.Go(func() { assert.NoError(t, c.Do(t.Context(), 2)[0], "it was queued before") })
	waitFor(c, 1)
	closed := make(chan bool)
	go func() { closed <- c.Close() }()
	for !c.Closed() {
		runtime.Gosched()
	}
	require.ErrorIs(t, c.Do(t.Context(), 3)[0], storage.ErrClosed)
	close(held)
	require.True(t, <-closed)
	callers.Wait()
	require.False(t, c.Close())
	require.Equal(t, []int{1, 2}, r.written())
}
