package passwordhash

import (
	"context"
	"unicode/utf8"
)

// MaxPasswordBytes bounds a password, in bytes.
const MaxPasswordBytes = 1024

// Hasher makes the hashes of new passwords. Implementations are safe for concurrent use. [NewArgon2id] and [NewBcrypt]
// return one.
type Hasher interface {
	// Hash returns the encoded hash of a password, in a format that [Parse] reads. It neither keeps nor changes
	// password.
	//
	// Errors: a *violation.Error for a password that it cannot hash; the error of ctx, which is checked before the
	// start.
	Hash(ctx context.Context, password []byte) (string, error)
	// NeedsRehash reports whether h has another format than this Hasher's, or is weaker in any parameter.
	NeedsRehash(h Hash) bool
}

// CheckPassword returns an error for a password that no Hasher of this package accepts: an empty one, one over
// [MaxPasswordBytes], or one that is not UTF-8. The error is a *violation.Error with the pointer "".
func CheckPassword(password []byte) error {
	switch {
	case len(password) == 0:
		return refusePassword("must not be empty")
	case len(password) > MaxPasswordBytes:
		return refusePassword("must be at most 1,024 bytes long")
	case !utf8.Valid(password):
		return refusePassword("must be valid UTF-8")
	}
	return nil
}
