package schema

import (
	"regexp"
	"slices"
	"strings"
)

// node is one subschema: what its document says, with every keyword checked and every reference followed.
// Nodes form a graph, which may have cycles through deeper values but, once checkCycles has passed it, none
// through keywords that look at the same value. The cleaned copy for the engine, the cost and the
// extraction plan are all made from this graph, never from the document.
type node struct {
	source  *source
	pointer string // into source
	shared  bool   // a $ref leads here

	tested      bool // the extraction tests values against it
	conditional bool // part of an alternative: what does not match it may still match the schema
	index       int  // in the order of bottomUp

	fixed *bool // the subschema true or false; nothing else is set then
	ref   *node // $ref; nothing else is set then, for draft-07 ignores what stands beside it

	types      []string       // of the keyword type; none when it is absent
	format     string         // as written; known to us or not
	assertions map[string]any // keywords without subschemas, in the form the engine takes

	pattern     *regexp.Regexp // the keyword pattern
	patternSize int            // of its program
	effort      int            // see ownEffort; 0 until it is asked for, which compiling does

	properties   []property // by name
	patterns     []pattern  // by pattern
	additional   *node      // additionalProperties
	names        *node      // propertyNames
	dependencies []dependency
	items        *node   // items as one schema
	tuple        []*node // items as a list
	rest         *node   // additionalItems beside a list
	contains     *node
	allOf        []*node
	anyOf        []*node
	oneOf        []*node
	not          *node
	condition    *node // if
	then         *node
	otherwise    *node // else

	extension *extension

	accepts *acceptor // made by quick
}

type property struct {
	name string
	node *node
}

type pattern struct {
	expression string // as the engine takes it
	size       int    // of its program
	compiled   *regexp.Regexp
	node       *node
}

// dependency is one member of dependencies: a schema for the object that has the named property, or the
// list of properties that have to be there as well.
type dependency struct {
	name     string
	node     *node // nil for a list
	required []any // strings
}

// sameValue calls visit for each node that looks at the very value that n looks at.
func (n *node) sameValue(visit func(*node)) {
	n.sameValueBut(visit)
	for _, d := range n.dependencies {
		if d.node != nil {
			visit(d.node)
		}
	}
}

// sameValueBut is sameValue without the schemas of dependencies, which wait for their property.
func (n *node) sameValueBut(visit func(*node)) {
	if n.ref != nil {
		visit(n.ref)
		return
	}
	for _, list := range [][]*node{n.allOf, n.anyOf, n.oneOf} {
		for _, child := range list {
			visit(child)
		}
	}
	for _, child := range []*node{n.not, n.condition, n.then, n.otherwise} {
		if child != nil {
			visit(child)
		}
	}
}

// deeper calls visit for each node that looks at a value inside the one n looks at, or at a name in it.
func (n *node) deeper(visit func(*node)) {
	for _, p := range n.properties {
		visit(p.node)
	}
	for _, p := range n.patterns {
		visit(p.node)
	}
	for _, child := range n.tuple {
		visit(child)
	}
	for _, child := range []*node{n.additional, n.names, n.items, n.rest, n.contains} {
		if child != nil {
			visit(child)
		}
	}
}

// target follows $ref to a node that is none. There is one, because checkCycles has passed the graph.
func (n *node) target() *node {
	for n.ref != nil {
		n = n.ref
	}
	return n
}

// member calls visit for each node that looks at the member of an object that has this name.
func (n *node) member(name string, visit func(*node)) {
	described := false
	if at, ok := slices.BinarySearchFunc(n.properties, name, func(p property, name string) int { return strings.Compare(p.name, name) }); ok {
		described = true
		visit(n.properties[at].node)
	}
	for _, p := range n.patterns {
		if p.compiled.MatchString(name) {
			described = true
			visit(p.node)
		}
	}
	if !described && n.additional != nil {
		visit(n.additional)
	}
}

// element calls visit for each node that looks at the element of an array at this index.
func (n *node) element(index int, visit func(*node)) {
	switch {
	case n.items != nil:
		visit(n.items)
	case index < len(n.tuple):
		visit(n.tuple[index])
	case n.tuple != nil && n.rest != nil:
		visit(n.rest)
	}
	if n.contains != nil {
		visit(n.contains)
	}
}
