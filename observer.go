package idem

import (
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
)

// Observer observes every call of a [Manager]. It is called when the call begins, with the call's
// context and the name of the operation, such as "update identity", which is the Op of the call's
// [*Error]. It returns the context that the call continues with, which a tracer derives from ctx,
// and a function that is called once, when the call has ended.
//
// That function gets the id of the call's identity, or the nil UUID if there was none or several,
// and the call's error: nil or an [*Error]. A call that panicked or ended its goroutine has the
// error [ErrAbandoned].
//
// Both run on the caller's goroutine, and many calls run at once. Neither may panic.
//
// If a call makes other calls, all of them are observed. [Manager.CheckSchema] is "check schema",
// with a "list identities" within it for each page. [Manager.Rederive] is "rederive identities",
// with the same pages and a "rederive identity" for each identity that changes.
// [Manager.Identities] and [Manager.Changes] are observed page by page, as "list identities" and
// "read changes", so that the time of the caller's loop does not count. [Manager.Watch] is one call
// that lasts as long as its loop; its reads are not observed. If [Manager.VerifyPassword] hashes a
// password again, that is a "rehash password" within it.
type Observer func(ctx context.Context, op string) (context.Context, func(id uuid.UUID, err error))

// ErrAbandoned is the error that an [Observer] gets for a call that did not return,
// because it panicked or ended its goroutine.
var ErrAbandoned = errors.New("the call did not return")

// WithObserver sets the [Observer] of the Manager's calls, for traces and metrics. The
// default is none. Module contrib/otelidem has one for OpenTelemetry.
func WithObserver(observe Observer) Option {
	return Option{func(c *config) error {
		if observe == nil {
			return errors.New("idem: WithObserver: the observer is nil")
		}
		c.observe = observe
		return nil
	}}
}

// write runs work as the operation op, which changes the identity id: it tells the
// observer, logs, and wraps the error. id is nil where work makes the identity, which is
// then the one that it returns.
func write[T any](ctx context.Context, m *Manager, op string, id uuid.UUID, work func(context.Context) (T, error)) (T, error) {
	return run(ctx, m, op, id, func(ctx context.Context) (T, error) {
		result, err := work(ctx)
		if err == nil {
			m.logChange(ctx, op, about(id, result))
		}
		return result, err
	})
}

// run is write for an operation that changes nothing: only faults are logged.
func run[T any](ctx context.Context, m *Manager, op string, id uuid.UUID, work func(context.Context) (T, error)) (result T, err error) {
	if m.observe != nil {
		observed, end := m.observe(ctx, op)
		returned := false
		defer func() {
			if returned {
				end(about(id, result), err)
			} else {
				end(id, wrap(op, id, ErrAbandoned))
			}
		}()
		result, err = work(observed)
		err = m.wrap(observed, op, about(id, result), err)
		returned = true
		return result, err
	}
	result, err = work(ctx)
	return result, m.wrap(ctx, op, about(id, result), err)
}

// runError is run for work that returns nothing but an error.
func runError(ctx context.Context, m *Manager, op string, id uuid.UUID, work func(context.Context) error) error {
	_, err := run(ctx, m, op, id, func(ctx context.Context) (struct{}, error) { return struct{}{}, work(ctx) })
	return err
}

// writeError is write for work that returns nothing but an error.
func writeError(ctx context.Context, m *Manager, op string, id uuid.UUID, work func(context.Context) error) error {
	_, err := write(ctx, m, op, id, func(ctx context.Context) (struct{}, error) { return struct{}{}, work(ctx) })
	return err
}

// about is the id of the identity that result is, if it is one, and else id.
func about(id uuid.UUID, result any) uuid.UUID {
	if i, ok := result.(*identity.Identity); ok && i != nil {
		return i.ID
	}
	return id
}

// wrap gives an error, if there is one, the operation and the kind, and logs a fault. That
// of a call within, an [*Error] already, stays as it is.
func (m *Manager) wrap(ctx context.Context, op string, id uuid.UUID, err error) error {
	if _, wrapped := err.(*Error); err == nil || wrapped {
		return err
	}
	e := wrap(op, id, err)
	if e.Kind == KindInternal || e.Kind == KindUnavailable {
		m.logger.LogAttrs(ctx, slog.LevelError, op, slog.String("id", e.ID), slog.String("kind", e.Kind.String()), slog.Any("error", err))
	}
	return e
}

// logChange logs that an operation has changed something.
func (m *Manager) logChange(ctx context.Context, op string, id uuid.UUID) {
	if m.logger.Enabled(ctx, slog.LevelDebug) {
		m.logger.LogAttrs(ctx, slog.LevelDebug, op, slog.String("id", id.String()))
	}
}
