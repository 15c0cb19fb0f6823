package jsonpatch

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/idemkit/idem/violation"
)

// ErrTestFailed is wrapped by the error of a test operation that found another value.
var ErrTestFailed = errors.New("a test operation of the patch failed")

// Document is a JSON document that patches are applied to. After an error of Apply it is of no use.
type Document struct {
	root    *node
	largest int // size of the document when it was largest
	work    int // done so far, in units of about a nanosecond
	looked  int // work when the context was looked at last
	path    []*node
}

// Open returns the document of text, which must be one JSON value. The document keeps no reference to text.
func Open(text []byte) *Document {
	document := string(text)
	start := skipSpace(document, 0)
	end := len(document)
	for end > start && isSpace(document[end-1]) {
		end--
	}
	return &Document{root: &node{text: document[start:end]}, largest: end - start}
}

// The bound on work: baseWork and factorWork times the bytes of the patch and of the largest document.
const (
	baseWork   = 32 << 20
	factorWork = 128
	// opWork is what an operation costs beside the bytes that it touches.
	opWork = 200
	// openWork is what each child of an opened value costs, childWork what each child of a written one does, and moveWork
	// what it costs to move an element by one place.
	openWork, childWork, moveWork = 50, 10, 2
	// lookEvery is how much work may pass before the context is looked at again.
	lookEvery = 1 << 20
)

// Work returns the work done so far. A unit takes about a nanosecond: it is the reading of one byte.
func (d *Document) Work() int { return d.work }

// MaxWork returns the most that Work can come to for a patch of a number of bytes on the document as large as it was.
func (d *Document) MaxWork(patch int) int { return baseWork + factorWork*(patch+d.largest) }

// charge counts work and ends the patch at the bound, or with its context.
func (d *Document) charge(ctx context.Context, p *Patch, units int) error {
	d.work += units
	if d.work > d.MaxWork(p.size) {
		return violation.New("", "", "takes too much work for an identity of this size")
	}
	if d.work-d.looked > lookEvery {
		d.looked = d.work
		return ctx.Err()
	}
	return nil
}

