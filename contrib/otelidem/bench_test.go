package otelidem_test

import (
	"testing"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/contrib/otelidem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

// BenchmarkGet is what telemetry adds to the shortest operation there is.
func BenchmarkGet(b *testing.B) {
	observed := func(options ...otelidem.Option) []idem.Option {
		observe, err := otelidem.Observer(options...)
		require.NoError(b, err)
		return []idem.Option{idem.WithObserver(observe)}
	}
	meters := otelidem.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())))
	for _, c := range []struct {
		name    string
		options []idem.Option
	}{
		{name: "bare"},
		{name: "noop", options: observed(otelidem.WithTracerProvider(tracenoop.NewTracerProvider()), otelidem.WithMeterProvider(metricnoop.NewMeterProvider()))},
		{name: "metrics", options: observed(otelidem.WithTracerProvider(tracenoop.NewTracerProvider()), meters)},
		{name: "unsampled", options: observed(otelidem.WithTracerProvider(trace.NewTracerProvider(trace.WithSampler(trace.NeverSample()))), meters)},
		{name: "traced", options: observed(otelidem.WithTracerProvider(trace.NewTracerProvider()), meters)},
	} {
		b.Run(c.name, func(b *testing.B) {
			parsed, err := schema.Parse("person", []byte(person))
			require.NoError(b, err)
			schemas, err := schema.NewRegistry(parsed)
			require.NoError(b, err)
			manager, err := idem.New(memory.New(), schemas, c.options...)
			require.NoError(b, err)
			created, err := manager.CreateIdentity(b.Context(), identity.Create{Traits: traits("ada@example.com")})
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := manager.GetIdentity(b.Context(), created.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
