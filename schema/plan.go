package schema

// plan is a node as the extraction sees it: which annotations its values carry, and which ways lead to
// more. Ways that lead to none are left out, so that a walk over traits visits nothing in vain.
type plan struct {
	annotations []annotation
	same        []*plan // $ref, allOf
	branches    []branch
	conditions  []condition
	dependent   []dependent
	object      *objectPlan
	items       *plan
	tuple       []*plan // with nil where nothing is to be found
	rest        *plan
	contains    *branch
}

// annotation is the extension of a node and the format beside it, which decides how values are checked.
type annotation struct {
	extension
	format string
	late   bool // the engine has checked neither the format nor the demand
	demand demand
}

// branch is a way that is open when the value matches: of anyOf, of oneOf, of contains.
type branch struct {
	test *engine
	plan *plan
}

// condition is if with then and else. Each plan may be nil.
type condition struct {
	test                   *engine
	holds, then, otherwise *plan
}

// dependent is a member of dependencies: open when the object has the property.
type dependent struct {
	name string
	plan *plan
}

type objectPlan struct {
	properties []propertyPlan // those that lead somewhere, by name
	patterns   []patternPlan  // all of them when additional is set, else those that lead somewhere
	additional *plan
	described  map[string]bool // all properties, when additional is set
}

type propertyPlan struct {
	name  string
	token string // of a JSON pointer, with its slash
	plan  *plan
}

type patternPlan struct {
	pattern pattern
	plan    *plan // may be nil
}

// newPlan makes the plan of the schema at root, nil when no annotation can be reached.
// leads is what leading has found.
func newPlan(root *node, leads map[*node]bool) (*plan, error) {
	p := &planner{leads: leads, plans: make(map[*node]*plan)}
	return p.plan(root)
}

// leading finds the nodes from which an annotation can be reached, backwards from the annotations. What
// stands under not or propertyNames never applies to a value.
func leading(nodes []*node) map[*node]bool {
	from := make(map[*node][]*node)
	leads := make(map[*node]bool)
	var pending []*node
	for _, n := range nodes {
		n.annotated(func(child *node) { from[child] = append(from[child], n) })
		if n.extension != nil {
			pending = append(pending, n)
		}
	}
	for len(pending) > 0 {
		n := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if !leads[n] {
			leads[n] = true
			pending = append(pending, from[n]...)
		}
	}
	return leads
}

// annotated calls visit for each node whose annotations can apply when those of n do.
func (n *node) annotated(visit func(*node)) {
	skip := func(child *node) {
		if child != n.not && child != n.names {
			visit(child)
		}
	}
	n.sameValue(skip)
	n.deeper(skip)
}

type planner struct {
	leads    map[*node]bool
	plans    map[*node]*plan
	compiled int // subschemas in all tests
}

// maxCompiled bounds the subschemas that the tests of a schema are compiled from: each test is compiled
// with all that it refers to.
const maxCompiled = 50_000

// test compiles a schema that tells whether values match n.
func (p *planner) test(n *node) (*engine, error) {
	test, err := newEngine(n)
	if err != nil {
		return nil, err
	}
	if p.compiled += test.size; p.compiled > maxCompiled {
		return nil, refuse(n.source.id, n.pointer, ExtensionKeyword, "too many alternatives with the keyword "+ExtensionKeyword+" in this schema")
	}
	return test, nil
}