// Apply changes the document by p.
//
// Errors: a [*violation.Error] for what cannot be applied; one that wraps [ErrTestFailed]; the error of ctx.
func (d *Document) Apply(ctx context.Context, p *Patch) error {
	a := applying{Document: d, ctx: ctx, patch: p}
	if p.merge != "" {
		return a.merge()
	}
	for n, o := range p.operations {
		if err := a.apply(o, "/"+strconv.Itoa(n)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// applying is a patch on its way through a document.
type applying struct {
	*Document
	ctx   context.Context
	patch *Patch
}

func (a *applying) charge(units int) error { return a.Document.charge(a.ctx, a.patch, units) }

// open opens a value, which must be an object or an array.
func (a *applying) open(n *node) (*container, error) {
	if n.inside != nil {
		return n.inside, nil
	}
	if err := a.charge(2 * len(n.text)); err != nil {
		return nil, err
	}
	count := n.children()
	return n.open(count), a.charge(openWork * count)
}

// apply applies one operation, whose own pointer is at.
func (a *applying) apply(o Operation, at string) error {
	if err := a.charge(opWork); err != nil {
		return err
	}
	before := a.root.size()
	var err error
	switch o.Op {
	case "add":
		err = a.put(o.Path, newNode(o.value), at, true, true)
	case "replace":
		err = a.put(o.Path, newNode(o.value), at, false, true)
	case "remove":
		_, err = a.remove(o.Path, at+"/path")
	case "move":
		err = a.move(o, at)
	case "copy":
		err = a.copy(o, at)
	case "test":
		err = a.test(o, at)
	}
	if err != nil {
		return err
	}
	size := a.root.size()
	a.largest = max(a.largest, size)
	if size > MaxSize && size > before {
		return violation.New(at, "maxLength", fmt.Sprintf("makes the document larger than %d bytes", MaxSize))
	}
	return nil
}

// newNode returns a value that the patch brings.
func newNode(text string) *node { return &node{text: text, made: true, changed: true} }

func notThere(at string) error { return violation.New(at, "", "names what is not there") }

// get finds the value that a pointer names, and leaves the values on its path in a.path, the root first.
func (a *applying) get(p Pointer, at string) (*node, error) {
	n := a.root
	a.path = append(a.path[:0], n)
	for _, token := range p {
		child, err := a.child(n, token)
		if err != nil {
			return nil, err
		}
		if child == nil {
			return nil, notThere(at)
		}
		n = child
		a.path = append(a.path, n)
	}
	return n, nil
}

// child returns a member or element; nil where there is none.
func (a *applying) child(n *node, token string) (*node, error) {
	if k := n.kind(); k != '{' && k != '[' {
		return nil, nil
	}
	c, err := a.open(n)
	if err != nil {
		return nil, err
	}
	return c.child(token), nil
}

// child returns a member or element; nil where there is none.
func (c *container) child(token string) *node {
	if position := c.position(token); position >= 0 {
		return c.elements[position]
	}
	return nil
}

// position is where a container has what token names; -1 where it does not.
func (c *container) position(token string) int {
	if !c.isArray {
		return c.find(token)
	}
	if index, ok := parseIndex(token); ok && index < c.count {
		return index
	}
	return -1
}

// grow takes note that the last value of a.path has changed and grew by a number of bytes.
func (a *applying) grow(grown int) {
	for n := len(a.path) - 1; n >= 0; n-- {
		outer := a.path[n]
		before := outer.size()
		outer.inside.size += grown
		outer.dirty, outer.changed, outer.deep = true, true, 0
		grown = outer.size() - before
	}
}

// put gives what p names the value: into an array it is inserted, or replaces an element. making creates what is missing
// in the path.
func (a *applying) put(p Pointer, value *node, at string, insert, making bool) error {
	if err := a.checkDepth(len(p), value, at); err != nil {
		return err
	}
	if len(p) == 0 {
		a.root = value
		return nil
	}
	n, made := a.root, false
	a.path = a.path[:0]
	for level, token := range p {
		if making && n.kind() == 'n' {
			a.make(n, token)
			made = true
		}
		if k := n.kind(); k != '{' && k != '[' {
			return violation.New(at+"/path", "", "leads into a value that is neither an object nor an array")
		}
		c, err := a.open(n)
		if err != nil {
			return err
		}
		a.path = append(a.path, n)
		if level == len(p)-1 {
			return a.putInto(c, token, value, at, insert, making)
		}
		child := c.child(token)
		if child == nil {
			if !making {
				return notThere(at + "/path")
			}
			if child, err = a.makeChild(c, token, p[level+1], at, insert || made); err != nil {
				return err
			}
			made = true
		}
		n = child
	}
	return nil
}

// make turns a null into an empty container, of which token is to name something. The path to it is a.path.
func (a *applying) make(n *node, token string) {
	before := n.size()
	*n = *emptyFor(token)
	a.grow(n.size() - before)
}

// emptyFor returns an empty list where token can only mean an element, otherwise an empty object.
func emptyFor(token string) *node {
	if token == "-" || token == "0" {
		return newNode("[]")
	}
	return newNode("{}")
}

// makeChild makes what token names in a container that does not have it: an empty list or object, whichever next needs.
// appends lets it be a new element at the end of an array.
func (a *applying) makeChild(c *container, token, next, at string, appends bool) (*node, error) {
	made := emptyFor(next)
	if !c.isArray {
		a.grow(c.set(token, made))
		return made, nil
	}
	if index, ok := parseIndex(token); appends && (token == "-" || ok && index == c.count) {
		a.grow(c.insert(c.count, made))
		return made, nil
	}
	return nil, badIndex(at)
}

func badIndex(at string) error {
	return violation.New(at+"/path", "", "names no element of the array: an index is 0 or digits without a leading zero, and no larger than the array")
}

func (a *applying) putInto(c *container, token string, value *node, at string, insert, making bool) error {
	if !c.isArray {
		if !insert && !making && c.find(token) < 0 {
			return notThere(at + "/path")
		}
		a.grow(c.set(token, value))
		return nil
	}
	index, ok := parseIndex(token)
	switch {
	case insert && token == "-":
		index = c.count
	case !ok || index > c.count || !insert && index == c.count:
		return badIndex(at)
	}
	if !insert {
		grown := value.size() - c.elements[index].size()
		c.elements[index] = value
		a.grow(grown)
		return nil
	}
	if err := a.charge(moveWork * (c.count - index)); err != nil {
		return err
	}
	a.grow(c.insert(index, value))
	return nil
}

func (a *applying) checkDepth(level int, value *node, at string) error {
	if value.deep == 0 {
		if err := a.charge(len(value.text)); err != nil {
			return err
		}
	}
	if level+value.height() > MaxDepth {
		return violation.New(at, "json", fmt.Sprintf("makes the document nested deeper than %d levels", MaxDepth))
	}
	return nil
}

// remove takes what p names out of the document and returns it.
func (a *applying) remove(p Pointer, at string) (*node, error) {
	if len(p) == 0 {
		return nil, violation.New(at, "", "names the whole document, which cannot be removed")
	}
	n, err := a.get(p[:len(p)-1], at)
	if err != nil {
		return nil, err
	}
	child, err := a.child(n, p[len(p)-1])
	if err != nil {
		return nil, err
	}
	if child == nil {
		return nil, notThere(at)
	}
	c := n.inside
	position := c.position(p[len(p)-1])
	if c.index == nil {
		if err := a.charge(moveWork * (c.count - position)); err != nil {
			return nil, err
		}
	}
	removed, grown := c.remove(position)
	a.grow(grown)
	return removed, nil
}

func (a *applying) move(o Operation, at string) error {
	if o.Path.isBelow(o.From) {
		return violation.New(at+"/path", "", "lies inside of what is moved")
	}
	if len(o.From) == 0 {
		return nil // only the whole document lies nowhere inside itself
	}
	moved, err := a.remove(o.From, at+"/from")
	if err != nil {
		return err
	}
	if err := a.charge(moved.flush()); err != nil {
		return err
	}
	moved.made, moved.changed = true, true
	return a.put(o.Path, moved, at, true, false)
}

func (a *applying) copy(o Operation, at string) error {
	source, err := a.get(o.From, at+"/from")
	if err != nil {
		return err
	}
	if err := a.charge(source.flush()); err != nil {
		return err
	}
	value := newNode(source.text)
	if err := a.checkDepth(0, source, at); err != nil {
		return err
	}
	value.deep = source.deep
	return a.put(o.Path, value, at, true, false)
}

func (a *applying) test(o Operation, at string) error {
	found, err := a.get(o.Path, at+"/path")
	if err != nil {
		return err
	}
	equal, err := a.equal(found, &node{text: o.value})
	switch {
	case err != nil:
		return err
	case !equal:
		return fmt.Errorf("%s: %w", at, ErrTestFailed)
	}
	return nil
}
