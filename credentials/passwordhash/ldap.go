package passwordhash

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strings"
)

// ldapHash is a digest of the password and then the salt, as LDAP servers keep it
// (RFC 2307, section 5.3, and its salted successors).
type ldapHash struct {
	new          func() hash.Hash
	digest, salt []byte
}

// parseSaltedSHA reads {SSHA}, {SSHA256} or {SSHA512}, then the base64 of the digest
// and the salt. The base64 is the only one that is not read strictly: servers differ
// in it.
func parseSaltedSHA(encoded string) (verifier, error) {
	scheme, text, _ := strings.Cut(encoded, "}")
	h := &ldapHash{}
	switch scheme {
	case "{SSHA":
		h.new = sha1.New
	case "{SSHA256":
		h.new = sha256.New
	case "{SSHA512":
		h.new = sha512.New
	default:
		return nil, fault("its scheme is unknown")
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fault("its digest and salt are not valid base64")
	}
	size := h.new().Size()
	if len(raw) <= size {
		return nil, faultf("its digest and salt are not more than %d bytes", size)
	}
	h.digest, h.salt = raw[:size], raw[size:]
	return h, nil
}

// parseLDAPSHA reads {SHA}, then the padded base64 of the digest.
func parseLDAPSHA(encoded string) (verifier, error) {
	digest, err := decodeDigest(strings.TrimPrefix(encoded, "{SHA}"), sha1.Size)
	if err != nil {
		return nil, err
	}
	return &ldapHash{new: sha1.New, digest: digest}, nil
}

func (h *ldapHash) compare(password []byte) error {
	d := h.new()
	d.Write(password)
	d.Write(h.salt)
	return match(d.Sum(nil), h.digest)
}
