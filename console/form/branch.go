package form

import "slices"

// addBranches merges what applies only sometimes: the branches of anyOf, oneOf, if/then/else and of
// dependencies. Their properties are offered, none is required, and the schema decides.
func (r *reading) addBranches(s *shape, n node) {
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if list := n.value.member(keyword); list != nil {
			r.addAlternatives(s, n.document, list)
		}
	}
	for _, keyword := range []string{"if", "then", "else"} {
		if branch := n.value.member(keyword); branch != nil && n.value.member("if") != nil {
			s.loosen(r.branch(s, node{n.document, branch}))
		}
	}
	if dependencies := n.value.member("dependencies"); dependencies != nil {
		for _, m := range dependencies.members {
			if m.value.kind == kindObject {
				s.loosen(r.branch(s, node{n.document, m.value}))
			}
		}
	}
}

// branch reads a subschema by itself. What s has read already is not read again: a branch may lead back.
func (r *reading) branch(s *shape, n node) *shape {
	branch := newShape()
	branch.path = slices.Clone(s.path)
	r.add(branch, n)
	return branch
}

// addAlternatives merges the branches of an anyOf or oneOf.
func (r *reading) addAlternatives(s *shape, d *document, list *value) {
	var branches []*shape
	for _, m := range list.members {
		branches = append(branches, r.branch(s, node{d, m.value}))
	}
	s.unite(branches)
	for _, branch := range branches {
		s.loosen(branch)
	}
}

// unite takes over what all branches agree on: that they are choices, which types they have, and, of one that
// may be null besides, everything.
func (s *shape) unite(branches []*shape) {
	var (
		choices []choice
		types   []string
		real    []*shape
	)
	allChoices, allTypes := len(branches) > 0, len(branches) > 0
	for _, b := range branches {
		allChoices = allChoices && b.choices != nil
		allTypes = allTypes && len(b.types) > 0
		for _, c := range b.choices {
			if !contains(choices, c.value) {
				if c.label == "" && len(b.choices) == 1 {
					c.label = b.title
				}
				choices = append(choices, c)
			}
		}
		for _, t := range b.types {
			if !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
		if !slices.Equal(b.types, []string{"null"}) {
			real = append(real, b)
		}
	}
	if allChoices {
		s.choose(choices)
	}
	if !allTypes || len(s.types) > 0 {
		return
	}
	s.types = types
	if len(real) == 1 {
		s.adopt(real[0])
	}
}

// adopt takes over how the one branch that is not null looks.
func (s *shape) adopt(b *shape) {
	if s.title == "" {
		s.title = b.title
	}
	if s.format == "" {
		s.format = b.format
	}
	if s.choices == nil && b.choices != nil {
		s.choices = append(slices.Clone(b.choices), choice{value: null})
	}
	if s.items == nil && s.tuple == nil {
		s.items, s.tuple, s.maxItems = b.items, b.tuple, b.maxItems
	}
	if s.bounds == (Bounds{}) {
		s.bounds = b.bounds
	}
}

var null = &value{kind: kindNull, raw: "null"}

// loosen takes over the properties of a branch.
func (s *shape) loosen(b *shape) {
	for _, theirs := range b.properties {
		p := s.property(theirs.name)
		if theirs.nodes != nil {
			p.loose = append(p.loose, theirs.nodes)
		}
		p.loose = append(p.loose, theirs.loose...)
	}
}

// of returns the shape of a property. Where several branches describe it and differ, the shape is the one
// choice of all their choices, or says nothing.
func (r *reading) of(p *property) *shape {
	if p.nodes != nil {
		if s := r.shape(p.nodes); s.speaks() || len(p.loose) == 0 {
			return s
		}
	}
	var branches []*shape
	for _, nodes := range p.loose {
		if b := r.shape(nodes); b.speaks() && !slices.ContainsFunc(branches, func(o *shape) bool { return slices.Equal(o.path, b.path) }) {
			branches = append(branches, b)
		}
	}
	if len(branches) == 1 {
		return branches[0]
	}
	s := newShape()
	s.unite(branches)
	if s.control() == KindObject || s.control() == KindList {
		s.types = nil // of different shapes
	}
	for _, b := range branches {
		if s.title == "" {
			s.title, s.description = b.title, b.description
		}
	}
	return s
}

// speaks reports whether s says what a value looks like.
func (s *shape) speaks() bool {
	return len(s.types) > 0 || s.choices != nil || len(s.properties) > 0 || s.format != "" || s.items != nil || s.tuple != nil
}
