package jsonpatch

import (
	"slices"
	"strings"
)

// node is a value of a document. It is text until a patch reaches into it, and then a container as well.
type node struct {
	// text is the value as JSON, without white space around it. It is out of date while dirty.
	text string
	// inside is the opened object or array; nil for a scalar and for what was never opened.
	inside *container
	dirty  bool
	// made reports that the patch brought or made this value; changed, that the patch did so, or changed something inside.
	made, changed bool
	// deep is the height of text plus one; 0 where it was not measured.
	deep int32
}

// container is an opened object or array.
type container struct {
	isArray  bool
	elements []*node
	// literals are the names of an object's members, as they are written, by position in elements. A removed member of a
	// large object leaves a nil element.
	literals []string
	// index finds the members of a large object, and of one with a name that has an escape. It is nil for any other.
	index map[string]int
	count int // of members or elements
	size  int // bytes as compact JSON
}

// indexed is the number of members from which an object is searched by an index.
const indexed = 16

// needsIndex reports whether an object of count members, one of which is called literal, is searched by an index. To compare
// a name that has an escape is to read all of it, so that it is read once, and not for every pointer that leads through.
func needsIndex(count int, literal string) bool {
	return count > indexed || strings.IndexByte(literal, '\\') >= 0
}

// kind is the first byte of the value's text: {, [, ", t, f, n, - or a digit.
func (n *node) kind() byte {
	if n.inside != nil {
		if n.inside.isArray {
			return '['
		}
		return '{'
	}
	if n.text == "" {
		return 0
	}
	return n.text[0]
}

// size is the length of the value as JSON.
func (n *node) size() int {
	if n.dirty {
		return n.inside.size
	}
	return len(n.text)
}

// children counts the members or elements of a value that was not opened.
func (n *node) children() int {
	count := 0
	if n.text[0] == '[' {
		for range elements(n.text) {
			count++
		}
		return count
	}
	for range literals(n.text) {
		count++
	}
	return count
}

// open takes an object or array, which has a number of children, apart, one level deep.
func (n *node) open(count int) *container {
	c := &container{isArray: n.text[0] == '['}
	nodes := make([]node, count)
	c.elements, c.count = make([]*node, count, count+1), count
	if c.isArray {
		for at, value := range elements(n.text) {
			nodes[at].text = value
		}
	} else {
		c.literals = make([]string, 0, count+1)
		for literal, value := range literals(n.text) {
			nodes[len(c.literals)].text = value
			c.literals = append(c.literals, literal)
		}
	}
	for at := range nodes {
		// What was opened after the patch made the outer value is the patch's too.
		nodes[at].made, nodes[at].changed = n.made, n.made
		c.elements[at] = &nodes[at]
	}
	if slices.ContainsFunc(c.literals, func(literal string) bool { return needsIndex(count, literal) }) {
		c.makeIndex()
	}
	c.size = c.measure()
	n.inside = c
	return c
}

func (c *container) makeIndex() {
	c.index = make(map[string]int, len(c.literals))
	for at, literal := range c.literals {
		if c.elements[at] != nil {
			c.index[unquote(literal)] = at
		}
	}
}

// measure adds up what the container takes as compact JSON.
func (c *container) measure() int {
	size := 2 + max(0, c.count-1)
	for at, child := range c.elements {
		if child == nil {
			continue
		}
		size += child.size()
		if !c.isArray {
			size += len(c.literals[at]) + 1
		}
	}
	return size
}

// find returns the position of the member name, or -1.
func (c *container) find(name string) int {
	if c.index != nil {
		if at, ok := c.index[name]; ok {
			return at
		}
		return -1
	}
	for at, literal := range c.literals {
		if len(literal) >= len(name)+2 && unquote(literal) == name {
			return at
		}
	}
	return -1
}

// set gives the object's member name the value child, and returns by how much the object grew.
func (c *container) set(name string, child *node) int {
	if at := c.find(name); at >= 0 {
		grown := child.size() - c.elements[at].size()
		c.elements[at] = child
		return grown
	}
	literal := quote(name)
	c.literals, c.elements = append(c.literals, literal), append(c.elements, child)
	c.count++
	if c.index != nil {
		c.index[name] = len(c.elements) - 1
	} else if needsIndex(c.count, literal) {
		c.makeIndex()
	}
	return child.size() + len(literal) + 1 + c.comma()
}

// insert puts child before the array's element at, and returns by how much the array grew.
func (c *container) insert(at int, child *node) int {
	c.elements = append(c.elements, nil)
	copy(c.elements[at+1:], c.elements[at:])
	c.elements[at] = child
	c.count++
	return child.size() + c.comma()
}

// remove takes the child at a position out, and returns it and by how much the container grew, a negative number.
func (c *container) remove(at int) (*node, int) {
	child := c.elements[at]
	grown := -child.size() - c.comma()
	if !c.isArray {
		grown -= len(c.literals[at]) + 1
	}
	c.count--
	if c.index != nil {
		delete(c.index, unquote(c.literals[at]))
		c.elements[at] = nil
		return child, grown
	}
	copy(c.elements[at:], c.elements[at+1:])
	c.elements[len(c.elements)-1] = nil
	c.elements = c.elements[:len(c.elements)-1]
	if !c.isArray {
		c.literals = append(c.literals[:at], c.literals[at+1:]...)
	}
	return child, grown
}

// comma is what one child of several needs beside itself.
func (c *container) comma() int {
	if c.count > 1 {
		return 1
	}
	return 0
}

// flush brings the text up to date, and returns the work that it took.
func (n *node) flush() (units int) {
	if !n.dirty {
		return 0
	}
	w := writer{text: make([]byte, 0, n.inside.size)}
	w.write(n)
	n.text, n.dirty, n.deep = string(w.text), false, 0
	return len(w.text) + childWork*w.children
}

type writer struct {
	text     []byte
	children int
}

func (w *writer) write(n *node) {
	if !n.dirty {
		w.text = append(w.text, n.text...)
		return
	}
	opening, closing := byte('{'), byte('}')
	if n.inside.isArray {
		opening, closing = '[', ']'
	}
	w.text = append(w.text, opening)
	first := true
	for at, child := range n.inside.elements {
		w.children++
		if child == nil {
			continue
		}
		if !first {
			w.text = append(w.text, ',')
		}
		first = false
		if !n.inside.isArray {
			w.text = append(w.text, n.inside.literals[at]...)
			w.text = append(w.text, ':')
		}
		w.write(child)
	}
	w.text = append(w.text, closing)
}

// height is how deep the value is nested. The text must be up to date.
func (n *node) height() int {
	if n.deep == 0 {
		n.deep = int32(height(n.text)) + 1
	}
	return int(n.deep) - 1
}
