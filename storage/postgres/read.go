package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/claimtype"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/indexing"
)

// reader holds the reads of [storage.Storage], which are the same in a pool and in a
// transaction of the application.
type reader struct {
	session
	statements *statements
	// begin comes before each read and may refuse it; end comes after it and has the
	// last word on its error.
	begin    func(ctx context.Context) error
	end      func(ctx context.Context, err error) error
	portable bool // see WithPortableSQL
	// inTransaction says that the session is a transaction, in which nothing that has failed
	// can be repeated.
	inTransaction bool

	declarations *indexing.Cache
	// complete adds identities that are missing in indexes up to a number, which few are. It
	// is nil in a transaction of the application.
	complete func(ctx context.Context, number int64) error
}

// errNoRow says that a query for one row returned none.
var errNoRow = errors.New("postgres: no row")

// errMoved says that an identity is no longer what a write was prepared from.
var errMoved = errors.New("postgres: the identity has moved on")

// read is what all reads have in common: query is repeated if the connection is lost, and
// must then begin from the beginning.
func read[T any](ctx context.Context, r reader, query func(ctx context.Context) (T, error)) (result T, err error) {
	if err := r.begin(ctx); err != nil {
		return result, err
	}
	err = r.retryRead(ctx, func(ctx context.Context) (err error) {
		result, err = query(ctx)
		return err
	})
	if err != nil {
		var none T
		result = none
	}
	return result, r.end(ctx, err)
}

const (
	readAttempts   = 5  // of a read whose connection was lost
	repeatAttempts = 20 // of a transaction that lost to others
)

// retryRead runs query until it has an answer, and returns what a caller is told.
func (r reader) retryRead(ctx context.Context, query func(ctx context.Context) error) error {
	if r.inTransaction {
		return r.translate(query(context.WithoutCancel(ctx)))
	}
	for lost, again := 0, 0; ; {
		err := query(ctx)
		if err == nil || isOurs(err) || ctx.Err() != nil {
			return r.translate(err)
		}
		switch faultOf(err) {
		case faultAgain:
			again++
		case faultLost, faultNotSent:
			lost++
		default:
			return translate(err)
		}
		if again == repeatAttempts || lost == readAttempts {
			return translate(err)
		}
		if err := pause(ctx, lost+again); err != nil {
			return err
		}
	}
}

// isOurs reports whether an error was made by this package rather than by the database.
func isOurs(err error) bool {
	return errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrPosition) || errors.Is(err, storage.ErrUnavailable) ||
		errors.Is(err, storage.ErrInTransaction) || errors.Is(err, errNoRow) || errors.Is(err, errDamaged) || errors.Is(err, errIndex)
}

// translate returns what a caller is told of an error that had no effect.
func (r reader) translate(err error) error {
	switch {
	case isOurs(err):
		return err
	case r.inTransaction && isEnded(err):
		return storage.ErrClosed
	}
	return translate(err)
}

// pause waits before the n-th repetition, for a random time that grows with n.
func pause(ctx context.Context, n int) error {
	most := min(time.Millisecond<<min(n, 10), 200*time.Millisecond)
	timer := time.NewTimer(most/4 + rand.N(most))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stored is an identity as it is stored.
type stored struct {
	identity *identity.Identity
	token    int64
	indexed  int64 // up to which number indexes have its rows
}

// Get implements [storage.Storage].
func (r reader) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	found, err := r.getStored(ctx, id)
	return found.identity, err
}

// getStored is Get with what else the row holds.
func (r reader) getStored(ctx context.Context, id uuid.UUID) (stored, error) {
	return read(ctx, r, func(ctx context.Context) (stored, error) { return getStored(ctx, r.session, r.statements.get, id) })
}

// getStored reads one identity with a statement.
func getStored(ctx context.Context, from session, statement string, id uuid.UUID) (found stored, err error) {
	var (
		revision int64
		raw      []byte
	)
	err = queryOne(ctx, from, statement, []any{id.String()}, &revision, &found.token, &found.indexed, &raw)
	if errors.Is(err, errNoRow) {
		return stored{}, storage.ErrNotFound
	}
	if err != nil {
		return stored{}, err
	}
	if found.identity, err = document.Decode(id, revision, raw); err != nil {
		return stored{}, damaged(err)
	}
	return found, nil
}

// errDamaged marks the error of a document that cannot be read.
var errDamaged = errors.New("postgres: a row of idem is damaged")

func damaged(err error) error { return errors.Join(errDamaged, err) }

// Find implements [storage.Storage].
func (r reader) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	return read(ctx, r, func(ctx context.Context) (found *identity.Identity, err error) {
		t, known := claimtype.Of(claim)
		if !known {
			return nil, storage.ErrNotFound
		}
		err = r.eachIdentity(ctx, document.Decode, func(i *identity.Identity) bool {
			found = i
			return true
		}, r.statements.find, []byte(claim.Value), t)
		if err == nil && found == nil {
			err = storage.ErrNotFound
		}
		return found, err
	})
}

// decode is [document.Decode] or a function that decodes less.
type decode = func(id uuid.UUID, revision int64, document []byte) (*identity.Identity, error)

// eachIdentity calls yield, until it returns false, with the identities of a query for id,
// revision and document.
func (r reader) eachIdentity(ctx context.Context, decode decode, yield func(*identity.Identity) bool, statement string, args ...any) error {
	var (
		id       uuid.UUID
		revision int64
		raw      []byte
	)
	columns := []any{&id, &revision, &raw}
	err := r.query(ctx, statement, args, func(row row) error {
		if err := row.Scan(columns...); err != nil {
			return err
		}
		i, err := decode(id, revision, raw)
		if err != nil {
			return damaged(err)
		}
		if !yield(i) {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
