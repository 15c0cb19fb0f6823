package passwordhash

import (
	"strings"
	"sync"
)

// Format is a format of password hashes, by its name.
type Format string

// The formats. [Formats] shows the layout of each.
const (
	FormatMD5Crypt        Format = "md5-crypt"
	FormatAPR1            Format = "apr1"
	FormatBcrypt          Format = "bcrypt"
	FormatSHA256Crypt     Format = "sha256-crypt"
	FormatSHA512Crypt     Format = "sha512-crypt"
	FormatYescrypt        Format = "yescrypt"
	FormatCryptScrypt     Format = "crypt-scrypt"
	FormatArgon2id        Format = "argon2id"
	FormatArgon2i         Format = "argon2i"
	FormatPBKDF2          Format = "pbkdf2"
	FormatScrypt          Format = "scrypt"
	FormatSHA             Format = "sha"
	FormatMD5             Format = "md5"
	FormatHMAC            Format = "hmac"
	FormatFirebaseScrypt  Format = "firebase-scrypt"
	FormatPHPass          Format = "phpass"
	FormatDrupal          Format = "drupal"
	FormatDjangoPBKDF2    Format = "django-pbkdf2"
	FormatDjangoScrypt    Format = "django-scrypt"
	FormatWerkzeugPBKDF2  Format = "werkzeug-pbkdf2"
	FormatWerkzeugScrypt  Format = "werkzeug-scrypt"
	FormatMediaWikiPBKDF2 Format = "mediawiki-pbkdf2"
	FormatASPNETIdentity  Format = "aspnet-identity"
	FormatDirectory       Format = "directory"
	FormatDirectoryPBKDF2 Format = "directory-pbkdf2"
	FormatSpringPBKDF2    Format = "spring-pbkdf2"
	FormatSpringScrypt    Format = "spring-scrypt"
	FormatSpringDigest    Format = "spring-digest"
	FormatAtlassian       Format = "atlassian"
)

// Layout describes one way to write a hash.
type Layout struct {
	// Format is the format of a hash in this layout; "" for a wrapper that can hold more than one.
	Format Format
	// Text shows the layout. Parts in angle brackets are placeholders; "hash" stands for the name of a digest. Unless
	// Text says otherwise, binary parts are in base64, in the standard or the URL alphabet, padded or not.
	Text string
	// From names systems that write this layout.
	From string
	// Example is a hash of the password "landscape-Pa55". It is "" for a wrapper.
	Example string
}

// Formats returns a description of every layout that [Parse] reads: first the formats, then the wrappers. A wrapper
// holds a hash of another layout. The slice is the caller's.
func Formats() []Layout {
	var all []Layout
	for _, known := range bareFormats() {
		all = append(all, known.Layout)
	}
	for _, known := range schemes() {
		all = append(all, known.Layout)
	}
	for _, w := range wrappers() {
		all = append(all, w.about)
	}
	return all
}

// bareFormat is a layout that is recognised by how it begins.
type bareFormat struct {
	Layout
	prefixes []string
	parse    func(encoded string) (verifier, error)
}

