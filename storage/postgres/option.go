package postgres

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/idemkit/idem/storage/internal/indexing"
)

// Option changes how [New] and [NewPgx] make a store.
type Option struct{ apply func(*config) error }

type config struct {
	schema   string
	portable bool
	timeout  time.Duration
	resolve  time.Duration
	logger   *slog.Logger
	indexes  []string
}

func newConfig(options []Option) (config, error) {
	cfg := config{timeout: 30 * time.Second, resolve: 10 * time.Second, logger: slog.Default()}
	for _, option := range options {
		if err := option.apply(&cfg); err != nil {
			return config{}, err
		}
	}
	if cfg.portable && slices.Contains(cfg.indexes, indexing.SearchPath) {
		return config{}, errors.New("postgres: WithSearchIndex needs an index of PostgreSQL's own, which WithPortableSQL does without: use one of the two")
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
// a setting of a table. Updates that change the claims of an identity, or rows of a declared
// index, then take several round trips. [WithSearchIndex] is refused with it.
//
// idem is tested with PostgreSQL alone. docs/several-machines.md says how to run its
// tests with another engine.
func WithPortableSQL() Option {
	return Option{func(c *config) error { c.portable = true; return nil }}
}

// WithLogger sets where New reports its progress in building an index. The default is
// [slog.Default].
func WithLogger(logger *slog.Logger) Option {
	return Option{func(c *config) error {
		if logger == nil {
			return errors.New("postgres: WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}}
}

// WithIndex declares an index of the values at path, a JSON pointer as in package query, such
// as /metadata_admin/plan. It serves eq, gt, ge, lt, le, sw and pr in a filter, and a list that
// is sorted by path. The database records the index: from then on every process that writes
// updates it, with or without this option, until [Store.DropIndex]. It costs one or two rows
// for each value of each identity.
func WithIndex(path string) Option {
	return Option{func(c *config) error {
		if err := indexing.CheckPath(path); err != nil {
			return fmt.Errorf("postgres: WithIndex(%q): %w", path, err)
		}
		c.indexes = append(c.indexes, path)
		return nil
	}}
}

// WithSearchIndex declares an index of the words in identities, which serves a search, and co,
// sw, ew and eq in a filter over traits, identifiers and addresses, if the searched text has
// three letters or more. The database records it like an index of [WithIndex], until
// [Store.DropSearchIndex]. It needs no extension of PostgreSQL.
func WithSearchIndex() Option {
	return Option{func(c *config) error { c.indexes = append(c.indexes, indexing.SearchPath); return nil }}
}
