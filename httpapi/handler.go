package httpapi

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/internal/wire"
)

// Handler serves the identity admin API. It is safe for concurrent use.
type Handler struct {
	manager   *idem.Manager
	authorize func(*http.Request) error
	config
	view      wire.View
	resources []resource
	buffers   buffers
	// streams ends when there shall be no streams of changes any more.
	streams    context.Context
	endStreams context.CancelFunc
}

// AllowAll authorizes every request. It is for a handler that sits behind the
// application's own access control; the name makes that choice visible.
func AllowAll(*http.Request) error { return nil }

// New returns the handler of the identity admin API of manager. It panics if manager is
// nil, or if an option was given a value that it does not take: the handler would not be
// the one that the application asked for.
//
// authorize decides on every request, once, before its body is read; [Operation]
// tells it what is asked for. An error denies the request: see [Unauthorized] and
// [Forbidden] for what the client is told. So do a panic and a nil authorize: an
// admin API is never open by accident.
func New(manager *idem.Manager, authorize func(*http.Request) error, options ...Option) *Handler {
	return newHandler(manager, authorize, slices.Concat(adminResources, schemaResources), options)
}

// Schemas returns a handler of nothing but the identity schemas of manager, which
// clients that render forms read without being administrators. It serves GET /schemas
// and GET /schemas/{id} to everybody. It panics as New does.
func Schemas(manager *idem.Manager, options ...Option) *Handler {
	return newHandler(manager, AllowAll, schemaResources, options)
}

func newHandler(manager *idem.Manager, authorize func(*http.Request) error, resources []resource, options []Option) *Handler {
	if manager == nil {
		panic("httpapi: the Manager is nil")
	}
	c := newConfig(manager, options)
	h := &Handler{
		manager: manager, authorize: authorize, config: c, resources: resources,
		view: wire.View{BaseURL: c.baseURL},
	}
	h.streams, h.endStreams = context.WithCancel(context.Background())
	return h
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recoverPanic(w, r)
	found := h.match(r)
	r = WithOperation(r, found.operation)
	if err := h.allow(r); err != nil {
		h.writeError(w, r, err)
		return
	}
	if found.err != nil {
		h.writeError(w, r, found.err)
		return
	}
	r = h.withActor(r)
	answer, err := found.serve(h, w, r, found.params)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	answer.write(w, r)
	h.buffers.give(answer.buffer)
}

type operationKey struct{}

// Operation returns the name of the operation that r asks for, such as
// "updateIdentity", within the authorize function of [New]. The names are the
// operation ids of GET /openapi.json, which are those of the API descriptions of Ory
// Kratos where it has the operation. It is empty for a request that no route matches.
func Operation(r *http.Request) string {
	operation, _ := r.Context().Value(operationKey{}).(string)
	return operation
}

// allow asks the application, and takes a panic for a no.
func (h *Handler) allow(r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			h.logger.ErrorContext(r.Context(), "authorize panicked", "operation", Operation(r), "stack", string(debug.Stack()))
			err = Forbidden("")
		}
	}()
	if h.authorize == nil {
		return Forbidden("")
	}
	err = h.authorize(r)
	var denial *denial
	if err != nil && !errors.As(err, &denial) {
		return Forbidden("")
	}
	return err
}

// recoverPanic answers a fault of ours like any other instead of dropping the
// connection. The value that was panicked with may hold data and is not logged.
func (h *Handler) recoverPanic(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	h.logPanic(r)
	h.writeError(w, r, errPanicked)
}

func (h *Handler) logPanic(r *http.Request) {
	h.logger.ErrorContext(r.Context(), "request panicked", "method", r.Method, "stack", string(debug.Stack()))
}

var errPanicked = errors.New("the request panicked")
