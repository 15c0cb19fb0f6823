package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	// The driver registers itself under the name "sqlite".
	_ "modernc.org/sqlite"

	"github.com/idemkit/idem/storage/internal/sqliteerror"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// Open opens the SQLite database file at path, creates it if it is not there, and
// brings its tables up to date. ctx bounds that work alone. The result must be closed.
//
// path is a plain path, not a file: URI. The database is in write-ahead-log mode with
// synchronous=FULL: a write is answered when it is on disk. Beside the file there will be
// two more, with -wal and -shm at the end of their names; all three belong together. The
// file must be on a local disk. A new file can be read and written by its owner alone;
// one that exists keeps its mode.
//
// Errors: [storage.ErrUnavailable] if the file cannot be opened; an error that
// says so if it is no database or was written by a newer release of idem.
func Open(ctx context.Context, path string, options ...sqlitedb.Option) (*sqlitedb.Store, error) {
	switch {
	case path == "" || strings.HasPrefix(path, ":memory:"):
		return nil, errors.New("sqlite: the path must be that of a file; package storage/memory keeps identities in memory")
	case strings.HasPrefix(path, "file:"):
		return nil, errors.New(`sqlite: the path must be a plain path such as "identities.db", not a file: URI; for a file whose name begins with "file:" write "./file:…"; package sqlitedb takes a database opened with settings of your own`)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := createPrivate(absolute); err != nil {
		return nil, err
	}
	// One connection writes, since SQLite has one writer at a time anyway; its own
	// pool keeps readers from taking it.
	writer, err := openPool(ctx, absolute, 1, writerMode)
	if err != nil {
		return nil, err
	}
	readers, err := openPool(ctx, absolute, max(4, 2*runtime.GOMAXPROCS(0)), readerMode)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	options = append([]sqlitedb.Option{sqlitedb.WithReadPool(readers), sqlitedb.WithImmediateTransactions(), sqlitedb.WithClose()}, options...)
	store, err := sqlitedb.New(ctx, writer, options...)
	if err != nil {
		return nil, errors.Join(err, readers.Close(), writer.Close())
	}
	return store, nil
}

// createPrivate creates the file at path, if there is none, for its owner alone: SQLite
// would let everybody on the machine read it, and gives the files beside it the same
// mode. What stands in the way is for SQLite to find.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil
	}
	return file.Close()
}

// busyTimeout is how long opening a file waits for another process that holds one of the
// database's locks.
const busyTimeout = 5 * time.Second

// The settings in which the connection that writes and those that read differ. The store
// waits by itself for the write lock.
const (
	writerMode = "_txlock=immediate&_busy_timeout=0"
	readerMode = "_query_only=true&_busy_timeout=5000"
)

// openPool opens the file with the settings in the data source name, because a
// pragma holds for one connection only and the pool opens more as it likes.
func openPool(ctx context.Context, path string, connections int, mode string) (*sql.DB, error) {
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	name := fmt.Sprintf("%s?%s&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=true&_pragma=wal_autocheckpoint(%d)",
		file.String(), mode, checkpointPages)
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	var journal, synchronous string
	err = untilUnlocked(ctx, func() error {
		return db.QueryRowContext(ctx, "SELECT journal_mode, synchronous FROM pragma_journal_mode, pragma_synchronous").Scan(&journal, &synchronous)
	})
	if err != nil {
		return nil, errors.Join(sqliteerror.Translate(err), db.Close())
	}
	if journal != "wal" || synchronous != "2" {
		return nil, errors.Join(fmt.Errorf("sqlite: the file system does not support what a durable write needs: journal mode %s, synchronous %s", journal, synchronous), db.Close())
	}
	return db, nil
}

// untilUnlocked calls connect again while it is turned away by a lock, for as long as a
// write waits. SQLite honours the busy timeout everywhere but where a new file is put
// into write-ahead-log mode, which processes that open it at the same moment all do.
func untilUnlocked(ctx context.Context, connect func() error) error {
	for deadline := time.Now().Add(busyTimeout); ; {
		err := connect()
		if !sqliteerror.IsBusy(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// checkpointPages is how many pages the write-ahead log may reach before they are
// moved to the database: four times the default, since moving a page that changes
// again soon is work done twice.
const checkpointPages = 4000
