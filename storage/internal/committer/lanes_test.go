package committer_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage/internal/committer"
)

// quick is the right to write a batch, which takes no time.
type quick struct{}

func (quick) Commit([]*committer.Write[int]) {}
func (quick) Cancel()                        {}

// TestNoLeadIsLost: a caller may be answered by another lane before it hears that it is to lead. If the lead ended with it,
// a lane would be gone, and Close would wait for it for ever.
func TestNoLeadIsLost(t *testing.T) {
	for range 300 {
		c := committer.New(committer.Options[int]{
			Begin:    func(ctx context.Context, _ time.Time) (committer.Batch[int], error) { return quick{}, ctx.Err() },
			MaxBatch: 3, Lanes: 4,
		}, func() {})
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 40 {
					c.Do(t.Context(), 1, 2)
				}
			})
		}
		all.Wait()
		closed := make(chan struct{})
		go func() { defer close(closed); c.Close() }()
		select {
		case <-closed:
		case <-time.After(20 * time.Second):
			require.Fail(t, "a lead was lost")
		}
	}
}
