package schema

import (
	"strconv"
	"strings"
	"sync"

	"github.com/xeipuuv/gojsonschema"
)

// formats maps each format that is known to its check. A value that is no string has every format, and so
// has a string whose format is not known. The map never changes.
var formats = map[string]func(string) bool{
	"email":                 isEmail,
	"idn-email":             isMailbox,
	"email_loose":           isLooseEmail,
	"tel":                   isPhone,
	"no-validate":           func(string) bool { return true },
	"date":                  isDate,
	"time":                  isTime,
	"date-time":             isDateTime,
	"uri":                   func(s string) bool { return isASCII(s) && isReference(s, true) },
	"uri-reference":         func(s string) bool { return isASCII(s) && isReference(s, false) },
	"iri":                   func(s string) bool { return isReference(s, true) },
	"iri-reference":         func(s string) bool { return isReference(s, false) },
	"uri-template":          isURITemplate,
	"uuid":                  isUUID,
	"hostname":              isHostname,
	"ipv4":                  isIPv4,
	"ipv6":                  isIPv6,
	"regex":                 isRegex,
	"json-pointer":          isJSONPointer,
	"relative-json-pointer": isRelativeJSONPointer,
}

// privateName is the name under which the engine knows a format of ours, with what an address demands beside
// it. The engine looks formats up by name in one table for the whole program, where any package may replace
// or remove "email".
func privateName(format string, d demand) string {
	if _, known := formats[format]; !known {
		format = ""
	}
	return privatePrefix + strconv.Itoa(int(d)) + "/" + format
}

const privatePrefix = "idem/"

// publicName undoes privateName.
func publicName(name string) (format string, d demand) {
	number, format, _ := strings.Cut(strings.TrimPrefix(name, privatePrefix), "/")
	bits, _ := strconv.Atoi(number)
	return format, demand(bits)
}

// registerFormats puts our formats into the engine's table. It is the one piece of state outside this
// package's own values: the engine offers no table per schema. It happens once, when the first schema is
// compiled, and touches no name that others use.
var registerFormats = sync.OnceFunc(func() {
	anything := func(string) bool { return true }
	for d := range allDemands {
		for name, check := range formats {
			gojsonschema.FormatCheckers.Add(privateName(name, d), formatChecker{check, d})
		}
		gojsonschema.FormatCheckers.Add(privateName("", d), formatChecker{anything, d})
	}
})

// formatChecker is a check of strings in the form the engine takes. The engine asks for numbers, too.
type formatChecker struct {
	check  func(string) bool
	demand demand
}

// IsFormat implements the engine's interface.
func (f formatChecker) IsFormat(value any) bool {
	s, isString := value.(string)
	return !isString || f.check(s) && (f.demand == 0 || f.demand.met(s, normalize(s)))
}

func isAlphanumeric(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// isUUID checks the text form of RFC 9562, of any version.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !isHex(s[i]) {
			return false
		}
	}
	return true
}

// isRegex accepts what the keyword pattern accepts in a schema of any size.
func isRegex(s string) bool {
	_, reason := parsePattern(s)
	return reason == ""
}

// isJSONPointer checks RFC 6901.
func isJSONPointer(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != '/' {
		return false
	}
	for i := range len(s) {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}

func isRelativeJSONPointer(s string) bool {
	digits := 0
	for digits < len(s) && isDigit(s[digits]) {
		digits++
	}
	if digits == 0 || digits > 1 && s[0] == '0' {
		return false
	}
	return s[digits:] == "#" || isJSONPointer(s[digits:])
}
