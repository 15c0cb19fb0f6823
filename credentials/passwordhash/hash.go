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

// Hash is a valid password hash that [Parse] read. It is immutable and safe for concurrent use. It prints as a
// placeholder. The zero Hash matches no password.
type Hash struct {
	parsed *parsedHash // behind a pointer, so that fmt cannot reach into an unexported field
}

// parsedHash keeps its secrets behind pointers of their own. For a verb that is not for pointers, such as %s, fmt
// follows the first pointer that it meets, but no second one.
type parsedHash struct {
	format  Format
	wrapped bool // it stands in a wrapper, such as {bcrypt}
	encoded *string
	verifier
}

// verifier is a parsed hash of one format.
type verifier interface {
	// cost computes what compare takes for a password of that length.
	cost(passwordBytes int) Cost
	// compare returns nil, [ErrMismatch], an error that wraps it, or the error of ctx. The password is not empty.
	compare(ctx context.Context, password []byte) error
}

// FormatName returns the format of h. For a hash in a wrapper it is the format of the inner hash. It is "" for the zero
// Hash.
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

// Cost computes the cost of verifying a password of that length, in bytes, with h. Lengths over [MaxPasswordBytes]
// count as MaxPasswordBytes. The cost is zero for the zero Hash.
func (h Hash) Cost(passwordBytes int) Cost {
	if h.parsed == nil {
		return Cost{}
	}
	return h.parsed.cost(max(1, min(passwordBytes, MaxPasswordBytes)))
}

// Format implements [fmt.Formatter] with a placeholder that names the format.
func (h Hash) Format(f fmt.State, _ rune) { fmt.Fprint(f, h.placeholder()) }

// LogValue implements [slog.LogValuer] with a placeholder that names the format.
func (h Hash) LogValue() slog.Value { return slog.StringValue(h.placeholder()) }

func (h Hash) placeholder() string { return "[password hash " + string(h.FormatName()) + "]" }

// Parse reads an encoded hash in one of [Formats] whose verification costs no more than [DefaultBound]. It reads all
// of it: a hash that Parse accepts matches the password that it was made from.
//
// The error is a [*violation.Error] with the pointer "". It names the wrong part and holds no part of the hash's text.
func Parse(encoded string) (Hash, error) { return ParseWithin(encoded, Cost{}) }

// ParseWithin is [Parse] with another bound on the cost. The cost is computed for a password of 128 bytes.
func ParseWithin(encoded string, bound Cost) (Hash, error) {
	hash, err := ParseStored(encoded)
	if err != nil {
		return Hash{}, err
	}
	if hash.Exceeds(bound) {
		return Hash{}, refuseHash(hash.FormatName(), fmt.Sprintf("%s cost too much: verifying takes about %s, and the limit is %s",
			hash.parsed.dear(), hash.Cost(boundPasswordBytes), bound.orDefault()))
	}
	return hash, nil
}

// Exceeds reports whether h costs more than [ParseWithin] accepts with that bound.
func (h Hash) Exceeds(bound Cost) bool { return h.Cost(boundPasswordBytes).Exceeds(bound.orDefault()) }

// ParseStored is [Parse] without a bound on the cost. It is for hashes that [ParseWithin] accepted earlier: lowering
// the bound must not lock people out. [Limiter.Verify] verifies hashes that are over the bound one at a time.
func ParseStored(encoded string) (Hash, error) {
	if len(encoded) > MaxHashBytes {
		return Hash{}, refuseHash("", "longer than 4 KiB")
	}
	if strings.ContainsFunc(encoded, func(c rune) bool { return c < ' ' || c > '~' }) {
		// Only characters that no database alters. This includes line breaks, which the base64 of the standard
		// library skips even when it is strict.
		return Hash{}, refuseHash("", "has a character that is not printable ASCII")
	}
	format, parsed, wrapped, err := read(encoded)
	if err != nil {
		return Hash{}, refuseHash(format, err.Error())
	}
	return Hash{&parsedHash{format: format, wrapped: wrapped, encoded: &encoded, verifier: parsed}}, nil
}

// dear names the parameters that make a hash cost what it costs.
func (h *parsedHash) dear() string {
	v := h.verifier
	if t, ok := v.(*transformed); ok {
		v = t.verifier
	}
	switch v.(type) {
	case *argon2Hash:
		return "its memory (m) and passes (t)"
	case *bcryptHash:
		return "its rounds (the cost field)"
	case *pbkdf2Hash:
		return "its iterations and key length"
	case *scryptHash, *firebaseHash, *yescryptHash:
		return "its memory and rounds (ln, r, p)"
	}
	return "its rounds"
}

// Verify compares a password with a hash. Its running time depends neither on where they differ nor on the content of
// the password: a password that can never match is hashed and compared too. It takes from microseconds to seconds;
// [Hash.Cost] returns an estimate. It checks ctx before the start. After that, argon2 and scrypt cannot be interrupted;
// the other formats check ctx while they run. Use [Limiter.Verify] if more than one goroutine verifies.
//
// Errors: [ErrMismatch]; [ErrPasswordTooLong], which is an ErrMismatch too, for a password over [MaxPasswordBytes] or
// over the 72 bytes of bcrypt; the error of ctx. An empty password never matches.
func Verify(ctx context.Context, hash Hash, password []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if hash.parsed == nil {
		return ErrMismatch
	}
	var refused error
	switch {
	case len(password) == 0:
		refused, password = ErrMismatch, []byte{0}
	case len(password) > MaxPasswordBytes:
		refused, password = ErrPasswordTooLong, password[:MaxPasswordBytes]
	}
	err := hash.parsed.compare(ctx, password)
	if refused != nil && ctx.Err() == nil {
		return refused
	}
	return err
}

// match compares what was computed with what is stored, in constant time.
func match(computed, stored []byte) error {
	if subtle.ConstantTimeCompare(computed, stored) != 1 {
		return ErrMismatch
	}
	return nil
}

// enough looks at ctx in a loop, once in 1,024 rounds.
func enough(ctx context.Context, round int) error {
	if round&1023 != 0 {
		return nil
	}
	return ctx.Err()
}
