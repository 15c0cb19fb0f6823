package passwordhash

import (
	"context"
	"strings"
)

// The bounds of SHA-crypt, as its specification has them. How many rounds a hash may have is a matter of its cost.
const (
	minSHACryptRounds     = 1000
	maxSHACryptRounds     = 999_999_999
	defaultSHACryptRounds = 5000
	maxSHACryptSalt       = 16
)

// shaCryptHash is a hash of Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512", version 0.6. The step numbers in
// the comments are those of that text.
type shaCryptHash struct {
	hash         *digest
	order        []int // of the digest's bytes in the encoded form
	rounds       int
	salt, digest []byte
}

func parseSHA256Crypt(encoded string) (verifier, error) {
	order := cryptOrder(10, 0, 10, 20, func(a, b, c int) (int, int, int) { return c + 1, a + 1, b + 1 }, 30, 31)
	return parseSHACrypt(encoded, &shaCryptHash{hash: digestSHA256, order: order})
}

func parseSHA512Crypt(encoded string) (verifier, error) {
	order := cryptOrder(21, 0, 21, 42, func(a, b, c int) (int, int, int) { return b + 1, c + 1, a + 1 }, 63)
	return parseSHACrypt(encoded, &shaCryptHash{hash: digestSHA512, order: order})
}

func parseSHACrypt(encoded string, h *shaCryptHash) (verifier, error) {
	fields := strings.Split(encoded, "$")[2:]
	h.rounds = defaultSHACryptRounds
	if rounds, ok := strings.CutPrefix(fields[0], "rounds="); ok {
		var err error
		if h.rounds, err = parseNumber("number of rounds", rounds, minSHACryptRounds, maxSHACryptRounds); err != nil {
			return nil, err
		}
		fields = fields[1:]
	}
	if len(fields) != 2 {
		return nil, fault("must have a salt and a digest after its name and rounds")
	}
	if len(fields[0]) > maxSHACryptSalt {
		return nil, faultf("its salt is longer than %d bytes", maxSHACryptSalt)
	}
	h.salt = []byte(fields[0])
	var err error
	h.digest, err = decodeCrypt64(fields[1], h.hash.size)
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (h *shaCryptHash) cost(passwordBytes int) Cost {
	round := h.hash.cost(cryptRoundBytes(h.hash.size, len(h.salt), passwordBytes))
	start := h.hash.cost(float64(passwordBytes)*float64(passwordBytes)) + h.hash.cost(float64(16+255)*float64(len(h.salt)))
	return costOf(float64(h.rounds)*round+start, 0)
}

func (h *shaCryptHash) compare(ctx context.Context, password []byte) error {
	digest := h.start(password)
	p := h.sequence(password, len(password), len(password)) // steps 13 to 16
	defer clear(p)
	s := h.sequence(h.salt, 16+int(digest[0]), len(h.salt)) // steps 17 to 20
	m := h.hash.new()
	for round := range h.rounds { // step 21
		if err := enough(ctx, round); err != nil {
			return err
		}
		m.Reset()
		writeRound(m, round, p, s, digest)
		digest = m.Sum(digest[:0])
	}
	return match(permute(digest, h.order), h.digest)
}

// start makes digest A, steps 1 to 12.
func (h *shaCryptHash) start(password []byte) []byte {
	digestB := h.hash.sum(password, h.salt, password)

	a := h.hash.new()
	a.Write(password)
	a.Write(h.salt)
	a.Write(repeatTo(digestB, len(password)))
	for bits := len(password); bits > 0; bits >>= 1 {
		if bits&1 != 0 {
			a.Write(digestB)
		} else {
			a.Write(password)
		}
	}
	return a.Sum(nil)
}

// sequence hashes text as often as count says and makes length bytes of the digest.
func (h *shaCryptHash) sequence(text []byte, count, length int) []byte {
	d := h.hash.new()
	for range count {
		d.Write(text)
	}
	return repeatTo(d.Sum(nil), length)
}
