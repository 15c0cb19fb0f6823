package webauthn_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/contrib/webauthn"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

const (
	email    = "ada@example.com"
	password = "analytical engine"
)

var site = virtualwebauthn.RelyingParty{ID: "example.com", Name: "Example", Origin: "https://app.example.com"}

type office struct {
	*idemtest.Manager
	desk *signin.Service
	keys *webauthn.Service
}

func onBothStores(t *testing.T, test func(t *testing.T, o *office)) {
	for name, open := range map[string]func() storage.Storage{
		"memory": func() storage.Storage { return memory.New() },
		"sqlite": func() storage.Storage {
			store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
			require.NoError(t, err)
			return store
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := open()
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			o := &office{Manager: idemtest.New(t, idemtest.WithStorage(store))}
			var err error
			o.desk, err = signin.New(o.Manager.Manager, bytes.Repeat([]byte{7}, signin.KeyBytes))
			require.NoError(t, err)
			o.keys, err = webauthn.New(o.desk, o.Manager.Manager, webauthn.Config{RPID: site.ID, RPName: site.Name, Origins: []string{site.Origin}})
			require.NoError(t, err)
			test(t, o)
		})
	}
}

func (o *office) ada(t *testing.T, options ...idemtest.SeedOption) *identity.Identity {
	t.Helper()
	return o.Seed(t, `{"email":"`+email+`"}`, append([]idemtest.SeedOption{idemtest.Password(password), idemtest.Verified(email)}, options...)...)
}

func (o *office) signIn(t *testing.T) signin.SignIn {
	t.Helper()
	who, err := o.desk.Password(t.Context(), email, password)
	require.NoError(t, err)
	return who
}

// device is an authenticator and the one key it has.
type device struct {
	virtualwebauthn.Authenticator
	key virtualwebauthn.Credential
}

func newDevice(options virtualwebauthn.AuthenticatorOptions) *device {
	// The virtual authenticator leaves out leading zeros of a coordinate, which COSE (RFC 9053, section 7.1.1) requires:
	// one key in 128 is malformed. A whole one takes 77 bytes.
	const wholeKey = 77
	for {
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(key.Key.AttestationData()) == wholeKey {
			return &device{virtualwebauthn.NewAuthenticatorWithOptions(options), key}
		}
	}
}

// register answers a registration.
func (d *device) register(t *testing.T, c webauthn.Ceremony) []byte {
	t.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(string(c.Options))
	require.NoError(t, err)
	handle, err := base64.RawURLEncoding.DecodeString(options.UserID)
	if err != nil {
		handle = []byte(options.UserID)
	}
	d.Options.UserHandle = handle
	return []byte(virtualwebauthn.CreateAttestationResponse(site, d.Authenticator, d.key, *options))
}

// answer answers a sign-in, and counts if count is set.
func (d *device) answer(t *testing.T, c webauthn.Ceremony) []byte {
	t.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(string(c.Options))
	require.NoError(t, err)
	return []byte(virtualwebauthn.CreateAssertionResponse(site, d.Authenticator, d.key, *options))
}

// passkey gives somebody who has signed in a passkey.
func (o *office) passkey(t *testing.T, proof signin.Proof, d *device) signin.Changed {
	t.Helper()
	c, err := o.keys.BeginPasskey(t.Context(), proof)
	require.NoError(t, err)
	changed, err := o.keys.FinishPasskey(t.Context(), proof, c.Handle, d.register(t, c), "my phone")
	require.NoError(t, err)
	return changed
}

func (o *office) begin(t *testing.T) webauthn.Ceremony {
	t.Helper()
	c, err := o.keys.BeginSignIn(t.Context())
	require.NoError(t, err)
	return c
}

