package passwordhash

import (
	"slices"
	"strings"
)

// Format is a format of password hashes, by its name.
type Format string

// The formats, in the order in which they are recognised. In their layouts "std" is
// padded and "raw" unpadded standard base64.
const (
	FormatMD5Crypt       Format = "md5-crypt"       // $1$salt$digest, also under $md5-crypt$
	FormatBcrypt         Format = "bcrypt"          // $2a$cost$salt and key; also $2$, $2b$, $2y$, $2z$
	FormatSHA256Crypt    Format = "sha256-crypt"    // $5$[rounds=N$]salt$digest, also under $sha256-crypt$
	FormatSHA512Crypt    Format = "sha512-crypt"    // $6$[rounds=N$]salt$digest, also under $sha512-crypt$
	FormatArgon2id       Format = "argon2id"        // $argon2id$v=19$m=KiB,t=,p=$raw salt$raw key
	FormatArgon2i        Format = "argon2i"         // $argon2i$v=19$m=KiB,t=,p=$raw salt$raw key
	FormatPBKDF2         Format = "pbkdf2"          // $pbkdf2-sha256$i=,l=$raw salt$raw key
	FormatScrypt         Format = "scrypt"          // $scrypt$ln=N,r=,p=$std salt$std key, or in PHC form with ln = log2 N and raw
	FormatSaltedSHA      Format = "salted-sha"      // {SSHA}std of digest and salt; also {SSHA256}, {SSHA512}
	FormatSHA            Format = "sha"             // $sha256$pf=std template$std salt$std digest; also sha1, sha512
	FormatFirebaseScrypt Format = "firebase-scrypt" // $firescrypt$ln=log2 N,r=,p=$std salt$std key$std separator$std signer key
	FormatMD5            Format = "md5"             // $md5$std digest, or templated as FormatSHA
	FormatHMAC           Format = "hmac"            // $hmac-sha256$std of the hex digest$std key; also md4, md5, sha1, sha224, sha384, sha512
	FormatDjangoPBKDF2   Format = "django-pbkdf2"   // pbkdf2_sha256$iterations$salt$std key; also pbkdf2_sha512
	FormatPHPass         Format = "phpass"          // $P$ or $H$, then count, salt and digest
	FormatLDAPSHA        Format = "ldap-sha"        // {SHA}std digest
	FormatASPNETIdentity Format = "aspnet-identity" // std of a binary layout, version 3
)

// Formats returns all formats that [Parse] reads, in the order of their constants. The slice is the caller's.
func Formats() []Format {
	var all []Format
	for _, known := range formats() {
		if !slices.Contains(all, known.format) {
			all = append(all, known.format)
		}
	}
	return all
}

// knownFormat is a format, and what every hash of it begins with.
type knownFormat struct {
	prefix string
	format Format
	parse  func(encoded string) (verifier, error)
}

// formats returns the table of formats. No prefix in it is the beginning of another.
func formats() []knownFormat {
	return []knownFormat{
		{"$md5-crypt$", FormatMD5Crypt, parseMD5Crypt},
		{"$1$", FormatMD5Crypt, parseMD5Crypt},
		{"$2$", FormatBcrypt, parseBcrypt},
		{"$2a$", FormatBcrypt, parseBcrypt},
		{"$2b$", FormatBcrypt, parseBcrypt},
		{"$2y$", FormatBcrypt, parseBcrypt},
		{"$2z$", FormatBcrypt, parseBcrypt},
		{"$sha256-crypt$", FormatSHA256Crypt, parseSHA256Crypt},
		{"$5$", FormatSHA256Crypt, parseSHA256Crypt},
		{"$sha512-crypt$", FormatSHA512Crypt, parseSHA512Crypt},
		{"$6$", FormatSHA512Crypt, parseSHA512Crypt},
		{"$argon2id$", FormatArgon2id, parseArgon2id},
		{"$argon2i$", FormatArgon2i, parseArgon2i},
		{"$pbkdf2-", FormatPBKDF2, parsePBKDF2},
		{"$scrypt$", FormatScrypt, parseScrypt},
		{"{SSHA", FormatSaltedSHA, parseSaltedSHA},
		{"$sha1$", FormatSHA, parseTemplated},
		{"$sha256$", FormatSHA, parseTemplated},
		{"$sha512$", FormatSHA, parseTemplated},
		{"$firescrypt$", FormatFirebaseScrypt, parseFirebaseScrypt},
		{"$md5$", FormatMD5, parseMD5},
		{"$hmac-", FormatHMAC, parseHMAC},
		{"pbkdf2_sha", FormatDjangoPBKDF2, parseDjangoPBKDF2},
		{"$P$", FormatPHPass, parsePHPass},
		{"$H$", FormatPHPass, parsePHPass},
		{"{SHA}", FormatLDAPSHA, parseLDAPSHA},
		{aspnetPrefix, FormatASPNETIdentity, parseASPNETIdentity},
	}
}

// recognise returns the format of encoded by its prefix, and its parser. The parser is nil if there is none.
func recognise(encoded string) (Format, func(encoded string) (verifier, error)) {
	for _, known := range formats() {
		if strings.HasPrefix(encoded, known.prefix) {
			return known.format, known.parse
		}
	}
	return "", nil
}
