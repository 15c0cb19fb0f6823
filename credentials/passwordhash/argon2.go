package passwordhash

import (
	"context"

	"golang.org/x/crypto/argon2"
)

// What argon2's parameters may be at most (RFC 9106, section 3.1, has wider ranges). What they may be together is a
// matter of their cost.
const (
	maxArgon2MemoryKiB = 1 << 26 // 64 GiB
	maxArgon2Passes    = 1 << 20
	maxArgon2Lanes     = 255
)

// deriveArgon2 is the function of one variant of argon2.
type deriveArgon2 func(password, salt []byte, passes, memoryKiB uint32, lanes uint8, keyLength uint32) []byte

// argon2Hash is an argon2id or argon2i hash, version 0x13 (RFC 9106).
type argon2Hash struct {
	derive                   deriveArgon2
	memoryKiB, passes, lanes int
	salt, key                []byte
}

func parseArgon2id(encoded string) (verifier, error) { return parseArgon2(encoded, argon2.IDKey) }

func parseArgon2i(encoded string) (verifier, error) { return parseArgon2(encoded, argon2.Key) }

// parseArgon2 reads the layout of the reference implementation.
func parseArgon2(encoded string, derive deriveArgon2) (verifier, error) {
	fields, err := splitFields(encoded, 4)
	if err != nil {
		return nil, err
	}
	if fields[0] != "v=19" {
		return nil, fault("its version is not 19")
	}
	h := &argon2Hash{derive: derive}
	err = parseParameters(fields[1],
		parameter{"m", 1, maxArgon2MemoryKiB, &h.memoryKiB},
		parameter{"t", 1, maxArgon2Passes, &h.passes},
		parameter{"p", 1, maxArgon2Lanes, &h.lanes})
	if err != nil {
		return nil, err
	}
	h.salt, h.key, err = decodeSaltAndKey(fields[2], fields[3])
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (h *argon2Hash) cost(int) Cost {
	memoryKiB := float64(max(h.memoryKiB, 8*h.lanes))
	return costOf(argon2Setup+float64(h.passes)*(memoryKiB*argon2KiB+float64(h.lanes)*argon2Lane), memoryKiB*1024)
}

func (h *argon2Hash) compare(_ context.Context, password []byte) error {
	computed := h.derive(password, h.salt, uint32(h.passes), uint32(h.memoryKiB), uint8(h.lanes), uint32(len(h.key)))
	return match(computed, h.key)
}
