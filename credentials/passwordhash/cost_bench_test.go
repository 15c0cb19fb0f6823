//go:build unix

package passwordhash_test

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// corner is a hash whose parameters are at an end of their ranges, and the length of a password to verify with it.
type corner struct {
	name, encoded string
	passwordBytes int
}

// corners are, for every format, cheap and dear, short and long, wide and narrow hashes within [passwordhash.DefaultBound].
func corners() []corner {
	const longPassword = passwordhash.MaxPasswordBytes
	salt, key := "$"+salt16Raw, "$"+raw(32)
	return []corner{
		{"md5-crypt", "$1$xxxxxxxx$" + crypt22, 1}, {"md5-crypt/long", "$1$xxxxxxxx$" + crypt22, longPassword},
		{"apr1", "$apr1$xxxxxxxx$" + crypt22, 20},
		{"bcrypt/4", "$2b$04$" + bcrypt53, 1}, {"bcrypt/4/long", "$2b$04$" + bcrypt53, longPassword}, {"bcrypt/10", "$2b$10$" + bcrypt53, 20}, {"bcrypt/15", "$2b$15$" + bcrypt53, 20},
		{"sha256-crypt/1000", "$5$rounds=1000$a$" + strings.Repeat(".", 43), 1}, {"sha256-crypt/5000/long", "$5$" + strings.Repeat("s", 16) + "$" + strings.Repeat(".", 43), longPassword},
		{"sha256-crypt/535000", "$5$rounds=535000$a$" + strings.Repeat(".", 43), 64}, {"sha256-crypt/most", "$5$rounds=5000000$a$" + strings.Repeat(".", 43), 128},
		{"sha512-crypt/1000", "$6$rounds=1000$a$" + strings.Repeat(".", 86), 1}, {"sha512-crypt/5000/long", "$6$" + strings.Repeat("s", 16) + "$" + strings.Repeat(".", 86), longPassword},
		{"sha512-crypt/656000", "$6$rounds=656000$a$" + strings.Repeat(".", 86), 20}, {"sha512-crypt/most", "$6$rounds=3100000$a$" + strings.Repeat(".", 86), 128},
		{"yescrypt/default", "$y$j9T$abcdefgh$" + strings.Repeat(".", 43), 20}, {"yescrypt/least", "$y$j..$abcd$" + strings.Repeat(".", 43), 20},
		{"yescrypt/wide", "$y$j5rA$abcd$" + strings.Repeat(".", 43), 20}, {"yescrypt/deep", "$y$jF/$abcd$" + strings.Repeat(".", 43), 20},
		{"yescrypt/large", "$y$jCT$abcd$" + strings.Repeat(".", 43), 20}, {"yescrypt/passes", "$y$j9T/5$abcd$" + strings.Repeat(".", 43), 20}, {"yescrypt/lanes", "$y$j9T.6$abcd$" + strings.Repeat(".", 43), 20},
		{"crypt-scrypt", "$7$CU..../....abcd$" + strings.Repeat(".", 43), 20},
		{"argon2id/least", "$argon2id$v=19$m=8,t=1,p=1" + salt + key, 1}, {"argon2id/default", "$argon2id$v=19$m=19456,t=2,p=1" + salt + key, 20},
		{"argon2id/memory", "$argon2id$v=19$m=262144,t=1,p=1" + salt + key, 20}, {"argon2id/most", "$argon2id$v=19$m=262144,t=8,p=1" + salt + key, 20},
		{"argon2id/lanes", "$argon2id$v=19$m=65536,t=3,p=4" + salt + key, 20}, {"argon2id/many lanes", "$argon2id$v=19$m=2040,t=20,p=255" + salt + key, 20},
		{"argon2id/passes", "$argon2id$v=19$m=8,t=10000,p=1" + salt + key, 20}, {"argon2i/default", "$argon2i$v=19$m=12288,t=3,p=1" + salt + key, 20}, {"argon2i/key", "$argon2i$v=19$m=8,t=1,p=1" + salt + "$" + raw(2900), 20},
		{"pbkdf2/sha1", "$pbkdf2-sha1$i=1000000,l=20" + salt + "$" + raw(20), 20}, {"pbkdf2/sha224", "$pbkdf2-sha224$i=100000,l=28" + salt + "$" + raw(28), 20},
		{"pbkdf2/sha256", "$pbkdf2-sha256$i=600000,l=32" + salt + key, 20}, {"pbkdf2/sha256/most", "$pbkdf2-sha256$i=10000000,l=32" + salt + key, longPassword},
		{"pbkdf2/sha384", "$pbkdf2-sha384$i=100000,l=48" + salt + "$" + raw(48), 20}, {"pbkdf2/sha512", "$pbkdf2-sha512$i=210000,l=64" + salt + "$" + raw(64), 20},
		{"pbkdf2/key of 512 bytes", "$pbkdf2-sha256$i=25000,l=512" + salt + "$" + raw(512), 20}, {"pbkdf2/key of 2,900 bytes", "$pbkdf2-sha1$i=1,l=2900" + salt + "$" + raw(2900), 20},
		{"pbkdf2/long salt", "$pbkdf2-sha1$i=1,l=800$" + raw(2000) + "$" + raw(800), 20},
		{"scrypt/least", "$scrypt$ln=1,r=1,p=1" + salt + key, 20}, {"scrypt/default", "$scrypt$ln=14,r=8,p=1" + salt + key, 20}, {"scrypt/most", "$scrypt$ln=18,r=8,p=2" + salt + key, 20},
		{"scrypt/deep", "$scrypt$ln=20,r=1,p=1" + salt + key, 20}, {"scrypt/wide", "$scrypt$ln=1,r=4096,p=1" + salt + key, 20}, {"scrypt/parallel", "$scrypt$ln=1,r=1,p=65536" + salt + key, 20},
		{"scrypt/key", "$scrypt$ln=1,r=64,p=64" + salt + "$" + raw(2900), 20}, {"scrypt/two meanings", "$scrypt$ln=16,r=8,p=1" + salt + key, 20},
		{"firebase-scrypt", "$firescrypt$ln=14,r=8,p=1$" + salt16Std + "$" + std(64) + "$Bw==$" + std(64), 20},
		{"sha/256", "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$" + salt16Std + "$" + std(32), 20}, {"sha/512/long", "$sha512$pf=e1NBTFR9e1BBU1NXT1JEfQ==$" + salt16Std + "$" + std(64), longPassword},
		{"md5", "$md5$" + std(16), 1}, {"hmac/md4", "$hmac-md4$" + hexText(strings.Repeat("0", 32)) + "$MTIzNDU=", 20}, {"hmac/sha512", "$hmac-sha512$" + hexText(strings.Repeat("0", 128)) + "$MTIzNDU=", longPassword},
		{"phpass/7", "$P$512345678" + crypt22, 1}, {"phpass/13", "$P$B12345678" + crypt22, 20}, {"phpass/20/long", "$P$I12345678" + crypt22, longPassword},
		{"drupal/7", "$S$512345678" + strings.Repeat(".", 43), 1}, {"drupal/15", "$S$D12345678" + strings.Repeat(".", 43), 20}, {"drupal/22", "$S$K12345678" + strings.Repeat(".", 43), 20},
		{"aspnet-identity", aspnet(2, 100000, 16, 48), 20}, {"directory/md5", "{MD5}" + std(16), 20}, {"directory/sha512", "{SSHA512}" + std(72), 20},
		{"spring-digest", "{sha256}" + strings.Repeat("00", 40), 20}, {"spring-pbkdf2", "{pbkdf2}" + strings.Repeat("00", 40), 20}, {"spring-scrypt", "{scrypt}$e0801$" + salt16Std + "$" + std(32), 20},
		{"atlassian", "{PKCS5S2}" + std(48), 20}, {"django-scrypt", "scrypt$16384$salt$8$1$" + std(64), 20}, {"wordpress", "$wp$2y$10$" + bcrypt53, 20},
	}
}

