package passwordhash

import (
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// The bounds of scrypt's cost. One computation takes 128·N·r bytes of memory, so
// 128 MiB at most.
const (
	maxScryptLogN = 17
	maxScryptN    = 1 << maxScryptLogN
	maxScryptR    = 8
	maxScryptP    = 10
)

// scryptHash is an scrypt hash (RFC 7914).
type scryptHash struct {
	n, r, p   int
	salt, key []byte
}

// parseScrypt reads $scrypt$ln=,r=,p=$<salt>$<key> in either of its two meanings. In
// the API that we are compatible with, ln is N itself and base64 is padded; in the
// PHC string format, ln is the logarithm of N to base 2 and base64 is not padded.
//
// An ln up to 17 can be both. It is a logarithm unless padding says otherwise: as N
// it would be a cost that nobody uses.
func parseScrypt(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 3)
	if err != nil {
		return nil, err
	}
	h := &scryptHash{}
	err = parseParameters(fields[0],
		parameter{"ln", 1, maxScryptN, &h.n},
		parameter{"r", 1, maxScryptR, &h.r},
		parameter{"p", 1, maxScryptP, &h.p})
	if err != nil {
		return nil, err
	}
	encoding := base64.StdEncoding
	if padded := strings.HasSuffix(fields[1], "=") || strings.HasSuffix(fields[2], "="); h.n <= maxScryptLogN && !padded {
		h.n, encoding = 1<<h.n, base64.RawStdEncoding
	}
	if h.n < 2 || h.n&(h.n-1) != 0 {
		return nil, fault("its ln is not a power of two above 1")
	}
	h.salt, h.key, err = decodeSaltAndKey(fields[1], fields[2], encoding)
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (h *scryptHash) compare(password []byte) error {
	computed, err := scrypt.Key(password, h.salt, h.n, h.r, h.p, len(h.key))
	if err != nil {
		return err
	}
	return match(computed, h.key)
}
