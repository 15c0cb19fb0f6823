package signin_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

// stores are those that every test runs on.
var stores = map[string]func(t testing.TB) storage.Storage{
	"memory": func(testing.TB) storage.Storage { return memory.New() },
	"sqlite": func(t testing.TB) storage.Storage {
		store, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "identities.db"))
		require.NoError(t, err)
		return store
	},
}

const (
	email    = "ada@example.com"
	password = "analytical engine"
	another  = "difference engine"
)

var key = bytes.Repeat([]byte{7}, signin.KeyBytes)

// office is a desk, the Manager behind it, and the store behind that.
type office struct {
	*idemtest.Manager
	*signin.Service
	store storage.Storage
}

// onStores runs a test on every store.
func onStores(t *testing.T, test func(t *testing.T, o *office)) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			test(t, newOffice(t, store))
		})
	}
}

func newOffice(t testing.TB, store storage.Storage, options ...signin.Option) *office {
	t.Helper()
	person, err := schema.Parse("person", []byte(personSchema))
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(person)
	require.NoError(t, err)
	o := &office{store: store, Manager: idemtest.New(t, idemtest.WithStorage(store), idemtest.WithSchemas(schemas))}
	o.Service, err = signin.New(o.Manager.Manager, key, options...)
	require.NoError(t, err)
	return o
}

const personSchema = `{"properties": {"traits": {"type": "object", "properties": {
	"email": {"type": "string", "format": "email", "ory.sh/kratos": {
		"credentials": {"password": {"identifier": true}, "code": {"identifier": true, "via": "email"}, "totp": {"account_name": true}},
		"verification": {"via": "email"}, "recovery": {"via": "email"}}},
	"second_email": {"type": "string", "format": "email", "ory.sh/kratos": {"verification": {"via": "email"}, "recovery": {"via": "email"}}},
	"username": {"type": "string", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}}}}}}`

// ada makes an identity with a verified address and a password.
func (o *office) ada(t testing.TB, options ...idemtest.SeedOption) *identity.Identity {
	t.Helper()
	return o.Seed(t, `{"email":"`+email+`"}`, append([]idemtest.SeedOption{idemtest.Password(password), idemtest.Verified(email)}, options...)...)
}

// signIn signs in with the password.
func (o *office) signIn(t testing.TB) signin.SignIn {
	t.Helper()
	who, err := o.Password(t.Context(), email, password)
	require.NoError(t, err)
	return who
}

// enrol gives somebody who has signed in an authenticator app, and moves on to where its
// next code counts.
func (o *office) enrol(t testing.TB, proof signin.Proof) (credentials.TOTP, signin.Proof) {
	t.Helper()
	begun, err := o.BeginTOTP(t.Context(), proof, "idem")
	require.NoError(t, err)
	app, err := credentials.ParseTOTP(begun.URL)
	require.NoError(t, err)
	changed, err := o.FinishTOTP(t.Context(), proof, begun.Handle, o.code(app))
	require.NoError(t, err)
	o.Clock.Advance(time.Minute)
	return app, changed.Proof
}

// code is the code that an app shows now.
func (o *office) code(app credentials.TOTP) string { return app.Code(app.Step(o.Clock.Now())) }

// wrongCode is one that the app shows at no time that counts.
func (o *office) wrongCode(app credentials.TOTP) string {
	for n := 0; ; n++ {
		code := fmt.Sprintf("%06d", n)
		if _, right := app.Match(code, o.Clock.Now()); !right {
			return code
		}
	}
}

func (o *office) issue(t testing.TB, purpose signin.Purpose, address string) signin.Code {
	t.Helper()
	sent, err := o.IssueCode(t.Context(), purpose, "email", address)
	require.NoError(t, err)
	return sent
}

func (o *office) get(t testing.TB, of *identity.Identity) *identity.Identity {
	t.Helper()
	i, err := o.GetIdentity(t.Context(), of.ID)
	require.NoError(t, err)
	return i
}

// wrong returns a code like the given one that is another.
func wrong(code string) string {
	last := code[len(code)-1]
	if last == '2' {
		last = '3'
	} else {
		last = '2'
	}
	return code[:len(code)-1] + string(last)
}

func requireThrottled(t testing.TB, err error, most time.Duration) {
	t.Helper()
	var throttled *signin.ThrottledError
	require.ErrorAs(t, err, &throttled)
	require.Positive(t, throttled.RetryAfter)
	require.LessOrEqual(t, throttled.RetryAfter, most)
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
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

func TestPassword(t *testing.T) {
	onStores(t, func(t *testing.T, o *office) {
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
func TestThrottle(t *testing.T) {
	onStores(t, func(t *testing.T, o *office) {
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
func TestThrottleClient(t *testing.T) {
	onStores(t, func(t *testing.T, o *office) {
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
		requireThrottled(t, err, time.Second) // the success has taken back its own attempt, and nothing else
		o.Clock.Advance(time.Second)
		_, err = o.Password(ctx, "person@example.com", password)
		require.ErrorIs(t, err, idem.ErrWrongPassword)
		_, err = o.Password(ctx, email, password)
		requireThrottled(t, err, 2*time.Second)
	})
}

// TestThrottleInParallel has many guess at once: none of them gets more than there is.
func TestThrottleInParallel(t *testing.T) {
	onStores(t, func(t *testing.T, o *office) {
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

func secretOf(t testing.TB, otpauth string) string {
	t.Helper()
	u, err := url.Parse(otpauth)
	require.NoError(t, err)
	return u.Query().Get("secret")
}