// bareFormats returns the table of layouts that no braces stand before. No prefix in it is the beginning of another of
// another layout. The table must not be modified.
var bareFormats = sync.OnceValue(func() []bareFormat {
	return []bareFormat{
		{Layout{FormatMD5Crypt, "$1$<salt>$<digest>", "crypt(3); also under $md5-crypt$", "$1$pONhBWh6$AuMUf32IWuoXqwdC8TFcY."},
			[]string{"$1$", "$md5-crypt$"}, parseMD5Crypt},
		{Layout{FormatAPR1, "$apr1$<salt>$<digest>", "Apache htpasswd", "$apr1$01234567$HdXuJi4bjsYmLlB1sptyu/"}, []string{"$apr1$"}, parseMD5Crypt},
		{Layout{FormatBcrypt, "$2b$<cost>$<salt and key>", "Auth0, Supabase, Okta, Rails, Laravel, Node.js, Go and many others; also $2$, $2a$, $2y$, $2z$", "$2a$10$7c6iAbD3IgL3BjUNCPszquhs34FNJB0Bq4FXwYP/R/UBlYUCszO4."},
			[]string{"$2$", "$2a$", "$2b$", "$2y$", "$2z$"}, parseBcrypt},
		{Layout{FormatSHA256Crypt, "$5$rounds=<rounds>$<salt>$<digest>", "crypt(3); also under $sha256-crypt$; the rounds may be absent", "$5$jG7N5y1M3uDBvD.2$H0VQt6g4o6nGYu4MZRqt9za9Y.T2drwRyI6qH03ihl8"},
			[]string{"$5$", "$sha256-crypt$"}, parseSHA256Crypt},
		{Layout{FormatSHA512Crypt, "$6$rounds=<rounds>$<salt>$<digest>", "crypt(3); also under $sha512-crypt$; the rounds may be absent", "$6$kKlCMsEhyKwkD5Jx$XMKqQyfRX7rX5VD8GSK7ZywMhIw4TpFaWR/YgUnonkxAX6lmwL2MQxH8U26Ysq6ZnVARr.eRyJ.1uBC/H2Mp01"},
			[]string{"$6$", "$sha512-crypt$"}, parseSHA512Crypt},
		{Layout{FormatYescrypt, "$y$<parameters>$<salt>$<key>", "crypt(3) of current Linux distributions", "$y$j9T$0123456789abcdef$8ps3fr6eMzp//OYSOaklyLLZid9dfkQ6qATNYe8PC66"}, []string{"$y$"}, parseYescrypt},
		{Layout{FormatCryptScrypt, "$7$<parameters and salt>$<key>", "crypt(3), libsodium", "$7$CU..../....abcdefgh$OA/s7OEnJMNW/bKZS1w39D8oKhw9kbOvCqf/FSnEtm1"}, []string{"$7$"}, parseCryptScrypt},
		{Layout{FormatArgon2id, "$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<key>", "the reference implementation, PHP, Python, Node.js, Keycloak", "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$aRYu2aF0DqOz/wTPd/2ln459Q1e4oQVmK35LG2tJz7o"},
			[]string{"$argon2id$"}, parseArgon2id},
		{Layout{FormatArgon2i, "$argon2i$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<key>", "the reference implementation, PHP, Python", "$argon2i$v=19$m=12288,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$HgPx/vI3PfBZBChSDsyR5DJBKJPpPJT9oib3ebsTTO8"},
			[]string{"$argon2i$"}, parseArgon2i},
		{Layout{FormatPBKDF2, "$pbkdf2-<hash>$i=<iterations>,l=<length>$<salt>$<key>", "Keycloak, Discourse, Node.js; or as passlib writes it, $pbkdf2-<hash>$<iterations>$<salt>$<key>; the hash is sha1, sha224, sha256, sha384 or sha512", "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$Lj2vIznOTupvjkd6Hmeu+NJaLNMCiwZA0ZfgJd6MCw0"},
			[]string{"$pbkdf2-", "$pbkdf2$"}, parsePBKDF2},
		{Layout{FormatScrypt, "$scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<key>", "passlib, Node.js; ln may also be N itself, as in Ory Kratos", "$scrypt$ln=16384,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg==$9410s3ybTPLllyQrrdAPedjAbN6hY0LtYpiPYV1U/+k="},
			[]string{"$scrypt$"}, parseScrypt},
		{Layout{FormatSHA, "$<hash>$pf=<template>$<salt>$<digest>", "any system with a digest of salt and password; the template holds {SALT} and {PASSWORD}; the hash is sha1, sha256 or sha512", "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MDEyMzQ1Njc4OWFiY2RlZg==$R63eeggnycnR3ZDYVdjYjBDMUvl7Dwmnx2ZsPUiK0Mk="},
			[]string{"$sha1$", "$sha256$", "$sha512$"}, parseTemplated},
		{Layout{FormatMD5, "$md5$<digest>", "any system with MD5; or with a template, as the layout before", "$md5$cpEVYtwa441tCyJKl9rhKw=="}, []string{"$md5$"}, parseMD5},
		{Layout{FormatHMAC, "$hmac-<hash>$<hexadecimal digest>$<key>", "any system with an HMAC of the password; the hash is md4, md5, sha1, sha224, sha256, sha384 or sha512; the hexadecimal text is in base64 once more", "$hmac-sha256$MDE1Y2FhNThiNzVmMGYwOGY3NDQzMDRhM2QyMmQyMDFhM2M5YzAwNWY5ZmE5YzJmOTRiYzFiN2U5NmRjMDA5YQ==$MTIzNDU="},
			[]string{"$hmac-"}, parseHMAC},
		{Layout{FormatFirebaseScrypt, "$firescrypt$ln=<log2 N>,r=<rounds>,p=<p>$<salt>$<key>$<salt separator>$<signer key>", "Firebase", "$firescrypt$ln=14,r=8,p=1$MDEyMzQ1Ng==$Ql2oT8cGk1SNClvbzPHD7kxviEVuKbP7rzgxSHciyhUU92XLkJyi93w1NYgdaIlS82PhCAsilHond8UJmwTYzQ==$Bw==$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg=="},
			[]string{"$firescrypt$"}, parseFirebaseScrypt},
		{Layout{FormatFirebaseScrypt, "$fbscrypt$v=1,n=<log2 N>,r=<rounds>,p=<p>,ss=<salt separator>,sk=<signer key>$<salt>$<key>", "Supabase, of users that came from Firebase", "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Ng==$Ql2oT8cGk1SNClvbzPHD7kxviEVuKbP7rzgxSHciyhUU92XLkJyi93w1NYgdaIlS82PhCAsilHond8UJmwTYzQ=="},
			[]string{"$fbscrypt$"}, parseSupabaseScrypt},
		{Layout{FormatPHPass, "$P$<count, salt and digest>", "WordPress to 6.7; $H$ in phpBB", "$P$501234567ki069ZaQwC3ChcFXXAUg00"}, []string{"$P$", "$H$"}, parsePHPass},
		{Layout{FormatDrupal, "$S$<count, salt and digest>", "Drupal 7 to 10", "$S$701234567a3KuVT1AVFOSq5CFo/r9GSiEJ83t4H49.SwJHGMsL8g"}, []string{"$S$"}, parseDrupal},
		{Layout{FormatDjangoPBKDF2, "pbkdf2_<hash>$<iterations>$<salt>$<key>", "Django; the salt is text", "pbkdf2_sha256$1000$seasalt$IMi4wGwRu2K+L0eyrQrPl3/fGLGHmVZS033AFcpvSow="}, []string{"pbkdf2_"}, parseDjangoPBKDF2},
		{Layout{FormatDjangoScrypt, "scrypt$<N>$<salt>$<r>$<p>$<key>", "Django; the salt is text", "scrypt$16384$seasalt$8$1$HJnDynmLrOFCRjHFQxXSaizTj/JpNrM4beqsrxnQeRC9YWeIhtf92y19KJG1WO4aawJonRU7BZLRzOv32YmT0w=="}, []string{"scrypt$"}, parseDjangoScrypt},
		{Layout{FormatWerkzeugPBKDF2, "pbkdf2:<hash>:<iterations>$<salt>$<hexadecimal key>", "Werkzeug (Flask); the salt is text", "pbkdf2:sha256:1000$seasalt$20c8b8c06c11bb62be2f47b2ad0acf977fdf18b187995652d37dc015ca6f4a8c"}, []string{"pbkdf2:"}, parseWerkzeugPBKDF2},
		{Layout{FormatWerkzeugScrypt, "scrypt:<N>:<r>:<p>$<salt>$<hexadecimal key>", "Werkzeug (Flask); the salt is text", "scrypt:32768:8:1$seasalt$3324fd8f739828bf747da68efe97347f3bee6ef88df8520f62862726be27dd89e3451a75a105b5dbe2b18d6c2d313731f198aeecf9efae413ab0bfe5a02be13b"}, []string{"scrypt:"}, parseWerkzeugScrypt},
		{Layout{FormatMediaWikiPBKDF2, ":pbkdf2:<hash>:<iterations>:<length>:<salt>:<key>", "MediaWiki", ":pbkdf2:sha512:1000:64:MDEyMzQ1Njc4OWFiY2RlZg==:pEvfUdYPvOmGDzZiuDd3xjiQP+5IEjcOK9NLGsiIPZfJf+vxoF7VcaAkGAzsplK4+fGf6XNX5xDTYBKecW79KQ=="}, []string{":pbkdf2:"}, parseMediaWikiPBKDF2},
		{Layout{FormatSpringScrypt, "$s0$<parameters>$<salt>$<key>", "Java's scrypt library; the parameters are a hexadecimal number", "$s0$e0801$MDEyMzQ1Njc4OWFiY2RlZg==$9410s3ybTPLllyQrrdAPedjAbN6hY0LtYpiPYV1U/+k="}, []string{"$s0$"}, parseSpringScrypt},
		{Layout{FormatASPNETIdentity, "<version, parameters, salt and key>", "ASP.NET Identity, versions 2 and 3", "AQAAAAEAAAPoAAAAEDAxMjM0NTY3ODlhYmNkZWYuPa8jOc5O6m+OR3oeZ6740los0wKLBkDRl+Al3owLDQ=="}, nil, parseASPNETIdentity},
	}
})

