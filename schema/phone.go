package schema

import (
	"errors"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// isPhone checks the format tel.
func isPhone(s string) bool {
	_, ok := parsePhone(s)
	return ok
}

var errPhone = errors.New("not an international phone number")

// strictPhone is the strict normaliser of phone numbers: the phone profile must accept, and the result must
// be a valid number with its country code, which is returned as E.164.
func strictPhone(s string) (string, error) {
	if len(s) > maxNormalize {
		return "", errPhone
	}
	profiled, err := phoneProfile(strings.TrimSpace(s))
	if err != nil {
		return "", err
	}
	number, ok := parsePhone(profiled)
	if !ok {
		return "", errPhone
	}
	return number, nil
}

// parsePhone returns s as E.164 if it is a valid number that begins with its country code. Which numbers
// are valid is the word of the library's table, and changes with its version.
func parsePhone(s string) (e164 string, ok bool) {
	if len(s) > maxNormalize || !mayBePhone(s) {
		return "", false
	}
	defer func() {
		if recover() != nil { // it is a port of a large parser, fed with anything
			e164, ok = "", false
		}
	}()
	number, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

// mayBePhone sorts out what cannot be a number with a country code, at a fraction of what parsing costs. The
// library takes a number to begin at the first digit or plus, and without a region wants that to be a plus,
// before a digit and nothing but punctuation, to which an x belongs, in between. The one other form has a
// plus as well, behind phone-context (RFC 3966).
func mayBePhone(s string) bool {
	if !isPrintable(s) {
		return strings.ContainsAny(s, "+＋")
	}
	plus := strings.IndexByte(s, '+')
	if plus < 0 {
		return false
	}
	if strings.Contains(s, "phone-context") {
		return true
	}
	if strings.ContainsAny(s[:plus], "0123456789") {
		return false
	}
	for i := plus + 1; i < len(s); i++ {
		if c := s[i]; isAlphanumeric(c) && c|0x20 != 'x' {
			return isDigit(c)
		}
	}
	return false
}