func TestPasskey(t *testing.T) {
	onBothStores(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		proof := o.signIn(t).Proof
		d := newDevice(virtualwebauthn.AuthenticatorOptions{BackupEligible: true, BackupState: true})
		changed := o.passkey(t, proof, d)
		require.ErrorIs(t, o.desk.Current(t.Context(), proof), signin.ErrSignedOut)
		require.NoError(t, o.desk.Current(t.Context(), changed.Proof))
		require.Equal(t, []signin.Address{{Via: "email", Value: email}}, changed.Notify)

		// The format of Kratos.
		kept := changed.Identity.Credentials[credentials.TypePasskey].Config
		require.Equal(t, d.Options.UserHandle, kept.UserHandle)
		var key map[string]any
		require.NoError(t, json.Unmarshal(kept.Keys[0].JSON, &key))
		require.Equal(t, base64.StdEncoding.EncodeToString(d.key.ID), key["id"])
		require.Equal(t, "my phone", key["display_name"])
		require.Equal(t, map[string]any{"user_present": true, "user_verified": true, "backup_eligible": true, "backup_state": true}, key["flags"])

		c := o.begin(t)
		answer := d.answer(t, c)
		who, err := o.keys.FinishSignIn(t.Context(), c.Handle, answer)
		require.NoError(t, err)
		require.Equal(t, ada.ID, who.Identity.ID)
		require.Equal(t, credentials.AAL2, who.Proof.AAL)
		require.NoError(t, o.desk.Current(t.Context(), who.Proof))
		require.NoError(t, o.desk.Current(t.Context(), changed.Proof), "using a key ends nothing")
		require.Equal(t, changed.Identity.Revision, who.Identity.Revision, "a synced key reports 0, and nothing is written")

		_, err = o.keys.FinishSignIn(t.Context(), c.Handle, answer)
		require.ErrorIs(t, err, webauthn.ErrRefused, "once")
		_, err = o.SetState(t.Context(), ada.ID, identity.StateInactive)
		require.NoError(t, err)
		c = o.begin(t)
		_, err = o.keys.FinishSignIn(t.Context(), c.Handle, d.answer(t, c))
		require.ErrorIs(t, err, idem.ErrInactive)
	})
}

// TestRefused answers in every way that proves nothing.
func TestRefused(t *testing.T) {
	onBothStores(t, func(t *testing.T, o *office) {
		o.ada(t)
		d := newDevice(virtualwebauthn.AuthenticatorOptions{})
		o.passkey(t, o.signIn(t).Proof, d)
		stranger := newDevice(virtualwebauthn.AuthenticatorOptions{UserHandle: d.Options.UserHandle})
		unverified := *d
		unverified.Options.UserNotVerified = true
		nobody := *d
		nobody.Options.UserHandle = []byte("nobody")
		forged := *d
		forged.key.Key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2).Key
		elsewhere := site
		elsewhere.Origin = "https://example.com.evil.example"
		for name, answer := range map[string]func(c webauthn.Ceremony) []byte{
			"another key":       func(c webauthn.Ceremony) []byte { return stranger.answer(t, c) },
			"no verification":   func(c webauthn.Ceremony) []byte { return unverified.answer(t, c) },
			"another handle":    func(c webauthn.Ceremony) []byte { return nobody.answer(t, c) },
			"another signature": func(c webauthn.Ceremony) []byte { return forged.answer(t, c) },
			"another challenge": func(webauthn.Ceremony) []byte { return d.answer(t, o.begin(t)) },
			"nothing":           func(webauthn.Ceremony) []byte { return nil },
			"no answer":         func(webauthn.Ceremony) []byte { return []byte(`{"id":"x","type":"public-key"}`) },
			"another origin": func(c webauthn.Ceremony) []byte {
				options, err := virtualwebauthn.ParseAssertionOptions(string(c.Options))
				require.NoError(t, err)
				return []byte(virtualwebauthn.CreateAssertionResponse(elsewhere, d.Authenticator, d.key, *options))
			},
		} {
			c := o.begin(t)
			_, err := o.keys.FinishSignIn(t.Context(), c.Handle, answer(c))
			require.ErrorIs(t, err, webauthn.ErrRefused, name)
			_, err = o.keys.FinishSignIn(t.Context(), c.Handle, d.answer(t, c))
			require.ErrorIs(t, err, webauthn.ErrRefused, "%s: the challenge is used up", name)
		}
		c := o.begin(t)
		for _, handle := range []string{"", "???", "AAAAAAAAAAAAAAAAAAAAAA"} {
			_, err := o.keys.FinishSignIn(t.Context(), handle, d.answer(t, c))
			require.ErrorIs(t, err, webauthn.ErrRefused)
		}
		_, err := o.keys.FinishSecondFactor(t.Context(), o.signIn(t).Proof, c.Handle, d.answer(t, c))
		require.ErrorIs(t, err, webauthn.ErrRefused, "a handle of another ceremony")
		o.Clock.Advance(webauthn.CeremonyLife)
		_, err = o.keys.FinishSignIn(t.Context(), c.Handle, d.answer(t, c))
		require.ErrorIs(t, err, webauthn.ErrRefused, "too late")
	})
}

