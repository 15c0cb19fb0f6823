package strictjson

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Equal reports whether a and b are the same JSON value: members in any order, numbers by value, exactly. What
// [Decode] refuses within limits equals nothing.
func Equal(a, b []byte, limits Limits) bool {
	if letters, plain := lettersOf(a); plain {
		if others, plain := lettersOf(b); plain && letters != others {
			return false
		}
	}
	left, leftErr := Decode(a, limits)
	right, rightErr := Decode(b, limits)
	return leftErr == nil && rightErr == nil && equal(left, right)
}

// lettersOf adds up the bytes of all strings, which the order of members, white space and the spelling of numbers do not
// change: two texts with different sums are not equal, which is found out without decoding them. plain says that there is no
// escape, so that the bytes of a string are its value.
func lettersOf(text []byte) (sum uint64, plain bool) {
	inside := false
	for _, c := range text {
		switch {
		case c == '\\':
			return 0, false
		case c == '"':
			inside = !inside
			sum += 1 << 32
		case inside:
			sum += uint64(c)
		}
	}
	return sum, true
}

func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || decimalOf(string(a)) == decimalOf(string(b)))
	}
	return a == b
}

// decimal is a number as its digits, without zeros at either end, and the power of ten of the last of them.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

func decimalOf(literal string) decimal {
	mantissa, power := splitExponent(literal)
	d := decimal{negative: strings.HasPrefix(mantissa, "-")}
	d.exponent, _ = strconv.Atoi(power) // Decode has bounded it
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	d.exponent -= len(fraction)
	digits := strings.TrimLeft(whole+fraction, "0")
	d.digits = strings.TrimRight(digits, "0")
	d.exponent += len(digits) - len(d.digits)
	if d.digits == "" {
		return decimal{}
	}
	return d
}
