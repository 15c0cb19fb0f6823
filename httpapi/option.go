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
	// DefaultMaxBody is the maximum size, in bytes, of the body of a request for one identity.
	// [WithMaxBody] changes it.
	DefaultMaxBody = 1 << 20
	// DefaultMaxBatchBody is the maximum size, in bytes, of the body of a batch.
	// [WithMaxBatchBody] changes it.
	DefaultMaxBatchBody = 16 << 20
	// DefaultKeepAlive is the interval between comments in a stream without changes.
	// [WithKeepAlive] changes it.
	DefaultKeepAlive = 15 * time.Second
)

// Option changes a default of [New] and [Schemas]. The functions of this package whose names
// begin with With return Options. New and Schemas panic if an option was given nil or a value
// out of its range, and if an Option is the zero value.
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

// WithBaseURL sets the beginning of the links in answers (schema_url, Location, Link). It is
// the URL at which clients reach the handler, including the mount prefix, such as
// "https://id.example.com/auth". The default is the path prefix alone; links are then relative
// to the host.
func WithBaseURL(url string) Option {
	return Option{func(c *config) error {
		c.baseURL = strings.TrimRight(url, "/")
		return nil
	}}
}

// WithPathPrefix sets the path prefix at which the handler is mounted, such as "/auth". Use it
// if nothing strips the prefix from the request's path. It is not needed with
// [http.StripPrefix].
func WithPathPrefix(prefix string) Option {
	return Option{func(c *config) error {
		c.prefix = strings.TrimRight("/"+strings.TrimLeft(prefix, "/"), "/")
		return nil
	}}
}

// WithMaxBody sets the maximum size, in bytes, of the body of a request for one identity. It
// must be at least [identity.MaxSize], so that a client can send back any identity it received.
// A larger body is answered with 413.
func WithMaxBody(bytes int64) Option {
	return Option{func(c *config) error {
		if bytes < identity.MaxSize {
			return fmt.Errorf("WithMaxBody: the size must be at least %d bytes, the largest identity", identity.MaxSize)
		}
		c.maxBody = bytes
		return nil
	}}
}

// WithMaxBatchBody sets the maximum size, in bytes, of the body of a batch. It must be at least
// 1. A larger body is answered with 413.
func WithMaxBatchBody(bytes int64) Option {
	return Option{func(c *config) error {
		if bytes < 1 {
			return errors.New("WithMaxBatchBody: the size must be at least 1 byte")
		}
		c.maxBatchBody = bytes
		return nil
	}}
}

// WithLogger sets the logger for faults. The default is the Manager's logger.
func WithLogger(logger *slog.Logger) Option {
	return Option{func(c *config) error {
		if logger == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}}
}

// WithActor sets the function that names the author of a request's changes for the change feed.
// actor returns the application's own name for the client, such as "admin:42". The handler
// calls it once, after authorize, with the same request. Without this option, or if actor
// returns the empty string, the actor in the request's context is recorded, if there is one.
// [idem.ContextWithActor] describes a valid actor.
func WithActor(actor func(*http.Request) string) Option {
	return Option{func(c *config) error {
		if actor == nil {
			return errors.New("WithActor: the function is nil")
		}
		c.actor = actor
		return nil
	}}
}

// WithKeepAlive sets the interval between comments in a stream of changes while there is no
// change. It must be positive. The comments keep proxies from closing the connection. They also
// let the handler detect that a client has left.
func WithKeepAlive(interval time.Duration) Option {
	return Option{func(c *config) error {
		if interval <= 0 {
			return errors.New("WithKeepAlive: the interval must be positive")
		}
		c.keepAlive = interval
		return nil
	}}
}
