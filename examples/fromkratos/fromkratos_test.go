package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/sqlite"
)

//go:embed testdata/identities.json
var answers []byte

const token = "the-token-of-the-admin-api"

var allTypes = []string{"password", "oidc", "totp", "lookup_secret", "webauthn", "passkey"}

// fakeKratos answers as Kratos does, with two identities on a page and links that begin
// with a URL that is not its own. An old one has no configs in lists.
func fakeKratos(t *testing.T, old bool) *httptest.Server {
	t.Helper()
	var identities []map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(answers, &identities))
	router := http.NewServeMux()
	router.HandleFunc("GET /admin/identities", func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("page_token"))
		end := min(start+2, len(identities))
		w.Header().Add("Link", `<http://kratos.internal:4434/admin/identities?page_size=250&page_token=0>; rel="first"`)
		if end < len(identities) {
			w.Header().Add("Link", fmt.Sprintf(`<http://kratos.internal:4434/admin/identities?page_size=250&page_token=%d>; rel="next"`, end))
		}
		page := []map[string]json.RawMessage{}
		for _, i := range identities[start:end] {
			page = append(page, visible(t, i, r.URL.Query(), old))
		}
		assertEncode(t, w, page)
	})
	router.HandleFunc("GET /admin/identities/{id}", func(w http.ResponseWriter, r *http.Request) {
		for _, i := range identities {
			if string(i["id"]) == strconv.Quote(r.PathValue("id")) {
				assertEncode(t, w, visible(t, i, r.URL.Query(), false))
			}
		}
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, `{"error":{"code":401}}`, http.StatusUnauthorized)
			return
		}
		router.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// visible leaves out the configs of credentials that were not asked for, or all
// credentials.
func visible(t *testing.T, i map[string]json.RawMessage, query url.Values, none bool) map[string]json.RawMessage {
	shown := map[string]json.RawMessage{}
	for name, value := range i {
		shown[name] = value
	}
	delete(shown, "credentials")
	if none {
		return shown
	}
	var all map[string]map[string]json.RawMessage
	if err := json.Unmarshal(i["credentials"], &all); err != nil {
		t.Error(err)
	}
	for name, credential := range all {
		if !slices.Contains(query["include_credential"], name) {
			delete(credential, "config")
		}
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Error(err)
	}
	shown["credentials"] = encoded
	return shown
}

func assertEncode(t *testing.T, w http.ResponseWriter, answer any) {
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		t.Error(err)
	}
}

func newSource(server *httptest.Server) *kratos {
	return &kratos{url: server.URL, token: token, types: allTypes, client: server.Client()}
}

func TestMove(t *testing.T) {
	for name, old := range map[string]bool{"configs in lists": false, "no configs in lists": true} {
		t.Run(name, func(t *testing.T) {
			source := newSource(fakeKratos(t, old))
			database := filepath.Join(t.TempDir(), "identities.db")

			var out bytes.Buffer
			require.Error(t, run(t.Context(), &out, source, "testdata/schemas", database), "some were refused")
			const refusals = `4a4d0a9d-2f6b-4a5b-9c5f-5c8a0c4c5d55: /password/config/hashed_password: password hash: not in a known format
5b5e1bae-3a7c-4b6c-9d6a-6d9b1d5d6e66: /traits/shoe_size: is not a property that the schema knows
6c6f2cbf-4b8d-4c7d-8e7b-7e0c2e6e7f77: deviceauthn: idem has no credentials of this type; remove it first
7d7a3dca-5c9e-4d8e-9f8c-8f1d3f7f8a88: there is no schema "employee" in the folder
8e8b4edb-6d0f-4e9f-8a9d-9a2e4a8a9b99: the identifier (code) is taken by another identity
`
			require.Equal(t, "copied: 2, there already: 0, refused: 5\n"+refusals, out.String())
			requireMoved(t, database)

			out.Reset()
			require.Error(t, run(t.Context(), &out, source, "testdata/schemas", database))
			require.Equal(t, "copied: 0, there already: 2, refused: 5\n"+refusals, out.String())
			requireMoved(t, database)
		})
	}
}

