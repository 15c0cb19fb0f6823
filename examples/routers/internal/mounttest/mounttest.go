// Package mounttest checks that the identity admin API works where an application
// mounts it: through the application's router, its middleware and a real connection.
package mounttest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/examples/routers/internal/application"
	"github.com/idemkit/idem/internal/servicetest"
)

// Prefix is where the API is expected.
const Prefix = "/auth"

// Option tells what is particular about a router.
type Option func(*world)

// CleansPaths says that the router answers a path with a double slash with a redirect
// to the one without. It must then be one that keeps the method, the body and the
// prefix.
func CleansPaths() Option { return func(w *world) { w.cleansPaths = true } }

// Run checks a router that is an [http.Handler].
func Run(t *testing.T, newRouter func(*application.Application) http.Handler, options ...Option) {
	run(t, options, func(t *testing.T, a *application.Application) string {
		server := httptest.NewServer(newRouter(a))
		t.Cleanup(server.Close)
		return server.URL
	})
}

// RunOn checks a router with a server of its own, which serves on the listener until
// the context ends.
func RunOn(t *testing.T, serve func(context.Context, *application.Application, net.Listener) error, options ...Option) {
	run(t, options, func(t *testing.T, a *application.Application) string {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		ctx, stop := context.WithCancel(context.Background())
		stopped := make(chan error, 1)
		go func() { stopped <- serve(ctx, a, listener) }()
		t.Cleanup(func() {
			stop()
			select {
			case err := <-stopped:
				require.NoError(t, err)
			case <-time.After(20 * time.Second):
				require.Fail(t, "the server does not stop")
			}
		})
		return "http://" + listener.Addr().String()
	})
}

// checks are what must work, each on an application of its own.
var checks = map[string]func(t *testing.T, w *world){
	"the application itself":    ownPages,
	"life of an identity":       life,
	"list with its links":       list,
	"external ids":              externalIDs,
	"double slashes":            doubleSlashes,
	"trailing slashes":          trailingSlashes,
	"no session":                noSession,
	"a session that may read":   readerSession,
	"methods":                   methods,
	"large bodies":              largeBodies,
	"preconditions and headers": preconditions,
	"stream of changes":         changes,
}

func run(t *testing.T, options []Option, start func(t *testing.T, a *application.Application) (url string)) {
	t.Run("memory", func(t *testing.T) { runOver(t, "", options, start) })
	t.Run("PostgreSQL", func(t *testing.T) { runOver(t, servicetest.Postgres(t), options, start) })
}

// runOver runs the checks over stores in a database; see [application.Open].
func runOver(t *testing.T, database string, options []Option, start func(t *testing.T, a *application.Application) (url string)) {
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			schema := fmt.Sprintf("idem_routers_%d", time.Now().UnixNano())
			store, closeStore, err := application.Open(t.Context(), database, schema)
			require.NoError(t, err)
			t.Cleanup(func() {
				require.NoError(t, closeStore())
				if database != "" {
					drop(t, database, schema)
				}
			})
			a, err := application.New(store)
			require.NoError(t, err)
			w := &world{identities: a.Identities, url: start(t, a)}
			for _, option := range options {
				option(w)
			}
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			// A redirect is an answer like any other here, to be looked at.
			w.client = &http.Client{Transport: transport, Timeout: 20 * time.Second,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			check(t, w)
		})
	}
}

// drop drops a schema, after the end of the test.
func drop(t *testing.T, database, schema string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), database)
	require.NoError(t, err)
	_, err = conn.Exec(context.Background(), "DROP SCHEMA "+schema+" CASCADE")
	require.NoError(t, errors.Join(err, conn.Close(context.Background())))
}
