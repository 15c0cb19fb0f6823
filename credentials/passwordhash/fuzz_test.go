package passwordhash

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/violation"
)

// seeds returns well-formed hashes of every format and layout.
func seeds() []string {
	all := cheapSeeds
	for _, layout := range Formats() {
		if layout.Example != "" {
			all = append(all, layout.Example)
		}
	}
	return all
}

// cheapSeeds are hashes that FuzzVerify can verify often.
var cheapSeeds = []string{
	"$md5-crypt$pONhBWh6$AuMUf32IWuoXqwdC8TFcY.",
	"$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a.",
	"$2a$04$7c6iAbD3IgL3BjUNCPszquhs34FNJB0Bq4FXwYP/R/UBlYUCszO4.",
	"$5$rounds=1000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
	"$sha256-crypt$jG7N5y1M3uDBvD.2$H0VQt6g4o6nGYu4MZRqt9za9Y.T2drwRyI6qH03ihl8",
	"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
	"$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$aRYu2aF0DqOz/wTPd/2ln459Q1e4oQVmK35LG2tJz7o",
	"$argon2i$v=19$m=64,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$HgPx/vI3PfBZBChSDsyR5DJBKJPpPJT9oib3ebsTTO8",
	"$pbkdf2-sha224$i=10,l=32$MDEyMzQ1Njc4OWFiY2RlZg$EacCDFB5+hMB/j3lw/+yXzSae+5bP5iqdAbqSzTkhkc",
	"$pbkdf2-sha256$i=10,l=32$MDEyMzQ1Njc4OWFiY2RlZg$Lj2vIznOTupvjkd6Hmeu+NJaLNMCiwZA0ZfgJd6MCw0",
	"$scrypt$ln=16,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg==$9410s3ybTPLllyQrrdAPedjAbN6hY0LtYpiPYV1U/+k=",
	"$scrypt$ln=4,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
	"{SSHA}L6F//7LQX2cLx0KSsbwyYKAXmIwwMTIz",
	"{SSHA256}Z3MM3m6r/4Ce9arkVQueHwYh4Nw20TpOjgcumC0b7GIwMTIzNDU2Nw==",
	"$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MDEyMzQ1Njc4OWFiY2RlZg==$R63eeggnycnR3ZDYVdjYjBDMUvl7Dwmnx2ZsPUiK0Mk=",
	"$firescrypt$ln=4,r=8,p=1$42xEC+ixf3L2lw==$AAAAAAAAAAAAAAAAAAAAAA==$Bw==$AAAAAAAAAAAAAAAAAAAAAA==",
	"$md5$cpEVYtwa441tCyJKl9rhKw==",
	"$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MDEyMzQ1Njc4OWFiY2RlZg==$Fzm0sxu9YxSu0nQIo4x+WA==",
	"$hmac-md4$NWNhMGFlOTBhOWNhYTdkNTZhY2FiYjRkMmE4ZmVjYzU=$MTIzNDU=",
	"pbkdf2_sha256$10$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=",
	"$P$5IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
	"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
	"{MD5.HEX}9dd4e461268c8034f5c8564e155c67a6",
	"{SHA-256}{c2FsdA==}0b22b72b426ec0b22b72b426ec0b22b72b426ec0b22b72b426ec0b22b72b426e",
	"{CRYPT}$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a.",
	"{bcrypt}$2a$04$7c6iAbD3IgL3BjUNCPszquhs34FNJB0Bq4FXwYP/R/UBlYUCszO4.",
	"bcrypt_sha256$$2b$04$7c6iAbD3IgL3BjUNCPszquhs34FNJB0Bq4FXwYP/R/UBlYUCszO4.",
	"$wp$2y$04$7c6iAbD3IgL3BjUNCPszquhs34FNJB0Bq4FXwYP/R/UBlYUCszO4.",
	"1|$2y$04$7c6iAbD3IgL3BjUNCPszquhs34FNJB0Bq4FXwYP/R/UBlYUCszO4.",
	"3|$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$aRYu2aF0DqOz/wTPd/2ln459Q1e4oQVmK35LG2tJz7o",
	"argon2$argon2i$v=19$m=64,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$HgPx/vI3PfBZBChSDsyR5DJBKJPpPJT9oib3ebsTTO8",
	"U$P$5IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
	"$S$501234567...........................................",
	"$apr1$01234567$UYCIxa628.9qXjpQCjM4a.",
	"$y$j2.$abcd$...........................................",
	"$y$j0..2.$abcd$...........................................",
	"$7$0/..../....abcd$...........................................",
	"$s0$40101$MDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Njc4OWFiY2RlZg==",
	"{PBKDF2-SHA256}10$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
	"{PBKDF2}$1$salt$10$00112233445566778899aabbccddeeff00112233",
	"pbkdf2:sha256:10$seasalt$00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	"scrypt:16:1:1$seasalt$00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	"scrypt$16$seasalt$1$1$MDEyMzQ1Njc4OWFiY2RlZg==",
	":pbkdf2:sha512:10:16:MDEyMzQ1Njc4OWFiY2RlZg==:MDEyMzQ1Njc4OWFiY2RlZg==",
	"$fbscrypt$v=1,n=4,r=1,p=1,ss=Bw==,sk=MDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Ng==$MDEyMzQ1Njc4OWFiY2RlZg==",
	"$pbkdf2-sha384$10$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
	"AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
}

func FuzzParse(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		hash, err := Parse(encoded)
		if err != nil {
			require.ErrorAs(t, err, new(*violation.Error))
			require.Less(t, len(err.Error()), 300)
			return
		}
		require.Equal(t, encoded, hash.Encoded())
		again, err := Parse(hash.Encoded())
		require.NoError(t, err)
		require.Equal(t, hash.FormatName(), again.FormatName())
		require.False(t, hash.Cost(128).Exceeds(DefaultBound()))
		require.Positive(t, hash.Cost(0).Time)
	})
}

func FuzzVerify(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed, []byte("landscape-Pa55"))
	}
	f.Fuzz(func(t *testing.T, encoded string, password []byte) {
		hash, err := Parse(encoded)
		if err != nil || isDear(hash) {
			return
		}
		before := bytes.Clone(password)
		err = Verify(t.Context(), hash, password)
		require.True(t, err == nil || errors.Is(err, ErrMismatch))
		require.Equal(t, err, Verify(t.Context(), hash, password))
		require.Equal(t, before, password)
	})
}

// isDear reports whether verifying h is computed to take more than a few milliseconds.
func isDear(h Hash) bool {
	return h.Cost(MaxPasswordBytes).Exceeds(Cost{Time: 5 * time.Millisecond, MemoryBytes: 8 << 20})
}
