package sqlitedb

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
)

// TestLeaderEnds has a fault of this package end the goroutine of a caller while it
// commits for others: nobody is told that a write happened which did not, and the store
// goes on. From outside no input is known that does this, so the writes are made here.
func TestLeaderEnds(t *testing.T) {
	for name, end := range map[string]func(){
		"by a panic":       func() { panic("a fault") },
		"by ending itself": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Run("while others wait", func(t *testing.T) {
				store := openLocal(t)
				// Queued in this order: the leader's own, those of another caller, and more
				// of the leader's than fit into one transaction.
				leaders := []*job{{run: blank}}
				leaders[0].run = func(context.Context, *transaction) (error, error) { end(); return nil, nil }
				for range maxBatch {
					leaders = append(leaders, &job{run: blank})
				}
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					defer func() { _ = recover() }()
					store.commits.Do(context.Background(), leaders...)
				}()
				<-ended
				require.NoError(t, store.commits.doPrepared(t.Context(), blank), "the lead ended with the leader")
				require.NoError(t, store.Close())
			})
			t.Run("while it runs each write again", func(t *testing.T) {
				store := openLocal(t)
				var others [2]error
				fails := errors.New("a failure of the database")
				ran := 0
				held, holding := make(chan struct{}), make(chan struct{})
				var running sync.WaitGroup
				running.Go(func() { // leads, and holds the lead until the others are queued
					_ = store.commits.doPrepared(context.Background(), func(context.Context, *transaction) (error, error) {
						close(holding)
						<-held
						return nil, nil
					})
				})
				<-holding
				running.Go(func() {
					defer func() { _ = recover() }()
					store.commits.Do(context.Background(), &job{run: func(context.Context, *transaction) (error, error) {
						if ran++; ran == 1 {
							return nil, fails // and so each is run by itself
						}
						end()
						return nil, nil
					}})
				})
				waitQueued(store.commits, 1)
				written := [2]bool{}
				for n := range others {
					running.Go(func() {
						others[n] = store.commits.doPrepared(context.Background(), func(context.Context, *transaction) (error, error) {
							written[n] = true
							return nil, nil
						})
					})
				}
				waitQueued(store.commits, 3)
				close(held)
				running.Wait()
				for n, err := range others {
					if !written[n] {
						require.ErrorIs(t, err, storage.ErrOutcomeUnknown, "a write that never ran was acknowledged")
					}
				}
				require.NoError(t, store.commits.doPrepared(t.Context(), blank))
				require.NoError(t, store.Close())
			})
		})
	}
}

func blank(context.Context, *transaction) (refusal, failure error) { return nil, nil }

func openLocal(t *testing.T) *Store {
	t.Helper()
	store, err := openFile(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
	require.NoError(t, err)
	return store
}

// waitQueued waits until so many writes wait for a leader.
func waitQueued(c *commits, count int) {
	for c.Waiting() < count {
		runtime.Gosched()
	}
}
