package form

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/idemkit/idem/internal/strictjson"
)

// kind is what sort of JSON value a value is.
type kind byte

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// value is a JSON value that remembers the text that it was read from, white space included.
type value struct {
	kind kind
	raw  string // the whole text, without white space around it; "" once something inside was changed
	text string // of a string: decoded

	members []member // of an object or, without names, of an array
	empty   string   // white space between the brackets of an object or array without members
}

// member is a member of an object, or an element of an array.
type member struct {
	name   string // decoded; unused in an array
	before string // the text before the value: white space, and in an object the name and the colon
	value  *value
	after  string // white space after the value
}

// maxDepth bounds the nesting of JSON that is read, as the schemas do.
const maxDepth = 100

// parse reads one JSON value strictly: no duplicate names, valid UTF-8, at most maxDepth levels. The error is
// a *violation.Error.
func parse(document []byte) (*value, error) {
	if err := strictjson.Check(document, maxDepth); err != nil {
		return nil, err
	}
	p := parser{text: string(document)}
	p.space()
	return p.value(), nil
}

// parser reads what strictjson.Check has accepted.
type parser struct {
	text string
	at   int
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) value() *value {
	start := p.at
	v := &value{}
	switch p.text[p.at] {
	case '{':
		v.kind = kindObject
		p.members(v, '}')
	case '[':
		v.kind = kindArray
		p.members(v, ']')
	case '"':
		v.kind = kindString
		v.text = p.string()
	case 'n':
		v.kind = kindNull
		p.scalar()
	case 't', 'f':
		v.kind = kindBool
		p.scalar()
	default:
		v.kind = kindNumber
		p.scalar()
	}
	v.raw = p.text[start:p.at]
	return v
}

func (p *parser) scalar() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n,]}", p.text[p.at]) < 0 {
		p.at++
	}
}

func (p *parser) string() string {
	start := p.at
	p.at++
	escaped := false
	for p.text[p.at] != '"' {
		if p.text[p.at] == '\\' {
			escaped = true
			p.at++
		}
		p.at++
	}
	p.at++
	literal := p.text[start:p.at]
	if !escaped {
		return literal[1 : len(literal)-1]
	}
	var decoded string
	// The literal was checked: there is no error.
	_ = json.Unmarshal([]byte(literal), &decoded)
	return decoded
}

func (p *parser) members(v *value, bracket byte) {
	p.at++
	start := p.at
	p.space()
	if p.text[p.at] == bracket {
		v.empty = p.text[start:p.at]
		p.at++
		return
	}
	for {
		m := member{}
		if v.kind == kindObject {
			m.name = p.string()
			p.space()
			p.at++ // the colon
			p.space()
		}
		m.before = p.text[start:p.at]
		m.value = p.value()
		start = p.at
		p.space()
		m.after = p.text[start:p.at]
		v.members = append(v.members, m)
		p.at++ // a comma or the bracket
		if p.text[p.at-1] == bracket {
			return
		}
		start = p.at
		p.space()
	}
}

// member returns the value of the member called name, nil if there is none or v is nil or no object.
func (v *value) member(name string) *value {
	if v == nil || v.kind != kindObject {
		return nil
	}
	for n := range v.members {
		if v.members[n].name == name {
			return v.members[n].value
		}
	}
	return nil
}

// write appends the JSON text of v.
func (v *value) write(to *strings.Builder) {
	if v.raw != "" {
		to.WriteString(v.raw)
		return
	}
	brackets := "{}"
	if v.kind == kindArray {
		brackets = "[]"
	}
	to.WriteByte(brackets[0])
	if len(v.members) == 0 {
		to.WriteString(v.empty)
	}
	for n, m := range v.members {
		if n > 0 {
			to.WriteByte(',')
		}
		to.WriteString(m.before)
		m.value.write(to)
		to.WriteString(m.after)
	}
	to.WriteByte(brackets[1])
}

