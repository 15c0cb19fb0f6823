package drivertest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/contrib/otelidem"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
)

// TestTelemetry: the spans of a manager over PostgreSQL tell what became of each call, and
// nothing of where the server is or of what it said.
func TestTelemetry(t *testing.T) {
	database := newSchema(t, newQuickDatabase(t, server(t)))
	g := newGate(t, database)
	store, err := postgres.New(t.Context(), openSQL(t, "pgx", g.address(t, database)), postgres.WithResolve(100*time.Millisecond))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	recorder := tracetest.NewSpanRecorder()
	observe, err := otelidem.Observer(otelidem.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(recorder))))
	require.NoError(t, err)
	manager, err := account.NewManager(store, idem.WithObserver(observe))
	require.NoError(t, err)

	created, err := manager.CreateIdentity(t.Context(), account.Before(1).Create())
	require.NoError(t, err)
	_, err = manager.CreateIdentity(t.Context(), account.Before(1).Create())
	require.ErrorIs(t, err, storage.ErrConflict)
	_, err = manager.GetIdentity(t.Context(), created.ID)
	require.NoError(t, err)
	g.lead(t, "")
	g.drop()
	_, err = manager.GetIdentity(t.Context(), created.ID)
	require.ErrorIs(t, err, storage.ErrUnavailable)
	_, err = manager.CreateIdentity(t.Context(), account.Before(2).Create())
	require.Error(t, err)

	var told []string
	for _, span := range recorder.Ended() {
		kind := ""
		for _, a := range span.Attributes() {
			if a.Key == "error.type" {
				kind = a.Value.AsString()
			}
		}
		told = append(told, span.Name()+": "+kind)
		text := fmt.Sprint(span.Name(), span.Attributes(), span.Status(), span.Events())
		for _, secret := range []string{"127.0.0.1", "postgres", "password", "before-"} {
			require.NotContains(t, text, secret)
		}
	}
	require.Equal(t, []string{
		"create identity: ", "create identity: conflict", "get identity: ", "get identity: unavailable", "create identity: unavailable",
	}, told)
}
