package schema

import (
	"strings"
	"unicode/utf8"
)

// isReference checks an IRI or, when absolute is false, an IRI reference (RFC 3987, section 2.2). With ASCII
// alone these are URIs and URI references (RFC 3986, appendix A).
func isReference(s string, absolute bool) bool {
	s, fragment, _ := strings.Cut(s, "#")
	s, query, _ := strings.Cut(s, "?")
	if !consists(fragment, "/?:@", false) || !consists(query, "/?:@", true) {
		return false
	}
	scheme, rest, found := strings.Cut(s, ":")
	switch {
	case found && isScheme(scheme):
		s = rest
	case absolute || found && !strings.Contains(scheme, "/"): // a colon in the first segment
		return false
	}
	if rest, found := strings.CutPrefix(s, "//"); found {
		end := strings.IndexByte(rest, '/')
		if end < 0 {
			end = len(rest)
		}
		if !isAuthority(rest[:end]) {
			return false
		}
		s = rest[end:]
	}
	return consists(s, "/:@", false)
}

func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && (i == 0 || c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != "" && !isDigit(s[0])
}

func isAuthority(s string) bool {
	if user, host, found := strings.Cut(s, "@"); found {
		if !consists(user, ":", false) {
			return false
		}
		s = host
	}
	if strings.HasPrefix(s, "[") {
		literal, port, found := strings.Cut(s[1:], "]")
		return found && (isIPv6(literal) || isFutureAddress(literal)) && (port == "" || port[0] == ':' && isNumber(port[1:]))
	}
	host, port, _ := strings.Cut(s, ":")
	return consists(host, "", false) && isNumber(port)
}

// isFutureAddress checks IPvFuture of RFC 3986.
func isFutureAddress(s string) bool {
	version, address, found := strings.Cut(s, ".")
	if !found || len(version) < 2 || version[0]|0x20 != 'v' || address == "" || !isASCII(address) {
		return false
	}
	for i := 1; i < len(version); i++ {
		if !isHex(version[i]) {
			return false
		}
	}
	return !strings.Contains(address, "%") && consists(address, ":", false)
}

// isNumber reports whether s is all digits; the empty string is.
func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// consists reports whether s is made of unreserved characters, sub-delims, percent-encoded bytes, runes
// beyond ASCII that RFC 3987 allows, those of private use if private is set, and the characters in others.
func consists(s, others string, private bool) bool {
	for i, r := range s {
		switch {
		case r == '%':
			if !isPercentEncoded(s[i:]) {
				return false
			}
		case r < utf8.RuneSelf:
			if !isAlphanumeric(byte(r)) && !strings.ContainsRune("-._~!$&'()*+,;=", r) && !strings.ContainsRune(others, r) {
				return false
			}
		case !isUCS(r) && !(private && isPrivate(r)):
			return false
		}
	}
	return true
}

func isPercentEncoded(s string) bool { return len(s) >= 3 && isHex(s[1]) && isHex(s[2]) }

// isUCS reports whether r is an ucschar of RFC 3987.
func isUCS(r rune) bool {
	if r < 0x10000 {
		return 0xa0 <= r && r <= 0xd7ff || 0xf900 <= r && r <= 0xfdcf || 0xfdf0 <= r && r <= 0xffef
	}
	return r < 0xf0000 && r&0xffff < 0xfffe && (r < 0xe0000 || r >= 0xe1000)
}

// isPrivate reports whether r is an iprivate of RFC 3987.
func isPrivate(r rune) bool {
	return 0xe000 <= r && r <= 0xf8ff || r >= 0xf0000 && r&0xffff < 0xfffe
}

// isURITemplate checks RFC 6570, section 2.
func isURITemplate(s string) bool {
	for {
		literal, rest, found := strings.Cut(s, "{")
		if !isTemplateLiteral(literal) {
			return false
		}
		if !found {
			return true
		}
		expression, after, closed := strings.Cut(rest, "}")
		if !closed || !isTemplateExpression(expression) {
			return false
		}
		s = after
	}
}

func isTemplateLiteral(s string) bool {
	for i, r := range s {
		switch {
		case r == '%':
			if !isPercentEncoded(s[i:]) {
				return false
			}
		case r <= ' ' || r == 0x7f || strings.ContainsRune("\"<>\\^`{|}", r):
			return false
		case r >= utf8.RuneSelf && !isUCS(r) && !isPrivate(r):
			return false
		}
	}
	return true
}

func isTemplateExpression(s string) bool {
	if s != "" && strings.IndexByte("+#./;?&=,!@|", s[0]) >= 0 {
		s = s[1:]
	}
	for variable := range strings.SplitSeq(s, ",") {
		name, length, hasPrefix := strings.Cut(variable, ":")
		if hasPrefix {
			if len(length) == 0 || len(length) > 4 || length[0] == '0' || !isNumber(length) {
				return false
			}
		} else {
			name = strings.TrimSuffix(name, "*")
		}
		if !isVariableName(name) {
			return false
		}
	}
	return true
}

func isVariableName(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for i := range len(part) {
			if c := part[i]; !isAlphanumeric(c) && c != '_' && !(c == '%' && isPercentEncoded(part[i:])) {
				return false
			}
		}
	}
	return true
}
