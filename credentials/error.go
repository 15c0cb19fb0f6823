package credentials

import "errors"

var (
	// ErrUnknownType says that there is no credential type of that name.
	ErrUnknownType = errors.New("unknown credential type")
	// ErrNoCredential says that the identity has no such credential, or that the
	// credential has no such identifier.
	ErrNoCredential = errors.New("no such credential")
	// ErrNotRemovable says that credentials of this type cannot be removed.
	ErrNotRemovable = errors.New("credentials of this type cannot be removed")
	// ErrIdentifierRequired says that one credential of several is to be removed
	// and the identifier that tells which is missing.
	ErrIdentifierRequired = errors.New("the identifier of the credential to remove is missing")
	// ErrLastFirstFactor says that without this credential its owner could not
	// sign in any more.
	ErrLastFirstFactor = errors.New("the last first factor cannot be removed")

	// ErrMismatch says that the password is not the one that was hashed.
	ErrMismatch = errors.New("the password does not match")
	// ErrPasswordTooLong says that the password is longer than any that the hash
	// can be of. It wraps [ErrMismatch]: whoever only asks whether the password
	// matches need not know it.
	ErrPasswordTooLong error = &mismatchError{"the password is longer than the hash allows"}
)

// mismatchError is a particular way not to match.
type mismatchError struct{ text string }

func (e *mismatchError) Error() string { return e.text }
func (e *mismatchError) Unwrap() error { return ErrMismatch }

// InvalidError says which field of an [Import] is wrong, and why.
type InvalidError struct {
	// Field is the RFC 6901 pointer of the field in its wire form, relative to
	// the object of credentials: "/oidc/config/providers/0/subject".
	Field string
	// Reason is for a person. It holds no secret.
	Reason string
}

// Error names the field and the reason.
func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }

// PasswordError says why a password cannot be hashed.
type PasswordError struct {
	// Reason is for a person. It does not hold the password.
	Reason string
}

// Error names the reason.
func (e *PasswordError) Error() string { return "the password " + e.Reason }

// HashError says why a password hash is refused.
type HashError struct {
	// Family is the format that the hash was recognised as. Empty means that it
	// was not recognised.
	Family Family
	// Reason says which part is wrong, for a person. It holds no part of the hash.
	Reason string
}

// Error names the format and the reason.
func (e *HashError) Error() string {
	if e.Family == "" {
		return "password hash: " + e.Reason
	}
	return "password hash (" + string(e.Family) + "): " + e.Reason
}
