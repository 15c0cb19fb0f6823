package schema

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// isPhone checks the format tel.
func isPhone(s string) bool { return normalize(s).phone }

// phone returns a cleaned text as E.164 if it is a valid phone number with its country code and nothing else. A table
// of the library says which numbers are valid; it changes with the library's version.
func phone(s string) (e164 string, ok bool) {
	text, ok := plusDigits(s)
	if !ok {
		return "", false
	}
	// The library drops some digits, such as a trunk prefix. Then its result is read again, as a form must be stable.
	for range maxPasses {
		number, ok := parsePhone(text)
		if !ok {
			return "", false
		}
		if number == text {
			return number, true
		}
		text = number
	}
	return "", false
}

// maxPhoneDigits bounds the digits that are parsed. E.164 has at most 15; typed ones may have a trunk prefix as well.
const maxPhoneDigits = 20

// plusDigits returns a plus and the ASCII digits of a text that consists of phone characters: "tel:" in front, one plus
// before all digits, digits of any script, brackets, hyphens, full stops, slashes and spaces.
func plusDigits(s string) (string, bool) {
	s = strings.TrimPrefix(s, "tel:")
	digits := make([]byte, 0, 1+maxPhoneDigits)
	for _, r := range s {
		switch {
		case r == '+':
			if len(digits) > 0 {
				return "", false
			}
			digits = append(digits, '+')
		case r == '(' || r == ')' || r == '-' || r == '.' || r == '/' || r == ' ':
		default:
			value, isDigit := digitValue(r)
			if !isDigit || len(digits) == 0 || len(digits) == 1+maxPhoneDigits {
				return "", false
			}
			digits = append(digits, '0'+value)
		}
	}
	if string(digits) == s {
		return s, len(digits) > 1
	}
	return string(digits), len(digits) > 1
}

// digitValue returns the value of a decimal digit of any script. Unicode encodes them in runs of ten, from zero up.
func digitValue(r rune) (value byte, ok bool) {
	if r < 0x80 {
		return byte(r) - '0', '0' <= r && r <= '9'
	}
	for _, run := range unicode.Nd.R16 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return byte(r-rune(run.Lo)) % 10, true
		}
	}
	for _, run := range unicode.Nd.R32 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return byte((r - rune(run.Lo)) % 10), true
		}
	}
	return 0, false
}

// parsePhone returns the E.164 form of the number in s: a plus and digits, or what the library makes of another text.
func parsePhone(s string) (e164 string, ok bool) {
	if isE164(s) {
		return s, true
	}
	return judgePhone(s)
}

// judgePhone is parsePhone by the library alone.
func judgePhone(s string) (e164 string, ok bool) {
	defer func() {
		if recover() != nil { // the library is a port of a large parser, fed with anything
			e164, ok = "", false
		}
	}()
	number, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}
