package signintest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
)

func (stores Stores) TestNewRefusesWhatCannotWork(t *testing.T) {
	m := idemtest.New(t)
	for text, attempt := range map[string]func() (*signin.Service, error){
		"the Manager is nil":       func() (*signin.Service, error) { return signin.New(nil, key) },
		"the key must be 32 bytes": func() (*signin.Service, error) { return signin.New(m.Manager, key[1:]) },
		"the zero Option":          func() (*signin.Service, error) { return signin.New(m.Manager, key, signin.Option{}) },
		"WithRandom":               func() (*signin.Service, error) { return signin.New(m.Manager, key, signin.WithRandom(nil)) },
		"WithHashingLimit":         func() (*signin.Service, error) { return signin.New(m.Manager, key, signin.WithHashingLimit(0)) },
		"at least one domain": func() (*signin.Service, error) {
			return signin.New(m.Manager, key, signin.WithTrustedProvider("google"))
		},
		"is not a domain": func() (*signin.Service, error) {
			return signin.New(m.Manager, key, signin.WithTrustedProvider("google", "*"))
		},
	} {
		desk, err := attempt()
		require.ErrorContains(t, err, text)
		require.Nil(t, desk)
	}
}

func (stores Stores) TestPassword(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		who, err := o.Password(t.Context(), " ADA@example.com", password)
		require.NoError(t, err)
		require.True(t, ada.Equal(who.Identity))
		require.Equal(t, signin.Proof{
			Identity: ada.ID, Methods: []credentials.Method{credentials.MethodPassword}, AAL: credentials.AAL1,
			Epoch: who.Proof.Epoch, At: o.Clock.Now(),
		}, who.Proof)
		require.NoError(t, o.Current(t.Context(), who.Proof))
		require.Empty(t, who.SecondFactors)

		_, err = o.Password(t.Context(), email, another)
		require.ErrorIs(t, err, idem.ErrWrongPassword)
		_, err = o.Password(t.Context(), "grace@example.com", password)
		require.ErrorIs(t, err, idem.ErrWrongPassword)
		_, err = o.SetState(t.Context(), ada.ID, identity.StateInactive)
		require.NoError(t, err)
		_, err = o.Password(t.Context(), email, password)
		require.ErrorIs(t, err, idem.ErrInactive)
		require.ErrorIs(t, o.Current(t.Context(), who.Proof), signin.ErrSignedOut)

		require.ErrorIs(t, o.Current(t.Context(), signin.Proof{}), signin.ErrSignedOut)
		require.ErrorIs(t, o.Current(t.Context(), signin.Proof{Identity: ada.ID}), signin.ErrSignedOut)
	})
}

// TestThrottle counts failures of known and unknown identifiers alike.
func (stores Stores) TestThrottle(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		device := o.signIn(t).Device
		for _, identifier := range []string{email, "nobody@example.com"} {
			for n := range signin.FreeFailures {
				_, err := o.Password(t.Context(), identifier, another)
				require.ErrorIs(t, err, idem.ErrWrongPassword, n)
			}
			for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
				want *= time.Second
				_, err := o.Password(t.Context(), identifier, password)
				requireThrottled(t, err, want)
				o.Clock.Advance(want - time.Microsecond)
				_, err = o.Password(t.Context(), identifier, password)
				requireThrottled(t, err, time.Microsecond)
				o.Clock.Advance(time.Microsecond)
				_, err = o.Password(t.Context(), identifier, another)
				require.ErrorIs(t, err, idem.ErrWrongPassword)
			}
		}

		// A clock that is set back makes nobody wait longer than the delay.
		o.Clock.Advance(-40 * 24 * time.Hour)
		_, err := o.Password(t.Context(), email, password)
		requireThrottled(t, err, signin.MaxDelay)

		// The owner's own device has a counter of its own, for this identifier alone.
		ctx := signin.WithDevice(t.Context(), device)
		_, err = o.Password(ctx, email, password)
		require.NoError(t, err)
		_, err = o.Password(ctx, "nobody@example.com", password)
		requireThrottled(t, err, signin.MaxDelay)
		_, err = o.Password(signin.WithDevice(t.Context(), wrong(device)), email, password)
		requireThrottled(t, err, signin.MaxDelay)

		// A success forgets all failures; so does a day.
		o.Clock.Advance(signin.MaxDelay)
		o.signIn(t)
		for range signin.FreeFailures - 1 {
			_, err = o.Password(t.Context(), email, another)
			require.ErrorIs(t, err, idem.ErrWrongPassword)
		}
		o.signIn(t)
		for range signin.FreeFailures + 1 {
			_, _ = o.Password(t.Context(), email, another)
			o.Clock.Advance(time.Second)
		}
		o.Clock.Advance(24 * time.Hour)
		for range signin.FreeFailures {
			_, err = o.Password(t.Context(), email, another)
			require.ErrorIs(t, err, idem.ErrWrongPassword)
		}
	})
}

