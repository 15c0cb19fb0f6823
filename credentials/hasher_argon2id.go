package credentials

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-playground/validator/v10"
	"golang.org/x/crypto/argon2"
)

// Argon2 is the cost of an argon2id hash (RFC 9106). A field left at zero takes its
// default; the defaults are the recommendation of the OWASP Password Storage Cheat
// Sheet.
type Argon2 struct {
	MemoryKiB  uint32 `validate:"min=8,max=1048576"` // default 19456, that is 19 MiB; 8 for each lane at least
	Passes     uint32 `validate:"min=1,max=10"`      // default 2
	Lanes      uint8  `validate:"min=1,max=16"`      // default 1
	SaltLength uint32 `validate:"min=8,max=64"`      // bytes; default 16
	KeyLength  uint32 `validate:"min=16,max=64"`     // bytes; default 32
}

func (a Argon2) withDefaults() Argon2 {
	return Argon2{
		MemoryKiB: orDefault(a.MemoryKiB, 19456), Passes: orDefault(a.Passes, 2), Lanes: orDefault(a.Lanes, 1),
		SaltLength: orDefault(a.SaltLength, 16), KeyLength: orDefault(a.KeyLength, 32),
	}
}

func orDefault[T uint8 | uint32](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

// Argon2idOption changes how [NewArgon2id] builds its Hasher.
type Argon2idOption func(*argon2idHasher)

// WithRandom has salts read from random instead of crypto/rand, for tests that
// need the same hash every time. Reads are serialized.
func WithRandom(random io.Reader) Argon2idOption {
	return func(h *argon2idHasher) { h.random = random }
}

type argon2idHasher struct {
	cost   Argon2
	mu     sync.Mutex // guards random
	random io.Reader
}

// NewArgon2id returns a Hasher that makes argon2id hashes at the given cost. The
// error names the parameter that is out of its range.
func NewArgon2id(cost Argon2, options ...Argon2idOption) (Hasher, error) {
	cost = cost.withDefaults()
	err := validator.New(validator.WithRequiredStructEnabled()).Struct(cost)
	if invalid, ok := errors.AsType[validator.ValidationErrors](err); ok {
		first := invalid[0]
		return nil, fmt.Errorf("argon2id: %s is beyond its %s of %s", first.Field(), first.Tag(), first.Param())
	}
	if cost.MemoryKiB < 8*uint32(cost.Lanes) {
		return nil, fmt.Errorf("argon2id: MemoryKiB must be 8 for each of %d lanes at least", cost.Lanes)
	}
	h := &argon2idHasher{cost: cost, random: rand.Reader}
	for _, option := range options {
		option(h)
	}
	return h, nil
}

func (h *argon2idHasher) Hash(ctx context.Context, password []byte) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	salt, err := h.salt()
	if err != nil {
		return "", err
	}
	key := argon2.IDKey(password, salt, h.cost.Passes, h.cost.MemoryKiB, h.cost.Lanes, h.cost.KeyLength)
	encoding := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.cost.MemoryKiB, h.cost.Passes, h.cost.Lanes, encoding.EncodeToString(salt), encoding.EncodeToString(key)), nil
}

func (h *argon2idHasher) salt() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	salt := make([]byte, h.cost.SaltLength)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return nil, fmt.Errorf("argon2id: reading a salt: %w", err)
	}
	return salt, nil
}

// NeedsRehash leaves lanes out: they change how long a hash takes, not what it costs
// to guess.
func (h *argon2idHasher) NeedsRehash(hash Hash) bool {
	if hash.Family() != FamilyArgon2id {
		return true
	}
	stored := hash.parsed.format.(*argon2Hash)
	return stored.memoryKiB < int(h.cost.MemoryKiB) || stored.passes < int(h.cost.Passes) ||
		len(stored.salt) < int(h.cost.SaltLength) || len(stored.key) < int(h.cost.KeyLength)
}
