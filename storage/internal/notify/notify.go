// Package notify tells those who wait that something has happened, without a goroutine
// of its own.
package notify

import "sync"

// Notifier hands out channels and closes them. Its zero value is ready. All methods are
// safe for concurrent use.
type Notifier struct {
	mu      sync.Mutex
	waiting chan struct{} // nil while nobody waits
	closed  bool
}

// Wait returns a channel that is closed by the next Notify or Close.
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

// Notify closes the channels that were handed out since the last time.
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

// Close is a last Notify: from here on nobody waits.
func (n *Notifier) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.notifyLocked()
	n.closed = true
}
