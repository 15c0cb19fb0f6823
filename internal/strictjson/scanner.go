package strictjson

import (
	"encoding/json"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// scanner builds a value several times faster than a stream of tokens can be read, since it has the whole
// text before it: strings without escapes are pieces of one copy of it. It is strict in all that [Decode]
// promises, but explains nothing: where it fails, decoding reads the value again and tells why.
type scanner struct {
	text   string
	at     int // of the next byte
	limits Limits
	values int // begun so far
}

// scan builds the one value in text.
func scan(text string, limits Limits) (value any, ok bool) {
	s := scanner{text: text, limits: limits}
	s.space()
	value, ok = s.value(0, 0)
	s.space()
	return value, ok && s.at == len(text)
}

func (s *scanner) space() { s.at = passSpace(s.text, s.at) }

// isSpace reports whether c is white space. Nearly every byte that is looked at is none, which one comparison tells.
func isSpace(c byte) bool { return c <= ' ' && (c == ' ' || c == '\t' || c == '\n' || c == '\r') }

// skip passes over c and the white space after it, if c is next.
func (s *scanner) skip(c byte) bool {
	if s.at >= len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	s.space()
	return true
}

// close passes over the bracket c, if it is next.
func (s *scanner) close(c byte) bool {
	if s.at >= len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	return true
}

// value reads a value, depth levels down, whose own pointer has the given length.
func (s *scanner) value(depth, pointer int) (any, bool) {
	s.values++
	if s.at >= len(s.text) || s.limits.Values > 0 && s.values > s.limits.Values || s.limits.Pointer > 0 && pointer > s.limits.Pointer {
		return nil, false
	}
	switch c := s.text[s.at]; c {
	case '{', '[':
		if s.limits.Depth > 0 && depth >= s.limits.Depth {
			return nil, false
		}
		s.at++
		s.space()
		if c == '{' {
			return s.object(depth+1, pointer)
		}
		return s.array(depth+1, pointer)
	case '"':
		return s.string()
	case 't':
		return true, s.literal("true")
	case 'f':
		return false, s.literal("false")
	case 'n':
		return nil, s.literal("null")
	}
	return s.number()
}

func (s *scanner) literal(word string) bool {
	ok := strings.HasPrefix(s.text[s.at:], word)
	s.at += len(word)
	return ok
}

func (s *scanner) object(depth, pointer int) (any, bool) {
	object := make(map[string]any)
	if s.close('}') {
		return object, true
	}
	for {
		name, ok := s.name()
		if !ok {
			return nil, false
		}
		member, ok := s.value(depth, pointer+1+len(name))
		if !ok {
			return nil, false
		}
		before := len(object)
		if object[name] = member; len(object) == before {
			return nil, false // the name was there already
		}
		s.space()
		if s.close('}') {
			return object, true
		}
		if !s.skip(',') {
			return nil, false
		}
	}
}

func (s *scanner) array(depth, pointer int) (any, bool) {
	if s.close(']') {
		return []any{}, true
	}
	array := make([]any, 0, 4)
	for {
		element, ok := s.value(depth, pointer+2)
		if !ok {
			return nil, false
		}
		array = append(array, element)
		s.space()
		if s.close(']') {
			return array, true
		}
		if !s.skip(',') {
			return nil, false
		}
	}
}

// string reads a string whose opening quote is next.
func (s *scanner) string() (string, bool) {
	start := s.at + 1
	end := plainEnd(s.text, start)
	if end < len(s.text) && s.text[end] == '"' {
		s.at = end + 1
		return s.text[start:end], true
	}
	return s.specialString(end)
}

// specialString is string for one that is not plain up to its end: at a byte that is not its closing quote.
func (s *scanner) specialString(at int) (string, bool) {
	start := s.at
	ascii, plain := true, true
	for s.at = at; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			if plain {
				content := s.text[start+1 : s.at-1]
				return content, ascii || utf8.ValidString(content)
			}
			content, err := jsontext.AppendUnquote(nil, s.text[start:s.at])
			return string(content), err == nil
		case c == '\\':
			plain = false
			s.at++ // an escaped quote ends nothing
		case c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

// name reads the name of a member, the colon and the white space around it.
func (s *scanner) name() (string, bool) {
	if s.at >= len(s.text) || s.text[s.at] != '"' {
		return "", false
	}
	text, start := s.text, s.at+1
	end := nameEnd(text, start)
	if end+2 < len(text) && text[end] == '"' && text[end+1] == ':' && text[end+2] > ' ' {
		s.at = end + 2
		return text[start:end], true
	}
	name, ok := s.specialString(end)
	s.space()
	return name, ok && s.skip(':')
}

// nameEnd is plainEnd for the name of a member. In stored documents nearly all names have one letter or two.
func nameEnd(text string, at int) int {
	if at+2 < len(text) && isLetter(text[at]) {
		if text[at+1] == '"' {
			return at + 1
		}
		if text[at+2] == '"' && isLetter(text[at+1]) {
			return at + 2
		}
	}
	return plainEnd(text, at)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// plainEnd returns the end of the bytes of text, from at on, that stand for themselves in a string: ASCII without quotes,
// backslashes and control characters. It looks at eight at a time.
func plainEnd(text string, at int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; at+8 <= len(text); at += 8 {
		word := wordAt(text, at)
		// Subtracting one from each byte sets the highest bit of those that were 0, and perhaps of some behind the first.
		quotes, backslashes := word^(ones*'"'), word^(ones*'\\')
		found := (quotes-ones)&^quotes | (backslashes-ones)&^backslashes | (word-ones*' ')&^word | word
		if found &= highs; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for ; at < len(text); at++ {
		if c := text[at]; c == '"' || c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			break
		}
	}
	return at
}

// wordAt returns the eight bytes at at, the first of which is the lowest.
func wordAt(text string, at int) uint64 {
	t := text[at : at+8]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
		uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
}

func (s *scanner) number() (any, bool) {
	literal, ok := s.numeral()
	if !ok || CheckNumber(literal) != "" {
		return nil, false
	}
	if isNegativeZero(literal) {
		literal = "0"
	}
	return json.Number(literal), true
}

// numeral reads the literal of a number of any size.
func (s *scanner) numeral() (string, bool) {
	start := s.at
	if s.at < len(s.text) && s.text[s.at] == '-' {
		s.at++
	}
	whole := s.digits()
	leadingZero := whole > 1 && s.text[s.at-whole] == '0'
	if whole == 0 || leadingZero {
		return "", false
	}
	if s.at < len(s.text) && s.text[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			return "", false
		}
	}
	if s.at < len(s.text) && s.text[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.text) && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return "", false
		}
	}
	return s.text[start:s.at], true
}

