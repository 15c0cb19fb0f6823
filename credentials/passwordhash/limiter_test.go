package passwordhash_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash"
)

func TestLimiterBounds(t *testing.T) {
	for want, n := range map[int]int{3: 3, runtime.GOMAXPROCS(0): 0} {
		synctest.Test(t, func(t *testing.T) {
			limiter := passwordhash.NewLimiter(n)
			var mu sync.Mutex
			running, most := 0, 0
			var group sync.WaitGroup
			for range 50 {
				group.Go(func() {
					require.NoError(t, limiter.Do(t.Context(), func() error {
						mu.Lock()
						running++
						most = max(most, running)
						mu.Unlock()
						time.Sleep(time.Second)
						mu.Lock()
						running--
						mu.Unlock()
						return nil
					}))
				})
			}
			group.Wait()
			require.Equal(t, want, most)
		})
	}
}

func TestLimiterGivesUpWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := passwordhash.NewLimiter(1)
		go limiter.Do(t.Context(), func() error { time.Sleep(time.Hour); return nil })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := limiter.Do(ctx, func() error { panic("must not run") })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Hour)
	})
}

func TestLimiterPassesOn(t *testing.T) {
	limiter := passwordhash.NewLimiter(1)
	failed := errors.New("failed")
	require.Equal(t, failed, limiter.Do(t.Context(), func() error { return failed }))
	require.Panics(t, func() { _ = limiter.Do(t.Context(), func() error { panic("x") }) })
	require.NoError(t, limiter.Do(t.Context(), func() error { return nil }), "a panic gives its slot back")

	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, limiter.Do(ended, func() error { panic("must not run") }), context.Canceled)
}
