package credentials_test

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

// Pieces of well-formed hashes.
const (
	salt16Raw = "MDEyMzQ1Njc4OWFiY2RlZg"
	salt16Std = "MDEyMzQ1Njc4OWFiY2RlZg=="
	key16Raw  = "AAAAAAAAAAAAAAAAAAAAAA"
	key16Std  = "AAAAAAAAAAAAAAAAAAAAAA=="
	crypt22   = "......................"
	bcrypt53  = "....................................................."
)

func std(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }

func raw(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }

// aspnet writes the binary layout of ASP.NET Identity, version 3.
func aspnet(prf, iterations, saltLength uint32, rest int) string {
	b := []byte{1}
	for _, n := range []uint32{prf, iterations, saltLength} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return base64.StdEncoding.EncodeToString(append(b, make([]byte, rest)...))
}

func TestParseHashRefuses(t *testing.T) {
	const unknown = ""
	dots := strings.Repeat
	for _, c := range []struct {
		family  credentials.Family
		encoded string
		reason  string
	}{
		{unknown, "", "not in a known format"},
		{unknown, "landscape-Pa55", "not in a known format"},
		{unknown, "$", "not in a known format"},
		{unknown, "$argon2d$v=19$m=8,t=1,p=1$" + salt16Raw + "$" + key16Raw, "not in a known format"},
		{unknown, "$2x$04$" + bcrypt53, "not in a known format"},
		{unknown, "$y$j9T$" + crypt22, "not in a known format"},
		{unknown, "{CRYPT}$1$xxxxxxxx$" + crypt22, "not in a known format"},
		{unknown, " $1$xxxxxxxx$" + crypt22, "not in a known format"},
		{unknown, "$2a$04$" + strings.Repeat("a", 4090), "longer than 4 KiB"},

		{credentials.FamilyMD5Crypt, "$1$" + crypt22, "must have 2 fields behind its name, not 1"},
		{credentials.FamilyMD5Crypt, "$1$a$b$" + crypt22, "must have 2 fields behind its name, not 3"},
		{credentials.FamilyMD5Crypt, "$1$1234\xff$" + crypt22, "has a character that is not printable ASCII"},
		{credentials.FamilyDjangoPBKDF2, "pbkdf2_sha256$1000$sal\x00t$" + std(32), "has a character that is not printable ASCII"},
		{credentials.FamilySaltedSHA, "{SSHA}L6F//7LQX2cLx0KS\r\nsbwyYKAXmIwwMTIz", "has a character that is not printable ASCII"},
		{credentials.FamilyMD5Crypt, "$1$123456789$" + crypt22, "its salt is longer than 8 bytes"},
		{credentials.FamilyMD5Crypt, "$md5-crypt$12345678$" + crypt22[1:], "its digest is not 22 characters"},
		{credentials.FamilyMD5Crypt, "$1$12345678$+" + crypt22[1:], "its digest has a character that is not of crypt base64"},
		{credentials.FamilyMD5Crypt, "$1$12345678$" + crypt22[1:] + "z", "its digest has stray bits at its end"},

		{credentials.FamilyBcrypt, "$2a$04", "must have 2 fields behind its name, not 1"},
		{credentials.FamilyBcrypt, "$2a$4$" + bcrypt53, "its cost is not two digits"},
		{credentials.FamilyBcrypt, "$2a$+4$" + bcrypt53, "its cost is not a decimal number"},
		{credentials.FamilyBcrypt, "$2a$03$" + bcrypt53, "its cost must be 4 to 15"},
		{credentials.FamilyBcrypt, "$2b$16$" + bcrypt53, "its cost must be 4 to 15"},
		{credentials.FamilyBcrypt, "$2y$00$" + bcrypt53, "its cost must be 4 to 15"},
		{credentials.FamilyBcrypt, "$2y$12$" + bcrypt53[1:], "its salt and key are not 53 characters"},
		{credentials.FamilyBcrypt, "$2y$12$" + bcrypt53 + ".", "its salt and key are not 53 characters"},
		{credentials.FamilyBcrypt, "$2y$12$+" + bcrypt53[1:], "its salt is not valid base64"},
		{credentials.FamilyBcrypt, "$2y$12$\n" + bcrypt53[1:], "has a character that is not printable ASCII"},
		{credentials.FamilyBcrypt, "$2y$12$" + bcrypt53[1:] + "=", "its key is not valid base64"},
		{credentials.FamilyBcrypt, "$2y$12$" + bcrypt53[1:] + "/", "its key is not valid base64"},

		{credentials.FamilySHA256Crypt, "$5$", "must have a salt and a digest behind its name and rounds"},
		{credentials.FamilySHA256Crypt, "$5$rounds=5000", "must have a salt and a digest behind its name and rounds"},
		{credentials.FamilySHA256Crypt, "$5$rounds=999$salt$" + dots(".", 43), "its number of rounds must be 1000 to 5000000"},
		{credentials.FamilySHA512Crypt, "$6$rounds=5000001$salt$" + dots(".", 86), "its number of rounds must be 1000 to 5000000"},
		{credentials.FamilySHA512Crypt, "$sha512-crypt$rounds=99999999999999999999$salt$" + dots(".", 86), "its number of rounds must be 1000 to 5000000"},
		{credentials.FamilySHA512Crypt, "$6$rounds=$salt$" + dots(".", 86), "its number of rounds is not a decimal number"},
		{credentials.FamilySHA256Crypt, "$sha256-crypt$rounds=05000$salt$" + dots(".", 43), "its number of rounds is not a decimal number"},
		{credentials.FamilySHA256Crypt, "$5$12345678901234567$" + dots(".", 43), "its salt is longer than 16 bytes"},
		{credentials.FamilySHA256Crypt, "$5$salt$" + dots(".", 42), "its digest is not 43 characters"},
		{credentials.FamilySHA512Crypt, "$6$salt$" + dots(".", 85) + "=", "its digest has a character that is not of crypt base64"},
		{credentials.FamilySHA512Crypt, "$6$salt$" + dots(".", 85) + "2", "its digest has stray bits at its end"},

		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=1,p=1$" + salt16Raw, "must have 4 fields behind its name, not 3"},
		{credentials.FamilyArgon2id, "$argon2id$v=16$m=8,t=1,p=1$" + salt16Raw + "$" + key16Raw, "its version is not 19"},
		{credentials.FamilyArgon2i, "$argon2i$m=8,t=1,p=1$" + salt16Raw + "$" + key16Raw, "must have 4 fields behind its name, not 3"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=1$" + salt16Raw + "$" + key16Raw, "must have 3 parameters, not 2"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$t=1,m=8,p=1$" + salt16Raw + "$" + key16Raw, "its parameter 1 must be m"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=0,t=1,p=1$" + salt16Raw + "$" + key16Raw, "its m must be 1 to 1048576"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=1048577,t=1,p=1$" + salt16Raw + "$" + key16Raw, "its m must be 1 to 1048576"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=11,p=1$" + salt16Raw + "$" + key16Raw, "its t must be 1 to 10"},
		{credentials.FamilyArgon2i, "$argon2i$v=19$m=8,t=1,p=17$" + salt16Raw + "$" + key16Raw, "its p must be 1 to 16"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=-8,t=1,p=1$" + salt16Raw + "$" + key16Raw, "its m is not a decimal number"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=1,p=1$$" + key16Raw, "its salt is empty"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=1,p=1$" + salt16Std + "$" + key16Raw, "its salt is not valid base64"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=1,p=1$" + salt16Raw + "$", "its key is shorter than 16 bytes"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=1,p=1$" + salt16Raw + "$" + raw(15), "its key is shorter than 16 bytes"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=1,p=1$" + salt16Raw + "$" + raw(129), "its key is longer than 128 bytes"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=1,p=1$" + salt16Raw + "$" + key16Raw[1:] + "B", "its key is not valid base64"},
		{credentials.FamilyArgon2id, "$argon2id$v=19$m=8,t=1,p=1$" + salt16Raw + "$" + key16Raw + "\n", "has a character that is not printable ASCII"},

		{credentials.FamilyPBKDF2, "$pbkdf2-sha256$i=1,l=16$" + salt16Raw, "must have 3 fields behind its name, not 2"},
		{credentials.FamilyPBKDF2, "$pbkdf2-sha257$i=1,l=16$" + salt16Raw + "$" + key16Raw, "its digest is unknown"},
		{credentials.FamilyPBKDF2, "$pbkdf2-md5$i=1,l=16$" + salt16Raw + "$" + key16Raw, "its digest is unknown"},
		{credentials.FamilyPBKDF2, "$pbkdf2-sha256$i=0,l=16$" + salt16Raw + "$" + key16Raw, "its i must be 1 to 10000000"},
		{credentials.FamilyPBKDF2, "$pbkdf2-sha256$i=10000001,l=16$" + salt16Raw + "$" + key16Raw, "its i must be 1 to 10000000"},
		{credentials.FamilyPBKDF2, "$pbkdf2-sha256$i=1,l=x$" + salt16Raw + "$" + key16Raw, "its l is not a decimal number"},
		{credentials.FamilyPBKDF2, "$pbkdf2-sha256$i=1,l=16$!$" + key16Raw, "its salt is not valid base64"},
		{credentials.FamilyPBKDF2, "$pbkdf2-sha512$i=1,l=16$" + salt16Raw + "$" + raw(200), "its key is longer than 128 bytes"},

		{credentials.FamilyScrypt, "$scrypt$ln=16384,r=8,p=1$" + salt16Std, "must have 3 fields behind its name, not 2"},
		{credentials.FamilyScrypt, "$scrypt$ln=262144,r=8,p=1$" + salt16Std + "$" + key16Std, "its ln must be 1 to 131072"},
		{credentials.FamilyScrypt, "$scrypt$ln=16383,r=8,p=1$" + salt16Std + "$" + key16Std, "its ln is not a power of two above 1"},
		{credentials.FamilyScrypt, "$scrypt$ln=1,r=8,p=1$" + salt16Std + "$" + key16Std, "its ln is not a power of two above 1"},
		{credentials.FamilyScrypt, "$scrypt$ln=14,r=8,p=1$" + salt16Std + "$" + key16Std, "its ln is not a power of two above 1"},
		{credentials.FamilyScrypt, "$scrypt$ln=18,r=8,p=1$" + salt16Raw + "$" + key16Raw, "its ln is not a power of two above 1"},
		{credentials.FamilyScrypt, "$scrypt$ln=16384,r=9,p=1$" + salt16Std + "$" + key16Std, "its r must be 1 to 8"},
		{credentials.FamilyScrypt, "$scrypt$ln=16384,r=8,p=11$" + salt16Std + "$" + key16Std, "its p must be 1 to 10"},
		{credentials.FamilyScrypt, "$scrypt$ln=16384,r=8,p=1$" + salt16Raw + "$" + key16Raw, "its salt is not valid base64"},
		{credentials.FamilyScrypt, "$scrypt$ln=14,r=8,p=1$" + salt16Raw + "$" + raw(15), "its key is shorter than 16 bytes"},

		{credentials.FamilySaltedSHA, "{SSHA}" + std(20), "its digest and salt are not more than 20 bytes"},
		{credentials.FamilySaltedSHA, "{SSHA256}" + std(32), "its digest and salt are not more than 32 bytes"},
		{credentials.FamilySaltedSHA, "{SSHA512}" + std(40), "its digest and salt are not more than 64 bytes"},
		{credentials.FamilySaltedSHA, "{SSHA}****", "its digest and salt are not valid base64"},
		{credentials.FamilySaltedSHA, "{SSHA384}" + std(60), "its scheme is unknown"},
		{credentials.FamilySaltedSHA, "{SSHA" + std(60), "its scheme is unknown"},
		{credentials.FamilyLDAPSHA, "{SHA}" + std(19), "its digest is not 20 bytes"},
		{credentials.FamilyLDAPSHA, "{SHA}" + raw(20), "its digest is not valid base64"},

		{credentials.FamilySHA, "$sha256$" + std(32), "must have 3 fields behind its name, not 1"},
		{credentials.FamilySHA, "$sha256$e1BBU1NXT1JEfQ==$$" + std(32), "its template does not begin with pf="},
		{credentials.FamilySHA, "$sha256$pf=*$$" + std(32), "its template is not valid base64"},
		{credentials.FamilySHA, "$sha256$pf=e1NBTFR9$$" + std(32), "its template has no place for the password"},
		{credentials.FamilySHA, "$sha256$pf=$$" + std(32), "its template has no place for the password"},
		{credentials.FamilySHA, "$sha1$pf=e1BBU1NXT1JEfQ==$*$" + std(20), "its salt is not valid base64"},
		{credentials.FamilySHA, "$sha1$pf=e1BBU1NXT1JEfQ==$$" + std(32), "its digest is not 20 bytes"},
		{credentials.FamilySHA, "$sha512$pf=e1BBU1NXT1JEfQ==$$" + std(32), "its digest is not 64 bytes"},
		{credentials.FamilyMD5, "$md5$" + std(15), "its digest is not 16 bytes"},
		{credentials.FamilyMD5, "$md5$", "its digest is not 16 bytes"},
		{credentials.FamilyMD5, "$md5$pf=e1BBU1NXT1JEfQ==$" + std(16), "must have 3 fields behind its name, not 2"},
		{credentials.FamilyMD5, "$md5$pf=e1BBU1NXT1JEfQ==$$" + std(20), "its digest is not 16 bytes"},

		{credentials.FamilyFirebaseScrypt, "$firescrypt$ln=14,r=8,p=1$" + salt16Std + "$" + key16Std + "$Bw==", "must have 5 fields behind its name, not 4"},
		{credentials.FamilyFirebaseScrypt, "$firescrypt$ln=18,r=8,p=1$" + salt16Std + "$" + key16Std + "$Bw==$" + key16Std, "its ln must be 1 to 17"},
		{credentials.FamilyFirebaseScrypt, "$firescrypt$ln=14,r=8,p=1$" + salt16Std + "$" + key16Std + "$Bw==$", "its signer key is not as long as its key"},
		{credentials.FamilyFirebaseScrypt, "$firescrypt$ln=14,r=8,p=1$" + salt16Std + "$" + key16Std + "$Bw$" + key16Std, "its salt separator is not valid base64"},
		{credentials.FamilyFirebaseScrypt, "$firescrypt$ln=14,r=8,p=1$" + salt16Std + "$" + key16Std + "$Bw==$?", "its signer key is not valid base64"},
		{credentials.FamilyFirebaseScrypt, "$firescrypt$ln=14,r=8,p=1$$" + key16Std + "$Bw==$" + key16Std, "its salt is empty"},

		{credentials.FamilyHMAC, "$hmac-sha256$MDE=", "must have 2 fields behind its name, not 1"},
		{credentials.FamilyHMAC, "$hmac-sha3$MDE=$MDE=", "its digest is unknown"},
		{credentials.FamilyHMAC, "$hmac-md5$*$MTIzNDU=", "its digest is not valid base64"},
		{credentials.FamilyHMAC, "$hmac-md5$" + hexText("ABCDEF0123456789ABCDEF0123456789") + "$MTIzNDU=", "its digest is not lower-case hexadecimal"},
		{credentials.FamilyHMAC, "$hmac-md5$" + hexText("xbcdef0123456789abcdef0123456789") + "$MTIzNDU=", "its digest is not lower-case hexadecimal"},
		{credentials.FamilyHMAC, "$hmac-sha1$" + hexText("abcdef0123456789abcdef0123456789") + "$MTIzNDU=", "its digest is not 20 bytes"},
		{credentials.FamilyHMAC, "$hmac-md5$" + hexText("abcdef0123456789abcdef0123456789") + "$", "its key is empty"},
		{credentials.FamilyHMAC, "$hmac-md5$" + hexText("abcdef0123456789abcdef0123456789") + "$MTIzNDU", "its key is not valid base64"},

		{credentials.FamilyDjangoPBKDF2, "pbkdf2_sha256$1000$salt", "must have 3 fields behind its name, not 2"},
		{credentials.FamilyDjangoPBKDF2, "pbkdf2_sha1$1000$salt$" + std(20), "its digest is unknown"},
		{credentials.FamilyDjangoPBKDF2, "pbkdf2_sha256$0$salt$" + std(32), "its number of iterations must be 1 to 10000000"},
		{credentials.FamilyDjangoPBKDF2, "pbkdf2_sha256$1e3$salt$" + std(32), "its number of iterations is not a decimal number"},
		{credentials.FamilyDjangoPBKDF2, "pbkdf2_sha256$1000$$" + std(32), "its salt is empty"},
		{credentials.FamilyDjangoPBKDF2, "pbkdf2_sha256$1000$salt$" + std(20), "its key is not 32 bytes"},
		{credentials.FamilyDjangoPBKDF2, "pbkdf2_sha512$1000$salt$" + raw(64), "its key is not valid base64"},

		{credentials.FamilyPHPass, "$P$9IQRaTwmf", "is not 34 characters"},
		{credentials.FamilyPHPass, "$P$412345678" + crypt22, "its number of rounds must be 2^7 to 2^20"},
		{credentials.FamilyPHPass, "$H$K12345678" + crypt22, "its number of rounds must be 2^7 to 2^20"},
		{credentials.FamilyPHPass, "$H$*12345678" + crypt22, "its number of rounds must be 2^7 to 2^20"},
		{credentials.FamilyPHPass, "$P$912345678" + crypt22[1:] + "$", "its digest has a character that is not of crypt base64"},

		{credentials.FamilyASPNETIdentity, "AQAAAAE*", "its text is not valid base64"},
		{credentials.FamilyASPNETIdentity, "AQAAAAEAACcQ", "is shorter than its header"},
		{credentials.FamilyASPNETIdentity, aspnet(3, 1000, 16, 48), "its pseudo-random function is unknown"},
		{credentials.FamilyASPNETIdentity, aspnet(1, 0, 16, 48), "its number of iterations must be 1 to 10000000"},
		{credentials.FamilyASPNETIdentity, aspnet(1, 1<<31, 16, 48), "its number of iterations must be 1 to 10000000"},
		{credentials.FamilyASPNETIdentity, aspnet(1, 1000, 15, 48), "its salt is shorter than 16 bytes"},
		{credentials.FamilyASPNETIdentity, aspnet(1, 1000, 1<<32-1, 48), "its salt is longer than the hash"},
		{credentials.FamilyASPNETIdentity, aspnet(1, 1000, 48, 48), "its key is shorter than 16 bytes"},
		{credentials.FamilyASPNETIdentity, aspnet(2, 1000, 16, 145), "its key is longer than 128 bytes"},
	} {
		t.Run(string(c.family)+" "+c.reason, func(t *testing.T) {
			hash, err := credentials.ParseHash(c.encoded)
			require.Equal(t, credentials.Hash{}, hash)
			var refused *credentials.HashError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, credentials.HashError{Family: c.family, Reason: c.reason}, *refused)
		})
	}
}

func hexText(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
