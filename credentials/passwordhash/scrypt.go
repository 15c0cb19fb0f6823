package passwordhash

import (
	"context"
	"encoding/binary"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// What scrypt's parameters may be at most (RFC 7914, section 2, has wider ranges). What they may be together is a matter
// of their cost.
const (
	maxScryptLogN = 30
	maxScryptRP   = 1<<30 - 1 // r·p
)

// scryptHash is an scrypt hash (RFC 7914).
type scryptHash struct {
	// ns are the values that N may have: two where the layout has two meanings.
	ns        []int
	r, p      int
	salt, key []byte
}

// parseScrypt reads $scrypt$ln=,r=,p=$<salt>$<key> in either of its two meanings. In the PHC string format, ln is the
// logarithm of N to base 2; in the API that we are compatible with, it is N itself. An ln of 2, 4, 8 or 16 can be
// either, and so either matches.
func parseScrypt(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 3)
	if err != nil {
		return nil, err
	}
	h := &scryptHash{}
	var ln int
	err = parseParameters(fields[0],
		parameter{"ln", 1, 1 << maxScryptLogN, &ln},
		parameter{"r", 1, maxScryptRP, &h.r},
		parameter{"p", 1, maxScryptRP, &h.p})
	if err != nil {
		return nil, err
	}
	if ln <= maxScryptLogN {
		h.ns = append(h.ns, 1<<ln)
	}
	if isPowerOfTwo(ln) {
		h.ns = append(h.ns, ln)
	}
	if len(h.ns) == 0 {
		return nil, faultf("its ln is neither a logarithm of up to %d nor a power of two", maxScryptLogN)
	}
	if h.salt, h.key, err = decodeSaltAndKey(fields[1], fields[2]); err != nil {
		return nil, err
	}
	return h, h.check()
}

func isPowerOfTwo(n int) bool { return n > 1 && n&(n-1) == 0 }

// parseDjangoScrypt reads scrypt$<N>$<salt>$<r>$<p>$<key>, the layout of Django's ScryptPasswordHasher. The salt is
// text.
func parseDjangoScrypt(encoded string) (verifier, error) {
	fields, err := splitFields("$"+encoded, 5)
	if err != nil {
		return nil, err
	}
	key, err := decodeBase64("key", fields[4])
	if err != nil {
		return nil, err
	}
	return newScrypt(fields[0], fields[2], fields[3], fields[1], key)
}

// parseWerkzeugScrypt reads scrypt:<N>:<r>:<p>$<salt>$<hexadecimal key>. The salt is text.
func parseWerkzeugScrypt(encoded string) (verifier, error) {
	fields := strings.Split(encoded, "$")
	parameters := strings.Split(fields[0], ":")
	if len(fields) != 3 || len(parameters) != 4 {
		return nil, fault("must be scrypt:<N>:<r>:<p>$<salt>$<key>")
	}
	key, err := decodeHex("key", fields[2])
	if err != nil {
		return nil, err
	}
	return newScrypt(parameters[1], parameters[2], parameters[3], fields[1], key)
}

