package sqlitedb

import (
	"database/sql"
	"errors"
	"log/slog"
	"time"
)

// Option changes how [New] makes a store.
type Option struct{ apply func(*config) error }

type config struct {
	readers   *sql.DB
	immediate bool
	owned     bool

	lockTimeout time.Duration
	updateCache int
	logger      *slog.Logger
}

// WithReadPool makes the store read from readers, another handle on the same database, so
// that reads never wait for a connection that writes. Nobody else may use it: the store
// expects its connections to be free soon, and does not interrupt the reading of one row
// when its context ends.
func WithReadPool(readers *sql.DB) Option {
	return Option{func(c *config) error {
		if readers == nil {
			return errors.New("sqlitedb: WithReadPool: the database is nil")
		}
		c.readers = readers
		return nil
	}}
}

// WithImmediateTransactions says that every transaction of the database begins with BEGIN
// IMMEDIATE, and that a connection does not wait for a lock by itself (busy timeout 0). It
// saves the store two statements for each transaction.
func WithImmediateTransactions() Option {
	return Option{func(c *config) error { c.immediate = true; return nil }}
}

// WithClose makes [Store.Close] close the database too, and that of [WithReadPool].
func WithClose() Option {
	return Option{func(c *config) error { c.owned = true; return nil }}
}

// WithLockTimeout sets how long a write waits for the database's write lock, counted from
// when it was queued, before it fails with [storage.ErrUnavailable]. It must be positive.
// The default is 5 seconds.
func WithLockTimeout(timeout time.Duration) Option {
	return Option{func(c *config) error {
		if timeout <= 0 {
			return errors.New("sqlitedb: WithLockTimeout: the timeout must be positive")
		}
		c.lockTimeout = timeout
		return nil
	}}
}

// WithLogger sets where New reports what a migration of the tables found, such as two
// identities with one WebAuthn key. The default is [slog.Default].
func WithLogger(logger *slog.Logger) Option {
	return Option{func(c *config) error {
		if logger == nil {
			return errors.New("sqlitedb: WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}}
}

// WithUpdateCache sets how many identities the store remembers after an update, for their next update to begin with.
// That saves the next one the reading of its row; reads are never answered from there. Each takes up to about 4 KiB,
// credentials included; larger ones are not remembered. 0 remembers none; a negative number is an error. The
// default is [DefaultUpdateCache].
func WithUpdateCache(identities int) Option {
	return Option{func(c *config) error {
		if identities < 0 {
			return errors.New("sqlitedb: WithUpdateCache: the number must not be negative")
		}
		c.updateCache = identities
		return nil
	}}
}
