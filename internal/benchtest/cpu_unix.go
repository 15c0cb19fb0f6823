//go:build unix

package benchtest

import (
	"syscall"
	"time"
)

// CPU returns the processor time that this process has used, in user and system mode.
func CPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
