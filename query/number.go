package query

import (
	"cmp"
	"encoding/binary"
	"strings"
)

// decimal is the exact value of a JSON number: ±0.HEADTAIL × 10^exponent. The first digit is not 0, nor is
// the last. Head and tail are parts of the number's text, so that nothing is copied.
type decimal struct {
	sign       int // -1, 0, 1
	exponent   int64
	head, tail string
}

// maxExponent is where exponents end: all beyond it are taken for it.
const maxExponent = 1_000_000_000_000_000

// parseDecimal reads a valid JSON number.
func parseDecimal(s string) decimal {
	d := decimal{sign: 1}
	if strings.HasPrefix(s, "-") {
		d.sign, s = -1, s[1:]
	}
	if at := strings.IndexAny(s, "eE"); at >= 0 {
		d.exponent = parseExponent(s[at+1:])
		s = s[:at]
	}
	d.head, d.tail, _ = strings.Cut(s, ".")
	d.head = strings.TrimLeft(d.head, "0")
	d.tail = strings.TrimRight(d.tail, "0")
	d.exponent += int64(len(d.head))
	switch {
	case d.head == "":
		fraction := strings.TrimLeft(d.tail, "0")
		d.exponent -= int64(len(d.tail) - len(fraction))
		d.tail = fraction
	case d.tail == "":
		d.head = strings.TrimRight(d.head, "0")
	}
	if d.head == "" && d.tail == "" {
		return decimal{}
	}
	return d
}

func parseExponent(s string) int64 {
	sign := int64(1)
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	value := int64(0)
	for i := range len(s) {
		if value = value*10 + int64(s[i]-'0'); value > maxExponent {
			return sign * maxExponent
		}
	}
	return sign * value
}

func (d decimal) len() int { return len(d.head) + len(d.tail) }

// digit returns the digit at place i, 0 behind the last.
func (d decimal) digit(i int) byte {
	if i < len(d.head) {
		return d.head[i]
	}
	if i -= len(d.head); i < len(d.tail) {
		return d.tail[i]
	}
	return '0'
}

// compare orders by value.
func (d decimal) compare(o decimal) int {
	if d.sign != o.sign {
		return cmp.Compare(d.sign, o.sign)
	}
	if d.exponent != o.exponent {
		return d.sign * cmp.Compare(d.exponent, o.exponent)
	}
	for i := range max(d.len(), o.len()) {
		if a, b := d.digit(i), o.digit(i); a != b {
			return d.sign * cmp.Compare(a, b)
		}
	}
	return 0
}

// appendKey appends bytes whose order is that of the values: the sign, the exponent and up to digits digits.
// Those of a negative number are turned around, and end with the highest byte, so that the longer is less.
func (d decimal) appendKey(key []byte, digits int) []byte {
	if d.sign == 0 {
		return append(key, 1)
	}
	key = append(key, byte(1+d.sign))
	start := len(key)
	key = binary.BigEndian.AppendUint64(key, uint64(d.exponent)^1<<63)
	for i := range min(d.len(), digits) {
		key = append(key, d.digit(i))
	}
	if d.sign < 0 {
		for i := start; i < len(key); i++ {
			key[i] = ^key[i]
		}
		key = append(key, 0xff)
	}
	return key
}
