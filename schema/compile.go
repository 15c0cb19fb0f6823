package schema

import (
	"slices"
	"strings"
)

// compile makes a schema of a document. Without a library, references to other documents stay open.
func compile(src *source, documents *library) (*Schema, error) {
	s, err := compileAny(src, documents)
	if err != nil || s.engine == nil {
		return s, err
	}
	if err := checkTraits(s.root); err != nil {
		return nil, err
	}
	return s, nil
}

// compileAny is compile without the rules that make a JSON Schema an identity schema.
func compileAny(src *source, documents *library) (*Schema, error) {
	r := &reader{root: src, library: documents, known: draft07(), patterns: make(map[string]string), nodes: make(map[place]*node)}
	root, err := r.readNodes()
	if err != nil {
		return nil, err
	}
	if err := checkCycles(r.order); err != nil {
		return nil, err
	}
	for _, n := range r.order {
		n.target().shared = n.target().shared || n.ref != nil
	}
	markConditional(root, false, make(map[reach]bool))
	slices.SortFunc(r.warnings, func(a, b Warning) int { return strings.Compare(a.Pointer, b.Pointer) })
	s := &Schema{id: src.id, source: src, root: root, warnings: r.warnings, outside: r.outside, patterns: r.patterns}
	if len(r.outside) > 0 {
		return s, nil
	}
	s.numbers = slices.ContainsFunc(r.order, func(n *node) bool { return n.comparesNumbers() != "" })
	leads := leading(r.order)
	s.nodes = bottomUp(r.order)
	s.branches = &branchEngines{engines: make(map[*node]*engine), left: min(300+len(src.bytes)/2, maxCompiled)}
	if s.cost, err = measure(root, s.nodes, leads); err != nil {
		return nil, err
	}
	if s.engine, err = newEngine(root); err != nil {
		return nil, err
	}
	if s.plan, err = newPlan(root, leads); err != nil {
		return nil, err
	}
	return s, nil
}

// checkTraits makes sure that root describes traits as an object: any other schema would accept anything,
// since the traits of an identity are validated as {"traits": …}.
func checkTraits(root *node) error {
	fault := func(pointer, reason string) error {
		return refuse(root.source.id, pointer, "", reason)
	}
	described := root.target()
	if described.fixed != nil {
		return fault("", `an identity schema is an object with properties.traits: {"type": "object", "properties": {…}}`)
	}
	at := slices.IndexFunc(described.properties, func(p property) bool { return p.name == "traits" })
	if at < 0 {
		return fault("", `the traits are not described: put them under properties.traits, as {"properties": {"traits": {"type": "object", "properties": {…}}}}`)
	}
	if traits := described.properties[at].node; !demandsObject(traits) {
		return fault("/properties/traits", `traits must be an object: write "type": "object"`)
	}
	return nil
}

// demandsObject reports whether n accepts nothing but objects.
func demandsObject(n *node) bool {
	n = n.target()
	return slices.Equal(n.types, []string{"object"}) || slices.ContainsFunc(n.allOf, demandsObject)
}
