package passwordhash_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
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
			limiter := passwordhash.NewLimiter(n, passwordhash.Cost{})
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
		limiter := passwordhash.NewLimiter(1, passwordhash.Cost{})
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
	limiter := passwordhash.NewLimiter(1, passwordhash.Cost{})
	failed := errors.New("failed")
	require.Equal(t, failed, limiter.Do(t.Context(), func() error { return failed }))
	require.Panics(t, func() { _ = limiter.Do(t.Context(), func() error { panic("x") }) })
	require.NoError(t, limiter.Do(t.Context(), func() error { return nil }), "a panic gives its slot back")

	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, limiter.Do(ended, func() error { panic("must not run") }), context.Canceled)
}

// TestLimiterVerifiesDearHashesOneAtATime starts verifications that are over the bound, and checks that they leave room
// for others.
func TestLimiterVerifiesDearHashesOneAtATime(t *testing.T) {
	limiter := passwordhash.NewLimiter(2, passwordhash.Cost{Time: time.Second})
	dear, err := passwordhash.ParseStored("$2b$20$" + bcrypt53)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { require.ErrorIs(t, limiter.Verify(ctx, dear, []byte("x")), context.Canceled) })
	}
	time.Sleep(20 * time.Millisecond)
	cheap := parse(t, "$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a.")
	for range 3 {
		waiting, giveUp := context.WithTimeout(t.Context(), 10*time.Second)
		require.NoError(t, limiter.Verify(waiting, cheap, []byte("password")), "one of the two places is free")
		giveUp()
	}
	cancel()
	group.Wait()
}

// TestLimiterCoversHashAndVerify takes the only place, and checks that neither a hash nor a verification runs.
func TestLimiterCoversHashAndVerify(t *testing.T) {
	limiter := passwordhash.NewLimiter(1, passwordhash.Cost{})
	taken, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		require.NoError(t, limiter.Do(t.Context(), func() error { close(taken); <-release; return nil }))
	})
	<-taken
	hasher, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err = limiter.Hash(ctx, hasher, []byte("password"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, limiter.Verify(ctx, parse(t, "$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a."), []byte("password")), context.DeadlineExceeded)
	close(release)
	group.Wait()
}

// TestVerifyEndsWithItsContext verifies hashes that take minutes to centuries, for some milliseconds.
func TestVerifyEndsWithItsContext(t *testing.T) {
	for _, encoded := range []string{
		"$2b$31$" + bcrypt53, "$5$rounds=999999999$salt$" + crypt43, "$6$rounds=999999999$salt$" + crypt43 + crypt43,
		"$pbkdf2-sha256$i=4294967295,l=32$" + salt16Raw + "$" + raw(32), "$pbkdf2-sha384$i=4294967295,l=32$" + salt16Raw + "$" + raw(48),
		"$P$S12345678" + crypt22, "$S$S12345678" + crypt43, "$y$jAT/j$abcd$" + crypt43,
		aspnet(2, 1<<32-1, 16, 48), "pbkdf2_sha256$4294967295$salt$" + std(32), "$wp$2y$31$" + bcrypt53,
	} {
		hash, err := passwordhash.ParseStored(encoded)
		require.NoError(t, err, encoded)
		require.True(t, hash.Cost(1).Exceeds(passwordhash.DefaultBound()), encoded)
		// A password that cannot match is computed like any other: an answer at once would tell that the hash exists.
		for _, password := range []string{"x", "", "\xff\xfe", "a\x00b", strings.Repeat("x", 73), strings.Repeat("x", passwordhash.MaxPasswordBytes+1)} {
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Millisecond)
			start := time.Now()
			require.ErrorIs(t, passwordhash.Verify(ctx, hash, []byte(password)), context.DeadlineExceeded, "%s %q", encoded, password)
			require.Less(t, time.Since(start), 5*time.Second, encoded)
			cancel()
		}
	}
}
