package signintest

import (
	"bytes"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
)

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
	"username": {"type": "string", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}},
	"nickname": {"type": "string", "ory.sh/kratos": {"credentials": {"totp": {"account_name": true}}}}}}}}`

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

// waitOf is how long an attempt that was throttled must wait.
func waitOf(t testing.TB, err error) time.Duration {
	t.Helper()
	var throttled *signin.ThrottledError
	require.ErrorAs(t, err, &throttled)
	return throttled.RetryAfter
}

func secretOf(t testing.TB, otpauth string) string {
	t.Helper()
	u, err := url.Parse(otpauth)
	require.NoError(t, err)
	return u.Query().Get("secret")
}
