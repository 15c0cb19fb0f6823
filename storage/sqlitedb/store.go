package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// Store is a [storage.Storage] in an SQLite database. All methods are safe for
// concurrent use.
type Store struct {
	reader
	reads, writes *statements
	commits       *commits
	recent        *recent
	// owned are the databases that Close closes.
	owned []*sql.DB
}

var _ storage.Storage = (*Store)(nil)

// New returns a store in a database that the application has open, and creates or updates
// the tables that idem needs in it. ctx bounds only that work. The application owns db:
// Close does not close it. Any database/sql driver for SQLite works.
//
// The application chooses the settings. For an acknowledged write to survive a
// crash of the machine they must include synchronous=FULL, and for reads not to
// wait, journal_mode=WAL. A busy timeout of some seconds is advised. The store
// pins no connection, so that it works with db.SetMaxOpenConns(1) too; but then an
// application must not call it while it holds that connection.
//
// New builds the indexes of [WithIndex] and [WithSearchIndex] that are not complete, and
// logs its progress. That takes as long as reading all identities. Other processes may read
// and write meanwhile.
//
// Errors: [storage.ErrUnavailable] if the database cannot be reached; an error with the
// reason if a newer release of idem wrote the database, if every connection of db has a
// database of its own, as with ":memory:", or if an option is invalid. After an error db is
// still open, and its tables are intact, at the version that the migration had reached.
func New(ctx context.Context, db *sql.DB, options ...Option) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlitedb: the database is nil")
	}
	cfg := config{readers: db, lockTimeout: lockTimeout, updateCache: DefaultUpdateCache, logger: slog.Default()}
	for _, option := range options {
		if err := option.apply(&cfg); err != nil {
			return nil, err
		}
	}
	if err := checkShared(ctx, db); err != nil {
		return nil, err
	}
	d := &database{db: db, deferred: !cfg.immediate, lock: []string{queries[takeWriteLock]}, timeout: cfg.lockTimeout}
	if err := migrate(ctx, d, cfg.logger); err != nil {
		return nil, err
	}
	declarations := &indexing.Cache{}
	if err := indexing.Open(ctx, &builder{d, declarations}, cfg.logger, cfg.indexes); err != nil {
		return nil, err
	}
	var search bool
	if err := cfg.readers.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'idem_search'`).Scan(&search); err != nil {
		return nil, sqliteerror.Translate(err)
	}
	reads, err := d.prepare(ctx, cfg.readers, firstWriteStatement, search)
	if err != nil {
		return nil, err
	}
	writes, err := d.prepare(ctx, db, statementCount, search)
	if err != nil {
		return nil, errors.Join(err, reads.close())
	}
	s := &Store{reads: reads, writes: writes, commits: newCommits(d, writes, declarations), recent: newRecent(cfg.updateCache)}
	s.reader = reader{source: reads, declarations: declarations, begin: s.beginRead, end: s.endRead, quick: cfg.readers != db}
	if cfg.owned {
		s.owned = []*sql.DB{db}
		if cfg.readers != db {
			s.owned = append(s.owned, cfg.readers)
		}
	}
	return s, nil
}

// checkShared refuses a database that lives in the memory of one connection if the pool may
// have more: each would have a database of its own.
func checkShared(ctx context.Context, db *sql.DB) error {
	if db.Stats().MaxOpenConnections == 1 {
		return nil
	}
	first, err := db.Conn(ctx)
	if err != nil {
		return sqliteerror.Translate(err)
	}
	defer first.Close()
	var file string
	if err := first.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file); err != nil {
		return sqliteerror.Translate(err)
	}
	if file != "" {
		return nil
	}
	// It has no file. With a shared cache all connections have the same database.
	second, err := db.Conn(ctx)
	if err != nil {
		return sqliteerror.Translate(err)
	}
	defer second.Close()
	var shared bool
	if _, err := first.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS idem_shared (n INTEGER)`); err != nil {
		return sqliteerror.Translate(err)
	}
	err = second.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'idem_shared'`).Scan(&shared)
	if _, dropErr := first.ExecContext(ctx, `DROP TABLE idem_shared`); err == nil {
		err = dropErr
	}
	switch {
	case err != nil:
		return sqliteerror.Translate(err)
	case !shared:
		return errors.New("sqlitedb: the database is in memory, and each connection of the pool has one of its own: call db.SetMaxOpenConns(1) and db.SetConnMaxIdleTime(0), or use a file; package storage/memory keeps identities in memory too")
	}
	return nil
}

func (s *Store) beginRead(ctx context.Context) error { return ctx.Err() }

// endRead returns err, or what explains it: that the caller's context has ended or the
// store was closed.
func (s *Store) endRead(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case s.commits.Closed():
		return storage.ErrClosed
	}
	return err
}

// Close implements [storage.Storage].
func (s *Store) Close() error {
	if !s.commits.close() {
		return nil
	}
	errs := []error{s.reads.close(), s.writes.close()}
	for _, db := range s.owned {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}
