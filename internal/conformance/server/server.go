// Package server sets up the handler under test.
package server

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/servicetest"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// The ids of the schemas, the first of which is the default.
const (
	PersonSchema = "person"
	DeviceSchema = "b2b/device"
)

// The limits of the handler under test, in bytes, low so that going beyond them is
// quick.
const (
	MaxBody      = identity.MaxSize
	MaxBatchBody = 2 << 20
)

// indexed is a path that the databases have an index for, beside that of words.
const indexed = "/metadata_admin/n"

//go:embed person.schema.json
var personDocument []byte

//go:embed device.schema.json
var deviceDocument []byte

// Server is a handler over a store of its own.
type Server struct {
	// URL is where the handler is served, and what its links begin with.
	URL string
	// Handler is the handler itself, for requests that need no network.
	Handler http.Handler
	// Bare is a handler over the same identities that serves neither recovery nor
	// sessions.
	Bare http.Handler
	// Store is what the handler's Manager works on.
	Store *FaultyStore
	// Authorize decides on requests. It lets all pass until it is replaced.
	Authorize func(*http.Request) error
	// Actor is in whose name requests make changes, and Veto what the application has
	// against every change. Neither is set at first.
	Actor string
	Veto  error
}

// OnEachStore runs a test on each of the stores that come with idem. PostgreSQL needs the server of CONTRIBUTING.md.
func OnEachStore(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, start(t, memory.New())) })
	t.Run("sqlite", func(t *testing.T) {
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"), sqlitedb.WithIndex(indexed), sqlitedb.WithSearchIndex())
		require.NoError(t, err)
		test(t, start(t, store))
	})
	t.Run("postgres", func(t *testing.T) { test(t, start(t, openPostgres(t))) })
}

// openPostgres opens a store in a schema of its own.
func openPostgres(t *testing.T) storage.Storage {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), servicetest.Postgres(t))
	require.NoError(t, err)
	name := fmt.Sprintf("idem_conformance_%d", time.Now().UnixNano())
	t.Cleanup(func() {
		_, err := pool.Exec(context.Background(), `DROP SCHEMA `+name+` CASCADE`)
		pool.Close()
		require.NoError(t, err)
	})
	store, err := postgres.NewPgx(t.Context(), pool, postgres.WithSchema(name), postgres.WithIndex(indexed), postgres.WithSearchIndex())
	require.NoError(t, err)
	return store
}

func start(t *testing.T, store storage.Storage) *Server {
	t.Helper()
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	s := &Server{Store: &FaultyStore{Storage: store}, Authorize: httpapi.AllowAll}
	hasher, err := passwordhash.NewBcrypt(4) // quick, and good enough for a test
	require.NoError(t, err)
	manager, err := idem.New(s.Store, schemas(t), idem.WithHasher(hasher),
		idem.WithBeforeCommit(func(context.Context, idem.PendingChange) error { return s.Veto }), idem.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)

	desk, err := signin.New(manager, bytes.Repeat([]byte{7}, signin.KeyBytes))
	require.NoError(t, err)
	listener := httptest.NewUnstartedServer(nil)
	s.URL = "http://" + listener.Listener.Addr().String()
	s.Handler = httpapi.New(manager, func(r *http.Request) error { return s.Authorize(r) },
		httpapi.WithBaseURL(s.URL), httpapi.WithMaxBody(MaxBody), httpapi.WithMaxBatchBody(MaxBatchBody),
		httpapi.WithActor(func(*http.Request) string { return s.Actor }),
		httpapi.WithSignIn(desk, func(c signin.Code) string { return "https://example.com/recover#" + c.Handle + "/" + c.Code }),
		httpapi.WithSessions(&Sessions{}))
	s.Bare = httpapi.New(manager, httpapi.AllowAll)
	listener.Config.Handler = s.Handler
	listener.Start()
	t.Cleanup(listener.Close) // before the store, which it uses
	return s
}

func schemas(t *testing.T) *schema.Registry {
	t.Helper()
	person, err := schema.Parse(PersonSchema, personDocument)
	require.NoError(t, err)
	device, err := schema.Parse(DeviceSchema, deviceDocument)
	require.NoError(t, err)
	registry, err := schema.NewRegistry(person, device)
	require.NoError(t, err)
	return registry
}
