// Package jsonwriter appends JSON text to a buffer.
//
// idem writes its stored documents and its answers through it, since both must
// hold raw JSON (traits, metadata) byte for byte, which encoders that work by
// reflection re-format, and since both are on the path of every request.
package jsonwriter

import (
	"encoding/hex"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// Writer appends JSON to its buffer and puts the commas. It does not check that
// what it is told makes one well-formed value; its users are few and tested. The
// zero value writes to a new buffer. Not safe for concurrent use.
type Writer struct {
	buf   []byte
	comma bool
	// The time written last, and where it stands in buf: most times of an identity
	// are the same.
	time             time.Time
	timeAt, timeEnds int
}

// New returns a Writer that appends to buf.
func New(buf []byte) *Writer { return &Writer{buf: buf} }

// Bytes returns the buffer with all that was appended.
func (w *Writer) Bytes() []byte { return w.buf }

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
	w.separate()
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '"', ':')
	w.comma = false
}

// String appends a string. Bytes that are not UTF-8 become U+FFFD.
func (w *Writer) String(s string) {
	w.separate()
	// The error only says that bytes were replaced, which is what is wanted.
	w.buf, _ = jsontext.AppendQuote(w.buf, s)
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
	w.separate()
	w.buf = append(w.buf, value...)
}

// Bool appends true or false.
func (w *Writer) Bool(b bool) {
	w.separate()
	w.buf = strconv.AppendBool(w.buf, b)
}

// Int appends a number.
func (w *Writer) Int(n int64) {
	w.separate()
	w.buf = strconv.AppendInt(w.buf, n, 10)
}

// Null appends null.
func (w *Writer) Null() { w.Raw([]byte("null")) }

// Time appends t in RFC 3339 form, in UTC, with as many digits as it needs.
func (w *Writer) Time(t time.Time) {
	w.separate()
	if w.timeEnds > 0 && t.Equal(w.time) {
		w.buf = append(w.buf, w.buf[w.timeAt:w.timeEnds]...)
		return
	}
	w.time, w.timeAt = t, len(w.buf)
	w.buf = append(w.buf, '"')
	w.buf = t.UTC().AppendFormat(w.buf, time.RFC3339Nano)
	w.buf = append(w.buf, '"')
	w.timeEnds = len(w.buf)
}

// UUID appends id in lower case with dashes.
func (w *Writer) UUID(id uuid.UUID) {
	w.separate()
	w.buf = append(w.buf, '"')
	for n, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if n > 0 {
			w.buf = append(w.buf, '-')
		}
		w.buf = hex.AppendEncode(w.buf, part)
	}
	w.buf = append(w.buf, '"')
}

func (w *Writer) begin(bracket byte) {
	w.separate()
	w.buf = append(w.buf, bracket)
	w.comma = false
}

func (w *Writer) end(bracket byte) {
	w.buf = append(w.buf, bracket)
	w.comma = true
}

func (w *Writer) separate() {
	if w.comma {
		w.buf = append(w.buf, ',')
	}
	w.comma = true
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