// plan returns the plan of n, nil when nothing is to be found there. Plans may refer to each other in
// cycles, as nodes do.
func (p *planner) plan(n *node) (*plan, error) {
	if n == nil || !p.leads[n] {
		return nil, nil
	}
	n = n.target()
	if made, ok := p.plans[n]; ok {
		return made, nil
	}
	made := &plan{}
	p.plans[n] = made
	if n.extension != nil {
		made.annotations = append(made.annotations, annotation{*n.extension, n.format, n.isLate(), n.extension.demand(n.format)})
	}
	for _, step := range []func(*node, *plan) error{p.sameValue, p.conditional, p.objects, p.arrays} {
		if err := step(n, made); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func (p *planner) sameValue(n *node, made *plan) error {
	for _, child := range n.allOf {
		same, err := p.plan(child)
		if err != nil {
			return err
		}
		if same != nil {
			made.same = append(made.same, same)
		}
	}
	for _, d := range n.dependencies {
		if d.node == nil {
			continue
		}
		child, err := p.plan(d.node)
		if err != nil {
			return err
		}
		if child != nil {
			made.dependent = append(made.dependent, dependent{d.name, child})
		}
	}
	return nil
}

// conditional plans what applies only where a value matches. The tests are compiled schemas of their own.
func (p *planner) conditional(n *node, made *plan) error {
	for _, list := range [][]*node{n.anyOf, n.oneOf} {
		for _, child := range list {
			b, err := p.branch(child)
			if err != nil {
				return err
			}
			if b != nil {
				made.branches = append(made.branches, *b)
			}
		}
	}
	if n.condition == nil || !p.leads[n.condition] && !p.leads[n.then] && !p.leads[n.otherwise] {
		return nil
	}
	var c condition
	var err error
	if c.holds, err = p.plan(n.condition); err != nil {
		return err
	}
	if c.then, err = p.plan(n.then); err != nil {
		return err
	}
	if c.otherwise, err = p.plan(n.otherwise); err != nil {
		return err
	}
	if c.test, err = p.test(n.condition); err != nil {
		return err
	}
	made.conditions = append(made.conditions, c)
	return nil
}

func (p *planner) branch(n *node) (*branch, error) {
	child, err := p.plan(n)
	if child == nil || err != nil {
		return nil, err
	}
	test, err := p.test(n)
	return &branch{test, child}, err
}

func (p *planner) objects(n *node, made *plan) error {
	var object objectPlan
	for _, property := range n.properties {
		child, err := p.plan(property.node)
		if err != nil {
			return err
		}
		if child != nil {
			object.properties = append(object.properties, propertyPlan{property.name, "/" + escape(property.name), child})
		}
	}
	var err error
	if object.additional, err = p.plan(n.additional); err != nil {
		return err
	}
	for _, pattern := range n.patterns {
		child, err := p.plan(pattern.node)
		if err != nil {
			return err
		}
		if child != nil || object.additional != nil {
			object.patterns = append(object.patterns, patternPlan{pattern, child})
		}
	}
	if object.additional != nil {
		object.described = make(map[string]bool, len(n.properties))
		for _, property := range n.properties {
			object.described[property.name] = true
		}
	}
	if object.properties != nil || object.patterns != nil || object.additional != nil {
		made.object = &object
	}
	return nil
}

func (p *planner) arrays(n *node, made *plan) (err error) {
	if made.items, err = p.plan(n.items); err != nil {
		return err
	}
	if made.rest, err = p.plan(n.rest); err != nil {
		return err
	}
	for _, child := range n.tuple {
		element, err := p.plan(child)
		if err != nil {
			return err
		}
		made.tuple = append(made.tuple, element)
	}
	if n.contains != nil {
		made.contains, err = p.branch(n.contains)
	}
	return err
}

// reach is a way in which a node can be reached.
type reach struct {
	node        *node
	conditional bool
}

// markConditional finds the nodes that are part of an alternative, from n on, which is reached as given.
func markConditional(n *node, conditional bool, seen map[reach]bool) {
	if at := (reach{n, conditional}); seen[at] {
		return
	} else {
		seen[at] = true
	}
	n.conditional = n.conditional || conditional
	alternatives := make(map[*node]bool)
	for _, list := range [][]*node{n.anyOf, n.oneOf, {n.not, n.condition, n.then, n.otherwise, n.contains, n.names}} {
		for _, child := range list {
			if child != nil {
				alternatives[child] = true
				markConditional(child, true, seen)
			}
		}
	}
	visit := func(child *node) {
		if !alternatives[child] {
			markConditional(child, conditional, seen)
		}
	}
	n.sameValue(visit)
	n.deeper(visit)
}
