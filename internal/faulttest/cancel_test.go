//go:build unix

package faulttest_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/storage"
)

// TestCancelled has the caller's context end at each moment at which anyone looks at it,
// in each operation on each store: the caller is told of the end and nothing has
// happened, or of the success and all of it has.
func TestCancelled(t *testing.T) {
	for name, open := range stores {
		for _, o := range append(writing, reading...) {
			t.Run(name+"/"+o.name, func(t *testing.T) {
				t.Parallel()
				handles := open(t)
				manager, err := newManager(handles[0])
				require.NoError(t, err)
				for n := 0; ; n++ {
					i, err := manager.CreateIdentity(t.Context(), before(n).create())
					require.NoError(t, err, "the store did not go on")
					ctx := newFickleContext(t.Context(), n)
					parts := o.do(ctx, manager, i.ID, n)
					ended := ctx.Context.Err() != nil
					found := everything(t, manager)
					for _, p := range parts {
						happened, err := p.happened(found)
						require.NoError(t, err, "look %d", n)
						require.Equal(t, p.err == nil, happened, "look %d: %v", n, p.err)
						if p.err != nil {
							var e *idem.Error
							require.ErrorAs(t, p.err, &e)
							require.Equal(t, idem.KindCanceled, e.Kind, "look %d: %v", n, p.err)
							require.ErrorIs(t, p.err, context.Canceled)
							require.False(t, errors.Is(p.err, storage.ErrOutcomeUnknown), "look %d: %v", n, p.err)
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