// TestClone uses a key with a counter, and a copy of it.
func TestClone(t *testing.T) {
	onBothStores(t, func(t *testing.T, o *office) {
		o.ada(t)
		d := newDevice(virtualwebauthn.AuthenticatorOptions{})
		o.passkey(t, o.signIn(t).Proof, d)
		use := func(count uint32) error {
			d.key.Counter = count
			c := o.begin(t)
			_, err := o.keys.FinishSignIn(t.Context(), c.Handle, d.answer(t, c))
			return err
		}
		require.NoError(t, use(5))
		require.NoError(t, use(6))
		require.ErrorIs(t, use(6), webauthn.ErrCloned)
		require.ErrorIs(t, use(3), webauthn.ErrCloned)
		require.NoError(t, use(0), "no counter")
		require.ErrorIs(t, use(6), webauthn.ErrCloned, "which does not set it back")
		require.NoError(t, use(7))

		// Of a key and its copy that come at the same time, one is let in.
		var (
			running sync.WaitGroup
			mu      sync.Mutex
			let     int
		)
		d.key.Counter = 8
		for range 20 {
			c := o.begin(t)
			answer := d.answer(t, c)
			running.Go(func() {
				_, err := o.keys.FinishSignIn(t.Context(), c.Handle, answer)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					let++
				} else if !errors.Is(err, webauthn.ErrCloned) {
					t.Errorf("%v", err)
				}
			})
		}
		running.Wait()
		require.Equal(t, 1, let)
	})
}

// TestImported signs in with a key as Kratos has it: with the attestation's format in its
// type, without flags, with members that nobody here knows, and ids in another alphabet.
func TestImported(t *testing.T) {
	for name, id := range map[string]func([]byte) any{
		"standard base64": func(b []byte) any { return base64.StdEncoding.EncodeToString(b) },
		"URL base64":      func(b []byte) any { return base64.RawURLEncoding.EncodeToString(b) },
	} {
		t.Run(name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, o *office) {
				// Made elsewhere.
				other := o.Seed(t, `{"email":"other@example.com"}`, idemtest.Password(password))
				who, err := o.desk.Password(t.Context(), "other@example.com", password)
				require.NoError(t, err)
				d := newDevice(virtualwebauthn.AuthenticatorOptions{BackupEligible: true})
				made := o.passkey(t, who.Proof, d).Identity.Credentials[credentials.TypePasskey].Config
				require.NoError(t, o.DeleteIdentity(t.Context(), other.ID))
				var key map[string]any
				require.NoError(t, json.Unmarshal(made.Keys[0].JSON, &key))
				delete(key, "flags")
				key["id"], key["attestation_type"], key["note"] = id(d.key.ID), "packed", map[string]any{"kept": true}
				raw, err := json.Marshal(key)
				require.NoError(t, err)
				ada := o.ada(t, func(c *identity.Create) {
					c.Credentials.Passkey = &credentials.ImportPasskey{UserHandle: made.UserHandle, Credentials: []json.RawMessage{raw}}
				})
				c := o.begin(t)
				signedIn, err := o.keys.FinishSignIn(t.Context(), c.Handle, d.answer(t, c))
				require.NoError(t, err)
				require.Equal(t, ada.ID, signedIn.Identity.ID)
				var kept map[string]any
				require.NoError(t, json.Unmarshal(signedIn.Identity.Credentials[credentials.TypePasskey].Config.Keys[0].JSON, &kept))
				require.Equal(t, key["note"], kept["note"])
				require.Equal(t, key["public_key"], kept["public_key"])
				require.Equal(t, true, kept["flags"].(map[string]any)["backup_eligible"], "learned from the assertion")
				require.Zero(t, signedIn.Identity.SignInEpoch)

				// It must not become false again.
				d.Options.BackupEligible = false
				c = o.begin(t)
				_, err = o.keys.FinishSignIn(t.Context(), c.Handle, d.answer(t, c))
				require.ErrorIs(t, err, webauthn.ErrRefused)
			})
		})
	}
}

