package idemtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/violation"
)

func TestSeed(t *testing.T) {
	m := idemtest.New(t)
	ada := m.Seed(t, `{"email":"Ada@example.com","phone":"+1 650 253 0000"}`,
		idemtest.Password("analytical engine"), idemtest.Link("google", "1815"), idemtest.Link("github", "ada"),
		idemtest.Verified("ada@example.com"), idemtest.ExternalID("crm/1"), idemtest.Metadata(`{"plan":"pro"}`, `"met at a party"`),
		func(c *identity.Create) { c.RecoveryAddresses = nil })
	require.Equal(t, idemtest.ID(1), ada.ID)
	require.Equal(t, idemtest.Start(), ada.CreatedAt)
	require.Equal(t, []string{"github:ada", "google:1815"}, ada.Credentials[credentials.TypeOIDC].Identifiers)
	require.Equal(t, "crm/1", ada.ExternalID)
	require.JSONEq(t, `{"plan":"pro"}`, string(ada.MetadataPublic))
	require.JSONEq(t, `"met at a party"`, string(ada.MetadataAdmin))
	verified := map[string]bool{}
	for _, a := range ada.VerifiableAddresses {
		verified[a.Value] = a.Verified
	}
	require.Equal(t, map[string]bool{"ada@example.com": true, "+16502530000": false}, verified)

	gone := m.Seed(t, `{"username":"gone"}`, idemtest.Inactive(), idemtest.Password("x"))
	require.Equal(t, identity.StateInactive, gone.State)
	_, err := m.VerifyPassword(t.Context(), "gone", "x")
	require.ErrorIs(t, err, idem.ErrInactive)
}

// TestEveryWorldIsTheSame makes the same identity twice, to the last byte.
func TestEveryWorldIsTheSame(t *testing.T) {
	seed := func() *identity.Identity {
		return idemtest.New(t).Seed(t, `{"email":"ada@example.com"}`, idemtest.Password("analytical engine"))
	}
	first, second := seed(), seed()
	require.True(t, first.Equal(second))
	require.NotEmpty(t, first.Credentials[credentials.TypePassword].Config.HashedPassword)
}

func TestClock(t *testing.T) {
	m := idemtest.New(t)
	ada := m.Seed(t, `{}`)
	require.Equal(t, idemtest.Start(), m.Clock.Now())
	require.Equal(t, idemtest.Start().Add(time.Hour), m.Clock.Advance(time.Hour))
	updated, err := m.UpdateIdentity(t.Context(), ada.ID, identity.Update{State: identity.StateInactive})
	require.NoError(t, err)
	require.Equal(t, m.Clock.Now(), updated.StateChangedAt)
}

func TestIDs(t *testing.T) {
	require.Equal(t, "00000000-0000-7000-8000-000000000001", idemtest.ID(1).String())
	require.Equal(t, "00000000-0000-7000-8000-000000010203", idemtest.ID(0x10203).String())
}

// TestHasher signs in with the cheap hash, which the Manager takes for a current one.
func TestHasher(t *testing.T) {
	m := idemtest.New(t)
	ada := m.Seed(t, `{"email":"ada@example.com"}`, idemtest.Password("analytical engine"))
	signedIn, err := m.VerifyPassword(t.Context(), "ada@example.com", "analytical engine")
	require.NoError(t, err)
	require.Equal(t, ada.Revision, signedIn.Revision, "it was hashed again")
	_, err = m.VerifyPassword(t.Context(), "ada@example.com", "difference engine")
	require.ErrorIs(t, err, idem.ErrWrongPassword)

	_, err = idemtest.Hasher().Hash(t.Context(), nil)
	var refused *violation.Error
	require.ErrorAs(t, err, &refused)
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = idemtest.Hasher().Hash(ended, []byte("x"))
	require.ErrorIs(t, err, context.Canceled)
	other, err := passwordhash.Parse("$md5$CY9rzUYh03PK3k6DJie09g==")
	require.NoError(t, err)
	require.True(t, idemtest.Hasher().NeedsRehash(other))
}

func TestOptions(t *testing.T) {
	device, err := schema.Parse("device", []byte(`{"properties":{"traits":{"type":"object","required":["serial"]}}}`))
	require.NoError(t, err)
	person, err := schema.Parse("person", []byte(idemtest.DefaultSchema))
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(device, person)
	require.NoError(t, err)
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

	m := idemtest.New(t, idemtest.WithSchemas(schemas), idemtest.WithStorage(store),
		idemtest.WithOptions(idem.WithClock(func() time.Time { return noon })),
		idemtest.WithOptions(idem.WithPasswordPolicy(func(context.Context, idem.PasswordCandidate) error { return errors.New("no") })))
	require.Equal(t, "device", m.Seed(t, `{"serial":"A1"}`).SchemaID)
	ada := m.Seed(t, `{"email":"ada@example.com"}`, idemtest.Schema("person"))
	require.Equal(t, "person", ada.SchemaID)
	require.Equal(t, noon, ada.CreatedAt)
	kept, err := store.Get(t.Context(), ada.ID)
	require.NoError(t, err)
	require.True(t, ada.Equal(kept))
	_, err = m.CreateIdentity(t.Context(), identity.Create{
		Traits:      json.RawMessage(`{"serial":"A2"}`),
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "x"}},
	})
	var invalid *violation.Error
	require.ErrorAs(t, err, &invalid)
}

func TestServer(t *testing.T) {
	m := idemtest.New(t)
	ada := m.Seed(t, `{"email":"ada@example.com"}`)
	server := m.Server(t)
	answer, err := http.Get(server.URL + "/admin/identities/" + ada.ID.String())
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var got struct {
		SchemaURL string `json:"schema_url"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&got))
	require.Contains(t, got.SchemaURL, server.URL+"/schemas/")
}

// TestServerEndsWithStreams leaves a stream of changes open, which must not keep the
// test from ending.
func TestServerEndsWithStreams(t *testing.T) {
	ctx, leave := context.WithTimeout(t.Context(), 10*time.Second)
	defer leave()
	t.Run("the test", func(t *testing.T) {
		var answer *http.Response
		t.Cleanup(func() { require.NoError(t, answer.Body.Close()) }) // after the server's own
		server := idemtest.New(t).Server(t)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/admin/changes", nil)
		require.NoError(t, err)
		r.Header.Set("Accept", "text/event-stream")
		answer, err = server.Client().Do(r)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode)
	})
	require.NoError(t, ctx.Err(), "the test ended only when the client left")
}

// failing is a test that has failed, seen from outside.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(string, ...any) {
	f.failed = true
	panic(f)
}

// TestRefused checks that what cannot be made ends the test there and then.
func TestRefused(t *testing.T) {
	for name, attempt := range map[string]func(t testing.TB){
		"traits against the schema": func(t testing.TB) { idemtest.New(t).Seed(t, `{"email":7}`) },
		"the zero option":           func(t testing.TB) { idemtest.New(t, idemtest.Option{}) },
		"no schemas":                func(t testing.TB) { idemtest.New(t, idemtest.WithSchemas(nil)) },
		"no store":                  func(t testing.TB) { idemtest.New(t, idemtest.WithStorage(nil)) },
		"an option that is refused": func(t testing.TB) { idemtest.New(t, idemtest.WithOptions(idem.WithClock(nil))) },
	} {
		t.Run(name, func(t *testing.T) {
			f := &failing{TB: t}
			require.PanicsWithValue(t, f, func() { attempt(f) })
			require.True(t, f.failed)
		})
	}
}
