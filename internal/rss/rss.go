// Package rss tells how much memory this process holds, for benchmarks.
package rss

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// MiB is how much memory the process holds, in units of 2^20 bytes, once it has given
// back what it can. It is 0 where the system does not tell.
func MiB() float64 {
	debug.FreeOSMemory()
	return current()
}

// Peak runs do and is the most memory that the process held meanwhile, in units of 2^20
// bytes, sampled every few milliseconds. It is 0 where the system does not tell.
func Peak(do func()) float64 {
	done, peak := make(chan struct{}), make(chan float64)
	go func() {
		most := current()
		for {
			select {
			case <-done:
				peak <- max(most, current())
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, current())
			}
		}
	}()
	do()
	close(done)
	return <-peak
}

func current() float64 {
	status, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, pages int
	if _, err := fmt.Sscan(string(status), &total, &pages); err != nil {
		return 0
	}
	return float64(pages*os.Getpagesize()) / (1 << 20)
}
