// Package turn has calls on one transaction run one at a time.
package turn

import (
	"context"

	"github.com/idemkit/idem/storage"
)

// Turn is what a call holds while it uses a transaction. Make one with [New].
type Turn struct {
	held   chan struct{} // a channel, so that a call can stop waiting
	closed bool          // guarded by held
}

// New returns a Turn that no call holds.
func New() *Turn { return &Turn{held: make(chan struct{}, 1)} }

// Begin waits for the caller's turn. Unless it fails, the caller must call [Turn.End].
// Errors: that of ctx; [storage.ErrClosed].
func (t *Turn) Begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t.held <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if t.closed {
		t.End()
		return storage.ErrClosed
	}
	return nil
}

// End ends the caller's turn.
func (t *Turn) End() { <-t.held }

// Close waits for the call that has its turn, and lets no other begin. A second Close does
// nothing.
func (t *Turn) Close() {
	t.held <- struct{}{}
	t.closed = true
	t.End()
}
