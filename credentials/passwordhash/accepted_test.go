package passwordhash_test

import (
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// maker writes a hash of password with random parameters and in a random spelling, by the functions of the standard
// library and golang.org/x/crypto.
type maker struct{ *rand.Rand }

func (m maker) bytes(least, most int) []byte {
	b := make([]byte, least+m.IntN(most-least+1))
	for n := range b {
		b[n] = byte(m.Uint32())
	}
	return b
}

// base64 encodes in one of the spellings that systems write.
func (m maker) base64(b []byte) string {
	return []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding}[m.IntN(4)].EncodeToString(b)
}

func (m maker) key(digest func() hash.Hash, password, salt []byte, iterations, length int) []byte {
	key, err := pbkdf2.Key(digest, string(password), salt, iterations, length)
	if err != nil {
		panic(err)
	}
	return key
}

func (m maker) scrypt(password, salt []byte, logN, r, p, length int) []byte {
	key, err := scrypt.Key(password, salt, 1<<logN, r, p, length)
	if err != nil {
		panic(err)
	}
	return key
}

func (m maker) make(password []byte) string {
	salt := m.bytes(1, 40)
	length := 16 + m.IntN(100)
	digests := map[string][]func() hash.Hash{
		"sha1": {sha1.New}, "sha256": {sha256.New}, "sha512": {sha512.New},
		"sha224": {sha256.New224, func() hash.Hash { return sha3.New224() }}, "sha384": {sha512.New384, func() hash.Hash { return sha3.New384() }},
	}
	names := []string{"sha1", "sha224", "sha256", "sha384", "sha512"}
	name := names[m.IntN(len(names))]
	digest := digests[name][m.IntN(len(digests[name]))]
	iterations, logN, r, p := 1+m.IntN(50), 1+m.IntN(6), 1+m.IntN(9), 1+m.IntN(4)
	switch m.IntN(12) {
	case 0:
		return fmt.Sprintf("$pbkdf2-%s$i=%d,l=%d$%s$%s", name, iterations, length, m.base64(salt), m.base64(m.key(digest, password, salt, iterations, length)))
	case 1:
		return fmt.Sprintf("$pbkdf2-%s$%d$%s$%s", name, iterations, m.base64(salt), m.base64(m.key(digest, password, salt, iterations, length)))
	case 2:
		ln := []int{logN, 1 << logN}[m.IntN(2)]
		return fmt.Sprintf("$scrypt$ln=%d,r=%d,p=%d$%s$%s", ln, r, p, m.base64(salt), m.base64(m.scrypt(password, salt, logN, r, p, length)))
	case 3:
		return fmt.Sprintf("$s0$%x$%s$%s", logN<<16|r<<8|p, m.base64(salt), m.base64(m.scrypt(password, salt, logN, r, p, length)))
	case 4:
		return fmt.Sprintf("scrypt$%d$salt$%d$%d$%s", 1<<logN, r, p, m.base64(m.scrypt(password, []byte("salt"), logN, r, p, length)))
	case 5:
		return fmt.Sprintf("scrypt:%d:%d:%d$salt$%x", 1<<logN, r, p, m.scrypt(password, []byte("salt"), logN, r, p, length))
	case 6:
		memory, passes, lanes := 8+m.IntN(100), 1+m.IntN(12), 1+m.IntN(4)
		return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", memory, passes, lanes, m.base64(salt),
			m.base64(argon2.IDKey(password, salt, uint32(passes), uint32(memory), uint8(lanes), uint32(length))))
	case 7:
		memory, passes, lanes := 8+m.IntN(100), 1+m.IntN(12), 1+m.IntN(4)
		return fmt.Sprintf("$argon2i$v=19$m=%d,t=%d,p=%d$%s$%s", memory, passes, lanes, m.base64(salt),
			m.base64(argon2.Key(password, salt, uint32(passes), uint32(memory), uint8(lanes), uint32(length))))
	case 8:
		encoded, err := bcrypt.GenerateFromPassword(password[:min(len(password), 72)], 4)
		if err != nil {
			panic(err)
		}
		return []string{"", "{bcrypt}", "{CRYPT}", "bcrypt$", "1|"}[m.IntN(5)] + string(encoded)
	case 9:
		sum := sha256.Sum256(append(append([]byte(nil), password...), salt...))
		return []string{"{SSHA256}", "{ssha256}", "{Ssha-256}"}[m.IntN(3)] + m.base64(append(sum[:], salt...))
	case 10:
		sum := md5.Sum(password)
		return []string{"{MD5}" + m.base64(sum[:]), "$md5$" + m.base64(sum[:]), "{MD5.HEX}" + strings.ToUpper(hex.EncodeToString(sum[:]))}[m.IntN(3)]
	}
	digestName := []string{"sha1", "sha256", "sha512"}[m.IntN(3)]
	d := digests[digestName][0]()
	d.Write(salt)
	d.Write(password)
	return fmt.Sprintf("$%s$pf=%s$%s$%s", digestName, m.base64([]byte("{SALT}{PASSWORD}")), m.base64(salt), m.base64(d.Sum(nil)))
}

// TestAcceptedMeansVerifies checks for random hashes that one which is accepted matches its password, and no other.
func TestAcceptedMeansVerifies(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	seed := rand.Uint64()
	m := maker{rand.New(rand.NewPCG(seed, 1))}
	accepted := 0
	for range 500 {
		password := []byte(strings.Repeat("pässwörd", 1+m.IntN(8)))[:1+m.IntN(70)%9]
		encoded := m.make(password)
		hash, err := passwordhash.Parse(encoded)
		if err != nil {
			continue // it may be refused, but must not lie
		}
		accepted++
		require.NoError(t, passwordhash.Verify(t.Context(), hash, password), "seed %d: %s", seed, encoded)
		require.ErrorIs(t, passwordhash.Verify(t.Context(), hash, append(password, 'x')), passwordhash.ErrMismatch, "seed %d: %s", seed, encoded)
	}
	require.Greater(t, accepted, 400, "seed %d", seed)
}