// schemeFormat is a layout that is recognised by a name in braces, in any letter case.
type schemeFormat struct {
	Layout
	names []string
	parse func(name, text string) (verifier, error)
}

// schemes returns the table of layouts that begin with a name in braces. It must not be modified.
var schemes = sync.OnceValue(func() []schemeFormat {
	return []schemeFormat{
		{Layout{FormatDirectory, "{<scheme>}<digest and salt>", "LDAP servers, Dovecot; the scheme is MD5, SMD5, SHA, SSHA, SHA224, SSHA224, SHA256, SSHA256, SHA384, SSHA384, SHA512 or SSHA512; with .HEX after it, the text is hexadecimal", "{SSHA}L6F//7LQX2cLx0KSsbwyYKAXmIwwMTIz"},
			nil, nil},
		{Layout{FormatDirectoryPBKDF2, "{PBKDF2-<hash>}<iterations>$<salt>$<key>", "OpenLDAP; the hash is SHA1, SHA256 or SHA512; {PBKDF2} means SHA1, and may hold $1$<salt>$<iterations>$<hexadecimal key> of Dovecot", "{PBKDF2-SHA256}1000$.//.Pvv//j77//4..//.Pg$6sYfr1TUW87Ek/AOR1vwqMSBCM9kp3o5o3wxFD.A2HA"},
			[]string{"pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512"}, func(name, text string) (verifier, error) {
				return parseLDAPPBKDF2(strings.TrimPrefix(name, "pbkdf2-"), text)
			}},
		{Layout{FormatSpringPBKDF2, "{pbkdf2@SpringSecurity_v5_8}<hexadecimal salt and key>", "Spring Security; {pbkdf2} is that of version 5.5", "{pbkdf2@SpringSecurity_v5_8}3031323334353637383961626364656623153aaa16fd81ee9c44b115772b2224ac61995ca530c0fd0bfb529a70f567ef"},
			[]string{"pbkdf2@springsecurity_v5_8", "pbkdf2@springsecurity_v5_5", "pbkdf2"}, parseSpringPBKDF2Scheme},
		{Layout{FormatSpringScrypt, "{scrypt@SpringSecurity_v5_8}$<parameters>$<salt>$<key>", "Spring Security; also {scrypt}; the parameters are a hexadecimal number", "{scrypt@SpringSecurity_v5_8}$100801$MDEyMzQ1Njc4OWFiY2RlZg==$ryEJQvN7ZN0j+MLYOC6vHNal0YQecKEYbBm/lmcyRrQ="},
			[]string{"scrypt", "scrypt@springsecurity_v4_1", "scrypt@springsecurity_v5_8"}, func(_, text string) (verifier, error) { return parseSpringScrypt(text) }},
		{Layout{FormatSpringDigest, "{SHA-256}{<salt>}<hexadecimal digest>", "Spring Security; also {MD4}, {MD5}, {SHA-1}; {sha256} holds salt and digest in hexadecimal", "{SHA-256}{c2FsdA==}29c37940eea48e45c4fbefa467a7630234e039bfd54c2b9517e65d26a402013e"},
			nil, nil},
		{Layout{FormatAtlassian, "{PKCS5S2}<salt and key>", "Atlassian", "{PKCS5S2}MDEyMzQ1Njc4OWFiY2RlZi4vqWoEuQqU4rntW6os/215HUg+Aqs1CGiK0mv6HPk6"},
			[]string{"pkcs5s2"}, func(_, text string) (verifier, error) { return parseAtlassian(text) }},
	}
})

