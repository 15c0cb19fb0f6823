package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
)

const (
	// DefaultMaxBody is how large, in bytes, the body of a request for one identity
	// may be unless [WithMaxBody] sets another size.
	DefaultMaxBody = 1 << 20
	// DefaultMaxBatchBody is how large, in bytes, the body of a batch may be unless
	// [WithMaxBatchBody] sets another size.
	DefaultMaxBatchBody = 16 << 20
	// DefaultKeepAlive is how often a stream without changes sends a comment unless
	// [WithKeepAlive] sets another interval.
	DefaultKeepAlive = 15 * time.Second
)

// Option changes a default of [New] and [Schemas]. The functions of this package whose
// name begins with With make one. New panics on an option that was given nil or a value
// out of its range, and on the zero Option.
type Option struct{ apply func(*config) error }

// config is what options set. A Handler keeps it.
type config struct {
	baseURL string
	prefix  string
	actor   func(*http.Request) string // may be nil
	logger  *slog.Logger
	// maxBody and maxBatchBody are in bytes.
	maxBody, maxBatchBody int64
	keepAlive             time.Duration
	// desk, recoveryURL and sessions may be nil, the first two together.
	desk        *signin.Service
	recoveryURL func(signin.Code) string
	sessions    Sessions
}

// newConfig returns the defaults as options change them.
func newConfig(manager *idem.Manager, options []Option) config {
	c := config{
		logger:  manager.Logger(),
		maxBody: DefaultMaxBody, maxBatchBody: DefaultMaxBatchBody, keepAlive: DefaultKeepAlive,
	}
	for _, option := range options {
		if option.apply == nil {
			panic("httpapi: an option is the zero Option: make one with a function of this package")
		}
		if err := option.apply(&c); err != nil {
			panic("httpapi: " + err.Error())
		}
	}
	if c.baseURL == "" {
		c.baseURL = c.prefix
	}
	return c
}

// WithBaseURL sets what the links in answers (schema_url, Location, Link) begin with:
// the URL under which clients reach the handler, its mount prefix included, such as
// "https://id.example.com/auth". The default is the path prefix alone, which makes
// links that are relative to the host.
func WithBaseURL(url string) Option {
	return Option{func(c *config) error {
		c.baseURL = strings.TrimRight(url, "/")
		return nil
	}}
}

// WithPathPrefix tells the handler the prefix, such as "/auth", under which it is
// mounted when nothing strips it from the request's path. Under [http.StripPrefix]
// it is not needed.
func WithPathPrefix(prefix string) Option {
	return Option{func(c *config) error {
		c.prefix = strings.TrimRight("/"+strings.TrimLeft(prefix, "/"), "/")
		return nil
	}}
}

// WithMaxBody sets how large, in bytes, the body of a request for one identity may
// be, at least [identity.MaxSize], so that what is answered can be sent back. A larger
// one is answered with 413.
func WithMaxBody(bytes int64) Option {
	return Option{func(c *config) error {
		if bytes < identity.MaxSize {
			return fmt.Errorf("WithMaxBody: the size must be at least %d bytes, the largest identity", identity.MaxSize)
		}
		c.maxBody = bytes
		return nil
	}}
}

// WithMaxBatchBody sets how large, in bytes, the body of a batch may be, at least 1. A
// larger one is answered with 413.
func WithMaxBatchBody(bytes int64) Option {
	return Option{func(c *config) error {
		if bytes < 1 {
			return errors.New("WithMaxBatchBody: the size must be at least 1 byte")
		}
		c.maxBatchBody = bytes
		return nil
	}}
}

// WithLogger sets where faults are logged. The default is the Manager's logger.
func WithLogger(logger *slog.Logger) Option {
	return Option{func(c *config) error {
		if logger == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}}
}

// WithActor sets who is recorded in the change feed as the maker of a request's
// changes: actor returns the application's own name for the client, such as "admin:42".
// It is called once, after authorize, with the same request. Where it returns the empty
// string, and by default, the actor is the one that the request's context has already,
// if any. [idem.ContextWithActor] says what an actor may look like.
func WithActor(actor func(*http.Request) string) Option {
	return Option{func(c *config) error {
		if actor == nil {
			return errors.New("WithActor: the function is nil")
		}
		c.actor = actor
		return nil
	}}
}

// WithKeepAlive sets how often a stream of changes sends a comment while there is no
// change. It must be positive. The comment keeps proxies from closing the connection,
// and shows the handler that a client has left.
func WithKeepAlive(interval time.Duration) Option {
	return Option{func(c *config) error {
		if interval <= 0 {
			return errors.New("WithKeepAlive: the interval must be positive")
		}
		c.keepAlive = interval
		return nil
	}}
}
