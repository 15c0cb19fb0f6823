package otelidem

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/idemkit/idem"
)

// scope is the name of the instrumentation.
const scope = "github.com/idemkit/idem/contrib/otelidem"

// The attributes that no semantic convention has.
const (
	keyOperation = attribute.Key("idem.operation.name")
	keyIdentity  = attribute.Key("idem.identity.id")
)

// typePanic is the error type of a call that did not return.
const typePanic = "panic"

// opWatch is the operation that can run forever.
const opWatch = "watch changes"

// Option changes a default of [Observer].
type Option struct{ apply func(*config) error }

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// WithTracerProvider sets the provider that receives spans. The default is the global provider.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return Option{func(c *config) error {
		if provider == nil {
			return errors.New("otelidem: WithTracerProvider: the provider is nil")
		}
		c.tracers = provider
		return nil
	}}
}

// WithMeterProvider sets the provider that receives measurements. The default is the global
// provider.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return Option{func(c *config) error {
		if provider == nil {
			return errors.New("otelidem: WithMeterProvider: the provider is nil")
		}
		c.meters = provider
		return nil
	}}
}

// Observer returns an observer for [idem.WithObserver]. It records a span and a measurement for
// every call of a Manager. Several Managers can share one observer. Observer fails if an option
// is invalid or the meter provider refuses an instrument.
func Observer(options ...Option) (idem.Observer, error) {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, option := range options {
		if option.apply == nil {
			return nil, errors.New("otelidem: an option is the zero Option: make one with a function of this package")
		}
		if err := option.apply(&c); err != nil {
			return nil, err
		}
	}
	duration, err := c.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL)).
		Float64Histogram("idem.operation.duration", metric.WithUnit("s"),
			metric.WithDescription("Duration of the operations of a Manager."),
			metric.WithExplicitBucketBoundaries(boundaries...))
	if err != nil {
		return nil, fmt.Errorf("otelidem: %w", err)
	}
	o := &observer{tracer: c.tracers.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)), duration: duration}
	return o.observe, nil
}

// boundaries are those that the semantic conventions advise for databases, and finer ones
// before the first: a read without a network takes some microseconds.
var boundaries = []float64{0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

type observer struct {
	tracer     trace.Tracer
	duration   metric.Float64Histogram
	operations sync.Map // from a name to its *operation; as many as a Manager has operations
}

// operation is what the spans and measurements of one operation have in common.
type operation struct {
	start   trace.SpanStartEventOption
	success metric.MeasurementOption
}

func (o *observer) operation(op string) *operation {
	if known, ok := o.operations.Load(op); ok {
		return known.(*operation)
	}
	name := keyOperation.String(op)
	made, _ := o.operations.LoadOrStore(op, &operation{
		start: trace.WithAttributes(name), success: metric.WithAttributeSet(attribute.NewSet(name)),
	})
	return made.(*operation)
}

func (o *observer) observe(ctx context.Context, op string) (context.Context, func(uuid.UUID, error)) {
	if op == opWatch {
		return ctx, func(uuid.UUID, error) {}
	}
	operation, began := o.operation(op), time.Now()
	ctx, span := o.tracer.Start(ctx, op, operation.start)
	return ctx, func(id uuid.UUID, err error) {
		measured := operation.success
		if id != uuid.Nil && span.IsRecording() {
			span.SetAttributes(keyIdentity.String(id.String()))
		}
		if err != nil {
			errorType, fault := failure(err)
			span.SetAttributes(errorType)
			if fault {
				span.SetStatus(codes.Error, errorType.Value.AsString())
			}
			measured = metric.WithAttributes(keyOperation.String(op), errorType)
		}
		span.End()
		o.duration.Record(ctx, time.Since(began).Seconds(), measured)
	}
}

// failure returns the type of an error, and whether it is a fault: what an operator should
// look at, as against an answer.
func failure(err error) (errorType attribute.KeyValue, fault bool) {
	if errors.Is(err, idem.ErrAbandoned) {
		return semconv.ErrorTypeKey.String(typePanic), true
	}
	kind := idem.KindOf(err)
	return semconv.ErrorTypeKey.String(kind.String()), kind == idem.KindInternal || kind == idem.KindUnavailable
}