// integer reads a number of at most 18 digits without a fraction or an exponent. If it is another, it reads nothing.
func (s *scanner) integer() (n int64, ok bool) {
	at := s.at
	negative := at < len(s.text) && s.text[at] == '-'
	if negative {
		at++
	}
	first := at
	for at+8 <= len(s.text) && at-first < 16 {
		eight, ok := eightDigits(wordAt(s.text, at))
		if !ok {
			break
		}
		n = n*1e8 + eight
		at += 8
	}
	for at < len(s.text) && isDigit(s.text[at]) && at-first < 18 {
		n = n*10 + int64(s.text[at]-'0')
		at++
	}
	switch {
	case at == first, at-first > 1 && s.text[first] == '0':
		return 0, false
	case at < len(s.text) && (isDigit(s.text[at]) || s.text[at] == '.' || s.text[at]|0x20 == 'e'):
		return 0, false
	}
	s.at = at
	if negative {
		n = -n
	}
	return n, true
}

// eightDigits returns the number that eight digits stand for, the first of which is the lowest byte of word.
func eightDigits(word uint64) (n int64, ok bool) {
	const threes, sixes, highs = 0x3333333333333333, 0x0606060606060606, 0xf0f0f0f0f0f0f0f0
	// The digits are 0x30 to 0x39: their high half is 3, and still is after adding six.
	if word&highs|(word+sixes)&highs>>4 != threes {
		return 0, false
	}
	word &^= highs
	word = (word*10 + word>>8) & 0x00ff00ff00ff00ff          // pairs
	word = (word*100 + word>>16) & 0x0000ffff0000ffff        // groups of four
	return int64((word*10000 + word>>32) & 0xffffffff), true // all eight
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits passes over digits and tells how many there were.
func (s *scanner) digits() int {
	start := s.at
	for s.at+8 <= len(s.text) {
		if _, ok := eightDigits(wordAt(s.text, s.at)); !ok {
			break
		}
		s.at += 8
	}
	for s.at < len(s.text) && isDigit(s.text[s.at]) {
		s.at++
	}
	return s.at - start
}
