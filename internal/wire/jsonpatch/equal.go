package jsonpatch

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// equal reports whether two values are equal as RFC 6902, section 4.6, has it: numbers by their value, strings by their
// characters, arrays in order, objects in any order. It costs no more than opening both and reading the smaller one.
func (a *applying) equal(x, y *node) (bool, error) {
	kind := class(x.kind())
	if kind != class(y.kind()) {
		return false, nil
	}
	switch kind {
	case '"':
		// An escape takes at most six bytes for one.
		if len(x.text) > 6*len(y.text) || len(y.text) > 6*len(x.text) {
			return false, nil
		}
		return unquote(x.text) == unquote(y.text), a.charge(len(x.text) + len(y.text))
	case '0':
		return equalNumbers(x.text, y.text), a.charge(len(x.text) + len(y.text))
	case '[', '{':
		return a.equalContainers(x, y)
	}
	return true, a.charge(1) // null, true and false
}

func (a *applying) equalContainers(x, y *node) (bool, error) {
	left, err := a.open(x)
	if err != nil {
		return false, err
	}
	right, err := a.open(y)
	if err != nil || left.count != right.count {
		return false, err
	}
	for at, child := range left.elements {
		if child == nil {
			continue
		}
		position := at
		if !left.isArray {
			if position = right.find(unquote(left.literals[at])); position < 0 {
				return false, a.charge(len(left.literals[at]))
			}
			if err := a.charge(len(left.literals[at])); err != nil {
				return false, err
			}
		}
		if same, err := a.equal(child, right.elements[position]); err != nil || !same {
			return false, err
		}
	}
	return true, a.charge(left.count)
}

// class is the kind of a value, the same for all numbers.
func class(kind byte) byte {
	if kind == '-' || kind >= '0' && kind <= '9' {
		return '0'
	}
	return kind
}

// equalNumbers reports whether two number literals have the same value, exactly.
func equalNumbers(x, y string) bool { return x == y || parseDecimal(x) == parseDecimal(y) }

// decimal is ±0.digits × 10^exponent, digits without zeros at either end. Zero has no digits, no sign and no exponent.
type decimal struct {
	negative bool
	digits   string
	exponent int64
	// far is the exponent instead if it fits no int64, without zeros at its start.
	far string
}

func parseDecimal(literal string) (d decimal) {
	literal, d.negative = strings.CutPrefix(literal, "-")
	mantissa, exponent := literal, "0"
	if at := strings.IndexAny(literal, "eE"); at >= 0 {
		mantissa, exponent = literal[:at], literal[at+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return decimal{}
	}
	// The point stands before the first digit that is not zero.
	d.exponent, d.far = addExponent(exponent, int64(len(digits)-len(fraction)))
	d.digits = strings.TrimRight(digits, "0")
	return d
}

// addExponent adds a number to an exponent of any length; far is the sum if it fits no int64. It takes time in proportion
// to the length, which a parser of integers of any size does not.
func addExponent(exponent string, number int64) (near int64, far string) {
	near, err := strconv.ParseInt(exponent, 10, 64)
	if err == nil && near < math.MaxInt64/2 && near > math.MinInt64/2 {
		return near + number, ""
	}
	sign := ""
	if exponent[0] == '-' {
		sign, number = "-", -number
	}
	// At least 19 digits, of which the last ones can take a number that is a length.
	const unit, zeros = 1e18, 18
	digits := strings.TrimLeft(exponent, "+-0")
	high, low := []byte(digits[:len(digits)-zeros]), digits[len(digits)-zeros:]
	rest, _ := strconv.ParseInt(low, 10, 64)
	rest += number
	switch {
	case rest >= unit:
		rest -= unit
		high = append([]byte{'0'}, high...)
		carry(high, '9', '0', 1)
	case rest < 0:
		rest += unit
		carry(high, '0', '9', -1)
	}
	sum := sign + strings.TrimLeft(string(high)+fmt.Sprintf("%0*d", zeros, rest), "0")
	if near, err = strconv.ParseInt(sum, 10, 64); err == nil {
		return near, ""
	}
	return 0, sum
}

// carry adds step, 1 or -1, to a decimal number: each last digit turns to next, until one does not.
func carry(number []byte, last, next byte, step int) {
	at := len(number) - 1
	for ; number[at] == last; at-- {
		number[at] = next
	}
	number[at] = byte(int(number[at]) + step)
}
