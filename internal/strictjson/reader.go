package strictjson

import "strconv"

// Reader reads a value whose shape is known, piece by piece, straight into where the pieces belong: strings
// are pieces of the text, and nothing is built in between. It refuses all that [Check] refuses, as well as
// pieces of another kind than it is asked for, but does not tell what it was: after the first fault every
// piece is empty and [Reader.Done] is false.
//
// It is for what this program wrote itself. Use [Decode] for what came from outside, where people need to
// know what is wrong. Not safe for concurrent use.
type Reader struct {
	scanner scanner
	depth   int
	failed  bool
}

// maxReaderDepth bounds the nesting of what a Reader reads, beyond that of anything that is written.
const maxReaderDepth = 200

// NewReader returns a Reader of the one value in text.
func NewReader(text string) *Reader {
	r := &Reader{scanner: scanner{text: text}}
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

// Object reads an object. It calls member for each of its members, with the name, when the value is next;
// member must read it.
func (r *Reader) Object(member func(name string)) {
	if !r.open('{') {
		return
	}
	defer r.close()
	if r.scanner.close('}') {
		return
	}
	var seen names
	for !r.failed {
		name := r.String()
		r.scanner.space()
		if r.failed || !seen.add(name) || !r.scanner.skip(':') {
			r.failed = true
			return
		}
		member(name)
		if !r.more('}') {
			return
		}
	}
}

// Array reads an array. It calls element for each of its elements, when it is next; element must read it.
func (r *Reader) Array(element func()) {
	if !r.open('[') {
		return
	}
	defer r.close()
	if r.scanner.close(']') {
		return
	}
	for !r.failed {
		element()
		if !r.more(']') {
			return
		}
	}
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

func (r *Reader) close() { r.depth-- }

// more passes over what follows a member or an element, and reports whether another does.
func (r *Reader) more(bracket byte) bool {
	r.scanner.space()
	if r.failed || r.scanner.close(bracket) {
		return false
	}
	r.failed = !r.scanner.skip(',')
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

// Raw reads any value, and returns its text as it is.
func (r *Reader) Raw() string {
	start := r.scanner.at
	switch r.next() {
	case '{':
		r.Object(func(string) { r.Raw() })
	case '[':
		r.Array(func() { r.Raw() })
	case '"':
		_ = r.String()
	case 't', 'f':
		r.Bool()
	case 'n':
		r.failed = r.failed || !r.scanner.literal("null")
	default:
		_, ok := r.scanner.numeral()
		r.failed = r.failed || !ok
	}
	if r.failed {
		return ""
	}
	return r.scanner.text[start:r.scanner.at]
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
	few   [16]string
	count int
	more  map[string]bool
}

// add reports whether name is new.
func (n *names) add(name string) bool {
	for _, seen := range n.few[:n.count] {
		if seen == name {
			return false
		}
	}
	if n.count < len(n.few) {
		n.few[n.count] = name
		n.count++
		return true
	}
	if n.more[name] {
		return false
	}
	if n.more == nil {
		n.more = make(map[string]bool)
	}
	n.more[name] = true
	return true
}
