package credentials

import "strings"

// Family is a format of password hashes.
type Family string

// The formats, in the order in which they are recognised. In their layouts "std" is
// padded and "raw" unpadded standard base64.
const (
	FamilyMD5Crypt       Family = "md5-crypt"       // $1$salt$digest, also under $md5-crypt$
	FamilyBcrypt         Family = "bcrypt"          // $2a$cost$salt and key; also $2$, $2b$, $2y$, $2z$
	FamilySHA256Crypt    Family = "sha256-crypt"    // $5$[rounds=N$]salt$digest, also under $sha256-crypt$
	FamilySHA512Crypt    Family = "sha512-crypt"    // $6$[rounds=N$]salt$digest, also under $sha512-crypt$
	FamilyArgon2id       Family = "argon2id"        // $argon2id$v=19$m=KiB,t=,p=$raw salt$raw key
	FamilyArgon2i        Family = "argon2i"         // $argon2i$v=19$m=KiB,t=,p=$raw salt$raw key
	FamilyPBKDF2         Family = "pbkdf2"          // $pbkdf2-sha256$i=,l=$raw salt$raw key
	FamilyScrypt         Family = "scrypt"          // $scrypt$ln=N,r=,p=$std salt$std key, or in PHC form with ln = log2 N and raw
	FamilySaltedSHA      Family = "salted-sha"      // {SSHA}std of digest and salt; also {SSHA256}, {SSHA512}
	FamilySHA            Family = "sha"             // $sha256$pf=std template$std salt$std digest; also sha1, sha512
	FamilyFirebaseScrypt Family = "firebase-scrypt" // $firescrypt$ln=log2 N,r=,p=$std salt$std key$std separator$std signer key
	FamilyMD5            Family = "md5"             // $md5$std digest, or templated as FamilySHA
	FamilyHMAC           Family = "hmac"            // $hmac-sha256$std of the hex digest$std key; also md4, md5, sha1, sha224, sha384, sha512
	FamilyDjangoPBKDF2   Family = "django-pbkdf2"   // pbkdf2_sha256$iterations$salt$std key; also pbkdf2_sha512
	FamilyPHPass         Family = "phpass"          // $P$ or $H$, then count, salt and digest
	FamilyLDAPSHA        Family = "ldap-sha"        // {SHA}std digest
	FamilyASPNETIdentity Family = "aspnet-identity" // std of a binary layout, version 3
)

// recognise returns the format that encoded is in by its beginning, and its parser;
// nil when there is none. No beginning is that of another.
func recognise(encoded string) (Family, func(encoded string) (format, error)) {
	for _, known := range [...]struct {
		prefix string
		family Family
		parse  func(encoded string) (format, error)
	}{
		{"$md5-crypt$", FamilyMD5Crypt, parseMD5Crypt},
		{"$1$", FamilyMD5Crypt, parseMD5Crypt},
		{"$2$", FamilyBcrypt, parseBcrypt},
		{"$2a$", FamilyBcrypt, parseBcrypt},
		{"$2b$", FamilyBcrypt, parseBcrypt},
		{"$2y$", FamilyBcrypt, parseBcrypt},
		{"$2z$", FamilyBcrypt, parseBcrypt},
		{"$sha256-crypt$", FamilySHA256Crypt, parseSHA256Crypt},
		{"$5$", FamilySHA256Crypt, parseSHA256Crypt},
		{"$sha512-crypt$", FamilySHA512Crypt, parseSHA512Crypt},
		{"$6$", FamilySHA512Crypt, parseSHA512Crypt},
		{"$argon2id$", FamilyArgon2id, parseArgon2id},
		{"$argon2i$", FamilyArgon2i, parseArgon2i},
		{"$pbkdf2-", FamilyPBKDF2, parsePBKDF2},
		{"$scrypt$", FamilyScrypt, parseScrypt},
		{"{SSHA", FamilySaltedSHA, parseSaltedSHA},
		{"$sha1$", FamilySHA, parseTemplated},
		{"$sha256$", FamilySHA, parseTemplated},
		{"$sha512$", FamilySHA, parseTemplated},
		{"$firescrypt$", FamilyFirebaseScrypt, parseFirebaseScrypt},
		{"$md5$", FamilyMD5, parseMD5},
		{"$hmac-", FamilyHMAC, parseHMAC},
		{"pbkdf2_sha", FamilyDjangoPBKDF2, parseDjangoPBKDF2},
		{"$P$", FamilyPHPass, parsePHPass},
		{"$H$", FamilyPHPass, parsePHPass},
		{"{SHA}", FamilyLDAPSHA, parseLDAPSHA},
		{aspnetPrefix, FamilyASPNETIdentity, parseASPNETIdentity},
	} {
		if strings.HasPrefix(encoded, known.prefix) {
			return known.family, known.parse
		}
	}
	return "", nil
}
