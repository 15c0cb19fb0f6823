package schema

import (
	"fmt"
	"regexp/syntax"
)

// Validation must end in bounded time whatever the schema and the document. A small schema can ask for an
// exponential number of checks: alternatives of alternatives, or a recursion that doubles at every level of
// the document. So Parse works out what a single value can cost at worst and refuses schemas that go beyond
// any honest use, and Validate refuses the rare document whose size times that cost is beyond its budget.

// load is a cost in several currencies.
type load [currencies]int

const (
	evaluations  = iota // subschemas that a value is checked against
	tests               // subschemas that the extraction checks it against once more
	instructions        // size of the expressions that a string is matched with
	compilations        // size of the expressions that the engine compiles anew for each name of an object
	comparisons         // times that a value is compared as a whole
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

// Budgets of one validation. Each is about a second of work at worst.
const (
	evaluationBudget  = 100_000 // a failed one costs ten microseconds and a kilobyte
	instructionBudget = 1 << 26
	compilationBudget = 1 << 20
	comparisonBudget  = 1 << 24
)

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
	w[instructions] = n.patternSize
	for _, p := range n.patterns {
		w[compilations] = plus(w[compilations], p.size)
	}
	_, hasConst := n.assertions["const"]
	if unique, _ := n.assertions["uniqueItems"].(bool); unique || hasConst || enum != nil {
		w[comparisons] = 1
	}
	for _, list := range [][]*node{n.anyOf, n.oneOf, {n.condition, n.contains}} {
		for _, child := range list {
			if leads[child] {
				w[tests]++
			}
		}
	}
	if n.condition != nil && (leads[n.then] || leads[n.otherwise]) {
		w[tests]++
	}
	return w
}

// programSize is the number of instructions that an expression compiles to.
func programSize(expression string) int {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return 0
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
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

func plus(a, b int) int { return min(a+b, 1<<24) }

// afford says why a document is too much for a schema with this cost and root, or "". bytes is the size of
// the document.
func (c cost) afford(root *node, document any, bytes int) string {
	times := int64(1 + c.path[tests])
	checks := times * int64(c.value[evaluations])
	// A value takes two bytes at least, with what separates it from the next. Most documents need no counting.
	values, names := int64(bytes/2+1), int64(bytes/4+1)
	if values*checks > evaluationBudget || times*names*int64(c.value[compilations]) > compilationBudget {
		values, names = count(document)
	}
	matched := int64(bytes) * int64(c.value[instructions])
	if values*checks <= evaluationBudget && times*matched > instructionBudget {
		matched = matching(root, document) // the long text of a document is seldom what is matched
	}
	switch {
	case values*checks > evaluationBudget:
		return "too many values for this schema, which checks each many times"
	case times*matched > instructionBudget:
		return "too long for the regular expressions of this schema"
	case times*names*int64(c.value[compilations]) > compilationBudget:
		return "too many names for the regular expressions of this schema"
	case times*int64(bytes)*int64(c.path[comparisons]) > comparisonBudget:
		return "too long for the comparisons of this schema"
	}
	return ""
}

// matching sums up the length of strings times the size of the expressions that they are matched with.
func matching(n *node, value any) (work int64) {
	if text, isString := value.(string); isString {
		work = int64(len(text)) * int64(n.patternSize)
	}
	n.sameValue(func(same *node) { work += matching(same, value) })
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			n.member(name, func(child *node) { work += matching(child, member) })
			if n.names != nil {
				work += matching(n.names, name)
			}
		}
	case []any:
		for i, element := range value {
			n.element(i, func(child *node) { work += matching(child, element) })
		}
	}
	return work
}

// count counts the values in a document, and the names of members.
func count(value any) (values, names int64) {
	values = 1
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			v, n := count(element)
			values, names = values+v, names+n
		}
	case map[string]any:
		names = int64(len(value))
		for _, member := range value {
			v, n := count(member)
			values, names = values+v, names+n
		}
	}
	return values, names
}
