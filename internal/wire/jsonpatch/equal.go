package jsonpatch

import (
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

// equalNumbers reports whether two number literals have the same value, exactly. Of exponents that fit no int64 only equal
// spellings are equal.
func equalNumbers(x, y string) bool {
	if x == y {
		return true
	}
	left, ok := parseDecimal(x)
	right, okToo := parseDecimal(y)
	return ok && okToo && left == right
}

// decimal is ±0.digits × 10^exponent, digits without zeros at either end. Zero has no digits, no sign and no exponent.
type decimal struct {
	negative bool
	digits   string
	exponent int64
}

func parseDecimal(literal string) (d decimal, ok bool) {
	literal, d.negative = strings.CutPrefix(literal, "-")
	mantissa, exponent := literal, ""
	if at := strings.IndexAny(literal, "eE"); at >= 0 {
		mantissa, exponent = literal[:at], literal[at+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return decimal{}, true
	}
	if exponent != "" {
		var err error
		if d.exponent, err = strconv.ParseInt(exponent, 10, 64); err != nil {
			return d, false
		}
	}
	const most = 1 << 62
	if d.exponent > most || d.exponent < -most {
		return d, false
	}
	// The point stands before the first digit that is not zero.
	d.exponent += int64(len(whole) - (len(whole) + len(fraction) - len(digits)))
	d.digits = strings.TrimRight(digits, "0")
	return d, true
}
