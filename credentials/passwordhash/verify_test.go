package passwordhash_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash"
)

func parse(t testing.TB, encoded string) passwordhash.Hash {
	t.Helper()
	hash, err := passwordhash.Parse(encoded)
	require.NoError(t, err)
	return hash
}

func TestVerifyHandbook(t *testing.T) {
	for _, encoded := range handbook() {
		name := encoded[:min(len(encoded), 24)]
		t.Run(name, func(t *testing.T) { verifyBoth(t, encoded, handbookPassword) })
	}
}

// verifyBoth asserts that encoded is a hash of password and of no other.
func verifyBoth(t *testing.T, encoded, password string) {
	t.Helper()
	hash := parse(t, encoded)
	require.Equal(t, encoded, hash.Encoded())
	require.NoError(t, passwordhash.Verify(t.Context(), hash, []byte(password)))
	require.ErrorIs(t, passwordhash.Verify(t.Context(), hash, []byte(password+"x")), passwordhash.ErrMismatch)
}

func TestVerifyPublished(t *testing.T) {
	for _, vector := range []struct{ source, password, encoded string }{
		// The manual of openssl-passwd(1) has this one as its example.
		{"openssl passwd -1", "password", "$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a."},
		{"crypt(3) of libxcrypt, 15 bytes", "0123456789ABCDE", "$1$xxxxxxxx$oJQmiUixx8Wj7GGD3HrCa0"},

		// Passwords, salts and rounds of the test vectors in Ulrich Drepper's "Unix
		// crypt using SHA-256 and SHA-512"; the hashes as crypt(3) of libxcrypt, by way
		// of Python's crypt module, gives them.
		{"SHA-crypt", "Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"},
		{"SHA-crypt", "Hello world!", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"},
		{"SHA-crypt, rounds", "Hello world!", "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"},
		{"SHA-crypt, rounds", "Hello world!", "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."},
		{"SHA-crypt, default rounds written out", "This is just a test", "$5$rounds=5000$toolongsaltstrin$Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5"},
		{"SHA-crypt, default rounds written out", "This is just a test", "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0"},
		{"SHA-crypt, long password", "a very much longer text to encrypt.  This one even stretches over morethan one line.", "$5$rounds=1400$anotherlongsalts$Rx.j8H.h8HjEDGomFU8bDkXm3XIUnzyxf12oP84Bnq1"},
		{"SHA-crypt, long password", "a very much longer text to encrypt.  This one even stretches over morethan one line.", "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1"},
		{"SHA-crypt, short salt", "we have a short salt string but not a short password", "$5$rounds=77777$short$JiO1O3ZpDAxGJeaDIuqCoEFysAe1mZNJRs3pw0KQRd/"},
		{"SHA-crypt, short salt", "we have a short salt string but not a short password", "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0"},

		// RFC 7914, section 12, in the PHC string format.
		{"scrypt", "pleaseletmein", "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"},

		// The sample of github.com/firebase/scrypt.
		{"Firebase", "user1password", "$firescrypt$ln=14,r=8,p=1$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==$Bw==$jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="},

		// Django's own tests of its hasher have the first; both agree with Python's hashlib.
		{"Django", "lètmein", "pbkdf2_sha256$10000$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY="},
		{"Django", "lètmein", "pbkdf2_sha512$10000$seasalt$JIPR2P99sfau7FPggra1TXQGiEsPZfO87sIFvR+AQ0V/rcdezYYHpRogvRZcUMh32GXGObw32jPdgyyJ7hZB1Q=="},

		// The first is what the test.php of phpass checks for; the others agree, as it
		// does, with a second implementation written on Python's hashlib.
		{"phpass", "test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"},
		{"phpass, as phpBB3 writes it", "test1", "$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00"},
		{"phpass", "password", "$P$8ohUJ.1sdFw09/bMaAQPTGDNi2BIUt1"},

		// RFC 2307 names the scheme; the digest is Python's hashlib.sha1.
		{"LDAP", "password", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="},

		// The tests of ASP.NET Core Identity's PasswordHasher have these; they agree
		// with Python's hashlib.pbkdf2_hmac.
		{"ASP.NET, SHA-1, 250 iterations", "my password", "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M"},
		{"ASP.NET, SHA-512, 50 iterations", "my password", "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw"},
		{"ASP.NET, SHA-512, 250 iterations", "my password", "AQAAAAIAAAD6AAAAIJbVi5wbMR+htSfFp8fTw8N8GOS/Sje+S/4YZcgBfU7EQuqv4OkVYmc4VJl9AGZzmRTxSkP7LtVi9IWyUxX8IAAfZ8v+ZfhjCcudtC1YERSqE1OEdXLW9VukPuJWBBjLuw=="},
	} {
		t.Run(vector.source, func(t *testing.T) { verifyBoth(t, vector.encoded, vector.password) })
	}
}

func TestVerifyUnderOtherNames(t *testing.T) {
	// By crypt(3) of libxcrypt, by way of Python's crypt module.
	const bcrypt = "04$abcdefghijklmnopqrstuuX6PtrpfRrdNpHpQy.hB0EsZanqlFa2S"
	for _, encoded := range append(handbook(), "$2a$"+bcrypt) {
		for from, to := range map[string][]string{
			"$md5-crypt$":    {"$1$"},
			"$sha256-crypt$": {"$5$"},
			"$sha512-crypt$": {"$6$"},
			"$2a$04$":        {"$2$04$", "$2b$04$", "$2y$04$", "$2z$04$"},
		} {
			rest, ok := strings.CutPrefix(encoded, from)
			if !ok {
				continue
			}
			for _, prefix := range to {
				t.Run(prefix, func(t *testing.T) { verifyBoth(t, prefix+rest, handbookPassword) })
			}
		}
	}
}

func TestVerifyBounds(t *testing.T) {
	hash := parse(t, handbook()[0])

	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, passwordhash.Verify(ended, hash, []byte(handbookPassword)), context.Canceled)

	require.ErrorIs(t, passwordhash.Verify(t.Context(), hash, nil), passwordhash.ErrMismatch)
	require.ErrorIs(t, passwordhash.Verify(t.Context(), passwordhash.Hash{}, []byte("x")), passwordhash.ErrMismatch)
	long := passwordhash.Verify(t.Context(), hash, make([]byte, passwordhash.MaxPasswordBytes+1))
	require.ErrorIs(t, long, passwordhash.ErrPasswordTooLong)
	require.ErrorIs(t, long, passwordhash.ErrMismatch)
}

func TestVerifyBcryptReadsAllOrNothing(t *testing.T) {
	hasher, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	beginning := strings.Repeat("a", 72)
	encoded, err := hasher.Hash(t.Context(), []byte(beginning))
	require.NoError(t, err)
	hash := parse(t, encoded)
	require.NoError(t, passwordhash.Verify(t.Context(), hash, []byte(beginning)))
	require.ErrorIs(t, passwordhash.Verify(t.Context(), hash, []byte(beginning+"b")), passwordhash.ErrPasswordTooLong,
		"72 bytes that match do not let in what goes on")

	encoded, err = hasher.Hash(t.Context(), []byte("a"))
	require.NoError(t, err)
	require.ErrorIs(t, passwordhash.Verify(t.Context(), parse(t, encoded), []byte("a\x00a")), passwordhash.ErrMismatch,
		"bcrypt repeats a password and its NUL, so these two have one hash")
}

// A template and a salt that look like places for each other are not filled twice.
func TestVerifyTemplateFillsOnce(t *testing.T) {
	// printf '{PASSWORD}-{SALT}' | openssl dgst -sha256 -binary | base64, for the salt
	// {PASSWORD}, the password {SALT} and the template {SALT}-{PASSWORD}.
	hash := parse(t, "$sha256$pf=e1NBTFR9LXtQQVNTV09SRH0=$e1BBU1NXT1JEfQ==$33QRfEh4ckJ0IdeBKybr/xz/WBAr30h2OoAx7JzMIRQ=")
	require.NoError(t, passwordhash.Verify(t.Context(), hash, []byte("{SALT}")))
}

// TestFormats verifies the example of every layout.
func TestFormats(t *testing.T) {
	for _, layout := range passwordhash.Formats() {
		require.NotEmpty(t, layout.Text)
		require.NotEmpty(t, layout.From)
		if layout.Example == "" {
			continue // a wrapper, which TestVectors has hashes of
		}
		require.Equal(t, layout.Format, parse(t, layout.Example).FormatName())
		require.NoError(t, passwordhash.Verify(t.Context(), parse(t, layout.Example), []byte(handbookPassword)), layout.Example)
	}
}

func TestParseNamesTheFormat(t *testing.T) {
	for encoded, format := range map[string]passwordhash.Format{
		"$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a.":                              passwordhash.FormatMD5Crypt,
		"$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0":                              passwordhash.FormatPHPass,
		"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=":                               passwordhash.FormatDirectory,
		"$md5$cpEVYtwa441tCyJKl9rhKw==":                                   passwordhash.FormatMD5,
		"{SSHA}L6F//7LQX2cLx0KSsbwyYKAXmIwwMTIz":                          passwordhash.FormatDirectory,
		"AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw":    passwordhash.FormatASPNETIdentity,
		"$hmac-md4$NWNhMGFlOTBhOWNhYTdkNTZhY2FiYjRkMmE4ZmVjYzU=$MTIzNDU=": passwordhash.FormatHMAC,
	} {
		require.Equal(t, format, parse(t, encoded).FormatName())
	}
	require.Empty(t, passwordhash.Hash{}.FormatName())
	require.Empty(t, passwordhash.Hash{}.Encoded())
}
