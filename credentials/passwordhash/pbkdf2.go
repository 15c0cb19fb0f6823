package passwordhash

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strings"
)

const maxPBKDF2Iterations = 10_000_000

// pbkdf2Hash is a PBKDF2 hash (RFC 8018, section 5.2) with HMAC, in any layout.
type pbkdf2Hash struct {
	new        func() hash.Hash
	iterations int
	salt, key  []byte
}

// parsePBKDF2 reads $pbkdf2-<digest>$i=<iterations>,l=<length>$<salt>$<key>. The
// length is redundant, and the API that we are compatible with does not heed it: the
// key's own counts.
func parsePBKDF2(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 3)
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(encoded, "$pbkdf2-"), "$")
	h := &pbkdf2Hash{new: pbkdf2Digest(name)}
	if h.new == nil {
		return nil, fault("its digest is unknown")
	}
	var length int
	err = parseParameters(fields[0],
		parameter{"i", 1, maxPBKDF2Iterations, &h.iterations},
		parameter{"l", 1, MaxHashBytes, &length})
	if err != nil {
		return nil, err
	}
	h.salt, h.key, err = decodeSaltAndKey(fields[1], fields[2], base64.RawStdEncoding)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// pbkdf2Digest returns the digest of that name. That sha224 and sha384 are SHA-3 is
// a mistake in the API that we are compatible with; its hashes are out in the world.
func pbkdf2Digest(name string) func() hash.Hash {
	switch name {
	case "sha1":
		return sha1.New
	case "sha224":
		return func() hash.Hash { return sha3.New224() }
	case "sha256":
		return sha256.New
	case "sha384":
		return func() hash.Hash { return sha3.New384() }
	case "sha512":
		return sha512.New
	}
	return nil
}

// parseDjangoPBKDF2 reads pbkdf2_<digest>$<iterations>$<salt>$<key>, the layout of
// Django's PBKDF2PasswordHasher, and with sha512 of its subclasses. The salt is text;
// the key is as long as the digest.
func parseDjangoPBKDF2(encoded string) (verifier, error) {
	fields := strings.Split(encoded, "$")
	if len(fields) != 4 {
		return nil, faultf("must have 3 fields behind its name, not %d", len(fields)-1)
	}
	h := &pbkdf2Hash{}
	switch fields[0] {
	case "pbkdf2_sha256":
		h.new = sha256.New
	case "pbkdf2_sha512":
		h.new = sha512.New
	default:
		return nil, fault("its digest is unknown")
	}
	var err error
	if h.iterations, err = parseNumber("number of iterations", fields[1], 1, maxPBKDF2Iterations); err != nil {
		return nil, err
	}
	if h.salt = []byte(fields[2]); len(h.salt) == 0 {
		return nil, fault("its salt is empty")
	}
	if h.key, err = decodeBase64("key", fields[3], base64.StdEncoding); err != nil {
		return nil, err
	}
	if size := h.new().Size(); len(h.key) != size {
		return nil, faultf("its key is not %d bytes", size)
	}
	return h, nil
}

func (h *pbkdf2Hash) compare(password []byte) error {
	computed, err := pbkdf2.Key(h.new, string(password), h.salt, h.iterations, len(h.key))
	if err != nil {
		return err
	}
	return match(computed, h.key)
}
