package schema

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// isEmail checks the format email: one address of at most 254 bytes, with a local part of at most 64 and a domain that
// is an ASCII host name, which also excludes the forms with a name, a comment or a group. White space at the ends is no
// part of the address, as in every identifier.
func isEmail(s string) bool {
	s = strings.TrimSpace(s)
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
		if !isAtomText(c) {
			return false
		}
		dot = false
	}
	return !dot
}

// isAtomText is atext of RFC 5322, section 3.2.3.
func isAtomText(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// isMailbox reports whether s is a bare address in the syntax of RFC 5322 and RFC 6532, with nothing around it but
// blanks, which are no part of the address.
func isMailbox(s string) bool {
	s = strings.Trim(s, " \t")
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
			if r < utf8.RuneSelf && !isAlphanumeric(byte(r)) && r != '-' || !unicode.In(r, unicode.L, unicode.M, unicode.N) && r != '-' || isInvisible(r) {
				return false
			}
		}
	}
	return true
}

var fullStops = strings.NewReplacer("。", ".", "．", ".", "｡", ".")

// asMailbox gives a cleaned text the form of an e-mail address, if it has an @.
func asMailbox(s string) form {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return form{value: s}
	}
	value, local, domain := s, s[:at], foldDomain(s[at+1:])
	if bare, ok := unquote(local); ok {
		local = bare
	}
	if local != s[:at] || domain != s[at+1:] {
		value = local + "@" + domain
	}
	return form{
		value:   value,
		mailbox: local != "" && domain != "" && !strings.ContainsAny(local, `"@`),
		quoted:  strings.HasPrefix(local, `"`),
	}
}

// unquote takes a local part out of its quotes (RFC 5322, section 3.2.4) if it does not need them: what is quoted is a
// dot-atom.
func unquote(local string) (string, bool) {
	if len(local) < 2 || local[0] != '"' || local[len(local)-1] != '"' {
		return "", false
	}
	quoted := local[1 : len(local)-1]
	bare := make([]byte, 0, len(quoted))
	for i := 0; i < len(quoted); i++ {
		if quoted[i] == '\\' && i+1 < len(quoted) {
			i++
		}
		bare = append(bare, quoted[i])
	}
	return string(bare), isDotAtom(string(bare))
}

// isDotAtom reports whether s needs no quotes as a local part: letters and marks of RFC 5322 and of RFC 6532, with
// single dots between them.
func isDotAtom(s string) bool {
	for _, r := range s {
		if r < utf8.RuneSelf && r != '.' && !isAtomText(byte(r)) || unicode.IsSpace(r) || unicode.IsControl(r) {
			return false
		}
	}
	return s != "" && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}

// foldDomain gives a domain one spelling: its dots are full stops, and an A-label is the U-label that it stands for.
// The rest of IDNA, which maps and refuses, is left out: it would join what people see as different.
func foldDomain(domain string) string {
	if !isPrintable(domain) {
		domain = fullStops.Replace(domain)
	}
	if !strings.Contains(domain, acePrefix) {
		return domain
	}
	labels := strings.Split(domain, ".")
	for n, label := range labels {
		if strings.HasPrefix(label, acePrefix) {
			labels[n] = uLabel(label)
		}
	}
	return strings.Join(labels, ".")
}

const acePrefix = "xn--"

// uLabel returns the U-label of an A-label. A label that only looks like one stays as it is: one that another label
// is encoded as, or that stands for text which is not in normal form.
func uLabel(label string) string {
	decoded, err := idna.Punycode.ToUnicode(label)
	if err != nil || strings.ContainsAny(decoded, ".@。") {
		return label
	}
	if again, err := idna.Punycode.ToASCII(decoded); err != nil || again != label {
		return label
	}
	if stable, fits := fold(decoded); !fits || stable != decoded {
		return label
	}
	return decoded
}
