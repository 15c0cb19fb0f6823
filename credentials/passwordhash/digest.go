package passwordhash

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"hash"
	"strings"

	//lint:ignore SA1019 imported hashes are in what others chose, and this is read only.
	"golang.org/x/crypto/md4"
)

// digest is a hash function, and what it costs.
type digest struct {
	name  string
	new   func() hash.Hash
	size  int     // bytes of the result
	block int     // bytes that one call of the compression function reads
	tail  int     // bytes that padding takes at least
	step  float64 // nanoseconds for one call of the compression function
	call  float64 // nanoseconds for one result, beside its steps
}

var (
	digestMD4     = &digest{"md4", md4.New, 16, 64, 9, 90, 90}
	digestMD5     = &digest{"md5", md5.New, 16, 64, 9, 85, 40}
	digestSHA1    = &digest{"sha1", sha1.New, 20, 64, 9, 47, 40}
	digestSHA224  = &digest{"sha224", sha256.New224, 28, 64, 9, 54, 45}
	digestSHA256  = &digest{"sha256", sha256.New, 32, 64, 9, 54, 45}
	digestSHA384  = &digest{"sha384", sha512.New384, 48, 128, 17, 195, 50}
	digestSHA512  = &digest{"sha512", sha512.New, 64, 128, 17, 195, 50}
	digestSHA3224 = &digest{"sha3-224", func() hash.Hash { return sha3.New224() }, 28, 144, 1, 370, 40}
	digestSHA3256 = &digest{"sha3-256", func() hash.Hash { return sha3.New256() }, 32, 136, 1, 370, 40}
	digestSHA3384 = &digest{"sha3-384", func() hash.Hash { return sha3.New384() }, 48, 104, 1, 370, 40}
	digestSHA3512 = &digest{"sha3-512", func() hash.Hash { return sha3.New512() }, 64, 72, 1, 370, 40}
)

// digestNamed returns the digest of that name, in any letter case and with or without dashes and underscores: "sha256",
// "SHA-256". It is nil if there is none.
func digestNamed(name string) *digest {
	plain := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
	for _, d := range []*digest{
		digestMD4, digestMD5, digestSHA1, digestSHA224, digestSHA256, digestSHA384, digestSHA512,
		digestSHA3224, digestSHA3256, digestSHA3384, digestSHA3512,
	} {
		if strings.ReplaceAll(d.name, "-", "") == plain {
			return d
		}
	}
	return nil
}

// cost is how many nanoseconds it takes to digest that many bytes.
func (d *digest) cost(bytes float64) float64 {
	blocks := float64(int64(bytes)+int64(d.tail)+int64(d.block)-1) / float64(d.block)
	return d.call + float64(int64(blocks))*d.step
}

// hmacCost is how many nanoseconds one HMAC over a result of d takes, once the key is set up.
func (d *digest) hmacCost() float64 { return 2*d.call + 2*d.step }

func (d *digest) sum(parts ...[]byte) []byte {
	h := d.new()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}