// parseSpringPBKDF2Scheme reads the layouts of two versions of Spring Security.
func parseSpringPBKDF2Scheme(name, text string) (verifier, error) {
	if strings.HasSuffix(name, "v5_8") {
		return parseSpringPBKDF2(text, digestSHA256, 310_000, 16)
	}
	return parseSpringPBKDF2(text, digestSHA1, 185_000, 8)
}

// read reads a hash, in a wrapper or not.
func read(encoded string) (format Format, parsed verifier, wrapped bool, err error) {
	if reason := refused(encoded); reason != "" {
		return "", nil, false, fault(reason)
	}
	if format, parsed, err, wrapped = readWrapped(encoded); wrapped {
		return format, parsed, true, err
	}
	format, parsed, err = readBare(encoded)
	return format, parsed, false, err
}

// readBare reads a hash that is in no wrapper.
func readBare(encoded string) (Format, verifier, error) {
	if reason := refused(encoded); reason != "" {
		return "", nil, fault(reason)
	}
	if name, text, ok := cutScheme(encoded); ok {
		return readScheme(name, text)
	}
	for _, known := range bareFormats() {
		for _, prefix := range known.prefixes {
			if strings.HasPrefix(encoded, prefix) {
				parsed, err := known.parse(encoded)
				return known.Format, parsed, err
			}
		}
	}
	if isASPNETIdentity(encoded) {
		parsed, err := parseASPNETIdentity(encoded)
		return FormatASPNETIdentity, parsed, err
	}
	return "", nil, fault("not in a known format")
}

