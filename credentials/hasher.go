package credentials

import (
	"context"
	"unicode/utf8"
)

// MaxPasswordLength bounds a password, in bytes.
const MaxPasswordLength = 1024

// Hasher makes the hashes of new passwords. Implementations are safe for concurrent
// use. [NewArgon2id] and [NewBcrypt] return one.
type Hasher interface {
	// Hash returns the encoded hash of a password, in a format that [ParseHash]
	// reads. It neither keeps nor changes password.
	//
	// Errors: a [*PasswordError] for a password that it cannot hash; the error of
	// ctx, which is looked at before the start.
	Hash(ctx context.Context, password []byte) (string, error)
	// NeedsRehash reports whether h is in another format than this Hasher's, or
	// weaker in any parameter.
	NeedsRehash(h Hash) bool
}

// CheckPassword says what no Hasher of this package accepts as a new password:
// nothing at all, more than [MaxPasswordLength], or what is not UTF-8. The error is
// a [*PasswordError].
func CheckPassword(password []byte) error {
	switch {
	case len(password) == 0:
		return &PasswordError{Reason: "must not be empty"}
	case len(password) > MaxPasswordLength:
		return &PasswordError{Reason: "must be at most 1,024 bytes long"}
	case !utf8.Valid(password):
		return &PasswordError{Reason: "must be valid UTF-8"}
	}
	return nil
}
