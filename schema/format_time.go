package schema

import (
	"strings"
	"time"
)

// isDate checks full-date of RFC 3339.
func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && len(s) == len(time.DateOnly)
}

// isDateTime checks date-time of RFC 3339; T and Z may be in lower case.
func isDateTime(s string) bool {
	return len(s) > 11 && (s[10] == 'T' || s[10] == 't') && isDate(s[:10]) && isTime(s[11:])
}

// isTime checks full-time of RFC 3339, which has an offset. A leap second, 60, is accepted where there can
// be one: at 23:59 UTC.
func isTime(s string) bool {
	if len(s) < 9 || !isShaped(s[:8], "00:00:00") {
		return false
	}
	hour, minute, second := twoDigits(s[0:2]), twoDigits(s[3:5]), twoDigits(s[6:8])
	rest := s[8:]
	if rest[0] == '.' {
		digits := len(rest) - 1 - len(strings.TrimLeft(rest[1:], "0123456789"))
		if digits == 0 {
			return false
		}
		rest = rest[1+digits:]
	}
	offset := 0
	switch {
	case rest == "Z" || rest == "z":
	case isShaped(rest, "+00:00") || isShaped(rest, "-00:00"):
		offsetHour, offsetMinute := twoDigits(rest[1:3]), twoDigits(rest[4:6])
		if offsetHour > 23 || offsetMinute > 59 {
			return false
		}
		if offset = offsetHour*60 + offsetMinute; rest[0] == '-' {
			offset = -offset
		}
	default:
		return false
	}
	const day = 24 * 60
	leap := ((hour*60+minute-offset)%day+day)%day == day-1
	return hour <= 23 && minute <= 59 && (second <= 59 || second == 60 && leap)
}

// isShaped reports whether s has this shape, in which 0 stands for any digit.
func isShaped(s, shape string) bool {
	if len(s) != len(shape) {
		return false
	}
	for i := range len(s) {
		if shape[i] == '0' && !isDigit(s[i]) || shape[i] != '0' && s[i] != shape[i] {
			return false
		}
	}
	return true
}

// twoDigits is the value of two digits.
func twoDigits(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }
