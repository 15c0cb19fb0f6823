package passwordhash

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/crypto/bcrypt"
)

// DefaultBcryptCost is the cost of new bcrypt hashes: 2^12 rounds, which take about 0.25 seconds.
const DefaultBcryptCost = 12

type bcryptHasher struct{ cost int }

// NewBcrypt returns a Hasher that makes bcrypt hashes of 2^cost rounds. cost is 4 to 15, or 0 for [DefaultBcryptCost]. The
// Hasher refuses passwords over 72 bytes and passwords with NUL characters: bcrypt would ignore the rest. Salts come from
// crypto/rand. The error says that cost is out of range.
func NewBcrypt(cost int) (Hasher, error) {
	if cost == 0 {
		cost = DefaultBcryptCost
	}
	if cost < minBcryptCost || cost > maxNewBcryptCost {
		return nil, fmt.Errorf("bcrypt: the cost must be %d to %d", minBcryptCost, maxNewBcryptCost)
	}
	return &bcryptHasher{cost: cost}, nil
}

func (h *bcryptHasher) Hash(ctx context.Context, password []byte) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	switch {
	case len(password) > maxBcryptPassword:
		return "", refusePassword("must be at most 72 bytes long")
	case bytes.IndexByte(password, 0) >= 0:
		return "", refusePassword("must not hold NUL characters")
	}
	encoded, err := bcrypt.GenerateFromPassword(password, h.cost)
	if err != nil {
		return "", fmt.Errorf("bcrypt: %w", err)
	}
	return string(encoded), nil
}

func (h *bcryptHasher) NeedsRehash(hash Hash) bool {
	if hash.FormatName() != FormatBcrypt || hash.parsed.wrapped {
		return true
	}
	return hash.parsed.verifier.(*bcryptHash).logRounds < h.cost
}
