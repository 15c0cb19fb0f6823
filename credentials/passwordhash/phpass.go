package passwordhash

import (
	"context"
	"strings"
)

// The bounds of the cost of phpass and Drupal, as logarithms of the rounds to base 2. Their own bounds are the same.
const minPHPassLogRounds, maxPHPassLogRounds = 7, 30

// phpassHash is a "portable" hash of phpass, the Portable PHP password hashing framework, or a hash of Drupal 7, which
// is the same with SHA-512 instead of MD5: a digest over and over.
type phpassHash struct {
	hash         *digest
	rounds       int
	salt, digest []byte
}

// parsePHPass reads $P$, or $H$ as phpBB names it, then in crypt base64 one character of log2 rounds, eight of salt
// and the digest.
func parsePHPass(encoded string) (verifier, error) {
	return parsePortable(encoded, digestMD5, digestMD5.size)
}

// parseDrupal reads $S$, then what parsePHPass reads. The digest is cut to 43 characters of base64, of which the last
// holds the lower six bits of a byte.
func parseDrupal(encoded string) (verifier, error) {
	const digestBytes = 32 // whole ones; four more bits follow
	return parsePortable(encoded, digestSHA512, digestBytes)
}

func parsePortable(encoded string, d *digest, digestBytes int) (verifier, error) {
	const prefix, salt = 4, 8
	length := prefix + salt + (digestBytes*8+5)/6
	if len(encoded) != length {
		return nil, faultf("is not %d characters long", length)
	}
	logRounds := strings.IndexByte(crypt64Alphabet, encoded[prefix-1])
	if logRounds < minPHPassLogRounds || logRounds > maxPHPassLogRounds {
		return nil, faultf("its number of rounds must be 2^%d to 2^%d", minPHPassLogRounds, maxPHPassLogRounds)
	}
	h := &phpassHash{hash: d, rounds: 1 << logRounds, salt: []byte(encoded[prefix : prefix+salt])}
	var err error
	if d == digestMD5 {
		h.digest, err = decodeCrypt64(encoded[prefix+salt:], digestBytes)
	} else {
		// One character more of zeros makes whole bytes of the bits of the last character.
		h.digest, err = decodeCrypt64(encoded[prefix+salt:]+".", digestBytes+1)
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (h *phpassHash) cost(passwordBytes int) Cost {
	return costOf(float64(h.rounds+1)*h.hash.cost(float64(h.hash.size+passwordBytes)), 0)
}

func (h *phpassHash) compare(ctx context.Context, password []byte) error {
	digest := h.hash.sum(h.salt, password)
	m := h.hash.new()
	for round := range h.rounds {
		if err := enough(ctx, round); err != nil {
			return err
		}
		m.Reset()
		m.Write(digest)
		m.Write(password)
		digest = m.Sum(digest[:0])
	}
	if h.hash == digestMD5 {
		return match(digest, h.digest)
	}
	const lowerBits = 0x03 // of the 33rd byte: 43 characters hold 258 bits
	digest = digest[:len(h.digest)]
	digest[len(digest)-1] &= lowerBits
	return match(digest, h.digest)
}
