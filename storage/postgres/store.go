package postgres

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/committer"
	"github.com/idemkit/idem/storage/internal/indexing"
	"github.com/idemkit/idem/storage/internal/notifier"
)

// Store is a [storage.Storage] in a PostgreSQL database. All methods are safe for
// concurrent use.
type Store struct {
	reader
	db      database
	config  config
	commits *committer.Committer[*write]
	changed notifier.Notifier
	// isolated says that transactions begin with another isolation than READ COMMITTED.
	isolated bool
	numberer numberer
	// using is held, shared, by the writes under way.
	using sync.RWMutex
}

var _ storage.Storage = (*Store)(nil)

// New returns a store in a database that the application has open, and creates or updates
// the tables that idem needs in it. ctx bounds only that work. The application owns db:
// Close does not close it.
//
// New builds the indexes of [WithIndex] and [WithSearchIndex] that are not complete, and
// logs its progress. That takes as long as reading all identities. Other processes may read
// and write meanwhile. An identity that an open transaction has changed gets its rows when that
// has ended, and New returns after that.
//
// Once the tables are there, New works for a database user that may only read and write
// them.
//
// Errors: [storage.ErrUnavailable] if the database cannot be reached; an error with the
// reason if a newer release of idem wrote the database, if the user may not create
// tables, or if an option is invalid.
func New(ctx context.Context, db *sql.DB, options ...Option) (*Store, error) {
	if db == nil {
		return nil, errors.New("postgres: the database is nil")
	}
	return newStore(ctx, newSQLDatabase(db), options)
}

// NewPgx is [New] for a *pgxpool.Pool of pgx, version 5; the compiler infers the type
// arguments.
func NewPgx[R PgxRows, C PgxCommandTag, T PgxTx[R, C], N PgxConn[R, C]](ctx context.Context, pool PgxPool[R, C, T, N],
	options ...Option) (*Store, error) {

	if pool == nil {
		return nil, errors.New("postgres: the pool is nil")
	}
	return newStore(ctx, newPgxDatabase(pool), options)
}

func newStore(ctx context.Context, db database, options []Option) (*Store, error) {
	cfg, err := newConfig(options)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db, cfg); err != nil {
		return nil, err
	}
	s := &Store{db: db, config: cfg}
	s.reader = reader{session: db, statements: newStatements(cfg), begin: s.beginRead, end: s.endRead, portable: cfg.portable, declarations: &indexing.Cache{}}
	if err := indexing.Open(ctx, s.builder(), cfg.logger, cfg.indexes); err != nil {
		return nil, err
	}
	err = s.retryRead(ctx, func(ctx context.Context) error {
		_, err := s.refresh(ctx, db)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.complete = s.builder().complete
	var isolation string
	err = s.retryRead(ctx, func(ctx context.Context) error {
		return queryOne(ctx, db, `SHOW transaction_isolation`, nil, &isolation)
	})
	if err != nil {
		return nil, err
	}
	s.isolated = isolation != "read committed"
	s.commits = committer.New(committer.Options[*write]{Begin: s.beginBatch, MaxBatch: maxBatch, Lanes: lanes, Fits: fits}, s.committed)
	return s, nil
}

// committed is called after each batch.
func (s *Store) committed() {
	s.changed.Notify()
	s.numberer.wake(numberingInterval, func() {
		ctx, cancel := context.WithTimeout(context.Background(), s.config.timeout)
		defer cancel()
		_ = s.numberAll(ctx) // the next reader of the feed tries again and gets the error
	})
}

func (s *Store) beginRead(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.commits.Closed() {
		return storage.ErrClosed
	}
	return nil
}

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

// Changed implements [storage.Storage].
func (s *Store) Changed() <-chan struct{} { return s.changed.Wait() }

// Close implements [storage.Storage].
func (s *Store) Close() error {
	s.commits.Close()
	s.using.Lock() // no write is under way any more
	defer s.using.Unlock()
	s.numberer.close()
	s.changed.Close()
	return nil
}

// numberingInterval is how soon after a write a store numbers what is pending.
const numberingInterval = time.Second

// numberer numbers what a store has written, once for all that was written within an
// interval, and after all of it. Its zero value is ready.
type numberer struct {
	mu      sync.Mutex
	timer   *time.Timer // nil if nothing is to be numbered
	running sync.WaitGroup
	closed  bool
}

// wake calls number after the interval, unless that is going to happen anyway.
func (n *numberer) wake(interval time.Duration, number func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.timer != nil || n.closed {
		return
	}
	n.running.Add(1)
	n.timer = time.AfterFunc(interval, func() {
		defer n.running.Done()
		n.mu.Lock()
		n.timer = nil
		n.mu.Unlock()
		number()
	})
}

// close ends the numbering and waits for one under way.
func (n *numberer) close() {
	n.mu.Lock()
	n.closed = true
	if n.timer != nil && n.timer.Stop() {
		n.timer = nil
		n.running.Done()
	}
	n.mu.Unlock()
	n.running.Wait()
}
