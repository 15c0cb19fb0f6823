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

	"github.com/idemkit/idem/storage"
)

// Store is a [storage.Storage] in an SQLite database. All methods are safe for
// concurrent use.
type Store struct {
	reader
	reads, writes *statements
	commits       *committer
	// owned are the databases that Close closes.
	owned []*sql.DB
}

var _ storage.Storage = (*Store)(nil)

// Open opens the SQLite database file at path, creates it if it is not there, and
// brings its tables up to date. The result must be closed.
//
// The database is in write-ahead-log mode with synchronous=FULL: a write is
// answered when it is on disk. Beside the file there will be two more, with -wal
// and -shm at the end of their names; all three belong together. The file must be
// on a local disk. A new file can be read and written by its owner alone; one that
// exists keeps its mode.
//
// Errors: [storage.ErrUnavailable] if the file cannot be opened; an error that
// says so if it is no database or was written by a newer release of idem.
func Open(ctx context.Context, path string) (*Store, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, errors.New("sqlite: a path to a file is needed; storage/memory keeps identities in memory")
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
	writer, err := openPool(ctx, absolute, 1, "_txlock=immediate")
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, writer); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	readers, err := openPool(ctx, absolute, max(4, 2*runtime.GOMAXPROCS(0)), "_query_only=true")
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	store, err := newStore(ctx, readers, writer, false)
	if err != nil {
		return nil, errors.Join(err, readers.Close(), writer.Close())
	}
	store.owned, store.quick = []*sql.DB{readers, writer}, true
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

// busyTimeout is how long, in milliseconds, a write waits for another process
// that holds the database's lock before it gives up as [storage.ErrUnavailable].
const busyTimeout = 5000

// openPool opens the file with the settings in the data source name, because a
// pragma holds for one connection only and the pool opens more as it likes.
func openPool(ctx context.Context, path string, connections int, mode string) (*sql.DB, error) {
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	name := fmt.Sprintf("%s?%s&_busy_timeout=%d&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=true&_pragma=wal_autocheckpoint(%d)",
		file.String(), mode, busyTimeout, checkpointPages)
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
		return nil, errors.Join(translate(err), db.Close())
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
	for deadline := time.Now().Add(busyTimeout * time.Millisecond); ; {
		err := connect()
		if code, known := resultCode(err); !known || code&0xff != codeBusy || time.Now().After(deadline) {
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

// New returns a store in a database that the application has open, and creates or
// updates the tables that idem needs in it. db stays the application's: Close does
// not close it. Any database/sql driver of SQLite will do.
//
// The application chooses the settings. For an acknowledged write to survive a
// crash of the machine they must include synchronous=FULL, and for reads not to
// wait, journal_mode=WAL. A busy timeout of some seconds is advised. The store
// pins no connection, so that it works with db.SetMaxOpenConns(1) too; but then an
// application must not call it while it holds that connection.
//
// Errors: as those of [Open].
func New(db *sql.DB) (*Store, error) {
	ctx := context.Background()
	if err := migrate(ctx, db); err != nil {
		return nil, err
	}
	return newStore(ctx, db, db, true)
}

func newStore(ctx context.Context, readers, writer *sql.DB, deferred bool) (*Store, error) {
	reads, err := prepare(ctx, readers, firstWriteStatement)
	if err != nil {
		return nil, err
	}
	writes, err := prepare(ctx, writer, statementCount)
	if err != nil {
		return nil, errors.Join(err, reads.close())
	}
	s := &Store{reads: reads, writes: writes, commits: newCommitter(writer, writes, deferred)}
	s.reader = reader{source: reads, begin: s.beginRead, end: s.endRead}
	return s, nil
}

func (s *Store) beginRead(ctx context.Context) error { return ctx.Err() }

// endRead is err, or what explains it: a read that fails because its caller has gone
// or the store was closed says so.
func (s *Store) endRead(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case s.commits.isClosed():
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
