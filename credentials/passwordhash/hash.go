package passwordhash

import (
	"context"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"strings"
)

// MaxHashBytes bounds an encoded hash, in bytes.
const MaxHashBytes = 4 << 10

// Hash is a password hash that [Parse] has read and found usable. It is immutable and safe for concurrent use. It
// prints as a placeholder. The zero Hash matches no password.
type Hash struct {
	parsed *parsedHash // behind a pointer, so that fmt cannot reach into an unexported field
}

// parsedHash keeps its secrets behind pointers of their own. For a verb that is not for pointers, such as %s, fmt
// follows the first pointer that it meets, but no second one.
type parsedHash struct {
	format  Format
	encoded *string
	verifier
}

// verifier is a parsed hash of one format.
type verifier interface {
	// compare returns nil, [ErrMismatch] or an error that wraps it.
	compare(password []byte) error
}

// FormatName returns the format of h. It is "" for the zero Hash.
func (h Hash) FormatName() Format {
	if h.parsed == nil {
		return ""
	}
	return h.parsed.format
}

// Encoded returns the text that h was read from. It must be kept as secret as the password: a weak password can be
// guessed from it.
func (h Hash) Encoded() string {
	if h.parsed == nil {
		return ""
	}
	return *h.parsed.encoded
}

// Format implements [fmt.Formatter] with a placeholder that names the format.
func (h Hash) Format(f fmt.State, _ rune) { fmt.Fprint(f, h.placeholder()) }

// LogValue implements [slog.LogValuer] with a placeholder that names the format.
func (h Hash) LogValue() slog.Value { return slog.StringValue(h.placeholder()) }

func (h Hash) placeholder() string { return "[password hash " + string(h.FormatName()) + "]" }

// Parse reads an encoded hash in one of [Formats]. It reads all of it: a hash that Parse accepts can be verified, at a
// bounded cost.
//
// The error is a [*violation.Error] with the pointer "". It names the part that is wrong and holds nothing of the hash.
func Parse(encoded string) (Hash, error) {
	if len(encoded) > MaxHashBytes {
		return Hash{}, refuseHash("", "longer than 4 KiB")
	}
	format, parse := recognise(encoded)
	if parse == nil {
		return Hash{}, refuseHash("", "not in a known format")
	}
	if strings.ContainsFunc(encoded, func(c rune) bool { return c < ' ' || c > '~' }) {
		// Only characters that no database alters. This includes line breaks, which the base64 of the standard
		// library skips even when it is strict.
		return Hash{}, refuseHash(format, "has a character that is not printable ASCII")
	}
	parsed, err := parse(encoded)
	if err != nil {
		return Hash{}, refuseHash(format, err.Error())
	}
	return Hash{&parsedHash{format: format, encoded: &encoded, verifier: parsed}}, nil
}

// Verify compares a password with a hash. The time that it takes does not depend on where they differ. It takes from
// microseconds to some seconds, as the hash demands, and cannot be interrupted: ctx is checked before the start. Call
// it within a [Limiter].
//
// Errors: [ErrMismatch]; [ErrPasswordTooLong], which is an ErrMismatch too, for a password over [MaxPasswordBytes] or
// over the 72 bytes of bcrypt; the error of ctx. An empty password never matches.
func Verify(ctx context.Context, hash Hash, password []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch {
	case hash.parsed == nil || len(password) == 0:
		return ErrMismatch
	case len(password) > MaxPasswordBytes:
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
