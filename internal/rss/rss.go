// Package rss tells how much memory this process holds, for benchmarks.
package rss

import (
	"fmt"
	"os"
	"runtime/debug"
)

// MiB is how much memory the process holds, in units of 2^20 bytes, once it has given
// back what it can. It is 0 where the system does not tell.
func MiB() float64 {
	debug.FreeOSMemory()
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
