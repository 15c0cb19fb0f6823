package jsonpatch

import (
	"context"
	"iter"
)

// Value is a value of a document. The zero Value stands for one that is not there. A Value is of no use after the next
// Apply.
type Value struct{ n *node }

// Root returns the whole document.
func (d *Document) Root() Value { return Value{d.root} }

// Exists reports whether there is such a value.
func (v Value) Exists() bool { return v.n != nil }

// Changed reports whether a patch brought the value or changed something inside it, even if it is now what it was.
func (v Value) Changed() bool { return v.n != nil && v.n.changed }

// Made reports whether a patch brought the value as a whole.
func (v Value) Made() bool { return v.n != nil && v.n.made }

// Kind returns the first byte of the value as JSON: {, [, ", t, f, n, - or a digit; 0 for a value that is not there.
func (v Value) Kind() byte {
	if v.n == nil {
		return 0
	}
	return v.n.kind()
}

// Text returns the value as JSON, "" for one that is not there. A value that no patch changed keeps its bytes.
func (v Value) Text() string {
	if v.n == nil {
		return ""
	}
	v.n.flush()
	return v.n.text
}

// String returns the string that the value is; ok is false for another kind of value.
func (v Value) String() (s string, ok bool) {
	if v.Kind() != '"' {
		return "", false
	}
	return unquote(v.n.text), true
}

func (v Value) open() *container {
	if v.n.inside == nil {
		return v.n.open(v.n.children())
	}
	return v.n.inside
}

// Member returns the member name of an object; a Value that is not there for anything else.
func (v Value) Member(name string) Value {
	if v.Kind() != '{' {
		return Value{}
	}
	return Value{v.open().child(name)}
}

// Members yields the members of an object, in their order; none for anything else.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != '{' {
			return
		}
		c := v.open()
		for at, child := range c.elements {
			if child != nil && !yield(unquote(c.literals[at]), Value{child}) {
				return
			}
		}
	}
}

// Elements yields the elements of an array; none for anything else.
func (v Value) Elements() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.Kind() != '[' {
			return
		}
		for at, child := range v.open().elements {
			if !yield(at, Value{child}) {
				return
			}
		}
	}
}

// Equal reports whether two JSON texts have the same value, as a test operation compares them. Two empty texts are equal.
func Equal(x, y string) bool {
	if x == "" || y == "" || x == y {
		return x == y
	}
	a := applying{Document: &Document{largest: len(x) + len(y)}, ctx: context.Background(), patch: &Patch{size: len(x) + len(y)}}
	same, err := a.equal(&node{text: x}, &node{text: y})
	return err == nil && same
}
