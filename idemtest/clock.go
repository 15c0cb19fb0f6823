package idemtest

import (
	"sync"
	"time"
)

// Start returns the time that the clock of every Manager of [New] begins with: noon
// of the first of January 2026, in UTC.
func Start() time.Time { return time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC) }

// Clock stands still until it is told to move. It is safe for concurrent use, and an
// application that takes its time from a function can share it: pass Now.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *Clock { return &Clock{now: Start()} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on by d, and returns the time then.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}
