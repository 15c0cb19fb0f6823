package passwordhash

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"

	//lint:ignore SA1019 imported hashes are in what others chose, and this is read only.
	"golang.org/x/crypto/md4"
)

// hmacHash is an HMAC (RFC 2104) of the password.
type hmacHash struct {
	new         func() hash.Hash
	digest, key []byte
}

// parseHMAC reads $hmac-<digest name>$<digest>$<key>: the digest as the padded base64
// of its lower-case hexadecimal text, the key in padded base64.
func parseHMAC(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 2)
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(encoded, "$hmac-"), "$")
	h := &hmacHash{new: hmacDigest(name)}
	if h.new == nil {
		return nil, fault("its digest is unknown")
	}
	text, err := decodeBase64("digest", fields[0], base64.StdEncoding)
	if err != nil {
		return nil, err
	}
	h.digest, err = hex.DecodeString(string(text))
	if err != nil || strings.ContainsAny(string(text), "ABCDEF") {
		return nil, fault("its digest is not lower-case hexadecimal")
	}
	if size := h.new().Size(); len(h.digest) != size {
		return nil, faultf("its digest is not %d bytes", size)
	}
	if h.key, err = decodeBase64("key", fields[1], base64.StdEncoding); err != nil {
		return nil, err
	}
	if len(h.key) == 0 {
		return nil, fault("its key is empty")
	}
	return h, nil
}

func hmacDigest(name string) func() hash.Hash {
	switch name {
	case "md4":
		return md4.New
	case "md5":
		return md5.New
	case "sha1":
		return sha1.New
	case "sha224":
		return sha256.New224
	case "sha256":
		return sha256.New
	case "sha384":
		return sha512.New384
	case "sha512":
		return sha512.New
	}
	return nil
}

func (h *hmacHash) compare(password []byte) error {
	mac := hmac.New(h.new, h.key)
	mac.Write(password)
	return match(mac.Sum(nil), h.digest)
}
