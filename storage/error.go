package storage

import "errors"

var (
	// ErrNotFound says that there is no such identity.
	ErrNotFound = errors.New("no such identity")
	// ErrConflict says that something which must be unique belongs to another
	// identity. It comes as a [*ConflictError] with the particulars.
	ErrConflict = errors.New("taken by another identity")
	// ErrRevision says that a precondition on the revision does not hold: the
	// identity was changed meanwhile.
	ErrRevision = errors.New("the identity has another revision")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("the store is closed")
	// ErrUnavailable says that the store cannot do its work now, for a reason that
	// may pass: it is locked by another process, full, or out of reach. Nothing
	// has changed.
	ErrUnavailable = errors.New("the store is unavailable")
	// ErrInTransaction says that the call cannot be made on the store of an
	// application's transaction: a rollback would undo what must be durable when the
	// call returns. Make it on the store itself.
	ErrInTransaction = errors.New("not possible within a transaction of the application")
	// ErrOutcomeUnknown says that the store failed while it made a change durable:
	// the change may have happened, or not. Read to find out.
	ErrOutcomeUnknown = errors.New("it is unknown whether the change happened")
)

// ConflictError says what clashed. It tells nothing of the other identity.
type ConflictError struct {
	// Kind is what must be unique.
	Kind ClaimKind
	// Type is, for an identifier, the credential type and, for an address,
	// "verifiable_address" or "recovery_address". Otherwise it is empty.
	Type string
	// Pointer is the RFC 6901 pointer of the field of the request that clashed,
	// such as "/traits/email". Stores leave it empty: they do not know.
	Pointer string

	// claim is behind a pointer so that no way of printing the error shows its value.
	claim *Claim
}

// NewConflictError returns the error for a claim that another identity holds.
func NewConflictError(claim Claim) *ConflictError {
	return &ConflictError{Kind: claim.Kind, Type: claim.Type, claim: &claim}
}

// Claim returns what was claimed, of which Kind and Type are a part.
func (e *ConflictError) Claim() Claim {
	if e.claim == nil {
		return Claim{Kind: e.Kind, Type: e.Type}
	}
	return *e.claim
}

// Error names what clashed without its value, which is personal data.
func (e *ConflictError) Error() string {
	text := "the " + string(e.Kind)
	if e.Type != "" {
		text += " (" + e.Type + ")"
	}
	return text + " is taken by another identity"
}

// Is makes errors.Is(e, [ErrConflict]) true.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }
