package schema

import (
	"errors"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isEmail checks the format email: one address of at most 254 bytes, with a local part of at most 64 and a
// domain that is an ASCII host name, which also excludes the forms with a name, a comment or a group.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if len(s) > 254 || at < 0 || at > 64 || !isHostname(s[at+1:]) {
		return false
	}
	return isPlainLocal(s[:at]) || isMailbox(s)
}

// isPlainLocal reports whether s is a dot-atom of ASCII letters, digits and the marks of RFC 5322, section
// 3.2.3: what nearly all local parts are, and what needs no parser.
func isPlainLocal(s string) bool {
	dot := true // no dot at the start, at the end, or beside another
	for i := range len(s) {
		c := s[i]
		if c == '.' {
			if dot {
				return false
			}
			dot = true
			continue
		}
		if !isAlphanumeric(c) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", rune(c)) {
			return false
		}
		dot = false
	}
	return !dot
}

// isMailbox reports whether s is a bare address in the syntax of RFC 5322 and RFC 6532, with nothing around
// it but white space in front.
func isMailbox(s string) bool {
	address, err := mail.ParseAddress(s)
	return err == nil && address.Name == "" && !strings.HasSuffix(s, ">") && !strings.HasSuffix(s, ")")
}

// isLooseEmail checks the format email_loose: no parser, but white space, controls and the special marks of
// RFC 5322 are refused, and the domain has to look like one. Some old mailboxes break the rules on dots.
func isLooseEmail(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	if !found || len(s) > 320 || local == "" || !isLooseDomain(domain) {
		return false
	}
	for i := range len(local) {
		if c := local[i]; !isAlphanumeric(c) && !strings.ContainsRune("!#$%&'*+/=?^_{|}~.-`", rune(c)) {
			return false
		}
	}
	return true
}

// isLooseDomain accepts host names in the letters of any script. The full stops of East Asian scripts
// separate labels, too (UTS 46, section 4).
func isLooseDomain(s string) bool {
	s = fullStops.Replace(s)
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r < utf8.RuneSelf && !isAlphanumeric(byte(r)) && r != '-' || !unicode.In(r, unicode.L, unicode.M, unicode.N) && r != '-' || invisible().Contains(r) {
				return false
			}
		}
	}
	return true
}

var fullStops = strings.NewReplacer("。", ".", "．", ".", "｡", ".")

var errAddress = errors.New("not one e-mail address")

// strictEmail is the strict normaliser of e-mail addresses: the identifier profile must accept, and the
// result must be an address, of which the bare form is kept.
func strictEmail(s string) (string, error) {
	if len(s) > maxNormalize {
		return "", errAddress
	}
	profiled, err := identifierProfile(strings.TrimSpace(s))
	if err != nil || len(profiled) > maxNormalize {
		return "", errAddress
	}
	if at := strings.LastIndexByte(profiled, '@'); at > 0 && isPlainLocal(profiled[:at]) && isHostname(profiled[at+1:]) {
		return profiled, nil
	}
	address, err := mail.ParseAddress(profiled)
	if err != nil || !utf8.ValidString(address.Address) {
		return "", errAddress
	}
	// A quoted local part loses its quotes, and what is left may be no address any more.
	if again, err := mail.ParseAddress(address.Address); err != nil || again.Address != address.Address {
		return "", errAddress
	}
	return address.Address, nil
}
