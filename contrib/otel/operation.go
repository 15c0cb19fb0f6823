package otelidem

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// The attributes that no semantic convention has.
const (
	keyOperation      = attribute.Key("idem.operation.name")
	keyIdentity       = attribute.Key("idem.identity.id")
	keyCredentialType = attribute.Key("idem.credential.type")
	// keyAttempts is how often an update was worked out: more than once where others
	// changed the identity at the same time.
	keyAttempts = attribute.Key("idem.update.attempts")
	keySize     = attribute.Key("idem.import.size")
	keyRefused  = attribute.Key("idem.import.refused")
)

// The error types that are no kind of idem's.
const (
	typeRefused = "refused"
	typePanic   = "panic"
)

// operation is something that spans and measurements are made of. All that can be worked
// out before the first call is.
type operation struct {
	name       string
	tracer     trace.Tracer
	start      []trace.SpanStartOption
	duration   metric.Float64Histogram
	attributes []attribute.KeyValue
	success    metric.RecordOption
	// nested says that there is a span only within another.
	nested bool
}

func newOperation(tracer trace.Tracer, duration metric.Float64Histogram, kind trace.SpanKind, name string, attributes ...attribute.KeyValue) *operation {
	return &operation{
		name: name, tracer: tracer,
		start:    []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(attributes...)},
		duration: duration, attributes: attributes,
		success: metric.WithAttributeSet(attribute.NewSet(attributes...)),
	}
}

// call is one call of an operation. Its span is one that does nothing where there is none.
type call struct {
	*operation
	span  trace.Span
	began time.Time
	err   error
	// returned is false for a call that panicked or ended its goroutine.
	returned bool
	// refusal is the error of a function that the caller handed in.
	refusal error
}

// observe runs work as a call of o, in the context that it is given.
func observe[T any](ctx context.Context, o *operation, work func(ctx context.Context, c *call) (T, error)) (result T, err error) {
	ctx, c := o.begin(ctx)
	defer func() {
		c.end()
		c.measure(ctx)
	}()
	result, err = work(ctx, c)
	c.err, c.returned = err, true
	return result, err
}

// observeError is observe for a call that returns nothing but an error.
func observeError(ctx context.Context, o *operation, work func(ctx context.Context, c *call) error) error {
	_, err := observe(ctx, o, func(ctx context.Context, c *call) (struct{}, error) { return struct{}{}, work(ctx, c) })
	return err
}

// observeEach returns an iterator whose loop is a call of o.
func observeEach[T any](ctx context.Context, o *operation, all func(ctx context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		ctx, c := o.begin(ctx)
		defer c.end()
		all(ctx)(func(value T, err error) bool {
			c.err = err // an error is the last
			return yield(value, err)
		})
		c.returned = true
	}
}

// begin begins a call and its span. It must end.
func (o *operation) begin(ctx context.Context) (context.Context, *call) {
	c := &call{operation: o, began: time.Now()}
	if c.span = trace.SpanFromContext(ctx); !o.nested || c.span.SpanContext().IsValid() {
		ctx, c.span = o.tracer.Start(ctx, o.name, o.start...)
	}
	return ctx, c
}

// end ends the span.
func (c *call) end() {
	if errorType, fault := c.failure(); errorType != "" {
		c.span.SetAttributes(semconv.ErrorTypeKey.String(errorType))
		if fault {
			c.span.SetStatus(codes.Error, errorType)
		}
	}
	c.span.End()
}

// measure records how long the call took.
func (c *call) measure(ctx context.Context) {
	attributes := c.success
	if errorType, _ := c.failure(); errorType != "" {
		attributes = metric.WithAttributes(append(slices.Clip(c.attributes), semconv.ErrorTypeKey.String(errorType))...)
	}
	c.duration.Record(ctx, time.Since(c.began).Seconds(), attributes)
}

// failure returns the type of the call's error, empty if there is none, and whether that
// is a fault.
func (c *call) failure() (errorType string, fault bool) {
	switch {
	case !c.returned:
		return typePanic, true
	case c.err == nil:
		return "", false
	}
	kind := idem.KindOf(c.err)
	if kind == idem.KindInternal && c.refusal != nil && errors.Is(c.err, c.refusal) {
		return typeRefused, false
	}
	return kind.String(), isFault(kind)
}

// isFault tells what an operator should look at from what is an answer.
func isFault(kind idem.Kind) bool { return kind == idem.KindInternal || kind == idem.KindUnavailable }

// identity tells which identity the call is of.
func (c *call) identity(id uuid.UUID) {
	if id != uuid.Nil && c.span.IsRecording() {
		c.span.SetAttributes(keyIdentity.String(id.String()))
	}
}

// found tells which identity an answer is of, if it is one.
func (c *call) found(i *identity.Identity, err error) (*identity.Identity, error) {
	if i != nil {
		c.identity(i.ID)
	}
	return i, err
}

// credential tells the type of a credential, unless it is something that nobody knows.
func (c *call) credential(t credentials.Type) {
	if t.IsKnown() {
		c.span.SetAttributes(keyCredentialType.String(string(t)))
	}
}

// rows tells how many rows an answer has.
func (c *call) rows(n int) { c.span.SetAttributes(semconv.DBResponseReturnedRows(n)) }

// asked is err, which a function of the caller returned.
func (c *call) asked(err error) error {
	c.refusal = err
	return err
}

// imported tells how many of an import were refused. It returns the first error that is
// of the import, and not of one identity alone.
func (c *call) imported(errs []error) (err error) {
	refused := 0
	for _, e := range errs {
		if e == nil {
			continue
		}
		refused++
		if kind := idem.KindOf(e); err == nil && (isFault(kind) || kind == idem.KindCanceled) {
			err = e
		}
	}
	c.span.SetAttributes(keyRefused.Int(refused))
	return err
}
