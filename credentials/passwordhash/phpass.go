package passwordhash

import (
	"crypto/md5"
	"strings"
)

// The bounds of phpass's cost, as logarithms of the rounds to base 2. Its own bounds
// are 7 and 30; a million rounds is more than any application set.
const minPHPassLogRounds, maxPHPassLogRounds = 7, 20

// phpassHash is a "portable" hash of phpass, the Portable PHP password hashing
// framework: MD5 over and over.
type phpassHash struct {
	rounds       int
	salt, digest []byte
}

// parsePHPass reads $P$, or $H$ as phpBB names it, then in crypt base64 one character
// of log2 rounds, eight of salt and the digest.
func parsePHPass(encoded string) (verifier, error) {
	const prefix, salt, length = 4, 8, 34
	if len(encoded) != length {
		return nil, faultf("is not %d characters", length)
	}
	logRounds := strings.IndexByte(crypt64Alphabet, encoded[prefix-1])
	if logRounds < minPHPassLogRounds || logRounds > maxPHPassLogRounds {
		return nil, faultf("its number of rounds must be 2^%d to 2^%d", minPHPassLogRounds, maxPHPassLogRounds)
	}
	digest, err := decodeCrypt64(encoded[prefix+salt:], md5.Size)
	if err != nil {
		return nil, err
	}
	return &phpassHash{rounds: 1 << logRounds, salt: []byte(encoded[prefix : prefix+salt]), digest: digest}, nil
}

func (h *phpassHash) compare(password []byte) error {
	m := md5.New()
	m.Write(h.salt)
	m.Write(password)
	digest := m.Sum(nil)
	for range h.rounds {
		m.Reset()
		m.Write(digest)
		m.Write(password)
		digest = m.Sum(digest[:0])
	}
	return match(digest, h.digest)
}
