package passwordhash

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"strings"
)

// hmacHash is an HMAC (RFC 2104) of the password.
type hmacHash struct {
	hash        *digest
	digest, key []byte
}

// parseHMAC reads $hmac-<digest name>$<digest>$<key>: the digest as the base64 of its hexadecimal text, the key in
// base64.
func parseHMAC(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 2)
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(encoded, "$hmac-"), "$")
	h := &hmacHash{hash: digestNamed(name)}
	if h.hash == nil || strings.HasPrefix(h.hash.name, "sha3-") || name != h.hash.name {
		return nil, fault("its digest is unknown")
	}
	text, err := decodeBase64("digest", fields[0])
	if err != nil {
		return nil, err
	}
	if h.digest, err = hex.DecodeString(string(text)); err != nil {
		return nil, fault("its digest is not hexadecimal")
	}
	if len(h.digest) != h.hash.size {
		return nil, faultf("its digest is not %d bytes", h.hash.size)
	}
	if h.key, err = decodeBase64("key", fields[1]); err != nil {
		return nil, err
	}
	if len(h.key) == 0 {
		return nil, fault("its key is empty")
	}
	return h, nil
}

func (h *hmacHash) cost(passwordBytes int) Cost {
	return costOf(hmacSetup+h.hash.cost(float64(len(h.key)))+h.hash.cost(float64(passwordBytes))+h.hash.cost(float64(h.hash.size)), 0)
}

func (h *hmacHash) compare(_ context.Context, password []byte) error {
	mac := hmac.New(h.hash.new, h.key)
	mac.Write(password)
	return match(mac.Sum(nil), h.digest)
}
