package console

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/signin"
)

// Handler serves the console. It is safe for concurrent use.
type Handler struct {
	manager    *idem.Manager
	authorize  func(*http.Request) error
	actor      func(*http.Request) string // may be nil
	logger     *slog.Logger
	clock      func() time.Time
	prefix     string
	name       string
	protection *http.CrossOriginProtection
	assets     assets
	templates  templates
	known      atomic.Pointer[knownAttributes]
	desk       *signin.Service // may be nil
	recovery   func(signin.Code) string
	sessions   httpapi.Sessions // may be nil
	// countPatience is how long counting people may take.
	countPatience time.Duration
	// streams ends when there shall be no live pages any more.
	streams    context.Context
	endStreams context.CancelFunc
}

// Option changes a default of [New].
type Option struct{ apply func(*Handler) }

// WithActor sets the actor that the change feed records for a change: see [idem.ContextWithActor]. It is called after
// authorize, with the same request. If it returns the empty string, the actor of the request's context is recorded.
func WithActor(actor func(*http.Request) string) Option {
	return Option{func(h *Handler) { h.actor = actor }}
}

// WithPathPrefix sets the prefix, such as "/console", under which the handler is mounted on a router that does not
// strip it from the request's path. Under [http.StripPrefix] it is not needed.
func WithPathPrefix(prefix string) Option {
	return Option{func(h *Handler) { h.prefix = strings.TrimRight("/"+strings.TrimLeft(prefix, "/"), "/") }}
}

// WithName sets the name that stands in the corner of every page. The default is "idem".
func WithName(name string) Option {
	return Option{func(h *Handler) { h.name = name }}
}

// WithSignIn lets administrators make recovery codes with desk. recoveryURL returns the URL of the page on which the
// person types a code. The URL must not hold the code, and may be empty. recoveryURL may be nil.
func WithSignIn(desk *signin.Service, recoveryURL func(signin.Code) string) Option {
	return Option{func(h *Handler) { h.desk, h.recovery = desk, recoveryURL }}
}

// WithSessions shows the application's sessions of a person on the person's page. The button that ends all sign-ins ends
// these sessions too. authorize is called with the operation listIdentitySessions. If sessions is nil, no sessions are
// shown.
func WithSessions(sessions httpapi.Sessions) Option {
	return Option{func(h *Handler) { h.sessions = sessions }}
}

// WithLogger sets the logger for faults. The default is the Manager's logger.
func WithLogger(logger *slog.Logger) Option {
	return Option{func(h *Handler) { h.logger = logger }}
}

// WithClock sets the clock of the pages. The default is [time.Now].
func WithClock(now func() time.Time) Option {
	return Option{func(h *Handler) { h.clock = now }}
}

// New returns the console of manager, which must not be nil.
//
// authorize decides on every request before its body is read. [httpapi.Operation] returns the name of the requested operation. The names are those of the admin API, such as
// "updateIdentity". The console alone has checkIdentitySchema, which validates all identities against a candidate for a schema, and rederiveIdentities, which brings them up to
// date with theirs. An error refuses the request: see [httpapi.Unauthorized] and [httpapi.Forbidden]. A panic and a nil authorize refuse every request.
//
// A page also calls authorize for the operations that it could offer, and leaves out those that are refused. The request of such a call has the header fields and the URL of
// the request for the page, the method POST for an operation that writes, and no body.
func New(manager *idem.Manager, authorize func(*http.Request) error, options ...Option) *Handler {
	h := &Handler{
		manager: manager, authorize: authorize, logger: manager.Logger(), clock: time.Now, name: text("brand"),
		protection: http.NewCrossOriginProtection(), assets: loadAssets(), countPatience: defaultCountPatience,
	}
	h.streams, h.endStreams = context.WithCancel(context.Background())
	for _, option := range options {
		option.apply(h)
	}
	h.templates = loadTemplates(h.assets)
	return h
}

// EndStreams ends the live pages, including those that begin later, so that a server can shut
// down:
//
//	server.RegisterOnShutdown(console.EndStreams)
func (h *Handler) EndStreams() { h.endStreams() }

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	path, ok := h.path(r)
	if !ok {
		// Mounted without its last slash, relative links would lead elsewhere.
		own, _, _ := strings.Cut(r.RequestURI, "?")
		header.Set("Location", own+"/"+rawQuery(r.URL))
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	if name, ok := strings.CutPrefix(path, "assets/"); ok {
		h.assets.serve(w, r, name)
		return
	}
	req := &request{Handler: h, w: w, r: r, root: strings.Repeat("../", strings.Count(path, "/")), may: make(map[string]bool)}
	defer req.recoverPanic()
	if err := req.serve(path); err != nil {
		req.fail(err)
	}
}

const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// path returns the request's path below the console, without a slash before it. ok is false where the path is that of
// the console itself without a slash after it.
func (h *Handler) path(r *http.Request) (path string, ok bool) {
	path, found := strings.CutPrefix(r.URL.EscapedPath(), h.prefix)
	if !found {
		return "\x00", true // nothing is there
	}
	if path == "" && !strings.HasSuffix(r.URL.Path, "/") {
		own, _, _ := strings.Cut(r.RequestURI, "?")
		return "", strings.HasSuffix(own, "/") || own == ""
	}
	return strings.TrimPrefix(path, "/"), true
}

func rawQuery(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	return "?" + u.RawQuery
}

// request is one request and the answer to it.
type request struct {
	*Handler
	w    http.ResponseWriter
	r    *http.Request
	root string          // leads from the request's path to the console's, such as "../"
	may  map[string]bool // what authorize has said, by operation
	// working tells that the page is sent while its work is done.
	working bool
}

func (req *request) serve(path string) error {
	route, id, err := match(path, req.r)
	if err != nil {
		// A client that may see nothing must not learn which pages exist.
		if denied := req.allow("", req.r); denied != nil {
			return denied
		}
		return err
	}
	if err := req.allow(route.operation, req.r); err != nil {
		return err
	}
	if req.r.Method == http.MethodPost {
		if err := req.protection.Check(req.r); err != nil {
			return &problem{status: http.StatusForbidden, message: text("fault.cross_origin")}
		}
		if err := req.readForm(route.bodyLimit); err != nil {
			return err
		}
	}
	req.r = httpOperation(req.r, route.operation)
	if req.actor != nil {
		if actor := req.actor(req.r); actor != "" {
			req.r = req.r.WithContext(idem.ContextWithActor(req.r.Context(), strings.Clone(actor)))
		}
	}
	return route.serve(req, id)
}

// recoverPanic answers a fault of ours with a page. The value that was panicked with may hold data and is not logged.
func (req *request) recoverPanic() {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	req.logger.ErrorContext(req.r.Context(), "console: request panicked", "method", req.r.Method, "stack", string(debug.Stack()))
	req.fail(&problem{status: http.StatusInternalServerError, message: text("fault.internal")})
}

// see leads the browser to another page of the console: to is relative to the console's root.
func (req *request) see(to string) error {
	req.w.Header().Set("Location", req.relative(to))
	req.w.Header().Set("Cache-Control", "no-store")
	req.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// relative returns a link from the request's page. A path that could be read as a scheme or be empty begins with "./".
func (req *request) relative(to string) string {
	if req.root == "" {
		return "./" + to
	}
	return req.root + to
}

// page answers with a page.
func (req *request) page(status int, name string, data any) error {
	var body bytes.Buffer
	if err := req.render(&body, name, data); err != nil {
		return err
	}
	header := req.w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	send(req.w, req.r, status, body.Bytes())
	return nil
}
