package jsonpatch

import (
	"fmt"

	"github.com/idemkit/idem/violation"
)

// merge applies a merge patch to the whole document. The nesting of the patch bounds the recursion.
func (a *applying) merge() error {
	before := a.root.size()
	a.path = a.path[:0]
	if a.root.kind() != '{' {
		a.root = newNode("{}")
	}
	if err := a.mergeInto(a.root, a.patch.merge); err != nil {
		return err
	}
	size := a.root.size()
	a.largest = max(a.largest, size)
	if size > MaxSize && size > before {
		return violation.New("", "maxLength", fmt.Sprintf("makes the document larger than %d bytes", MaxSize))
	}
	return a.ctx.Err()
}

// mergeInto is the algorithm of RFC 7396, section 2, for a target that is an object, whose path is a.path.
func (a *applying) mergeInto(target *node, patch string) error {
	if err := a.charge(len(patch)); err != nil {
		return err
	}
	c, err := a.open(target)
	if err != nil {
		return err
	}
	a.path = append(a.path, target)
	for name, value := range members(patch) {
		if err := a.mergeMember(c, name, value); err != nil {
			return err
		}
	}
	a.path = a.path[:len(a.path)-1]
	return nil
}

func (a *applying) mergeMember(c *container, name, value string) error {
	at := c.find(name)
	switch {
	case value == "null":
		if at < 0 {
			return nil
		}
		if c.index == nil {
			if err := a.charge(moveWork * (c.count - at)); err != nil {
				return err
			}
		}
		_, grown := c.remove(at)
		a.grow(grown)
		return nil
	case value[0] != '{':
		a.grow(c.set(name, newNode(value)))
		return nil
	}
	var child *node
	if at >= 0 {
		child = c.elements[at]
	}
	if child == nil || child.kind() != '{' {
		child = newNode("{}")
		a.grow(c.set(name, child))
	}
	return a.mergeInto(child, value)
}
