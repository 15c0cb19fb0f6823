package strictjson

import (
	"fmt"
	"strconv"
	"strings"
)

// The bounds of a number literal. Beyond them are no quantities, only attacks: a short literal such as
// 1e1000000 becomes a megabyte of digits in every reader that computes exactly.
const (
	MaxNumberLength   = 128 // bytes of the literal
	MaxNumberExponent = 400 // of the exponent's absolute value
)

// CheckNumber tells what is wrong with a valid JSON number literal, in words for a person, or gives "" when
// nothing is. It is refused when it is longer than [MaxNumberLength], its exponent lies beyond
// ±[MaxNumberExponent], or the nearest float64 is infinite or, for a number that is not zero, zero.
func CheckNumber(literal string) string {
	if isPlain(literal) {
		return ""
	}
	if len(literal) > MaxNumberLength {
		return fmt.Sprintf("a number of more than %d digits", MaxNumberLength)
	}
	if mantissa, exponent := splitExponent(literal); exponent != "" {
		e, err := strconv.Atoi(exponent)
		if err != nil || e > MaxNumberExponent || e < -MaxNumberExponent {
			return fmt.Sprintf("a number with an exponent beyond %d", MaxNumberExponent)
		}
		literal = mantissa + "e" + exponent
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return "a number that is too large"
	}
	if f == 0 && !isZero(literal) {
		return "a number that is too close to zero"
	}
	return ""
}

// isPlain reports whether literal is a short integer, which needs no further look.
func isPlain(literal string) bool {
	if len(literal) > 18 {
		return false
	}
	for i := range len(literal) {
		if c := literal[i]; c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func splitExponent(literal string) (mantissa, exponent string) {
	if at := strings.IndexAny(literal, "eE"); at >= 0 {
		return literal[:at], literal[at+1:]
	}
	return literal, ""
}

func isZero(literal string) bool {
	mantissa, _ := splitExponent(literal)
	return strings.Trim(mantissa, "-0.") == ""
}

func isNegativeZero(literal string) bool {
	return literal[0] == '-' && isZero(literal)
}
