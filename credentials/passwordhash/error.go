package passwordhash

import (
	"errors"

	"github.com/idemkit/idem/violation"
)

var (
	// ErrMismatch is returned when the password is not the one that was hashed.
	ErrMismatch = errors.New("the password does not match")
	// ErrPasswordTooLong is returned when the password is longer than any password that the hash can belong to. It
	// wraps [ErrMismatch], so a caller that only needs to know whether the password matches can ignore it.
	ErrPasswordTooLong error = &mismatchError{"the password is longer than the hash allows"}
)

// mismatchError is a particular way not to match.
type mismatchError struct{ text string }

func (e *mismatchError) Error() string { return e.text }
func (e *mismatchError) Unwrap() error { return ErrMismatch }

// refuseHash returns the error of a hash that cannot be used. format is "" if it was not recognised. reason holds no
// part of the hash.
func refuseHash(format Format, reason string) error {
	text := "password hash: " + reason
	if format != "" {
		text = "password hash (" + string(format) + "): " + reason
	}
	return violation.New("", "", text)
}

// refusePassword returns the error of a password that cannot be hashed. reason does not hold the password.
func refusePassword(reason string) error { return violation.New("", "", reason) }
