package otelidem_test

import (
	"testing"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/stretchr/testify/require"

	otelidem "github.com/idemkit/idem/contrib/otel"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// BenchmarkGet is what telemetry adds to the shortest operation there is.
func BenchmarkGet(b *testing.B) {
	store, first := memory.New(), id(1)
	_, err := store.Create(b.Context(), stored(1))
	require.NoError(b, err)
	wrap := func(options ...otelidem.Option) storage.Storage {
		telemetry, err := otelidem.New(options...)
		require.NoError(b, err)
		return telemetry.Storage(store)
	}
	meters := otelidem.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())))
	for _, c := range []struct {
		name  string
		store storage.Storage
	}{
		{name: "bare", store: store},
		{name: "noop", store: wrap(otelidem.WithTracerProvider(tracenoop.NewTracerProvider()), otelidem.WithMeterProvider(metricnoop.NewMeterProvider()))},
		{name: "metrics", store: wrap(otelidem.WithTracerProvider(tracenoop.NewTracerProvider()), meters)},
		{name: "unsampled", store: wrap(otelidem.WithTracerProvider(trace.NewTracerProvider(trace.WithSampler(trace.NeverSample()))), meters)},
		{name: "traced", store: wrap(otelidem.WithTracerProvider(trace.NewTracerProvider()), meters)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.store.Get(b.Context(), first); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