// TestThrottleClient counts for a client over all identifiers, and its success does not make
// it forget what it has failed elsewhere.
func (stores Stores) TestThrottleClient(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		ctx := signin.WithClient(t.Context(), "192.0.2.7")
		for n := range signin.FreeFailures {
			_, err := o.Password(ctx, fmt.Sprintf("person%d@example.com", n), password)
			require.ErrorIs(t, err, idem.ErrWrongPassword)
		}
		_, err := o.Password(ctx, email, password)
		requireThrottled(t, err, time.Second)
		_, err = o.Password(signin.WithClient(t.Context(), "192.0.2.8"), email, password)
		require.NoError(t, err)
		o.Clock.Advance(time.Second)
		_, err = o.Password(ctx, email, password)
		require.NoError(t, err)
		_, err = o.Password(ctx, "person@example.com", password)
		require.ErrorIs(t, err, idem.ErrWrongPassword, "the last failure was a second ago, and the success is no failure")
		_, err = o.Password(ctx, email, password)
		requireThrottled(t, err, 2*time.Second) // the success has taken back its own attempt, and nothing else
		require.Greater(t, waitOf(t, err), time.Second)
	})
}

// TestThrottleClientAfterSuccess has a client that many share. What succeeds there, and what is refused without being
// compared, makes nobody wait: the wait begins with the last failure, and so does the day after which failures are forgotten.
func (stores Stores) TestThrottleClientAfterSuccess(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		app, _ := o.enrol(t, o.signIn(t).Proof)
		ctx := signin.WithClient(t.Context(), "192.0.2.7")
		for n := range 20 {
			_, err := o.Password(ctx, fmt.Sprintf("person%d@example.com", n), password)
			require.ErrorIs(t, err, idem.ErrWrongPassword)
			o.Clock.Advance(signin.MaxDelay)
		}
		for range 2 {
			who, err := o.Password(ctx, email, password)
			require.NoError(t, err)
			_, err = o.TOTP(ctx, who.Proof, o.code(app))
			require.NoError(t, err, "the second factor, at once")
			o.Clock.Advance(time.Minute)
		}
		sent := o.issue(t, signin.Recovery, email)
		_, err := o.Recover(ctx, sent.Handle, sent.Code, another, signin.WithTOTP(o.code(app)))
		require.NoError(t, err, "a code and a second factor in one call")

		for range signin.FreeFailures {
			_, err = o.Password(t.Context(), "grace@example.com", password)
			require.ErrorIs(t, err, idem.ErrWrongPassword)
		}
		_, err = o.Password(ctx, "grace@example.com", password)
		requireThrottled(t, err, time.Second)
		_, err = o.Password(ctx, "mary@example.com", password)
		require.ErrorIs(t, err, idem.ErrWrongPassword, "what was not compared is no failure of the client")
		_, err = o.Password(ctx, email, another)
		requireThrottled(t, err, signin.MaxDelay)
		require.Greater(t, waitOf(t, err), signin.MaxDelay-time.Second, "all 21 failures count")

		for range 4 {
			o.Clock.Advance(6*time.Hour - time.Second)
			_, err = o.Password(ctx, email, another)
			require.NoError(t, err)
		}
		o.Clock.Advance(4 * time.Second)
		for n := range signin.FreeFailures {
			_, err = o.Password(ctx, fmt.Sprintf("person%d@example.com", n), password)
			require.ErrorIs(t, err, idem.ErrWrongPassword, "the failures were forgotten a day after the last")
		}
	})
}

// findingStore calls meanwhile, if it is set, when somebody is looked for.
type findingStore struct {
	storage.Storage
	meanwhile func()
}

func (s *findingStore) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	if meanwhile := s.meanwhile; meanwhile != nil {
		s.meanwhile = nil
		meanwhile()
	}
	return s.Storage.Find(ctx, claim)
}

// TestThrottleClientMeanwhile has a client fail while its other attempt, which succeeds, is compared: the failure counts, and
// the wait begins with it.
func (stores Stores) TestThrottleClientMeanwhile(t *testing.T) {
	stores.each(t, func(t *testing.T, plain *office) {
		store := &findingStore{Storage: plain.store}
		o := newOffice(t, store)
		o.ada(t)
		ctx := signin.WithClient(t.Context(), "192.0.2.7")
		fail := func() {
			_, err := o.Password(ctx, "nobody@example.com", password)
			require.ErrorIs(t, err, idem.ErrWrongPassword)
		}
		for range signin.FreeFailures - 1 {
			fail()
		}
		store.meanwhile = func() {
			o.Clock.Advance(time.Minute)
			fail()
		}
		_, err := o.Password(ctx, email, password)
		require.NoError(t, err)
		require.Nil(t, store.meanwhile)
		_, err = o.Password(ctx, email, password)
		requireThrottled(t, err, time.Second)
		o.Clock.Advance(time.Second)
		_, err = o.Password(ctx, email, password)
		require.NoError(t, err)
	})
}

// TestThrottleInParallel has many guess at once: none of them gets more than there is.
func (stores Stores) TestThrottleInParallel(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		var (
			running  sync.WaitGroup
			mu       sync.Mutex
			compared int
		)
		for range 50 {
			running.Go(func() {
				_, err := o.Password(t.Context(), email, another)
				mu.Lock()
				defer mu.Unlock()
				var throttled *signin.ThrottledError
				if !isA(err, &throttled) {
					compared++
				}
			})
		}
		running.Wait()
		require.Equal(t, signin.FreeFailures, compared)
	})
}
