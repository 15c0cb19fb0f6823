package passwordhash

import (
	"context"
	"math"
	"strings"

	"github.com/idemkit/idem/credentials/passwordhash/internal/yescrypt"
)

// yescryptHash is the hash of crypt(3) that Linux distributions make by default.
type yescryptHash struct {
	params    yescrypt.Params
	salt, key []byte
}

// parseYescrypt reads $y$<parameters>$<salt>$<key>, all in the base64 of crypt(3). The parameters are the flavour "j",
// log2 N, r, and, where they are not the default, a set of bits that says which of p (1), t (2), g (4) and the size of a
// ROM (8) follow.
func parseYescrypt(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 3)
	if err != nil {
		return nil, err
	}
	h := &yescryptHash{params: yescrypt.Params{P: 1}}
	flavour, rest := "", fields[0]
	if rest != "" {
		flavour, rest = rest[:1], rest[1:]
	}
	if flavour != "j" {
		return nil, fault("its flavour is not j, the one that crypt(3) makes")
	}
	if h.params, err = yescryptParams(rest); err != nil {
		return nil, err
	}
	if size := len(fields[1]) * 6 / 8; size > 64 {
		return nil, fault("its salt is longer than 64 bytes")
	} else if h.salt, err = decodeCrypt64(fields[1], size); err != nil {
		return nil, fault("its salt is not base64 of crypt(3)")
	}
	if h.key, err = decodeCrypt64(fields[2], 32); err != nil {
		return nil, err
	}
	return h, nil
}

func yescryptParams(text string) (yescrypt.Params, error) {
	reader := &yescryptNumbers{rest: text}
	params := yescrypt.Params{LogN: int(reader.next(1)), R: reader.next(1), P: 1}
	if reader.rest != "" {
		have := reader.next(1)
		if have&^3 != 0 {
			return params, fault("its parameters ask for a ROM or an upgrade of the hash")
		}
		if have&1 != 0 {
			params.P = reader.next(2)
		}
		if have&2 != 0 {
			params.T = reader.next(1)
		}
	}
	if reader.failed || reader.rest != "" || !params.Valid() {
		return params, fault("its parameters are out of range")
	}
	return params, nil
}

// yescryptNumbers reads the numbers of variable length that yescrypt's parameters are.
type yescryptNumbers struct {
	rest   string
	failed bool
}

// next reads a number that is at least least. The first character says how many follow: up to 47, none; then each half
// of what is left stands for one more.
func (r *yescryptNumbers) next(least uint32) uint32 {
	first, ok := r.character()
	value, start, end, bits, chars := uint64(least), uint32(0), uint32(47), 0, 1
	for ok && first > end {
		value += uint64(end+1-start) << bits
		start, end = end+1, end+1+(62-end)/2
		chars++
		bits += 6
	}
	value += uint64(first-start) << bits
	for ; chars > 1; chars-- {
		var c uint32
		if c, ok = r.character(); !ok {
			break
		}
		bits -= 6
		value += uint64(c) << bits
	}
	if !ok || value > math.MaxUint32 {
		r.failed = true
		return least
	}
	return uint32(value)
}

func (r *yescryptNumbers) character() (uint32, bool) {
	if r.rest == "" {
		return 0, false
	}
	value := strings.IndexByte(crypt64Alphabet, r.rest[0])
	r.rest = r.rest[1:]
	return uint32(max(value, 0)), value >= 0
}

func (h *yescryptHash) cost(int) Cost {
	p := h.params
	blocks := math.Ldexp(1, p.LogN) * float64(p.R)
	visits := []float64{1.0 / 3, 2.0 / 3}
	again := float64(p.T) - 1
	if p.T < 2 {
		again = visits[p.T]
	}
	// The first loop runs over all blocks; the second is that of each of the P, and each runs over its share.
	nanoseconds := blocks*(yescryptWrite+yescryptVisit*again) + 128*float64(p.R)*float64(p.P)/32*digestSHA256.hmacCost() + float64(p.P)*100_000
	return costOf(nanoseconds*1.02, float64(p.MemoryBytes()))
}

func (h *yescryptHash) compare(ctx context.Context, password []byte) error {
	computed, err := yescrypt.Key(ctx, password, h.salt, h.params)
	if err != nil {
		return err
	}
	return match(computed, h.key)
}
