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
// exist. The default is the schema that the search path of the connections gives. All
// statements name the schema, so that it also works behind a pooler.
func WithSchema(name string) Option {
	return Option{func(c *config) error {
		if name == "" || len(name) > 63 || strings.ContainsAny(name, "\x00@") {
			return fmt.Errorf("postgres: WithSchema: the name %q must be 1 to 63 bytes long, without NUL and @", name)
		}
		c.schema = name
		return nil
	}}
}

// WithTimeout bounds one attempt of a write: if the database does not answer within the
// timeout, it counts as lost. The timeout must be longer than any commit takes,
// including the time to wait for locks and for a synchronous standby. The default is 30
// seconds.
func WithTimeout(timeout time.Duration) Option {
	return Option{func(c *config) error {
		if timeout <= 0 {
			return errors.New("postgres: WithTimeout: the time must be positive")
		}
		c.timeout = timeout
		return nil
	}}
}

// WithResolve sets how long the store tries to find out the outcome of a write whose answer
// was lost. If a failover takes longer, the caller gets [storage.ErrOutcomeUnknown]. The
// default is 10 seconds.
func WithResolve(window time.Duration) Option {
	return Option{func(c *config) error {
		if window <= 0 {
			return errors.New("postgres: WithResolve: the time must be positive")
		}
		c.resolve = window
		return nil
	}}
}

// WithPortableSQL makes the store use only statements that distributed databases with
// PostgreSQL's protocol are known to accept: no statement changes a table twice or names
// a setting of a table. Updates that change the claims of an identity then take several
// round trips.
//
// idem is tested with PostgreSQL alone. docs/several-machines.md says how to run its
// tests with another engine.
func WithPortableSQL() Option {
	return Option{func(c *config) error { c.portable = true; return nil }}
}
