package credentials

import "errors"

var (
	// ErrUnknownType is returned when there is no credential type of that name.
	ErrUnknownType = errors.New("unknown credential type")
	// ErrNoCredential is returned when the identity has no such credential, or the credential has no such identifier.
	ErrNoCredential = errors.New("no such credential")
	// ErrNotRemovable is returned when credentials of this type cannot be removed.
	ErrNotRemovable = errors.New("credentials of this type cannot be removed")
	// ErrIdentifierRequired is returned when one credential of several is to be removed, and the identifier that
	// selects it is missing.
	ErrIdentifierRequired = errors.New("the identifier of the credential to remove is missing")
	// ErrLastFirstFactor is returned when the owner could not sign in any more without this credential.
	ErrLastFirstFactor = errors.New("the last first factor cannot be removed")
)
