package query

import "slices"

// group is the comparisons of one and, or one or, whose path is the same. The values at the path are read once for
// all of them, and each value is looked up among the sorted literals. So the cost is that of the values times the
// logarithm of the number of comparisons, not times the number.
type group struct {
	path     []token
	all      members
	needsAll bool // of an and
	// present and unequal are those that hold for every value that is there, and for a value of a type that has no
	// literal here.
	present, unequal members
	sorted           [kindList]sorted // by the type of their literals
	folding          []folding
}

// members is a set of the comparisons of a group.
type members [(MaxTerms + 63) / 64]uint64

func (m *members) add(n int) { m[n/64] |= 1 << (n % 64) }

func (m *members) union(o members) {
	for n := range m {
		m[n] |= o[n]
	}
}

func (m *members) has(n int) bool { return m[n/64]&(1<<(n%64)) != 0 }

// folding is a co, sw or ew, and its place in the group.
type folding struct {
	comparison *bound
	place      int
}

// sorted are the literals of one type, ascending, each once.
type sorted struct {
	literals []literal
	// holding has the comparisons that hold for a value less than the first literal, equal to it, between it and the
	// second, and so on.
	holding []members
}

// grouped returns the parts of an and or an or: kids, with those that have one path in a group in the place of the
// first of them.
func grouped(op Operator, kids []*bound) (parts []*bound) {
	byPath := map[string][]*bound{}
	for _, kid := range kids {
		if kid.canBeGrouped() {
			path := formatPointer(kid.path)
			byPath[path] = append(byPath[path], kid)
		}
	}
	for _, kid := range kids {
		var same []*bound
		if kid.canBeGrouped() {
			same = byPath[formatPointer(kid.path)]
		}
		switch {
		case len(same) < 2:
			parts = append(parts, kid)
		case same[0] == kid:
			parts = append(parts, &bound{op: opGroup, group: newGroup(same, op == opAnd)})
		}
	}
	return parts
}

// canBeGrouped reports whether b compares the values at a path with one literal, or is about their presence.
// Identifiers are compared with one of two, by their type.
func (b *bound) canBeGrouped() bool {
	switch b.op {
	case opAnd, opOr, opNot, opAny:
		return false
	}
	return b.shape.form != formIdentifier
}

func newGroup(comparisons []*bound, needsAll bool) *group {
	g := &group{path: comparisons[0].path, needsAll: needsAll}
	for n, b := range comparisons {
		g.all.add(n)
		switch b.op {
		case OpPresent:
			g.present.add(n)
		case OpContains, OpStartsWith, OpEndsWith:
			g.folding = append(g.folding, folding{b, n})
		default:
			s := &g.sorted[b.value.kind]
			s.literals = append(s.literals, b.value)
			if b.op == OpNotEqual {
				g.unequal.add(n)
			}
		}
	}
	for k := range g.sorted {
		g.sorted[k].prepare(kind(k), comparisons)
	}
	return g
}

func (s *sorted) prepare(of kind, comparisons []*bound) {
	slices.SortFunc(s.literals, func(a, b literal) int { return a.compare(&b) })
	s.literals = slices.CompactFunc(s.literals, func(a, b literal) bool { return a.compare(&b) == 0 })
	s.holding = make([]members, 2*len(s.literals)+1)
	for n, b := range comparisons {
		switch b.op {
		case OpPresent, OpContains, OpStartsWith, OpEndsWith:
			continue
		}
		own := -1
		if b.value.kind == of {
			own = 2*s.rank(&b.value) + 1
		}
		for place := range s.holding {
			if b.op.accepts(place-own, own >= 0) {
				s.holding[place].add(n)
			}
		}
	}
}

// rank returns where l is among the literals.
func (s *sorted) rank(l *literal) int {
	rank, _ := s.search(l)
	return rank
}

func (s *sorted) search(l *literal) (rank int, found bool) {
	return slices.BinarySearchFunc(s.literals, l, func(have literal, l *literal) int { return have.compare(l) })
}

// holds reports whether the comparisons, or one of them, hold for one of the values each.
func (g *group) holds(v *view, n node) bool {
	var found members
	return n.some(v, g.path, func(e node) bool {
		g.mark(v, e, &found)
		return found == g.all || !g.needsAll && found != members{}
	})
}

// mark adds the comparisons that hold for the value n, which is no list, to found.
func (g *group) mark(v *view, n node, found *members) {
	if n.kind != kindAbsent {
		found.union(g.present)
	}
	if s := &g.sorted[n.kind]; len(s.literals) > 0 {
		value := n.literal()
		place, equal := s.search(&value)
		if place *= 2; equal {
			place++
		}
		v.spend(len(value.text))
		found.union(s.holding[place])
	} else {
		found.union(g.unequal)
	}
	for _, f := range g.folding {
		if !found.has(f.place) && f.comparison.compareText(v, n) {
			found.add(f.place)
		}
	}
}
