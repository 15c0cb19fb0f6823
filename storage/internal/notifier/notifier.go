// Package notifier wakes waiting callers when something has happened. It needs no
// goroutine of its own.
package notifier

import "sync"

// Notifier hands out channels and closes them. Its zero value is ready. All methods are
// safe for concurrent use.
type Notifier struct {
	mu      sync.Mutex
	waiting chan struct{} // nil while nobody waits
	closed  bool
}

// Wait returns a channel that the next Notify or Close closes. After Close it is closed
// already.
func (n *Notifier) Wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting == nil {
		n.waiting = make(chan struct{})
		if n.closed {
			close(n.waiting)
		}
	}
	return n.waiting
}

// Notify closes the channels that Wait has returned since the last Notify.
func (n *Notifier) Notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.notifyLocked()
}

func (n *Notifier) notifyLocked() {
	if n.waiting != nil && !n.closed {
		close(n.waiting)
		n.waiting = nil
	}
}

// Close is the last Notify: from then on every channel of Wait is closed.
func (n *Notifier) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.notifyLocked()
	n.closed = true
}
