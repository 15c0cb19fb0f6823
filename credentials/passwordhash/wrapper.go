package passwordhash

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
)

// wrapper is text that systems put before a hash that is in a format of its own.
type wrapper struct {
	// cut returns what is wrapped, and whether encoded is wrapped so.
	cut func(encoded string) (inner string, ok bool)
	// formats are those that what is wrapped may have.
	formats []Format
	// transform is what the system does to a password before it hashes it. Nil means nothing.
	transform func(password []byte) []byte
	about     Layout
}

var (
	crypts  = []Format{FormatMD5Crypt, FormatBcrypt, FormatSHA256Crypt, FormatSHA512Crypt, FormatYescrypt, FormatCryptScrypt}
	argon2s = []Format{FormatArgon2id, FormatArgon2i}
)

// wrappers returns the table of wrappers. Each is one rule, whatever it wraps. It must not be modified.
var wrappers = sync.OnceValue(func() []wrapper {
	return []wrapper{
		{scheme("bcrypt"), []Format{FormatBcrypt}, nil, Layout{FormatBcrypt, "{bcrypt}<bcrypt>", "Spring Security", ""}},
		{scheme("blf-crypt"), []Format{FormatBcrypt}, nil, Layout{FormatBcrypt, "{BLF-CRYPT}<bcrypt>", "Dovecot", ""}},
		{scheme("crypt"), crypts, nil, Layout{"", "{CRYPT}<any format of crypt(3) but DES>", "LDAP servers, Dovecot", ""}},
		{scheme("md5-crypt"), []Format{FormatMD5Crypt}, nil, Layout{FormatMD5Crypt, "{MD5-CRYPT}<md5-crypt>", "Dovecot", ""}},
		{scheme("sha256-crypt"), []Format{FormatSHA256Crypt}, nil, Layout{FormatSHA256Crypt, "{SHA256-CRYPT}<sha256-crypt>", "Dovecot", ""}},
		{scheme("sha512-crypt"), []Format{FormatSHA512Crypt}, nil, Layout{FormatSHA512Crypt, "{SHA512-CRYPT}<sha512-crypt>", "Dovecot", ""}},
		{scheme("argon2"), argon2s, nil, Layout{"", "{ARGON2}<argon2id or argon2i>", "OpenLDAP; also {argon2} and {argon2@SpringSecurity_v5_8} of Spring Security", ""}},
		{scheme("argon2i"), []Format{FormatArgon2i}, nil, Layout{FormatArgon2i, "{ARGON2I}<argon2i>", "Dovecot", ""}},
		{scheme("argon2id"), []Format{FormatArgon2id}, nil, Layout{FormatArgon2id, "{ARGON2ID}<argon2id>", "Dovecot", ""}},
		{scheme("ldap"), []Format{FormatDirectory}, nil, Layout{FormatDirectory, "{ldap}<directory>", "Spring Security", ""}},
		{after("bcrypt$"), []Format{FormatBcrypt}, nil, Layout{FormatBcrypt, "bcrypt$<bcrypt>", "Django", ""}},
		{after("bcrypt_sha256$"), []Format{FormatBcrypt}, hexOfSHA256, Layout{FormatBcrypt, "bcrypt_sha256$<bcrypt>", "Django", ""}},
		{after("argon2"), argon2s, nil, Layout{"", "argon2<argon2id or argon2i>", "Django", ""}},
		{after(":argon2:"), argon2s, nil, Layout{"", ":argon2:<argon2id or argon2i>", "MediaWiki", ""}},
		{after("1|"), []Format{FormatBcrypt}, nil, Layout{FormatBcrypt, "1|<bcrypt>", "Nextcloud, ownCloud", ""}},
		{after("2|"), argon2s, nil, Layout{FormatArgon2i, "2|<argon2i>", "Nextcloud", ""}},
		{after("3|"), argon2s, nil, Layout{FormatArgon2id, "3|<argon2id>", "Nextcloud", ""}},
		{after("$wp"), []Format{FormatBcrypt}, wordPress, Layout{FormatBcrypt, "$wp<bcrypt>", "WordPress from 6.8 on", ""}},
		{after("U"), []Format{FormatDrupal, FormatPHPass}, hexOfMD5, Layout{"", "U<drupal or phpass>", "Drupal 7, of hashes of Drupal 6", ""}},
	}
})

// scheme cuts "{name}", in any letter case. A part of the name from "@" on, which Spring Security writes its version in,
// is not looked at.
func scheme(name string) func(string) (string, bool) {
	return func(encoded string) (string, bool) {
		given, rest, ok := cutScheme(encoded)
		given, _, _ = strings.Cut(given, "@")
		return rest, ok && given == name
	}
}

// cutScheme cuts "{name}" and returns the name in lower case.
func cutScheme(encoded string) (name, rest string, ok bool) {
	if !strings.HasPrefix(encoded, "{") {
		return "", "", false
	}
	name, rest, ok = strings.Cut(encoded[1:], "}")
	return strings.ToLower(name), rest, ok
}

func after(prefix string) func(string) (string, bool) {
	return func(encoded string) (string, bool) {
		rest, ok := strings.CutPrefix(encoded, prefix)
		return rest, ok && strings.HasPrefix(rest, "$")
	}
}

// readWrapped reads a hash in a wrapper. Its last result tells whether encoded is one.
func readWrapped(encoded string) (Format, verifier, error, bool) {
	for _, w := range wrappers() {
		inner, ok := w.cut(encoded)
		if !ok {
			continue
		}
		format, parsed, err := readBare(inner)
		if err == nil && !slices.Contains(w.formats, format) {
			err = faultf("a hash in this format cannot stand in this wrapper, which is %s", w.about.Text)
		}
		if err != nil {
			return format, nil, err, true
		}
		if w.transform != nil {
			parsed = &transformed{parsed, w.transform}
		}
		return format, parsed, nil, true
	}
	return "", nil, nil, false
}

// transformed is a hash of what a system made of the password.
type transformed struct {
	verifier
	transform func(password []byte) []byte
}

func (h *transformed) compare(ctx context.Context, password []byte) error {
	password = h.transform(password)
	defer clear(password)
	return h.verifier.compare(ctx, password)
}

func hexOfSHA256(password []byte) []byte {
	return hex.AppendEncode(nil, digestSHA256.sum(password))
}

func hexOfMD5(password []byte) []byte {
	return hex.AppendEncode(nil, digestMD5.sum(password))
}

// wordPress makes of a password what WordPress gives to bcrypt: the base64 of an HMAC, so that bcrypt sees all of it.
func wordPress(password []byte) []byte {
	mac := hmac.New(sha512.New384, []byte("wp-sha384"))
	mac.Write(bytes.Trim(password, " \t\n\r\x00\x0b"))
	return base64.StdEncoding.AppendEncode(nil, mac.Sum(nil))
}
