package schema

import (
	"bytes"
	"fmt"
)

// Validation must end in bounded time whatever the schema and the document. A small schema can ask for an exponential
// number of checks: alternatives of alternatives, or a recursion that doubles at every level of the document. So Parse
// works out what a single value can cost at worst, and refuses schemas that go beyond any honest use. Validate counts what
// the document costs, and refuses the rare one that is beyond its budget.

// load is a cost in several currencies.
type load [currencies]int

const (
	evaluations  = iota // subschemas that a value is checked against
	tests               // subschemas that the extraction checks it against once more
	instructions        // size of the expressions that a string is matched with
	compilations        // size of the expressions that the engine compiles again for each name of an object
	comparisons         // times that a value is compared as a whole
	efforts             // evaluations, and what each can add to them: see effort
	currencies
)

// cost is the load of a schema.
type cost struct {
	value load // the worst that one value can meet
	path  load // the worst that the values from the root to one leaf can meet together
}

// The bounds of a schema. A large honest one stays far below them.
const (
	maxEvaluations = 1000 // of one value
	maxTests       = 1000 // of the values from the root to one leaf
)

// Budgets of one validation. Each has a fixed part, for small schemas and traits, and grows with the bytes of both, so
// that a small request is little work; up to about a second, so that a large one ends as well. An effort takes up to ten microseconds and a kilobyte and a half, where it fails.
func budgetOf(size int) load {
	var budget load
	budget[efforts] = min(1_000+2*size, 200_000)
	budget[instructions] = min(1<<19+1<<9*size, 1<<26)
	budget[compilations] = min(1<<12+8*size, 1<<20)
	budget[comparisons] = min(1<<18+200*size, 1<<24)
	return budget
}

// measure computes the cost of the schema at root.
func measure(root *node, order []*node, leads map[*node]bool) (cost, error) {
	c := worst(root, order, func(n *node) load { return weigh(n, leads) })
	if c.value[evaluations] > maxEvaluations {
		return c, refuse(root.source.id, "", "", fmt.Sprintf(
			"too costly: one value could be checked against more than %d subschemas; alternatives within alternatives and repeated references multiply", maxEvaluations))
	}
	if c.path[tests] > maxTests {
		return c, refuse(root.source.id, "", ExtensionKeyword, "too costly: too many alternatives with the keyword "+ExtensionKeyword+" lie within each other")
	}
	return c, nil
}

// weigh is what n itself costs for one value.
func weigh(n *node, leads map[*node]bool) load {
	enum, _ := n.assertions["enum"].([]any)
	required, _ := n.assertions["required"].([]any)
	var w load
	// The engine searches these lists one by one.
	w[evaluations] = 1 + (len(enum)+len(required)+len(n.properties))/64
	w[efforts] = n.worstEffort()
	w[instructions] = n.patternSize
	for _, p := range n.patterns {
		w[compilations] = plus(w[compilations], p.size)
	}
	if n.compares() {
		w[comparisons] = 1
	}
	n.testedBy(leads, func(child *node) {
		w[tests]++
		child.tested = true
	})
	return w
}

// testedBy calls visit for each node that the extraction tests a value of n against.
func (n *node) testedBy(leads map[*node]bool, visit func(*node)) {
	for _, list := range [][]*node{n.anyOf, n.oneOf, {n.contains}} {
		for _, child := range list {
			if leads[child] {
				visit(child)
			}
		}
	}
	if n.condition != nil && (leads[n.condition] || leads[n.then] || leads[n.otherwise]) {
		visit(n.condition)
	}
}

// worst finds the worst path through a schema by a programme over (node, depth of the value): what a node
// costs at one depth is what it and the nodes for the same value cost there, and what it costs one level
// deeper is the worst of the children that one value can meet. order is that of bottomUp.
func worst(root *node, order []*node, weight func(*node) load) cost {
	var c cost
	here, below := make([]load, len(order)), make([]load, len(order))
	for i, n := range order {
		here[i] = weight(n)
		n.sameValue(func(s *node) { here[i] = here[i].and(here[s.index]) })
	}
	for range MaxTraitsDepth + 2 {
		c.value = c.value.or(here[root.index])
		c.path = c.path.and(here[root.index])
		changed := false
		for i, n := range order {
			below[i] = childLoad(n, here)
			n.sameValue(func(s *node) { below[i] = below[i].and(below[s.index]) })
			changed = changed || below[i] != load{}
		}
		if !changed {
			break
		}
		here, below = below, here
	}
	return c
}

// childLoad is the most that one value inside the value of n can meet, of what is known for the children.
func childLoad(n *node, of []load) load {
	var named, member, element load
	for _, p := range n.properties {
		named = named.or(of[p.node.index])
	}
	for _, p := range n.patterns {
		member = member.and(of[p.node.index])
	}
	member = member.and(named)
	if n.additional != nil {
		member = member.or(of[n.additional.index])
	}
	if n.names != nil {
		member = member.and(of[n.names.index])
	}
	for _, t := range n.tuple {
		element = element.or(of[t.index])
	}
	for _, child := range []*node{n.items, n.rest} {
		if child != nil {
			element = element.or(of[child.index])
		}
	}
	if n.contains != nil {
		element = element.and(of[n.contains.index])
	}
	return member.or(element)
}

// and is the sum of two loads; it stops counting where no schema is accepted any more.
func (a load) and(b load) load {
	for i := range a {
		a[i] = plus(a[i], b[i])
	}
	return a
}

// or is the greater of two loads, in each currency.
func (a load) or(b load) load {
	for i := range a {
		a[i] = max(a[i], b[i])
	}
	return a
}

// within reports whether a is at most b in each currency of a budget.
func (a load) within(b load) bool {
	return a[efforts] <= b[efforts] && a[instructions] <= b[instructions] && a[compilations] <= b[compilations] && a[comparisons] <= b[comparisons]
}

func plus(a, b int) int { return min(a+b, 1<<24) }

// marks returns the most members and values that the document of traits can have. A member has a colon before its value,
// and an element a bracket or a comma; those in strings count as well. The document has a member more, the traits, and is
// a value itself.
func marks(traits []byte) (members, values int) {
	members = 1 + bytes.Count(traits, []byte{':'})
	return members, 1 + members + bytes.Count(traits, []byte{'['}) + bytes.Count(traits, []byte{','})
}

// bound is the most that traits can cost, by their length and their marks.
func (c cost) bound(traits []byte) (most load) {
	members, values := marks(traits)
	times := 1 + c.path[tests]
	most[efforts] = times * values * c.value[efforts]
	most[instructions] = times * len(traits) * c.value[instructions]
	most[compilations] = times * members * c.value[compilations]
	most[comparisons] = times * len(traits) * c.path[comparisons]
	return most
}

// afford says why a document is too much for a schema with this cost and root, or "". size is that of the schema in
// bytes; traits are what the document was decoded from.
func (c cost) afford(root *node, document any, size int, traits []byte) string {
	budget := budgetOf(size + len(traits))
	if c.bound(traits).within(budget) {
		return "" // so most documents are, and need no closer look
	}
	w := &effortWalk{left: budget}
	w.walk(root, document, 0, 1)
	switch {
	case w.left[efforts] < 0:
		return "too many values for this schema, which checks each many times"
	case w.left[instructions] < 0:
		return "too long for the regular expressions of this schema"
	case w.left[compilations] < 0:
		return "too many names for the regular expressions of this schema"
	case w.left[comparisons] < 0:
		return "too long for the comparisons of this schema"
	}
	return ""
}
