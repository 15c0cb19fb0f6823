package credentials

import "errors"

var (
	// ErrUnknownType is returned when no credential type has that name.
	ErrUnknownType = errors.New("unknown credential type")
	// ErrNoCredential is returned when the identity has no such credential, or the credential has no such identifier.
	ErrNoCredential = errors.New("no such credential")
	// ErrNotRemovable is returned when credentials of this type cannot be removed.
	ErrNotRemovable = errors.New("credentials of this type cannot be removed")
	// ErrIdentifierRequired is returned when the call must select one credential of several, and the identifier is
	// missing.
	ErrIdentifierRequired = errors.New("the identifier of the credential to remove is missing")
	// ErrLastFirstFactor is returned when the owner could no longer sign in without this credential.
	ErrLastFirstFactor = errors.New("the last first factor cannot be removed")
)