// TestCornersWithinBound checks that what is computed for hashes at the ends of their ranges is within the bound, and
// that every format is among them.
func TestCornersWithinBound(t *testing.T) {
	read := map[passwordhash.Format]bool{}
	for _, c := range corners() {
		hash, err := passwordhash.Parse(c.encoded)
		require.NoError(t, err, c.name)
		require.False(t, hash.Cost(min(c.passwordBytes, 128)).Exceeds(passwordhash.DefaultBound()), c.name)
		require.Positive(t, hash.Cost(1).Time, c.name)
		require.GreaterOrEqual(t, hash.Cost(c.passwordBytes).Time, hash.Cost(1).Time, c.name)
		read[hash.FormatName()] = true
	}
	same := map[passwordhash.Format]bool{ // the work of another format, in another layout
		passwordhash.FormatDjangoPBKDF2: true, passwordhash.FormatWerkzeugPBKDF2: true, passwordhash.FormatWerkzeugScrypt: true,
		passwordhash.FormatMediaWikiPBKDF2: true, passwordhash.FormatDirectoryPBKDF2: true,
	}
	for _, layout := range passwordhash.Formats() {
		require.True(t, layout.Format == "" || read[layout.Format] || same[layout.Format], "no corner of %s", layout.Format)
	}
}

// BenchmarkCost verifies every corner and reports how many times the computed time it took: processor time of the whole
// process, which other programs on the machine change little.
func BenchmarkCost(b *testing.B) {
	for _, c := range corners() {
		b.Run(c.name, func(b *testing.B) {
			hash, password := parse(b, c.encoded), []byte(strings.Repeat("p", c.passwordBytes))
			computed := hash.Cost(c.passwordBytes).Time
			times := int(max(1, 20*time.Millisecond/computed))
			runs := 0
			runtime.GC()
			start := processorTime(b)
			for b.Loop() {
				for range times {
					require.ErrorIs(b, passwordhash.Verify(b.Context(), hash, password), passwordhash.ErrMismatch)
				}
				runs += times
			}
			took := float64(processorTime(b)-start) / float64(runs)
			b.ReportMetric(took/float64(computed), "×computed")
			b.ReportMetric(float64(computed), "computed-ns")
		})
	}
}

// processorTime returns how long this process has used processors.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
