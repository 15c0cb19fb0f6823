package passwordhash

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
)

// aspnetPrefix is the base64 of what every hash of version 3 begins with: the byte
// 1, and a pseudo-random function below 256 in four bytes.
const aspnetPrefix = "AQAAAA"

// parseASPNETIdentity reads the version 3 layout of the PasswordHasher of ASP.NET
// Core Identity, in padded base64: the byte 1; three big-endian 32-bit numbers,
// which are the pseudo-random function (0, 1, 2 for HMAC with SHA-1, SHA-256,
// SHA-512), the iterations of PBKDF2 and the salt's length; the salt; the key. The
// original verifies neither a salt nor a key of less than 16 bytes.
func parseASPNETIdentity(encoded string) (verifier, error) {
	raw, err := decodeBase64("text", encoded, base64.StdEncoding)
	if err != nil {
		return nil, err
	}
	const header, minSalt = 13, 16
	if len(raw) < header {
		return nil, fault("is shorter than its header")
	}
	h := &pbkdf2Hash{}
	switch binary.BigEndian.Uint32(raw[1:]) {
	case 0:
		h.new = sha1.New
	case 1:
		h.new = sha256.New
	case 2:
		h.new = sha512.New
	default:
		return nil, fault("its pseudo-random function is unknown")
	}
	iterations, saltLength := binary.BigEndian.Uint32(raw[5:]), binary.BigEndian.Uint32(raw[9:])
	if iterations < 1 || iterations > maxPBKDF2Iterations {
		return nil, faultf("its number of iterations must be 1 to %d", maxPBKDF2Iterations)
	}
	h.iterations = int(iterations)
	rest := raw[header:]
	if saltLength < minSalt {
		return nil, faultf("its salt is shorter than %d bytes", minSalt)
	}
	if uint64(saltLength) > uint64(len(rest)) {
		return nil, fault("its salt is longer than the hash")
	}
	h.salt, h.key = rest[:saltLength], rest[saltLength:]
	if err := checkKey(h.key); err != nil {
		return nil, err
	}
	return h, nil
}