// TestBackupEligibleLater has a key that becomes one that is synced.
func TestBackupEligibleLater(t *testing.T) {
	onBothStores(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		d := newDevice(virtualwebauthn.AuthenticatorOptions{})
		o.passkey(t, o.signIn(t).Proof, d)
		d.Options.BackupEligible, d.Options.BackupState = true, true
		for range 2 {
			c := o.begin(t)
			_, err := o.keys.FinishSignIn(t.Context(), c.Handle, d.answer(t, c))
			require.NoError(t, err)
		}
		i, err := o.GetIdentity(t.Context(), ada.ID)
		require.NoError(t, err)
		require.Contains(t, string(i.Credentials[credentials.TypePasskey].Config.Keys[0].JSON), `"backup_eligible":true`)
	})
}

func TestSecurityKey(t *testing.T) {
	onBothStores(t, func(t *testing.T, o *office) {
		o.ada(t)
		_, err := o.keys.BeginSecondFactor(t.Context(), o.signIn(t).Proof)
		require.ErrorIs(t, err, signin.ErrNoFactor)
		proof := o.signIn(t).Proof
		d := newDevice(virtualwebauthn.AuthenticatorOptions{UserNotVerified: true})
		c, err := o.keys.BeginSecurityKey(t.Context(), proof)
		require.NoError(t, err)
		changed, err := o.keys.FinishSecurityKey(t.Context(), proof, c.Handle, d.register(t, c), "")
		require.NoError(t, err)
		require.Empty(t, changed.Identity.Credentials[credentials.TypePasskey])

		first := o.signIn(t)
		require.Equal(t, []credentials.Method{credentials.MethodSecurityKey}, first.SecondFactors)
		c, err = o.keys.BeginSecondFactor(t.Context(), first.Proof)
		require.NoError(t, err)
		require.Contains(t, string(c.Options), base64.RawURLEncoding.EncodeToString(d.key.ID))
		who, err := o.keys.FinishSecondFactor(t.Context(), first.Proof, c.Handle, d.answer(t, c))
		require.NoError(t, err)
		require.Equal(t, credentials.AAL2, who.Proof.AAL)
		require.Equal(t, []credentials.Method{credentials.MethodPassword, credentials.MethodSecurityKey}, who.Proof.Methods)

		// A second factor alone signs nobody in, and below the highest level nothing is added.
		c = o.begin(t)
		_, err = o.keys.FinishSignIn(t.Context(), c.Handle, d.answer(t, c))
		require.ErrorIs(t, err, webauthn.ErrRefused)
		_, err = o.keys.BeginPasskey(t.Context(), o.signIn(t).Proof)
		require.ErrorIs(t, err, signin.ErrStepUp)
		c, err = o.keys.BeginPasskey(t.Context(), who.Proof)
		require.NoError(t, err)
		require.Contains(t, string(c.Options), base64.RawURLEncoding.EncodeToString(d.key.ID), "excluded")
		o.Clock.Advance(signin.MaxFirstFactorAge + time.Second)
		_, err = o.keys.BeginSecondFactor(t.Context(), first.Proof)
		require.ErrorIs(t, err, signin.ErrStepUp)
	})
}