// requireMoved checks what can be read of the identities that were copied, and that it
// works.
func requireMoved(t *testing.T, database string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), database)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	schemas, err := schema.FromFS(os.DirFS("testdata/schemas"))
	require.NoError(t, err)
	manager, err := idem.New(store, schemas)
	require.NoError(t, err)

	ada, err := manager.GetIdentity(t.Context(), uuid.MustParse("0c7a2c9e-7f3d-4c50-9d53-6b4b0d6f9b11"))
	require.NoError(t, err)
	require.Equal(t, `{"name":{"last":"Lovelace","first":"Ada"},"email":"Ada@example.com"}`, string(ada.Traits))
	require.JSONEq(t, `{"plan":"pro"}`, string(ada.MetadataPublic))
	require.JSONEq(t, `{"crm":4711}`, string(ada.MetadataAdmin))
	require.Equal(t, at("2024-03-01T10:00:00.123456Z"), ada.CreatedAt)
	require.Equal(t, at("2024-06-01T10:00:00Z"), ada.UpdatedAt)
	require.Equal(t, []identity.VerifiableAddress{{
		ID: uuid.MustParse("1d1a7d6a-9c3e-4d2e-8f2c-2f5d7f1f2a22"), Value: "ada@example.com", Via: "email", Verified: true, Status: "completed",
		VerifiedAt: at("2024-03-01T10:05:00Z"), CreatedAt: at("2024-03-01T10:00:00.123456Z"), UpdatedAt: at("2024-03-01T10:05:00Z"),
	}}, ada.VerifiableAddresses)
	require.Equal(t, uuid.MustParse("2e2b8e7b-0d4f-4e3f-9a3d-3a6e8a2a3b33"), ada.RecoveryAddresses[0].ID)

	require.Len(t, ada.Credentials, 7)
	require.Equal(t, at("2024-03-02T10:00:00Z"), ada.Credentials[credentials.TypePassword].UpdatedAt)
	require.Equal(t, []credentials.Provider{{Provider: "google", Subject: "1815-12-10", UseAutoLink: true}}, ada.Credentials[credentials.TypeOIDC].Config.Providers)
	require.Equal(t, "otpauth://totp/Example:ada@example.com?issuer=Example&secret=JBSWY3DPEHPK3PXP", ada.Credentials[credentials.TypeTOTP].Config.TOTPURL)
	require.Equal(t, []credentials.RecoveryCode{{Code: "k5v2x9aq", UsedAt: at("2024-05-02T08:00:00Z")}, {Code: "p0d7m3rt"}}, ada.Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes)
	require.True(t, ada.Credentials[credentials.TypeWebAuthn].Config.Keys[0].Passwordless)
	require.Equal(t, []byte{1, 2, 3, 4}, ada.Credentials[credentials.TypePasskey].Config.UserHandle)

	grace, err := manager.FindByExternalID(t.Context(), "crm/2")
	require.NoError(t, err)
	require.Equal(t, identity.StateInactive, grace.State)
	require.Equal(t, grace.CreatedAt, grace.StateChangedAt)
	require.True(t, grace.OrganizationID.Valid)
	require.True(t, grace.Credentials[credentials.TypePassword].Config.UsePasswordMigrationHook)
	require.NotContains(t, grace.Credentials, credentials.TypeOIDC)

	found, err := manager.FindByIdentifier(t.Context(), credentials.TypeOIDC, "google:1815-12-10")
	require.NoError(t, err)
	require.Equal(t, ada.ID, found.ID)
	count, err := manager.CountIdentities(t.Context(), idem.Query{})
	require.NoError(t, err)
	require.Equal(t, 2, count)
}

// TestPasswordsWork is apart from TestMove because who signs in is changed: the hash is
// made again.
func TestPasswordsWork(t *testing.T) {
	schemas, err := schema.FromFS(os.DirFS("testdata/schemas"))
	require.NoError(t, err)
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	_, err = move(t.Context(), newSource(fakeKratos(t, false)), schemas, store)
	require.NoError(t, err)
	m := idemtest.New(t, idemtest.WithStorage(store), idemtest.WithSchemas(schemas))
	_, err = m.VerifyPassword(t.Context(), "ada@example.com", "password")
	require.NoError(t, err)
}

// TestThereAndBack copies from the admin API of idem, which is Kratos's: the copies are
// equal, to the last field.
func TestThereAndBack(t *testing.T) {
	from := idemtest.New(t)
	var seeded []*identity.Identity
	for n := range 600 { // three pages
		from.Clock.Advance(time.Microsecond)
		seeded = append(seeded, from.Seed(t, fmt.Sprintf(`{"email":"user%d@example.com","phone":"+1650253%04d"}`, n, n),
			idemtest.Password("analytical engine"), idemtest.Link("google", strconv.Itoa(n)),
			idemtest.Verified(fmt.Sprintf("user%d@example.com", n)), idemtest.Metadata(`{"plan":"pro"}`, `null`)))
	}
	to := idemtest.New(t)
	schemas := to.Schemas()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()

	r, err := move(t.Context(), newSource(from.Server(t)), schemas, store)
	require.NoError(t, err)
	require.Equal(t, result{moved: len(seeded)}, r)
	for _, i := range seeded {
		copied, err := store.Get(t.Context(), i.ID)
		require.NoError(t, err)
		require.True(t, i.Equal(copied), "%+v is not %+v", copied, i)
	}
}

// TestCredentialsWithoutConfig copies from the admin API of idem somebody whose credentials have no secret, and so no
// config. An old Kratos leaves out the config of those that have one: the two cannot be told apart.
func TestCredentialsWithoutConfig(t *testing.T) {
	from := idemtest.New(t)
	seeded := from.Seed(t, `{"email":"ada@example.com"}`, idemtest.Link("google", "1"))
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	for _, c := range []struct {
		types  []string
		reason string
	}{
		{allTypes, "password: came without a config, which does not tell whether it has a secret; copy from idem with examples/move"},
		{[]string{"oidc"}, "password: was not asked for; name it in -credentials"},
		{[]string{"password"}, "oidc: was not asked for; name it in -credentials\n" +
			"password: came without a config, which does not tell whether it has a secret; copy from idem with examples/move"},
	} {
		source := newSource(from.Server(t))
		source.types = c.types
		r, err := move(t.Context(), source, from.Schemas(), store)
		require.NoError(t, err)
		require.Equal(t, result{refused: []refusal{{seeded.ID.String(), c.reason}}}, r)
	}
}

func TestKratosRefuses(t *testing.T) {
	source := newSource(fakeKratos(t, false))
	source.token = "guessed"
	var out bytes.Buffer
	err := run(t.Context(), &out, source, "testdata/schemas", filepath.Join(t.TempDir(), "identities.db"))
	require.ErrorContains(t, err, "401")
	require.Equal(t, "copied: 0, there already: 0, refused: 0\n", out.String())
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}
