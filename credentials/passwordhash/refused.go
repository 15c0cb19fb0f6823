package passwordhash

import (
	"strings"
)

// refused says what is wrong with a hash that is recognised and cannot be accepted, and what to do. It is "" for any
// other.
func refused(encoded string) string {
	if name, rest, ok := cutScheme(encoded); ok {
		switch {
		case strings.HasPrefix(name, "noop"), name == "plain", name == "clear", name == "cleartext", name == "plain-trunc":
			return "{noop} and {PLAIN} mark a plain password, not a hash: send it as password, without the braces"
		case name == "des-crypt", name == "crypt" && isDES(rest):
			return reasonDES
		}
	}
	switch {
	case strings.HasPrefix(encoded, "$argon2d$"):
		return "argon2d is not accepted, since side channels reveal the password: only its owner can set a new one"
	case strings.HasPrefix(encoded, "$gy$"):
		return "gost-yescrypt ($gy$) is not supported: import the identity with use_password_migration_hook, or let its owner set a new password"
	case strings.HasPrefix(encoded, "$2x$"):
		return "$2x$ marks a hash that a faulty bcrypt made: let its owner set a new password"
	case isDES(encoded):
		return reasonDES
	}
	for _, d := range []*digest{digestMD5, digestSHA1, digestSHA224, digestSHA256, digestSHA384, digestSHA512} {
		if isHex(encoded, d.size) {
			return "is a bare hexadecimal digest, which does not say how it was made. If it is the " + strings.ToUpper(d.name) +
				" of the password alone, send {" + strings.ToUpper(strings.Replace(d.name, "sha1", "sha", 1)) + ".HEX} before it"
		}
	}
	return ""
}

const reasonDES = "DES crypt is not accepted: it reads 8 characters of a password, and every password can be found. Let its owner set a new one"

// isDES reports whether encoded is a DES hash of crypt(3): 13 characters of its base64, or BSDi's 20 after "_".
func isDES(encoded string) bool {
	rest, extended := strings.CutPrefix(encoded, "_")
	length := 13
	if extended {
		length = 19
	}
	return len(rest) == length && strings.Trim(rest, crypt64Alphabet) == ""
}
