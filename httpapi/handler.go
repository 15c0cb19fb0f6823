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

// AllowAll authorizes every request. Use it for a handler behind the application's own access
// control. The name makes that choice visible in the code.
func AllowAll(*http.Request) error { return nil }

// New returns a handler of the identity admin API of manager. It panics if manager is nil or an
// option has an invalid value, because the handler would differ from what the application asked
// for.
//
// The handler calls authorize once for every request, before it reads the body. In authorize,
// [Operation] returns the requested operation. If authorize returns an error, the request is
// denied; [Unauthorized] and [Forbidden] describe the answer. The request is also denied if
// authorize panics or is nil, so an admin API is never open by accident.
func New(manager *idem.Manager, authorize func(*http.Request) error, options ...Option) *Handler {
	return newHandler(manager, authorize, slices.Concat(adminResources, schemaResources), options)
}

// Schemas returns a handler that serves only the identity schemas of manager. Clients that
// render forms need the schemas without being administrators. The handler serves GET /schemas
// and GET /schemas/{id} without authorization. Schemas panics in the same cases as [New].
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

// Operation returns the name of the operation that r requests, such as "updateIdentity". Call
// it in the authorize function of [New]. The names are the operation ids of GET /openapi.json.
// If Ory Kratos has the operation, the name is the operation id in its API description. The
// name is empty if no route matches the request.
func Operation(r *http.Request) string {
	operation, _ := r.Context().Value(operationKey{}).(string)
	return operation
}

// allow calls the application's authorize function. A panic counts as a denial.
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
	if _, denied := errors.AsType[*denial](err); err != nil && !denied {
		return Forbidden("")
	}
	return err
}

// recoverPanic answers a panic like any other fault instead of dropping the connection. It does
// not log the value of the panic, because the value may contain data.
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
