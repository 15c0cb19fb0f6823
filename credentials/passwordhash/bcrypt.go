package passwordhash

import (
	"bytes"
	"context"
	"encoding/base64"
	"math"
	"strings"

	"golang.org/x/crypto/blowfish" //lint:ignore SA1019 bcrypt is made of it
)

// The bounds of bcrypt.
const (
	minBcryptCost = 4
	maxBcryptCost = 31
	// maxNewBcryptCost is the highest cost of a hash that [NewBcrypt] makes: 2 seconds.
	maxNewBcryptCost = 15
	// maxBcryptPassword is how much of a password bcrypt reads, in bytes. A longer one does not match: otherwise its
	// beginning would be enough to sign in.
	maxBcryptPassword = 72
)

// bcryptHash is a bcrypt hash. Its minor versions are different names for one algorithm, each of an implementation
// that once had a fault of its own.
type bcryptHash struct {
	logRounds int
	salt, key []byte
}

var bcryptEncoding = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

// parseBcrypt reads $2a$<cost, two digits>$<salt, 22 characters><key, 31 characters>.
func parseBcrypt(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 2)
	if err != nil {
		return nil, err
	}
	if len(fields[0]) != 2 {
		return nil, fault("its cost is not two digits")
	}
	logRounds, err := parseNumber("cost", strings.TrimPrefix(fields[0], "0"), minBcryptCost, maxBcryptCost)
	if err != nil {
		return nil, err
	}
	const saltLength, keyLength = 22, 31
	if len(fields[1]) != saltLength+keyLength {
		return nil, faultf("its salt and key are not %d characters", saltLength+keyLength)
	}
	h := &bcryptHash{logRounds: logRounds}
	// The last character of a salt carries bits that are not used, and some implementations set them. No
	// implementation sets such bits in a key.
	if h.salt, err = bcryptEncoding.DecodeString(fields[1][:saltLength]); err != nil {
		return nil, fault("its salt is not valid base64")
	}
	if h.key, err = bcryptEncoding.Strict().DecodeString(fields[1][saltLength:]); err != nil {
		return nil, fault("its key is not valid base64")
	}
	return h, nil
}

func (h *bcryptHash) cost(int) Cost { return costOf(math.Ldexp(bcryptRound, h.logRounds), 0) }

func (h *bcryptHash) compare(ctx context.Context, password []byte) error {
	tooLong := len(password) > maxBcryptPassword
	if tooLong {
		// Computed all the same: a quick answer would tell that the account exists.
		password = password[:maxBcryptPassword]
	}
	computed, err := bcryptKey(ctx, password, h.salt, h.logRounds)
	switch {
	case err != nil:
		return err
	case tooLong:
		return ErrPasswordTooLong
	case bytes.IndexByte(password, 0) >= 0:
		// bcrypt ends a password at its first NUL, so "a", "a\x00a" and so on have one hash: only a password
		// without any is compared.
		return ErrMismatch
	}
	return match(computed, h.key)
}

// bcryptKey is the function of bcrypt (Provos and Mazières, "A Future-Adaptable Password Scheme", section 3). It is
// here because that of golang.org/x/crypto/bcrypt, which it is tested against, cannot be interrupted.
func bcryptKey(ctx context.Context, password, salt []byte, logRounds int) ([]byte, error) {
	key := append(bytes.Clone(password), 0)
	defer clear(key)
	cipher, err := blowfish.NewSaltedCipher(key, salt)
	if err != nil {
		return nil, err
	}
	for round := range uint64(1) << logRounds {
		if round%16 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		blowfish.ExpandKey(key, cipher)
		blowfish.ExpandKey(salt, cipher)
	}
	text := []byte("OrpheanBeholderScryDoubt")
	for block := 0; block < len(text); block += blowfish.BlockSize {
		for range 64 {
			cipher.Encrypt(text[block:], text[block:])
		}
	}
	return text[:23], nil // the last byte is left out, as it always was
}
