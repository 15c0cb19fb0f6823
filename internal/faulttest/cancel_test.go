//go:build unix

package faulttest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/internal/faulttest/fault"
	"github.com/idemkit/idem/storage"
)

// TestCancelled has the caller's context end at each moment at which anyone looks at it,
// in each operation on each store: the caller is told of the end and nothing has
// happened, or of the success and all of it has.
func TestCancelled(t *testing.T) {
	for name, open := range stores {
		for _, o := range slices.Concat(fault.Writing, fault.Reading) {
			t.Run(name+"/"+o.Name, func(t *testing.T) {
				t.Parallel()
				handles := open(t)
				manager, err := account.NewManager(handles[0])
				require.NoError(t, err)
				for n := 0; ; n++ {
					id, err := o.Begin(t.Context(), manager, n)
					require.NoError(t, err, "the store did not go on")
					ctx := newFickleContext(t.Context(), n)
					parts := o.Do(ctx, manager, id, n)
					ended := ctx.Context.Err() != nil
					found := fault.Everything(t, manager)
					for _, p := range parts {
						happened, err := p.Happened(found)
						require.NoError(t, err, "look %d", n)
						require.Equal(t, p.Err == nil, happened, "look %d: %v", n, p.Err)
						if p.Err != nil {
							var e *idem.Error
							require.ErrorAs(t, p.Err, &e)
							require.Equal(t, idem.KindCanceled, e.Kind, "look %d: %v", n, p.Err)
							require.ErrorIs(t, p.Err, context.Canceled)
							require.False(t, errors.Is(p.Err, storage.ErrOutcomeUnknown), "look %d: %v", n, p.Err)
						}
					}
					if !ended {
						require.Positive(t, n, "nobody looked at the context")
						return
					}
				}
			})
		}
	}
}

// fickleContext ends at the n-th look at it, by Done or by Err.
type fickleContext struct {
	context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	looks  int
}

func newFickleContext(parent context.Context, looks int) *fickleContext {
	ctx, cancel := context.WithCancel(parent)
	return &fickleContext{Context: ctx, cancel: cancel, looks: looks}
}

func (c *fickleContext) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.looks--; c.looks < 0 {
		c.cancel()
	}
}

func (c *fickleContext) Done() <-chan struct{} {
	c.look()
	return c.Context.Done()
}

func (c *fickleContext) Err() error {
	c.look()
	return c.Context.Err()
}
