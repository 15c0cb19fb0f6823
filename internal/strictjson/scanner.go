package strictjson

import (
	"encoding/json"
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

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

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
		if s.at >= len(s.text) || s.text[s.at] != '"' {
			return nil, false
		}
		name, ok := s.string()
		s.space()
		if !ok || !s.skip(':') {
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
	start := s.at
	ascii, plain := true, true
	for s.at++; s.at < len(s.text); s.at++ {
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

// passName passes over the name of a member, the colon and the white space around it.
func (s *scanner) passName() bool {
	if s.at >= len(s.text) || s.text[s.at] != '"' || !s.passString() {
		return false
	}
	s.space()
	return s.skip(':')
}

// passString passes over a string whose opening quote is next.
func (s *scanner) passString() bool {
	start := s.at
	for at := start + 1; at < len(s.text); at++ {
		switch c := s.text[at]; {
		case c == '"':
			s.at = at + 1
			return true
		case c == '\\' || c < ' ' || c >= utf8.RuneSelf:
			_, ok := s.string() // what is rare is looked at with care
			return ok
		}
	}
	return false
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

// digits passes over digits and tells how many there were.
func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}