// String returns the JSON text of v.
func (v *value) String() string {
	var text strings.Builder
	v.write(&text)
	return text.String()
}

// with returns v with other members, and v itself if they are the same.
func (v *value) with(members []member) *value {
	same := len(members) == len(v.members)
	for n := 0; same && n < len(members); n++ {
		same = members[n].value == v.members[n].value
	}
	if same {
		return v
	}
	return &value{kind: v.kind, members: members}
}

// equal reports whether v and o are the same JSON value: numbers by their literals, members of objects in
// any order.
func (v *value) equal(o *value) bool {
	if v == nil || o == nil {
		return v == o
	}
	if v == o || (v.raw != "" && v.raw == o.raw) {
		return true
	}
	if v.kind != o.kind || len(v.members) != len(o.members) {
		return false
	}
	switch v.kind {
	case kindString:
		return v.text == o.text
	case kindArray:
		for n := range v.members {
			if !v.members[n].value.equal(o.members[n].value) {
				return false
			}
		}
		return true
	case kindObject:
		others := o.byName()
		for _, m := range v.members {
			if other, ok := others[m.name]; !ok || !m.value.equal(other) {
				return false
			}
		}
		return true
	}
	return false
}

func (v *value) byName() map[string]*value {
	byName := make(map[string]*value, len(v.members))
	for _, m := range v.members {
		byName[m.name] = m.value
	}
	return byName
}

// newString returns the value of a string.
func newString(text string) *value {
	return &value{kind: kindString, raw: quote(text), text: text}
}

// quote writes a string literal. Only what RFC 8259 requires is escaped.
func quote(text string) string {
	var literal strings.Builder
	encoder := json.NewEncoder(&literal)
	encoder.SetEscapeHTML(false)
	// A string always encodes.
	_ = encoder.Encode(text)
	return strings.TrimSuffix(literal.String(), "\n")
}

// named returns a new member of an object.
func named(name string, v *value) member {
	return member{name: name, before: quote(name) + ":", value: v}
}

// Indent returns the text of a JSON value as a field of [KindJSON] shows it: one member a line. A value that has several
// lines already, or would get much longer, is returned as it is. Empty input gives an empty text. It fails if the input is
// not JSON.
func Indent(document json.RawMessage) (string, error) {
	if len(document) == 0 {
		return "", nil
	}
	v, err := parse(document)
	if err != nil {
		return "", err
	}
	return v.indented(), nil
}

// indented returns the text of v with one member a line, or as it was read where that would make it much
// longer: nesting multiplies with length.
func (v *value) indented() string {
	const most = 64 << 10
	text := v.String()
	if strings.ContainsAny(text, "\n") || len(text) < 40 {
		return text
	}
	width, depth := 0, 0
	for n := range text {
		switch text[n] {
		case '{', '[':
			depth++
			width += 2 * depth
		case '}', ']':
			width += 2 * depth
			depth--
		case ',':
			width += 2 * depth
		}
		if width > most {
			return text
		}
	}
	var out strings.Builder
	v.indent(&out, "\n")
	return out.String()
}

func (v *value) indent(to *strings.Builder, line string) {
	if len(v.members) == 0 {
		v.write(to)
		return
	}
	brackets, inner := "{}", line+"  "
	if v.kind == kindArray {
		brackets = "[]"
	}
	to.WriteByte(brackets[0])
	for n, m := range v.members {
		if n > 0 {
			to.WriteByte(',')
		}
		to.WriteString(inner)
		if v.kind == kindObject {
			fmt.Fprintf(to, "%s: ", nameLiteral(m))
		}
		m.value.indent(to, inner)
	}
	to.WriteString(line)
	to.WriteByte(brackets[1])
}

// nameLiteral is the name of a member as it was written.
func nameLiteral(m member) string {
	return strings.TrimRight(strings.TrimSuffix(strings.TrimRight(strings.TrimLeft(m.before, " \t\r\n"), " \t\r\n"), ":"), " \t\r\n")
}
