package credentials

import (
	"context"
	"crypto/subtle"
	"strings"
)

// MaxHashLength bounds an encoded hash, in bytes.
const MaxHashLength = 4 << 10

// Hash is a password hash that [ParseHash] has read and found usable. It is
// immutable and safe for concurrent use. It prints as a placeholder. The zero Hash
// matches no password.
type Hash struct {
	parsed *parsedHash // behind a pointer, so that fmt cannot reach into an unexported field
}

// parsedHash has its secrets behind pointers of their own: for a verb that is not for
// pointers, such as %s, fmt follows the first one that it meets, but no second.
type parsedHash struct {
	family  Family
	encoded *string
	format
}

// format is a parsed hash of one format.
type format interface {
	// compare returns nil, [ErrMismatch] or an error that wraps it.
	compare(password []byte) error
}

// Family returns the format of h, "" for the zero Hash.
func (h Hash) Family() Family {
	if h.parsed == nil {
		return ""
	}
	return h.parsed.family
}

// Encoded returns the text that h was read from, which is as secret as the password
// is guessable.
func (h Hash) Encoded() string {
	if h.parsed == nil {
		return ""
	}
	return *h.parsed.encoded
}

// ParseHash reads an encoded hash whole: a result is one that can be verified, at a
// bounded cost. What the formats are is told by the [Family] constants.
//
// The error is a [*HashError], which says what part is wrong and holds nothing of
// the hash.
func ParseHash(encoded string) (Hash, error) {
	if len(encoded) > MaxHashLength {
		return Hash{}, &HashError{Reason: "longer than 4 KiB"}
	}
	family, parse := recognise(encoded)
	if parse == nil {
		return Hash{}, &HashError{Reason: "not in a known format"}
	}
	if strings.ContainsFunc(encoded, func(c rune) bool { return c < ' ' || c > '~' }) {
		// What no database would alter. It covers line breaks, which the base64 of
		// the standard library skips even when it is strict.
		return Hash{}, &HashError{Family: family, Reason: "has a character that is not printable ASCII"}
	}
	parsed, err := parse(encoded)
	if err != nil {
		return Hash{}, &HashError{Family: family, Reason: err.Error()}
	}
	return Hash{&parsedHash{family: family, encoded: &encoded, format: parsed}}, nil
}

// Verify compares a password with a hash, in a time that does not depend on where
// they differ. It takes from microseconds to some seconds, as the hash demands, and
// cannot be interrupted: ctx is looked at before the start. Wrap it in a [Limiter].
//
// Errors: [ErrMismatch]; [ErrPasswordTooLong], which is an ErrMismatch too, for a
// password over [MaxPasswordLength] or over the 72 bytes of bcrypt; the error of ctx.
// An empty password never matches.
func Verify(ctx context.Context, hash Hash, password []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch {
	case hash.parsed == nil || len(password) == 0:
		return ErrMismatch
	case len(password) > MaxPasswordLength:
		return ErrPasswordTooLong
	}
	return hash.parsed.compare(password)
}

// match compares what was computed with what is stored, in constant time.
func match(computed, stored []byte) error {
	if subtle.ConstantTimeCompare(computed, stored) != 1 {
		return ErrMismatch
	}
	return nil
}
