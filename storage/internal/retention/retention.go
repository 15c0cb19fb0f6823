// Package retention decides which changes of the feed are old, alike in every store.
package retention

import (
	"time"

	"github.com/idemkit/idem/storage"
)

// window is how many changes decide on the age of the first of them: itself and the next
// hundred.
const window = 101

// Finder finds the oldest change to keep by age. A change is old if, of it and the hundred
// that follow it, more than half were made before the limit: one clock that was wrong does
// not keep everything, nor let anything go. It is not safe for concurrent use.
type Finder struct {
	limit int64 // microseconds since 1970

	sequences [window]int64
	old       [window]bool
	start     int // of the window
	size      int // of the window
	olds      int // how many in it are old
}

// NewFinder returns a Finder that keeps what was made at since or later.
func NewFinder(since time.Time) *Finder {
	limit := storage.UnixMicro(since)
	if time.UnixMicro(limit).Before(since) && limit+1 > limit {
		limit++
	}
	return &Finder{limit: limit}
}

// Add takes the next change of the feed, in its order: its sequence number, and its time
// in microseconds since 1970. It returns the sequence number of the oldest change to keep
// as soon as that is known; then no more changes are needed.
func (f *Finder) Add(sequence, at int64) (first int64, found bool) {
	end := (f.start + f.size) % window
	f.sequences[end], f.old[end] = sequence, at < f.limit
	if f.old[end] {
		f.olds++
	}
	if f.size++; f.size < window {
		return 0, false
	}
	return f.next()
}

// End returns the oldest change to keep when there are no more changes to add, 0 if there
// is none.
func (f *Finder) End() int64 {
	for f.size > 0 {
		if first, found := f.next(); found {
			return first
		}
	}
	return 0
}

// next drops the first change of the window if it is old.
func (f *Finder) next() (first int64, found bool) {
	if 2*f.olds <= f.size {
		return f.sequences[f.start], true
	}
	if f.old[f.start] {
		f.olds--
	}
	f.start, f.size = (f.start+1)%window, f.size-1
	return 0, false
}
