package idem

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// Kind classifies an error, so that a program can act on it.
type Kind int

const (
	// KindInternal is a fault of idem, its store or its configuration. The text of
	// such an error is for logs alone.
	KindInternal Kind = iota
	// KindInvalid is an invalid input; a retry with the same input fails again. The
	// cause holds a [*violation.Error] with everything that is wrong, or is the error
	// of package credentials that says why a credential cannot be removed.
	KindInvalid
	// KindNotFound is an identity that does not exist ([storage.ErrNotFound]), a
	// credential that it does not have ([credentials.ErrNoCredential]), or an address
	// that it does not have ([ErrNoAddress]).
	KindNotFound
	// KindConflict is a unique value that belongs to another identity
	// ([*storage.ConflictError]), or a patch whose test failed ([ErrTestFailed]).
	KindConflict
	// KindPrecondition is a precondition that does not hold: [*PreconditionError], or
	// [storage.ErrRevision].
	KindPrecondition
	// KindDenied is a sign-in that is refused: [ErrWrongPassword], [ErrInactive].
	KindDenied
	// KindVetoed is a change that the application's hook refused: [*VetoError].
	KindVetoed
	// KindGone is a position in the change feed at which reading cannot resume:
	// [storage.ErrPosition].
	KindGone
	// KindUnavailable is a store that cannot be used now: [storage.ErrUnavailable],
	// [storage.ErrClosed].
	KindUnavailable
	// KindCanceled is a call whose context was canceled or has expired: the context's error.
	KindCanceled
)

// String returns the kind's name, such as "not found".
func (k Kind) String() string {
	switch k {
	case KindInvalid:
		return "invalid"
	case KindNotFound:
		return "not found"
	case KindConflict:
		return "conflict"
	case KindPrecondition:
		return "precondition failed"
	case KindDenied:
		return "denied"
	case KindVetoed:
		return "vetoed"
	case KindGone:
		return "gone"
	case KindUnavailable:
		return "unavailable"
	case KindCanceled:
		return "canceled"
	}
	return "internal"
}

// Error is the error type of every method of [Manager]. It wraps the cause, so that
// errors.Is and errors.As find it.
type Error struct {
	// Op is the name of the operation, such as "update identity".
	Op string
	// ID is the id of the identity that the operation was called for. It is the nil
	// UUID if there is none.
	ID string
	// Kind classifies the error.
	Kind Kind
	// Err is the cause.
	Err error
}

// Error names the operation, the identity and the cause. It holds no secret. The text
// of a KindInternal error may hold details that only an operator should read.
func (e *Error) Error() string {
	text := e.Op
	if e.ID != "" {
		text += " " + e.ID
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// wrap returns err as the error of an operation on id. A nil id is left out.
func wrap(op string, id uuid.UUID, err error) *Error {
	e := &Error{Op: op, Kind: kindOf(err), Err: err}
	if id != uuid.Nil {
		e.ID = id.String()
	}
	return e
}

// KindOf returns the kind of err, which must not be nil. For an [*Error] that is its
// Kind. For any other error it is the kind that an [*Error] with this cause would have,
// so KindOf classifies the errors of a store too.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return kindOf(err)
}

// kindOf is the one place that turns a cause into a kind.
func kindOf(err error) Kind {
	var (
		invalid   *violation.Error
		veto      *VetoError
		failed    *hookError
		condition *PreconditionError
	)
	switch {
	// What the application's own functions return comes first, whatever it wraps.
	case errors.As(err, &failed):
		return KindInternal
	case errors.As(err, &veto):
		return KindVetoed
	case errors.As(err, &condition):
		return KindPrecondition
	case errors.Is(err, storage.ErrOutcomeUnknown):
		return KindInternal
	case errors.As(err, &invalid),
		errors.Is(err, credentials.ErrLastFirstFactor), errors.Is(err, credentials.ErrNotRemovable), errors.Is(err, credentials.ErrIdentifierRequired):
		return KindInvalid
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, credentials.ErrNoCredential), errors.Is(err, ErrNoAddress):
		return KindNotFound
	case errors.Is(err, storage.ErrConflict), errors.Is(err, ErrTestFailed):
		return KindConflict
	case errors.Is(err, storage.ErrPosition):
		return KindGone
	case errors.Is(err, storage.ErrRevision):
		return KindPrecondition
	case errors.Is(err, ErrWrongPassword), errors.Is(err, ErrInactive):
		return KindDenied
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, storage.ErrClosed):
		return KindUnavailable
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return KindCanceled
	}
	return KindInternal
}
