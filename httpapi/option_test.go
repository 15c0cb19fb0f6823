package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/storage/memory"
)

// TestOptionsThatCannotBe gives New what it cannot do: the handler is not made, and the
// text names the option.
func TestOptionsThatCannotBe(t *testing.T) {
	manager := newFixture(t, "memory", memory.New()).manager
	for text, option := range map[string]httpapi.Option{
		"httpapi: an option is the zero Option: make one with a function of this package":     {},
		"httpapi: WithLogger: the logger is nil":                                              httpapi.WithLogger(nil),
		"httpapi: WithActor: the function is nil":                                             httpapi.WithActor(nil),
		"httpapi: WithMaxBody: the size must be at least 1048576 bytes, the largest identity": httpapi.WithMaxBody(1<<20 - 1),
		"httpapi: WithMaxBatchBody: the size must be at least 1 byte":                         httpapi.WithMaxBatchBody(-1),
		"httpapi: WithKeepAlive: the interval must be positive":                               httpapi.WithKeepAlive(0),
	} {
		require.PanicsWithValue(t, text, func() { httpapi.New(manager, httpapi.AllowAll, option) })
		require.PanicsWithValue(t, text, func() { httpapi.Schemas(manager, option) })
	}
	require.PanicsWithValue(t, "httpapi: the Manager is nil", func() { httpapi.New(nil, httpapi.AllowAll) })
	require.Implements(t, (*http.Handler)(nil), httpapi.New(manager, httpapi.AllowAll,
		httpapi.WithMaxBody(1<<20), httpapi.WithMaxBatchBody(1), httpapi.WithKeepAlive(time.Nanosecond)))
}
