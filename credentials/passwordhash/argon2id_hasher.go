package passwordhash

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/crypto/argon2"
)

// Argon2 is the cost of an argon2id hash (RFC 9106). A field that is zero takes its default. The defaults are the
// recommendation of the OWASP Password Storage Cheat Sheet. Safe to copy.
type Argon2 struct {
	MemoryKiB  uint32 // 8 to 1,048,576, and at least 8 for each lane; default 19456, that is 19 MiB
	Passes     uint32 // 1 to 10; default 2
	Lanes      uint8  // 1 to 16; default 1
	SaltLength uint32 // bytes, 8 to 64; default 16
	KeyLength  uint32 // bytes, 16 to 64; default 32
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

// check names the first field that is out of its range.
func (a Argon2) check() error {
	for _, field := range []struct {
		name               string
		value, least, most uint32
	}{
		{"MemoryKiB", a.MemoryKiB, 8, 1 << 20},
		{"Passes", a.Passes, 1, 10},
		{"Lanes", uint32(a.Lanes), 1, 16},
		{"SaltLength", a.SaltLength, 8, 64},
		{"KeyLength", a.KeyLength, minKeyBytes, 64},
	} {
		if field.value < field.least || field.value > field.most {
			return fmt.Errorf("argon2id: %s must be %d to %d, not %d", field.name, field.least, field.most, field.value)
		}
	}
	if least := 8 * uint32(a.Lanes); a.MemoryKiB < least {
		return fmt.Errorf("argon2id: MemoryKiB must be at least %d for %d lanes, not %d", least, a.Lanes, a.MemoryKiB)
	}
	return nil
}

// Argon2idOption changes how [NewArgon2id] builds its Hasher.
type Argon2idOption struct{ apply func(*argon2idHasher) error }

// WithRandom sets where salts are read from. The default is crypto/rand. It is for tests that need the same hash every
// time. Reads are serialized. A nil random makes [NewArgon2id] fail.
func WithRandom(random io.Reader) Argon2idOption {
	return Argon2idOption{func(h *argon2idHasher) error {
		if random == nil {
			return errors.New("argon2id: WithRandom: the reader is nil")
		}
		h.random = random
		return nil
	}}
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
	if err := cost.check(); err != nil {
		return nil, err
	}
	h := &argon2idHasher{cost: cost, random: rand.Reader}
	for _, option := range options {
		if option.apply == nil {
			return nil, errors.New("argon2id: an option is the zero Argon2idOption")
		}
		if err := option.apply(h); err != nil {
			return nil, err
		}
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

// NeedsRehash ignores lanes: they change how long a hash takes, not what it costs to guess.
func (h *argon2idHasher) NeedsRehash(hash Hash) bool {
	if hash.FormatName() != FormatArgon2id || hash.parsed.wrapped {
		return true
	}
	stored := hash.parsed.verifier.(*argon2Hash)
	return stored.memoryKiB < int(h.cost.MemoryKiB) || stored.passes < int(h.cost.Passes) ||
		len(stored.salt) < int(h.cost.SaltLength) || len(stored.key) < int(h.cost.KeyLength)
}
