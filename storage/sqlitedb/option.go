package sqlitedb

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/idemkit/idem/storage/internal/indexing"
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
	indexes     []string
}

// WithReadPool makes the store read from readers, another handle on the same database, so
// that reads never wait for a connection that writes. Only the store may use readers: it
// expects a connection to be free soon, and does not interrupt the reading of one row
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

// WithClose makes [Store.Close] also close the database and the handle of
// [WithReadPool].
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
// identities with one WebAuthn key, and how far the building of an index is. The default is
// [slog.Default].
func WithLogger(logger *slog.Logger) Option {
	return Option{func(c *config) error {
		if logger == nil {
			return errors.New("sqlitedb: WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}}
}

// WithUpdateCache sets how many identities the store caches after an update. The next update of a cached identity
// need not read its row; reads never use the cache. An identity whose document takes more than 4 KiB is not cached.
// Each of the others takes at most about twice that, including its credentials: it may share memory with its version
// before. 0 caches none; a negative number is an error. The default is [DefaultUpdateCache].
func WithUpdateCache(identities int) Option {
	return Option{func(c *config) error {
		if identities < 0 {
			return errors.New("sqlitedb: WithUpdateCache: the number must not be negative")
		}
		c.updateCache = identities
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
			return fmt.Errorf("sqlitedb: WithIndex(%q): %w", path, err)
		}
		c.indexes = append(c.indexes, path)
		return nil
	}}
}

// WithSearchIndex declares an index of the words in identities, which serves a search, and co,
// sw, ew and eq in a filter over traits, identifiers and addresses, if the searched text has
// three letters or more. The database records it like an index of [WithIndex], until
// [Store.DropSearchIndex]. It needs SQLite 3.43 or later with FTS5; [New] fails without it.
func WithSearchIndex() Option {
	return Option{func(c *config) error { c.indexes = append(c.indexes, indexing.SearchPath); return nil }}
}
