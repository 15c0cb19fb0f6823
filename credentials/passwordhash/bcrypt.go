package passwordhash

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// The bounds of bcrypt.
const (
	minBcryptCost = 4
	maxBcryptCost = 15
	// maxBcryptPassword is how much of a password bcrypt reads, in bytes. A longer
	// one does not match: to cut it would let in whoever knows the beginning.
	maxBcryptPassword = 72
)

// bcryptHash is a bcrypt hash. Its minor versions are different names for one
// algorithm, each of an implementation that once had a fault of its own.
type bcryptHash struct {
	encoded []byte
	cost    int
}

// parseBcrypt reads $2a$<cost, two digits>$<salt, 22 characters><key, 31 characters>.
func parseBcrypt(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 2)
	if err != nil {
		return nil, err
	}
	if len(fields[0]) != 2 {
		return nil, fault("its cost is not two digits")
	}
	cost, err := parseNumber("cost", strings.TrimPrefix(fields[0], "0"), minBcryptCost, maxBcryptCost)
	if err != nil {
		return nil, err
	}
	const saltLength, keyLength = 22, 31
	if len(fields[1]) != saltLength+keyLength {
		return nil, faultf("its salt and key are not %d characters", saltLength+keyLength)
	}
	// The last character of a salt carries bits that are not used, and some
	// implementations set them. Such bits in a key cannot come from any.
	encoding := base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)
	if _, err := encoding.DecodeString(fields[1][:saltLength]); err != nil {
		return nil, fault("its salt is not valid base64")
	}
	if _, err := decodeBase64("key", fields[1][saltLength:], encoding); err != nil {
		return nil, err
	}
	return &bcryptHash{encoded: []byte(encoded), cost: cost}, nil
}

func (h *bcryptHash) compare(password []byte) error {
	tooLong := len(password) > maxBcryptPassword
	if tooLong {
		// Computed all the same: a quick answer would tell that the account exists.
		password = password[:maxBcryptPassword]
	}
	err := bcrypt.CompareHashAndPassword(h.encoded, password)
	switch {
	case tooLong:
		return ErrPasswordTooLong
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword), bytes.IndexByte(password, 0) >= 0:
		// bcrypt ends a password at its first NUL, so "a", "a\x00a" and so on have
		// one hash: only a password without any is compared.
		return ErrMismatch
	}
	return err
}
