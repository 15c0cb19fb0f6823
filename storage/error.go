package storage

import "errors"

var (
	// ErrNotFound is the error for an identity that does not exist.
	ErrNotFound = errors.New("no such identity")
	// ErrConflict says that a unique value belongs to another identity. The error is a
	// [*ConflictError], which has the details.
	ErrConflict = errors.New("taken by another identity")
	// ErrRevision says that a precondition on the revision does not hold: the
	// identity was changed meanwhile.
	ErrRevision = errors.New("the identity has another revision")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("the store is closed")
	// ErrUnavailable says that the store cannot be used now, for a reason that may be
	// temporary: it is locked by another process, full, or cannot be reached. Nothing
	// has changed.
	ErrUnavailable = errors.New("the store is unavailable")
	// ErrInTransaction says that the call is not possible on the store of an
	// application's transaction, because a rollback would undo what must be durable
	// when the call returns. Make the call on the store itself.
	ErrInTransaction = errors.New("not possible within a transaction of the application")
	// ErrOutcomeUnknown says that the store failed while it made a change durable: the
	// change may or may not have happened. Read the identity to find out.
	ErrOutcomeUnknown = errors.New("it is unknown whether the change happened")
)

// ConflictError says which value is taken. It reveals nothing about the other identity.
type ConflictError struct {
	// Kind is what must be unique.
	Kind ClaimKind
	// Type is the credential type of an identifier, or "verifiable_address" or
	// "recovery_address" for an address. It is empty for the other kinds.
	Type string
	// Pointer is the RFC 6901 pointer of the field of the request that clashed, such as
	// "/traits/email". Stores leave it empty, because they do not know the request.
	Pointer string

	// claim is behind a pointer so that no way of printing the error shows its value.
	claim *Claim
}

// NewConflictError returns the error for a claim that another identity holds.
func NewConflictError(claim Claim) *ConflictError {
	return &ConflictError{Kind: claim.Kind, Type: claim.Type, claim: &claim}
}

// Claim returns the claim that is taken, including its Kind and Type.
func (e *ConflictError) Claim() Claim {
	if e.claim == nil {
		return Claim{Kind: e.Kind, Type: e.Type}
	}
	return *e.claim
}

// Error names the kind of the taken value, but not the value, which is personal data.
func (e *ConflictError) Error() string {
	text := "the " + string(e.Kind)
	if e.Type != "" {
		text += " (" + e.Type + ")"
	}
	return text + " is taken by another identity"
}

// Is makes errors.Is(e, [ErrConflict]) true.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }
