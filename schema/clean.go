package schema

import "strconv"

// clean writes the schema at root for the engine: only keywords that assert something, in forms that the
// engine takes rightly, with each schema that is referred to standing once under "r". The document's own
// words never reach the engine, for it reads meaning into names anywhere: it would fetch what $ref or $id
// name, and take an "id" for a base URI.
//
// size is the number of subschemas written.
func clean(root *node) (document map[string]any, size int) {
	c := &cleaner{names: make(map[*node]string), written: make(map[string]any)}
	document = c.referTo(root)
	for len(c.pending) > 0 {
		n := c.pending[0]
		c.pending = c.pending[1:]
		c.written[c.names[n]] = c.write(n)
	}
	document["r"] = c.written
	return document, c.size
}

type cleaner struct {
	names   map[*node]string // of those under "r"
	pending []*node          // named and not written yet
	written map[string]any
	size    int
}

func (c *cleaner) referTo(n *node) map[string]any {
	n = n.target()
	name, ok := c.names[n]
	if !ok {
		name = strconv.Itoa(len(c.names))
		c.names[n] = name
		c.pending = append(c.pending, n)
	}
	return map[string]any{"$ref": "#/r/" + name}
}

// child writes n where it stands, or a reference to it where others refer to it as well.
func (c *cleaner) child(n *node) any {
	if n.ref != nil || n.shared {
		return c.referTo(n)
	}
	return c.write(n)
}

func (c *cleaner) write(n *node) any {
	c.size++
	if n.fixed != nil {
		return *n.fixed
	}
	s := make(map[string]any, len(n.assertions)+4)
	for keyword, value := range n.assertions {
		if keyword != "format" || !n.isLate() {
			s[keyword] = value
		}
	}
	for keyword, child := range map[string]*node{
		"additionalProperties": n.additional, "propertyNames": n.names, "items": n.items, "additionalItems": n.rest,
		"contains": n.contains, "not": n.not, "if": n.condition, "then": n.then, "else": n.otherwise,
	} {
		if child != nil {
			s[keyword] = c.child(child)
		}
	}
	if n.tuple != nil {
		s["items"] = c.list(n.tuple)
	}
	if all := append(c.list(n.allOf), c.alternatives(n)...); len(all) > 0 {
		s["allOf"] = all
	}
	if n.properties != nil {
		properties := make(map[string]any, len(n.properties))
		for _, p := range n.properties {
			properties[p.name] = c.child(p.node)
		}
		s["properties"] = properties
	}
	if n.patterns != nil {
		patterns := make(map[string]any, len(n.patterns))
		for _, p := range n.patterns {
			expression := p.expression
			for patterns[expression] != nil {
				expression += "(?:)" // two patterns of the document mean the same
			}
			patterns[expression] = c.child(p.node)
		}
		s["patternProperties"] = patterns
	}
	if n.dependencies != nil {
		dependencies := make(map[string]any, len(n.dependencies))
		for _, d := range n.dependencies {
			if d.node != nil {
				dependencies[d.name] = c.child(d.node)
			} else {
				dependencies[d.name] = d.required
			}
		}
		s["dependencies"] = dependencies
	}
	return s
}

func (c *cleaner) list(nodes []*node) []any {
	list := make([]any, len(nodes))
	for i, n := range nodes {
		list[i] = c.child(n)
	}
	return list
}
