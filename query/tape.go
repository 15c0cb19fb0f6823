package query

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// tape is a JSON document cut into its values, in their order, so that a path finds its way without looking
// at what lies beside it again. It is filled in one pass and used again for the next document.
type tape struct {
	text   string
	values []entry
	open   []int32 // containers that have not ended, while reading
	// unescaped are the contents of long strings with escapes that were looked at: many terms may look at one.
	unescaped map[int32]string
	name      []byte // memory for comparing a name
}

// entry is a value, or the name of a member, which comes before its value.
type entry struct {
	kind       kind
	name       bool   // the string is the name of a member
	escaped    bool   // the string has escapes
	start, end uint32 // of the text; of a string without its quotes
	next       int32  // the entry after all that is in this one
}

// read cuts text, which must be one valid JSON value of less than 4 GiB. What is not valid has no value.
func (t *tape) read(text string) {
	t.text, t.values, t.open = text, t.values[:0], t.open[:0]
	for at := 0; at < len(text); {
		switch c := text[at]; c {
		case ' ', '\t', '\n', '\r', ',':
			at++
		case ':':
			if len(t.values) > 0 {
				t.values[len(t.values)-1].name = true
			}
			at++
		case '{', '[':
			t.open = append(t.open, int32(len(t.values)))
			kind := kindObject
			if c == '[' {
				kind = kindList
			}
			t.values = append(t.values, entry{kind: kind, start: uint32(at)})
			at++
		case '}', ']':
			at++
			if len(t.open) == 0 {
				t.values = t.values[:0]
				return
			}
			container := &t.values[t.open[len(t.open)-1]]
			container.next, container.end = int32(len(t.values)), uint32(at)
			t.open = t.open[:len(t.open)-1]
		case '"':
			end, escaped := endOfString(text, at+1)
			t.add(entry{kind: kindString, escaped: escaped, start: uint32(at + 1), end: uint32(end)})
			at = end + 1
		default:
			end := endOfWord(text, at+1)
			t.add(entry{kind: wordKind(c), start: uint32(at), end: uint32(end)})
			at = end
		}
	}
	if len(t.open) > 0 {
		t.values = t.values[:0]
	}
}

func (t *tape) add(e entry) {
	e.next = int32(len(t.values)) + 1
	t.values = append(t.values, e)
}

// endOfString returns where the closing quote is.
func endOfString(text string, at int) (end int, escaped bool) {
	for ; at < len(text); at++ {
		switch text[at] {
		case '"':
			return at, escaped
		case '\\':
			escaped = true
			at++
		}
	}
	return len(text), escaped
}

func endOfWord(text string, at int) int {
	for ; at < len(text); at++ {
		switch text[at] {
		case ' ', '\t', '\n', '\r', ',', ':', ']', '}', '{', '[', '"':
			return at
		}
	}
	return at
}

func wordKind(first byte) kind {
	switch first {
	case 't', 'f':
		return kindBool
	case 'n':
		return kindAbsent
	}
	return kindNumber
}

// member returns the value of a member of the object at.
func (t *tape) member(v *view, at int32, name string) (int32, bool) {
	end := t.values[at].next
	for at++; at+1 < end; {
		value := t.values[at].next
		if value >= end {
			break
		}
		if t.equals(v, at, name) {
			return value, true
		}
		at = t.values[value].next
	}
	return 0, false
}

// equals reports whether the content of the string at is name.
func (t *tape) equals(v *view, at int32, name string) bool {
	e := &t.values[at]
	switch size := int(e.end - e.start); {
	case !e.escaped:
		return t.text[e.start:e.end] == name
	case len(name) > size || size > maxEscape*len(name):
		return false
	case size > longString:
		v.spend(size / maxEscape)
		return t.string(at) == name
	default:
		v.spend(size)
		t.name = t.appendContent(t.name[:0], at)
		return string(t.name) == name
	}
}

const (
	maxEscape  = 6 // bytes of text that stand for one of the content: \u0061
	longString = 256
)

// raw returns the text of the entry at, of a string without its quotes.
func (t *tape) raw(at int32) string { return t.text[t.values[at].start:t.values[at].end] }

// string returns the content of the string at.
func (t *tape) string(at int32) string {
	e := &t.values[at]
	switch {
	case !e.escaped:
		return t.raw(at)
	case e.end-e.start <= longString:
		return string(t.appendContent(nil, at))
	}
	content, ok := t.unescaped[at]
	if !ok {
		if t.unescaped == nil {
			t.unescaped = map[int32]string{}
		}
		content = string(t.appendContent(nil, at))
		t.unescaped[at] = content
	}
	return content
}

// appendContent appends the content of the string at, which has escapes.
func (t *tape) appendContent(dst []byte, at int32) []byte {
	e := &t.values[at]
	quoted := t.text[e.start-1 : min(int(e.end)+1, len(t.text))]
	content, err := jsontext.AppendUnquote(dst, quoted)
	if err != nil { // half a surrogate pair has become U+FFFD
		return bytes.ToValidUTF8(content, []byte("\ufffd"))
	}
	return content
}
