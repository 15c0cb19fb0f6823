package passwordhash

import (
	"context"
	"encoding/hex"
	"strings"
)

// saltedHash is a digest of the password and the salt, as directories keep it (RFC 2307, section 5.3, and its salted
// successors). The salt may be empty.
type saltedHash struct {
	hash         *digest
	digest, salt []byte
	// times is how often the digest is taken over.
	times int
	// saltFirst says that the salt stands before the password.
	saltFirst bool
}

// parseDirectory reads the base64, or with hexadecimal the hexadecimal text, of the digest and, with salted, the salt
// after it. The base64 is the only one whose left-over bits are not looked at: directories differ in it.
func parseDirectory(text string, d *digest, salted, hexadecimal bool) (verifier, error) {
	var raw []byte
	var err error
	if hexadecimal {
		raw, err = decodeHex("digest", text)
	} else {
		if strings.HasSuffix(text, "===") {
			return nil, fault("its digest is not valid base64")
		}
		if raw, err = base64Encoding.DecodeString(canonicalBase64(text)); err != nil {
			err = fault("its digest is not valid base64")
		}
	}
	switch {
	case err != nil:
		return nil, err
	case salted && len(raw) <= d.size:
		return nil, faultf("its digest and salt are not more than %d bytes", d.size)
	case !salted && len(raw) != d.size:
		return nil, faultf("its digest is not %d bytes", d.size)
	}
	return &saltedHash{hash: d, digest: raw[:d.size], salt: raw[d.size:], times: 1}, nil
}

// parseSpringDigest reads {<salt>}<hexadecimal digest> or the digest alone, the layout of Spring Security's
// MessageDigestPasswordEncoder. The braces belong to the salt.
func parseSpringDigest(text string, d *digest) (verifier, error) {
	end := strings.LastIndexByte(text, '}') + 1
	raw, err := decodeHex("digest", text[end:])
	if err != nil {
		return nil, err
	}
	if len(raw) != d.size {
		return nil, faultf("its digest is not %d bytes", d.size)
	}
	return &saltedHash{hash: d, digest: raw, salt: []byte(text[:end]), times: 1}, nil
}

// parseSpringStandard reads the hexadecimal text of 8 bytes of salt and a SHA-256 digest of salt and password that was
// taken 1,024 times, the layout of Spring Security's StandardPasswordEncoder without a secret.
func parseSpringStandard(text string) (verifier, error) {
	const saltBytes, times = 8, 1024
	raw, err := decodeHex("salt and digest", text)
	if err != nil {
		return nil, err
	}
	if len(raw) != saltBytes+digestSHA256.size {
		return nil, faultf("its salt and digest are not %d bytes together", saltBytes+digestSHA256.size)
	}
	return &saltedHash{hash: digestSHA256, digest: raw[saltBytes:], salt: raw[:saltBytes], times: times, saltFirst: true}, nil
}

func (h *saltedHash) cost(passwordBytes int) Cost {
	return costOf(h.hash.cost(float64(passwordBytes+len(h.salt)))+float64(h.times-1)*h.hash.cost(float64(h.hash.size)), 0)
}

func (h *saltedHash) compare(_ context.Context, password []byte) error {
	parts := [][]byte{password, h.salt}
	if h.saltFirst {
		parts = [][]byte{h.salt, password}
	}
	digest := h.hash.sum(parts...)
	d := h.hash.new()
	for range h.times - 1 {
		d.Reset()
		d.Write(digest)
		digest = d.Sum(digest[:0])
	}
	return match(digest, h.digest)
}

// isHex reports whether text is nothing but hexadecimal digits, in either letter case, of that many bytes.
func isHex(text string, bytes int) bool {
	if len(text) != hex.EncodedLen(bytes) {
		return false
	}
	_, err := hex.DecodeString(text)
	return err == nil
}
