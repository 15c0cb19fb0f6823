package strictjson

import (
	"encoding/json"
	"strconv"
	"strings"
	"unsafe"
)

// Reader reads a value whose shape is known, piece by piece. Strings and raw values are pieces of the buffer; nothing is
// built in between. It refuses all that [Check] refuses, except for names that repeat in a raw value, and a piece of another
// kind than it is asked for. It does not tell what was wrong: after the first fault every piece is empty and [Reader.Done]
// returns false.
//
// It is for what this program wrote itself. Use [Decode] for what came from outside, where people need to know what is
// wrong. Not safe for concurrent use.
type Reader struct {
	buffer  []byte
	scanner scanner // of the buffer as a string
	depth   int
	failed  bool
}

// maxReaderDepth bounds the nesting of what a Reader reads, beyond that of anything that is written.
const maxReaderDepth = 200

// NewReader returns a Reader of the one value in buffer. The buffer must not change as long as the Reader or a string that
// it returned is in use: the strings are pieces of it, as [unsafe.String] makes them. The holder of a raw value may modify
// that value, since no string is a piece of one.
func NewReader(buffer []byte) Reader {
	r := Reader{buffer: buffer, scanner: scanner{text: unsafe.String(unsafe.SliceData(buffer), len(buffer))}}
	r.scanner.space()
	return r
}

// Done reports whether the whole text was read, without a fault.
func (r *Reader) Done() bool {
	r.scanner.space()
	return !r.failed && r.scanner.at == len(r.scanner.text)
}

// Fail makes a fault of something that the caller does not accept.
func (r *Reader) Fail() { r.failed = true }

// Object begins to read an object:
//
//	for m := r.Object(); m.Next(); {
//		switch m.Name {
//
// The body of the loop must read the value of each member, and must not be left before the end.
func (r *Reader) Object() Members { return Members{reader: r} }

// Members reads an object member by member. It is a value of one loop.
type Members struct {
	// Name is that of the member whose value is next.
	Name   string
	reader *Reader
	begun  bool
	seen   names
}

// Next reads the name of the next member. It returns false at the end of the object, and after a fault.
func (m *Members) Next() bool {
	r := m.reader
	if !m.begun {
		m.begun = true
		if !r.open('{') {
			return false
		}
		if r.scanner.close('}') {
			r.depth--
			return false
		}
	} else if !r.more('}') {
		r.depth--
		return false
	}
	at := r.scanner.at
	name, ok := r.scanner.name()
	if !ok || !m.seen.add(name, r.scanner.text, at) {
		r.failed = true
		return false
	}
	m.Name = name
	return true
}

// Array begins to read an array:
//
//	for e := r.Array(); e.Next(); {
//
// The body of the loop must read each element, and must not be left before the end.
func (r *Reader) Array() Elements { return Elements{reader: r} }

// Elements reads an array element by element. It is a value of one loop.
type Elements struct {
	reader *Reader
	begun  bool
}

// Next reports whether there is another element, which is next then. It returns false after a fault.
func (e *Elements) Next() bool {
	r := e.reader
	if !e.begun {
		e.begun = true
		if !r.open('[') {
			return false
		}
		if r.scanner.close(']') {
			r.depth--
			return false
		}
		return true
	}
	if !r.more(']') {
		r.depth--
		return false
	}
	return true
}

// open passes over an opening bracket.
func (r *Reader) open(bracket byte) bool {
	r.depth++
	r.failed = r.failed || r.depth > maxReaderDepth || !r.scanner.skip(bracket)
	if r.failed {
		r.depth--
	}
	return !r.failed
}

// more passes over what follows a member or an element, and reports whether another does.
func (r *Reader) more(bracket byte) bool {
	s := &r.scanner
	if at := s.at; at+1 < len(s.text) && s.text[at] == ',' && s.text[at+1] > ' ' && !r.failed {
		s.at++
		return true
	}
	s.space()
	if r.failed || s.close(bracket) {
		return false
	}
	r.failed = !s.skip(',')
	return !r.failed
}

// String reads a string.
func (r *Reader) String() string {
	if r.failed || r.next() != '"' {
		r.failed = true
		return ""
	}
	text, ok := r.scanner.string()
	r.failed = !ok
	if r.failed {
		return ""
	}
	return text
}

// Int reads an integer.
func (r *Reader) Int() int64 {
	if r.failed {
		return 0
	}
	if n, ok := r.scanner.integer(); ok {
		return n
	}
	literal, ok := r.scanner.numeral()
	n, err := strconv.ParseInt(literal, 10, 64)
	r.failed = !ok || err != nil
	if r.failed {
		return 0
	}
	return n
}

// Bool reads true or false.
func (r *Reader) Bool() bool {
	is := r.next() == 't'
	word := "false"
	if is {
		word = "true"
	}
	r.failed = r.failed || !r.scanner.literal(word)
	return is && !r.failed
}

// Raw reads any value, and returns its text as it is: a piece of the buffer with no capacity beyond it. The names of its
// members may repeat: what wrote the value has seen to that, and to look again would cost as much as all the rest.
func (r *Reader) Raw() json.RawMessage {
	start := r.scanner.at
	r.Skip()
	if r.failed {
		return nil
	}
	return r.buffer[start:r.scanner.at:r.scanner.at]
}

// Skip passes over any value. It is as strict as [Reader.Raw].
func (r *Reader) Skip() {
	if r.failed {
		return
	}
	end := pass(r.scanner.text, r.scanner.at, maxReaderDepth-r.depth)
	if end < 0 {
		r.failed = true
		return
	}
	r.scanner.at = end
}

// next is the byte that comes next, 0 at the end.
func (r *Reader) next() byte {
	if r.scanner.at >= len(r.scanner.text) {
		return 0
	}
	return r.scanner.text[r.scanner.at]
}

// names are those of the members of one object. Most objects have few.
type names struct {
	letters uint64          // a bit for the first and the last letter of each: a name whose bit is not set is new
	few     [14]uint32      // where they are, for the first: a document is far smaller than 4 GiB
	count   int             // of few
	more    map[string]bool // the others
}

// add adds the name that is in text, at at, and reports whether it is new.
func (n *names) add(name, text string, at int) bool {
	letters := uint64(1)
	if name != "" {
		letters <<= (name[0]*2 + name[len(name)-1]) % 64
	}
	if n.letters&letters != 0 && n.has(name, text) {
		return false
	}
	n.letters |= letters
	if n.count < len(n.few) {
		n.few[n.count] = uint32(at)
		n.count++
		return true
	}
	if n.more == nil {
		n.more = make(map[string]bool)
	}
	n.more[strings.Clone(name)] = true // a piece of the text in a map would move the Reader to the heap
	return true
}

func (n *names) has(name, text string) bool {
	for _, at := range n.few[:n.count] {
		s := scanner{text: text, at: int(at)}
		if other, _ := s.string(); other == name {
			return true
		}
	}
	return n.more[name]
}
