package otelidem_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/contrib/otelidem"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// collector is where the telemetry of a test goes.
type collector struct {
	observe  idem.Observer
	recorder *tracetest.SpanRecorder
	tracers  *trace.TracerProvider
	reader   *metric.ManualReader
}

func collect(t *testing.T, options ...otelidem.Option) *collector {
	t.Helper()
	c := &collector{recorder: tracetest.NewSpanRecorder(), reader: metric.NewManualReader()}
	c.tracers = trace.NewTracerProvider(trace.WithSpanProcessor(c.recorder))
	observe, err := otelidem.Observer(append([]otelidem.Option{
		otelidem.WithTracerProvider(c.tracers),
		otelidem.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(c.reader))),
	}, options...)...)
	require.NoError(t, err)
	c.observe = observe
	return c
}

// spans returns all that there is to a span but its times, in the order of their ends,
// and forgets it: parent > name (kind) {attributes} status: description.
func (c *collector) spans(t *testing.T) []string {
	t.Helper()
	ended := c.recorder.Ended()
	require.Len(t, c.recorder.Started(), len(ended), "every span must end")
	c.recorder.Reset()
	names := map[string]string{}
	for _, s := range ended {
		names[s.SpanContext().SpanID().String()] = s.Name()
	}
	var lines []string
	for _, s := range ended {
		line := fmt.Sprintf("%s (%s) %s", s.Name(), s.SpanKind(), render(s.Attributes()...))
		if parent := names[s.Parent().SpanID().String()]; parent != "" {
			line = parent + " > " + line
		}
		if status := s.Status(); status.Code != codes.Unset {
			line += fmt.Sprintf(" %s: %s", status.Code, status.Description)
		}
		require.Empty(t, s.Events())
		lines = append(lines, line)
	}
	return lines
}

// measurements returns how many there are of each instrument and set of attributes.
func (c *collector) measurements(t *testing.T) map[string]uint64 {
	t.Helper()
	var collected metricdata.ResourceMetrics
	require.NoError(t, c.reader.Collect(t.Context(), &collected))
	counts := map[string]uint64{}
	for _, s := range collected.ScopeMetrics {
		require.Equal(t, "github.com/idemkit/idem/contrib/otelidem", s.Scope.Name)
		for _, m := range s.Metrics {
			require.Equal(t, "s", m.Unit)
			histogram, ok := m.Data.(metricdata.Histogram[float64])
			require.True(t, ok)
			for _, point := range histogram.DataPoints {
				require.Positive(t, point.Sum)
				require.Less(t, point.Sum, 60.0)
				require.Len(t, point.Bounds, 13)
				counts[m.Name+" "+render(point.Attributes.ToSlice()...)] = point.Count
			}
		}
	}
	return counts
}

// render prints attributes in the order of their keys.
func render(attributes ...attribute.KeyValue) string {
	set := attribute.NewSet(attributes...)
	return "{" + set.Encoded(attribute.DefaultEncoder()) + "}"
}

const person = `{"properties": {"traits": {"type": "object", "properties": {
	"email": {"type": "string", "format": "email", "ory.sh/kratos": {
		"credentials": {"password": {"identifier": true}}, "verification": {"via": "email"}}}},
	"required": ["email"]}}}`

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func id(n int64) uuid.UUID { return uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", n)) }

// newManager returns a Manager that c observes, whose ids are 1, 2, 3 and so on.
func (c *collector) newManager(t *testing.T, store storage.Storage, options ...idem.Option) *idem.Manager {
	t.Helper()
	parsed, err := schema.Parse("person", []byte(person))
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(parsed)
	require.NoError(t, err)
	hasher, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	var ids atomic.Int64
	manager, err := idem.New(store, schemas, append([]idem.Option{
		idem.WithObserver(c.observe), idem.WithLogger(slog.New(slog.DiscardHandler)), idem.WithHasher(hasher),
		idem.WithClock(func() time.Time { return noon }),
		idem.WithIDs(func() uuid.UUID { return id(ids.Add(1)) }),
	}, options...)...)
	require.NoError(t, err)
	return manager
}

func traits(email string) json.RawMessage { return json.RawMessage(fmt.Sprintf(`{"email":%q}`, email)) }