func newScrypt(n, r, p, salt string, key []byte) (verifier, error) {
	h := &scryptHash{ns: make([]int, 1), salt: []byte(salt), key: key}
	var err error
	if h.ns[0], err = parseNumber("N", n, 2, 1<<maxScryptLogN); err != nil {
		return nil, err
	}
	if h.r, err = parseNumber("r", r, 1, maxScryptRP); err != nil {
		return nil, err
	}
	if h.p, err = parseNumber("p", p, 1, maxScryptRP); err != nil {
		return nil, err
	}
	if !isPowerOfTwo(h.ns[0]) {
		return nil, fault("its N is not a power of two above 1")
	}
	if salt == "" {
		return nil, fault("its salt is empty")
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return h, h.check()
}

// parseSpringScrypt reads $<parameters>$<salt>$<key>, the layout of Spring Security's SCryptPasswordEncoder and, after
// $s0, of the Java library that it comes from. The parameters are one hexadecimal number: log2 N in the bits from 16
// on, r in 8 bits, p in 8 bits.
func parseSpringScrypt(encoded string) (verifier, error) {
	fields, err := splitFields("$s0"+strings.TrimPrefix(encoded, "$s0"), 3)
	if err != nil {
		return nil, err
	}
	parameters, err := strconv.ParseUint(fields[0], 16, 32)
	if err != nil {
		return nil, fault("its parameters are not a hexadecimal number")
	}
	logN := int(parameters >> 16)
	if logN < 1 || logN > maxScryptLogN {
		return nil, faultf("its log2 N must be 1 to %d", maxScryptLogN)
	}
	h := &scryptHash{ns: []int{1 << logN}, r: int(parameters >> 8 & 0xff), p: int(parameters & 0xff)}
	if h.r == 0 || h.p == 0 {
		return nil, fault("its r and p must be at least 1")
	}
	if h.salt, h.key, err = decodeSaltAndKey(fields[1], fields[2]); err != nil {
		return nil, err
	}
	return h, h.check()
}

// parseCryptScrypt reads $7$<log2 N, 1 character><r, 5><p, 5><salt>$<key, 43>, the scrypt of crypt(3), in the base64
// of crypt(3). The salt is text.
func parseCryptScrypt(encoded string) (verifier, error) {
	rest := strings.TrimPrefix(encoded, "$7$")
	at := strings.LastIndexByte(rest, '$')
	const parameters = 11
	if at < parameters {
		return nil, fault("must have 11 characters of parameters, a salt and a key after its name")
	}
	logN := strings.IndexByte(crypt64Alphabet, rest[0])
	r, rErr := decodeCrypt64Number(rest[1:6])
	p, pErr := decodeCrypt64Number(rest[6:11])
	if logN < 1 || logN > maxScryptLogN || rErr != nil || pErr != nil || r < 1 || p < 1 {
		return nil, fault("its parameters are out of range")
	}
	key, err := decodeCrypt64(rest[at+1:], 32)
	if err != nil {
		return nil, err
	}
	h := &scryptHash{ns: []int{1 << logN}, r: r, p: p, salt: []byte(rest[parameters:at]), key: key}
	return h, h.check()
}

// check refuses what the function itself refuses.
func (h *scryptHash) check() error { return checkScrypt(h.ns[0], h.r, h.p) }

func checkScrypt(n, r, p int) error {
	if r > maxScryptRP/p {
		return fault("its r times its p is over 2^30-1")
	}
	if r > 1<<40/128/n {
		return fault("its memory (128 times N times r) is over 1 TiB")
	}
	return nil
}

func (h *scryptHash) cost(int) Cost {
	var all Cost
	for _, n := range h.ns {
		all = all.plus(scryptCost(n, h.r, h.p, len(h.key)))
	}
	return all
}

func scryptCost(n, r, p, keyBytes int) Cost {
	memory := 128 * float64(r) * (float64(n) + float64(p) + 2)
	state := 128 * float64(r) * float64(p) // what PBKDF2 makes at the beginning, and reads at the end for each key block
	mixing := float64(p) * float64(n) * (float64(r)*scryptUnit + scryptBlock)
	start := state / 32 * (digestSHA256.hmacCost() + digestSHA256.step)
	end := float64((keyBytes+31)/32) * digestSHA256.cost(state)
	return costOf(mixing+start+end+2*hmacSetup, memory+state)
}

func (h *scryptHash) compare(_ context.Context, password []byte) error {
	result := ErrMismatch
	for _, n := range h.ns {
		computed, err := scrypt.Key(password, h.salt, n, h.r, h.p, len(h.key))
		if err != nil {
			return err
		}
		if match(computed, h.key) == nil {
			result = nil
		}
	}
	return result
}

// decodeCrypt64Number reads a number whose first character holds the lowest six bits.
func decodeCrypt64Number(text string) (int, error) {
	decoded, err := decodeCrypt64(text+strings.Repeat(".", 11-len(text)), 8)
	if err != nil {
		return 0, err
	}
	return int(binary.LittleEndian.Uint64(decoded)), nil
}
