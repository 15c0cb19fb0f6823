package storage

import (
	"math"
	"time"
)

// UnixMicro returns t as microseconds since 1970, rounded down. A time that does not fit
// into 64 bits becomes the nearest one that does, so a time in the far future stays later
// than all others in every store.
func UnixMicro(t time.Time) int64 {
	switch {
	case t.Before(time.UnixMicro(math.MinInt64)):
		return math.MinInt64
	case t.After(time.UnixMicro(math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixMicro()
}
