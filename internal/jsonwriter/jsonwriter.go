// Package jsonwriter appends JSON text to a buffer.
//
// idem writes its stored documents and its answers through it, since both must
// hold raw JSON (traits, metadata) byte for byte, which encoders that work by
// reflection re-format, and since both are on the path of every request.
package jsonwriter

import (
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/idemkit/idem/internal/strictjson"
)

// Writer appends JSON to its buffer and puts the commas. It does not check that
// what it is told makes one well-formed value; its users are few and tested. The
// zero value writes to a new buffer. Not safe for concurrent use.
type Writer struct {
	buf []byte // a comma follows every value; the end of what holds the value takes it back
	// The time and the long number written last, and where they stand in buf: most times of an identity are the same, and
	// some are written as numbers.
	time             time.Time
	timeAt, timeEnds int
	long             int64
	longAt, longEnds int
}

// New returns a Writer that appends to buf.
func New(buf []byte) *Writer { return &Writer{buf: buf} }

// Bytes returns the buffer with the value that was appended. It must be whole.
func (w *Writer) Bytes() []byte { return w.buf[:len(w.buf)-1] }

// BeginObject opens an object.
func (w *Writer) BeginObject() { w.begin('{') }

// EndObject closes the object opened last.
func (w *Writer) EndObject() { w.end('}') }

// BeginArray opens an array.
func (w *Writer) BeginArray() { w.begin('[') }

// EndArray closes the array opened last.
func (w *Writer) EndArray() { w.end(']') }

// Name starts an object member. name must need no escaping.
func (w *Writer) Name(name string) {
	b := w.extend(len(name) + 3)
	b[0] = '"'
	copy(b[1:], name)
	b[len(b)-2], b[len(b)-1] = '"', ':'
}

// String appends a string. Bytes that are not UTF-8 become U+FFFD.
func (w *Writer) String(s string) {
	if !strictjson.IsPlain(s) {
		// The error only says that bytes were replaced, which is what is wanted.
		w.buf, _ = jsontext.AppendQuote(w.buf, s)
		w.buf = append(w.buf, ',')
		return
	}
	b := w.extend(len(s) + 3)
	b[0] = '"'
	copy(b[1:], s)
	b[len(b)-2], b[len(b)-1] = '"', ','
}

// StringMember appends a member of an object with a string.
func (w *Writer) StringMember(name, s string) {
	w.Name(name)
	w.String(s)
}

// BoolMember appends a member of an object with true or false.
func (w *Writer) BoolMember(name string, b bool) {
	w.Name(name)
	w.Bool(b)
}

// UUIDMember appends a member of an object with an id.
func (w *Writer) UUIDMember(name string, id uuid.UUID) {
	w.Name(name)
	w.UUID(id)
}

// Raw appends value as it is. It must be one JSON value.
func (w *Writer) Raw(value []byte) {
	b := w.extend(len(value) + 1)
	copy(b, value)
	b[len(b)-1] = ','
}

// Bool appends true or false.
func (w *Writer) Bool(b bool) { w.buf = append(strconv.AppendBool(w.buf, b), ',') }

// Int appends a number.
func (w *Writer) Int(n int64) {
	if n == w.long && n != 0 {
		w.Raw(w.buf[w.longAt:w.longEnds])
		return
	}
	at := len(w.buf)
	w.buf = strconv.AppendInt(w.buf, n, 10)
	if n > 1e9 {
		w.long, w.longAt, w.longEnds = n, at, len(w.buf)
	}
	w.buf = append(w.buf, ',')
}

// Null appends null.
func (w *Writer) Null() { w.buf = append(w.buf, "null,"...) }

// Time appends t in RFC 3339 form, in UTC, with as many digits as it needs.
func (w *Writer) Time(t time.Time) {
	if w.timeEnds > 0 && t.Equal(w.time) {
		w.Raw(w.buf[w.timeAt:w.timeEnds])
		return
	}
	w.time, w.timeAt = t, len(w.buf)
	w.buf = append(w.buf, '"')
	w.buf = t.UTC().AppendFormat(w.buf, time.RFC3339Nano)
	w.buf = append(w.buf, '"')
	w.timeEnds = len(w.buf)
	w.buf = append(w.buf, ',')
}

// UUID appends id in lower case with dashes.
func (w *Writer) UUID(id uuid.UUID) {
	const digits = "0123456789abcdef"
	b := (*[39]byte)(w.extend(39))
	b[0], b[9], b[14], b[19], b[24], b[37], b[38] = '"', '-', '-', '-', '-', '"', ','
	for n, at := range [...]int{1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35} {
		b[at], b[at+1] = digits[id[n]>>4], digits[id[n]&15]
	}
}

// extend makes the buffer n bytes longer, and returns these.
func (w *Writer) extend(n int) []byte {
	at := len(w.buf)
	w.buf = slices.Grow(w.buf, n)[:at+n]
	return w.buf[at:]
}

func (w *Writer) begin(bracket byte) { w.buf = append(w.buf, bracket) }

func (w *Writer) end(bracket byte) {
	if last := len(w.buf) - 1; w.buf[last] == ',' {
		w.buf = w.buf[:last]
	}
	w.buf = append(w.buf, bracket, ',')
}

// Strings writes an array of strings.
func (w *Writer) Strings(items []string) {
	w.BeginArray()
	for _, s := range items {
		w.String(s)
	}
	w.EndArray()
}

// Objects writes an array with an object for each of items, whose members the function
// members writes to w. It is not handed w: a Writer that an unknown function gets moves to
// the heap.
func Objects[T any](w *Writer, items []T, members func(item T)) {
	w.BeginArray()
	for _, item := range items {
		w.BeginObject()
		members(item)
		w.EndObject()
	}
	w.EndArray()
}

// ObjectsMember writes the object member name with what [Objects] writes, and leaves it
// out when there are no items.
func ObjectsMember[T any](w *Writer, name string, items []T, members func(item T)) {
	if len(items) > 0 {
		w.Name(name)
		Objects(w, items, members)
	}
}