func readScheme(name, text string) (Format, verifier, error) {
	if name == "pbkdf2" && strings.Contains(text, "$") {
		name = "pbkdf2-sha1" // Spring Security, which uses the name alone for another layout, writes no dollar sign
	}
	for _, known := range schemes() {
		for _, n := range known.names {
			if n == name {
				parsed, err := known.parse(name, text)
				return known.Format, parsed, err
			}
		}
	}
	return readDigestScheme(name, text)
}

// readDigestScheme reads the layouts of a digest and perhaps a salt. Directories, Dovecot and Spring Security use the
// same names for different ones, which differ in length or letters.
func readDigestScheme(name, text string) (Format, verifier, error) {
	name, suffix, _ := strings.Cut(name, ".")
	hexadecimal := suffix == "hex"
	switch name {
	case "plain-md5":
		name, hexadecimal = "md5", suffix != "b64" && suffix != "base64"
	case "ldap-md5":
		name = "md5"
	case "sha":
		name = "sha1"
	case "ssha":
		name = "ssha1"
	}
	if suffix != "" && suffix != "hex" && suffix != "b64" && suffix != "base64" {
		return "", nil, fault("the scheme in its braces is unknown")
	}
	salted := false
	d := digestNamed(name)
	if d == nil && strings.HasPrefix(name, "s") {
		d, salted = digestNamed(name[1:]), true
	}
	switch {
	case d == nil || strings.HasPrefix(d.name, "sha3-"):
		return "", nil, fault("the scheme in its braces is unknown")
	case !salted && !hexadecimal && suffix == "" && (strings.HasPrefix(text, "{") || isHex(text, d.size)):
		parsed, err := parseSpringDigest(text, d)
		return FormatSpringDigest, parsed, err
	case name == "sha256" && suffix == "" && isHex(text, 8+d.size):
		parsed, err := parseSpringStandard(text)
		return FormatSpringDigest, parsed, err
	case d == digestMD4:
		return "", nil, fault("the scheme in its braces is unknown")
	}
	parsed, err := parseDirectory(text, d, salted, hexadecimal)
	return FormatDirectory, parsed, err
}
