package schema

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/idemkit/idem/violation"
)

// The engine compares values, for const, enum and uniqueItems, by way of float64. That is exact for every number that is
// the shortest decimal of its float64, as all programs print them, and for no other: two numbers that share a float64
// would be equal.
//
// A schema with such a number under const or enum is refused. A document may hold them (an id of 19 digits is one), but
// not where it would have to be compared.

// inexact finds the numbers of a document that would have to be compared and cannot be, in all branches, whether they hold
// or not.
func inexact(n *node, value any, pointer string, found *[]violation.Violation) {
	if len(*found) >= violation.Max || comparesExactly(value) {
		return
	}
	if keyword := n.comparesNumbers(); keyword != "" {
		*found = append(*found, violation.Violation{Pointer: pointer, Keyword: keyword, Message: "holds a number with more digits than can be compared"})
		return
	}
	n.sameValue(func(same *node) { inexact(same, value, pointer, found) })
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			n.member(name, func(child *node) { inexact(child, member, pointer+"/"+escape(name), found) })
		}
	case []any:
		for i, element := range value {
			n.element(i, func(child *node) { inexact(child, element, pointer+"/"+strconv.Itoa(i), found) })
		}
	}
}

// mayHoldInexact looks for what a number has to have to be inexact: 16 digits and marks, or an exponent. It
// does not know numbers from strings, and may be wrong on the safe side.
func mayHoldInexact(document []byte) bool {
	run := 0
	for _, c := range document {
		switch {
		case isDigit(c) || c == '.' || c == '-':
			if run++; run > maxExact {
				return true
			}
		case run > 0 && c|0x20 == 'e':
			return true
		default:
			run = 0
		}
	}
	return false
}

// maxExact is the number of digits that a float64 always keeps.
const maxExact = 15

// comparesNumbers names the keyword of n that compares numbers in its values, or gives "".
func (n *node) comparesNumbers() string {
	enum, _ := n.assertions["enum"].([]any)
	unique, _ := n.assertions["uniqueItems"].(bool)
	switch {
	case unique:
		return "uniqueItems"
	case hasNumber(n.assertions["const"]):
		return "const"
	case hasNumber(enum):
		return "enum"
	}
	return ""
}

func hasNumber(value any) bool {
	switch value := value.(type) {
	case json.Number:
		return true
	case []any:
		return slices.ContainsFunc(value, hasNumber)
	case map[string]any:
		for _, member := range value {
			if hasNumber(member) {
				return true
			}
		}
	}
	return false
}

// comparesExactly reports whether all numbers in value can be compared by way of float64.
func comparesExactly(value any) bool {
	switch value := value.(type) {
	case json.Number:
		return isExact(value)
	case []any:
		for _, element := range value {
			if !comparesExactly(element) {
				return false
			}
		}
	case map[string]any:
		for _, member := range value {
			if !comparesExactly(member) {
				return false
			}
		}
	}
	return true
}

// isExact reports whether number is what its float64 is printed as.
func isExact(number json.Number) bool {
	if len(number) <= maxExact && !strings.ContainsAny(string(number), "eE") {
		return true // no two decimals of so few digits share a float64
	}
	f, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		return false
	}
	given, ok := new(big.Rat).SetString(string(number))
	printed, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'e', -1, 64))
	return ok && given.Cmp(printed) == 0
}

func isZero(number json.Number) bool {
	f, err := strconv.ParseFloat(string(number), 64)
	return err == nil && f == 0
}

// canonical is a text that two values share when the engine takes them for equal.
func canonical(value any) string {
	text, err := json.Marshal(floats(value))
	if err != nil {
		return ""
	}
	return string(text)
}

// floats copies value with its numbers as float64.
func floats(value any) any {
	switch value := value.(type) {
	case json.Number:
		f, _ := value.Float64()
		return f
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = floats(element)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(value))
		for name, member := range value {
			object[name] = floats(member)
		}
		return object
	}
	return value
}
