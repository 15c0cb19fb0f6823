package idemtest

import (
	"sync"
	"time"
)

// Start returns the initial time of the clock of every Manager that [New] returns: 2026-01-01
// 12:00:00 UTC.
func Start() time.Time { return time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC) }

// Clock is a clock that moves only when [Clock.Advance] is called. It is safe for concurrent
// use. An application that takes its time from a function can share the clock: pass
// [Clock.Now].
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *Clock { return &Clock{now: Start()} }

// Now returns the current time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward by d and returns the new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}
