package postgres

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Option changes how [New] and [NewPgx] make a store.
type Option struct{ apply func(*config) error }

type config struct {
	schema   string
	portable bool
	timeout  time.Duration
	resolve  time.Duration
}

func newConfig(options []Option) (config, error) {
	cfg := config{timeout: 30 * time.Second, resolve: 10 * time.Second}
	for _, option := range options {
		if err := option.apply(&cfg); err != nil {
			return config{}, err
		}
	}
	return cfg, nil
}

// WithSchema keeps the tables in the schema of that name, which is created if it does not
// exist. Without it they are where the search path of the connections has them. All
// statements name the schema, so that it holds behind a pooler too.
func WithSchema(name string) Option {
	return Option{func(c *config) error {
		if name == "" || len(name) > 63 || strings.ContainsAny(name, "\x00@") {
			return fmt.Errorf("postgres: WithSchema: the name %q must be 1 to 63 bytes long, without NUL and @", name)
		}
		c.schema = name
		return nil
	}}
}

// WithTimeout bounds one attempt of a write: a database that does not answer within it is
// taken for lost. It must be longer than a commit ever takes, waiting for locks and for a
// synchronous standby included. The default is 30 seconds.
func WithTimeout(timeout time.Duration) Option {
	return Option{func(c *config) error {
		if timeout <= 0 {
			return errors.New("postgres: WithTimeout: the time must be positive")
		}
		c.timeout = timeout
		return nil
	}}
}

// WithResolve sets for how long a write whose answer was lost tries to find out what became
// of it, and so how long a failover may take without a caller having to be told
// [storage.ErrOutcomeUnknown]. The default is 10 seconds.
func WithResolve(window time.Duration) Option {
	return Option{func(c *config) error {
		if window <= 0 {
			return errors.New("postgres: WithResolve: the time must be positive")
		}
		c.resolve = window
		return nil
	}}
}

// WithPortableSQL keeps to statements that distributed databases which speak PostgreSQL's
// protocol are known to take: none changes a table twice, and none names a setting of a
// table. Updates that change what an identity claims then take several round trips.
//
// idem is tested with PostgreSQL alone. docs/several-machines.md says how to run its
// tests with another engine.
func WithPortableSQL() Option {
	return Option{func(c *config) error { c.portable = true; return nil }}
}
