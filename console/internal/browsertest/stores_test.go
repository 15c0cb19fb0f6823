package browsertest

import (
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/internal/servicetest"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/sqlite"
)

// stores are what every act is driven on.
var stores = map[string]func(t testing.TB) storage.Storage{
	"memory": func(testing.TB) storage.Storage { return memory.New() },
	"sqlite": func(t testing.TB) storage.Storage {
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	},
	"postgres": newPostgres,
}

// newPostgres opens a database of its own, and drops it at the end.
func newPostgres(t testing.TB) storage.Storage {
	address := servicetest.Postgres(t)
	server, err := sql.Open("pgx", address)
	require.NoError(t, err)
	name := "idem_console_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	_, err = server.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := server.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		require.NoError(t, err)
		require.NoError(t, server.Close())
	})
	own, err := url.Parse(address)
	require.NoError(t, err)
	own.Path = "/" + name
	db, err := sql.Open("pgx", own.String())
	require.NoError(t, err)
	store, err := postgres.New(t.Context(), db)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, store.Close())
		require.NoError(t, db.Close())
	})
	return store
}

// combination is a way to run the console.
type combination struct {
	store, mount string
	script       bool
}

// everyCombination are all stores with all ways to mount the console, with JavaScript and without.
func everyCombination() (all []combination) {
	for store := range stores {
		for mount := range mounts {
			all = append(all, combination{store, mount, true}, combination{store, mount, false})
		}
	}
	return all
}

// onePerStore are every store with JavaScript and without, and every mount with JavaScript and without.
var onePerStore = []combination{
	audited,
	{"memory", "prefix of chi", false},
	{"sqlite", "prefix of net/http", true},
	{"sqlite", "root", false},
	{"postgres", "prefix of chi", true},
	{"postgres", "prefix of net/http", false},
}

// sessions are those of an application: everybody has two, of which the newer is active until all are ended.
type sessions struct {
	mu    sync.Mutex
	ended map[uuid.UUID]bool
}

func (s *sessions) List(_ context.Context, id uuid.UUID, _ *bool, page httpapi.SessionPage) ([]httpapi.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	all := []httpapi.Session{
		{ID: uuid.New(), Active: !s.ended[id], AuthenticatedAt: now.Add(-time.Hour), ExpiresAt: now.Add(time.Hour), AuthenticatorAssuranceLevel: "aal2",
			AuthenticationMethods: []httpapi.AuthenticationMethod{{Method: "password"}, {Method: "totp"}},
			Devices:               []httpapi.SessionDevice{{IPAddress: "2001:db8::7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0", Location: "Vienna, AT"}}},
		{ID: uuid.New(), AuthenticatedAt: now.Add(-48 * time.Hour), ExpiresAt: now.Add(-24 * time.Hour)},
	}
	return all[min(page.Offset, len(all)):][:min(page.Limit, len(all))], nil
}

func (s *sessions) End(_ context.Context, id uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = make(map[uuid.UUID]bool)
	}
	s.ended[id] = true
	return nil
}

// audited is where axe-core looks at pages: neither store nor mount changes what they look like.
var audited = combination{"memory", "root", true}

// on runs a test in combinations.
func on(t *testing.T, combinations []combination, run func(t *testing.T, s *site, b *tab)) {
	t.Parallel()
	for _, c := range combinations {
		name := c.store + ", " + c.mount
		if !c.script {
			name += ", without JavaScript"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			manager := newManager(t, stores[c.store](t))
			desk, err := signin.New(manager, []byte(strings.Repeat("k", 32)))
			require.NoError(t, err)
			s := newSite(t, manager, c.mount, nil, console.WithSignIn(desk, func(code signin.Code) string { return "https://app.example.com/recover#" + code.Handle }),
				console.WithSessions(&sessions{}))
			b := newTab(t, s)
			b.audited = c == audited
			if !c.script {
				b.noScript()
			}
			run(t, s, b)
		})
	}
}
