package otelidem

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/storage"
)

// scope is the name of the instrumentation.
const scope = "github.com/idemkit/idem/contrib/otel"

// Telemetry wraps stores and Managers. Make one with [New] and share it: it is safe for
// concurrent use, and to wrap costs next to nothing.
type Telemetry struct {
	manager managerOperations
	storage storageOperations
}

// Option changes a default of [New].
type Option func(*config) error

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	system  string
}

// WithTracerProvider sets where spans go. The default is the global provider.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return errors.New("otelidem: WithTracerProvider: the provider is nil")
		}
		c.tracers = provider
		return nil
	}
}

// WithMeterProvider sets where measurements go. The default is the global provider.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return errors.New("otelidem: WithMeterProvider: the provider is nil")
		}
		c.meters = provider
		return nil
	}
}

// WithSystem sets the attribute db.system.name of all that a [Storage] tells: "sqlite",
// "postgresql" or another name that the semantic conventions know. Without it the
// attribute is left out, as befits a store in memory.
func WithSystem(name string) Option {
	return func(c *config) error {
		c.system = name
		return nil
	}
}

// New returns a Telemetry. Its error is that of an option, or of a meter provider that
// refuses an instrument.
func New(options ...Option) (*Telemetry, error) {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, option := range options {
		if err := option(&c); err != nil {
			return nil, err
		}
	}
	tracer := c.tracers.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))
	meter := c.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
	ofManager, err := meter.Float64Histogram("idem.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of the operations of a Manager."),
		metric.WithExplicitBucketBoundaries(boundaries...))
	if err != nil {
		return nil, fmt.Errorf("otelidem: %w", err)
	}
	ofStorage, err := meter.Float64Histogram("db.client.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of database client operations."),
		metric.WithExplicitBucketBoundaries(boundaries...))
	if err != nil {
		return nil, fmt.Errorf("otelidem: %w", err)
	}
	return &Telemetry{
		manager: newManagerOperations(func(name string) *operation {
			return newOperation(tracer, ofManager, trace.SpanKindInternal, name, keyOperation.String(name))
		}),
		storage: newStorageOperations(func(name, collection string) *operation {
			attributes := []attribute.KeyValue{semconv.DBOperationName(name), semconv.DBCollectionName(collection)}
			if c.system != "" {
				attributes = append(attributes, semconv.DBSystemNameKey.String(c.system))
			}
			return newOperation(tracer, ofStorage, trace.SpanKindClient, name+" "+collection, attributes...)
		}),
	}, nil
}

// boundaries are those that the semantic conventions advise for databases, and finer ones
// before the first: a read without a network takes some microseconds.
var boundaries = []float64{0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

// Storage returns a store that does what store does, and tells of it. It keeps every
// promise that store keeps. It panics if store is nil.
func (t *Telemetry) Storage(store storage.Storage) *Storage {
	if store == nil {
		panic("otelidem: the store is nil")
	}
	return &Storage{store: store, operations: &t.storage}
}

// Manager returns a Manager that does what manager does, and tells of it. It panics if
// manager is nil.
func (t *Telemetry) Manager(manager *idem.Manager) *Manager {
	if manager == nil {
		panic("otelidem: the Manager is nil")
	}
	return &Manager{manager: manager, operations: &t.manager}
}