// TestRegistrationRefused registers in every way that must not be.
func TestRegistrationRefused(t *testing.T) {
	onBothStores(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		proof := o.signIn(t).Proof
		begin := func() webauthn.Ceremony {
			c, err := o.keys.BeginPasskey(t.Context(), proof)
			require.NoError(t, err)
			return c
		}
		c := begin()
		_, err := o.keys.FinishSecurityKey(t.Context(), proof, c.Handle, newDevice(virtualwebauthn.AuthenticatorOptions{}).register(t, c), "")
		require.ErrorIs(t, err, webauthn.ErrRefused, "a handle of another ceremony")
		c = begin()
		_, err = o.keys.FinishPasskey(t.Context(), proof, c.Handle, newDevice(virtualwebauthn.AuthenticatorOptions{UserNotVerified: true}).register(t, c), "")
		require.ErrorIs(t, err, webauthn.ErrRefused, "without verification")
		c = begin()
		_, err = o.keys.FinishPasskey(t.Context(), proof, c.Handle, newDevice(virtualwebauthn.AuthenticatorOptions{}).register(t, begin()), "")
		require.ErrorIs(t, err, webauthn.ErrRefused, "of another challenge")
		c = begin()
		_, err = o.keys.FinishPasskey(t.Context(), proof, c.Handle, []byte("{}"), "")
		require.ErrorIs(t, err, webauthn.ErrRefused)

		// A key of somebody else's.
		d := newDevice(virtualwebauthn.AuthenticatorOptions{})
		o.Seed(t, `{"email":"eve@example.com"}`, idemtest.Password(password))
		eve, err := o.desk.Password(t.Context(), "eve@example.com", password)
		require.NoError(t, err)
		o.passkey(t, eve.Proof, d)
		c = begin()
		_, err = o.keys.FinishPasskey(t.Context(), proof, c.Handle, d.register(t, c), "")
		require.Equal(t, idem.KindConflict, idem.KindOf(err))

		c = begin()
		require.NoError(t, o.desk.SignOutEverywhere(t.Context(), ada.ID))
		_, err = o.keys.FinishPasskey(t.Context(), proof, c.Handle, newDevice(virtualwebauthn.AuthenticatorOptions{}).register(t, c), "")
		require.ErrorIs(t, err, signin.ErrSignedOut)
	})
}

// TestTwoPasskeys has one handle for both, and removes one.
func TestTwoPasskeys(t *testing.T) {
	onBothStores(t, func(t *testing.T, o *office) {
		o.ada(t)
		one, two := newDevice(virtualwebauthn.AuthenticatorOptions{}), newDevice(virtualwebauthn.AuthenticatorOptions{})
		o.passkey(t, o.signIn(t).Proof, one)
		c := o.begin(t)
		who, err := o.keys.FinishSignIn(t.Context(), c.Handle, one.answer(t, c))
		require.NoError(t, err)
		changed := o.passkey(t, who.Proof, two)
		require.Equal(t, one.Options.UserHandle, two.Options.UserHandle)
		require.Len(t, changed.Identity.Credentials[credentials.TypePasskey].Config.Keys, 2)
		for _, d := range []*device{one, two} {
			c := o.begin(t)
			_, err := o.keys.FinishSignIn(t.Context(), c.Handle, d.answer(t, c))
			require.NoError(t, err)
		}
	})
}

func TestNothingPrints(t *testing.T) {
	onBothStores(t, func(t *testing.T, o *office) {
		c := o.begin(t)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			require.Equal(t, "[webauthn ceremony]", fmt.Sprintf(verb, c))
		}
		raw, err := json.Marshal(c)
		require.NoError(t, err)
		require.False(t, strings.Contains(string(raw), c.Handle))
	})
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	m := idemtest.New(t)
	desk, err := signin.New(m.Manager, bytes.Repeat([]byte{7}, signin.KeyBytes))
	require.NoError(t, err)
	for _, attempt := range []func() (*webauthn.Service, error){
		func() (*webauthn.Service, error) {
			return webauthn.New(nil, m.Manager, webauthn.Config{RPID: "example.com", Origins: []string{"https://example.com"}})
		},
		func() (*webauthn.Service, error) { return webauthn.New(desk, m.Manager, webauthn.Config{}) },
		func() (*webauthn.Service, error) {
			return webauthn.New(desk, m.Manager, webauthn.Config{RPID: "example.com"})
		},
	} {
		_, err := attempt()
		require.Error(t, err)
	}
}
