package form

import (
	"slices"
	"strconv"
)

// shape is what several subschemas that apply to one value say together, as far as a form can show it.
// Validation is the schema's: a shape only decides what is offered.
type shape struct {
	types              []string // any of these; empty is any
	title, description string
	format             string
	initial            *value   // the default; may be nil
	choices            []choice // of enum and const; nil is any value
	readOnly           bool

	properties []*property
	byName     map[string]*property
	required   map[string]bool
	additional []node // the subschemas of members without a property
	closed     bool   // no members but those of properties

	items    []node   // the subschemas of every element, or of those after a tuple
	tuple    [][]node // of the first elements
	maxItems int      // -1 is no limit

	bounds Bounds
	path   []*value // the subschemas that were read, to find recursion
}

// property is a member that the subschemas name.
type property struct {
	name  string
	nodes []node   // that always apply to it
	loose [][]node // that apply to it in one branch each of anyOf, oneOf, if or dependencies
}

// choice is one of the values that an enum allows.
type choice struct {
	value *value
	label string // "" is the value itself
}

// Bounds are the limits that a schema sets to a value, each as the schema writes it, or empty.
type Bounds struct {
	MinLength, MaxLength               string
	Minimum, Maximum                   string
	ExclusiveMinimum, ExclusiveMaximum string
	MinItems, MaxItems                 string
	Pattern                            string
}

// maxReads bounds the subschemas that are read for one form: references may lead to the same one along very
// many paths.
const maxReads = 20_000

// reading reads subschemas for one form.
type reading struct {
	documents documents
	left      int
}

func (all documents) reading() *reading { return &reading{documents: all, left: maxReads} }

func newShape() *shape {
	return &shape{byName: make(map[string]*property), required: make(map[string]bool), maxItems: -1}
}

// shape merges the subschemas of one value.
func (r *reading) shape(nodes []node) *shape {
	s := newShape()
	for _, n := range nodes {
		r.add(s, n)
	}
	return s
}

// add merges a subschema that always applies.
func (r *reading) add(s *shape, n node) {
	if r.left--; r.left < 0 || n.value == nil || slices.Contains(s.path, n.value) {
		return
	}
	s.path = append(s.path, n.value)
	if n.value.kind != kindObject {
		return // true; and false, which no value matches
	}
	if reference := n.value.member("$ref"); reference != nil {
		s.describe(n.value) // a title beside a reference is for people and does no harm
		if target, ok := r.documents.follow(n.document, reference.text); ok {
			r.add(s, target)
		}
		return
	}
	for _, m := range n.value.members {
		if keyword := keywords[m.name]; keyword != nil {
			keyword(s, n, m.value)
		}
	}
	s.describe(n.value)
	if rest := n.value.member("additionalItems"); rest != nil && s.tuple != nil {
		s.items = append(s.items, node{n.document, rest})
	}
	if all := n.value.member("allOf"); all != nil {
		for _, m := range all.members {
			r.add(s, node{n.document, m.value})
		}
	}
	r.addBranches(s, n)
}

// describe takes over what is said to people; what stands nearer to the value wins.
func (s *shape) describe(v *value) {
	if title := v.member("title"); s.title == "" && title != nil {
		s.title = title.text
	}
	if description := v.member("description"); s.description == "" && description != nil {
		s.description = description.text
	}
	if initial := v.member("default"); s.initial == nil {
		s.initial = initial
	}
}

// keywords read one keyword each into a shape.
var keywords = map[string]func(s *shape, n node, v *value){
	"type":       func(s *shape, _ node, v *value) { s.narrow(v.texts()) },
	"format":     func(s *shape, _ node, v *value) { s.format = v.text },
	"enum":       func(s *shape, _ node, v *value) { s.choose(choicesOf(v)) },
	"const":      func(s *shape, _ node, v *value) { s.choose([]choice{{value: v}}) },
	"readOnly":   func(s *shape, _ node, v *value) { s.readOnly = s.readOnly || v.raw == "true" },
	"properties": func(s *shape, n node, v *value) { s.addProperties(n.document, v) },
	"required":   func(s *shape, _ node, v *value) { s.require(v.texts()) },
	"minLength":  func(s *shape, _ node, v *value) { s.bounds.MinLength = v.raw },
	"maxLength":  func(s *shape, _ node, v *value) { s.bounds.MaxLength = v.raw },
	"pattern":    func(s *shape, _ node, v *value) { s.bounds.Pattern = v.text },
	"minimum":    func(s *shape, _ node, v *value) { s.bounds.Minimum = v.raw },
	"maximum":    func(s *shape, _ node, v *value) { s.bounds.Maximum = v.raw },
	"minItems":   func(s *shape, _ node, v *value) { s.bounds.MinItems = v.raw },
	"maxItems":   func(s *shape, _ node, v *value) { s.limitItems(v) },
	"items":      func(s *shape, n node, v *value) { s.addItems(n.document, v) },
	"exclusiveMinimum": func(s *shape, _ node, v *value) {
		s.bounds.ExclusiveMinimum = v.raw
	},
	"exclusiveMaximum": func(s *shape, _ node, v *value) {
		s.bounds.ExclusiveMaximum = v.raw
	},
	"additionalProperties": func(s *shape, n node, v *value) {
		s.closed = s.closed || v.raw == "false"
		s.additional = append(s.additional, node{n.document, v})
	},
}

func (s *shape) limitItems(v *value) {
	s.bounds.MaxItems = v.raw
	if limit, err := strconv.Atoi(v.raw); err == nil {
		s.maxItems = limit
	}
}

// texts returns the string v, or the strings of the list v.
func (v *value) texts() []string {
	if v.kind == kindString {
		return []string{v.text}
	}
	var texts []string
	for _, m := range v.members {
		texts = append(texts, m.value.text)
	}
	return texts
}

// narrow keeps the types that are in types too.
func (s *shape) narrow(types []string) {
	if len(s.types) == 0 {
		s.types = types
		return
	}
	both := slices.DeleteFunc(slices.Clone(s.types), func(t string) bool {
		return !slices.Contains(types, t) && (t != "integer" || !slices.Contains(types, "number"))
	})
	if len(both) == 0 && slices.Contains(s.types, "number") && slices.Contains(types, "integer") {
		both = []string{"integer"}
	}
	if len(both) > 0 {
		s.types = both
	}
}

func choicesOf(v *value) []choice {
	choices := []choice{}
	for _, m := range v.members {
		choices = append(choices, choice{value: m.value})
	}
	return choices
}

// choose keeps the choices that are in choices too.
func (s *shape) choose(choices []choice) {
	if s.choices == nil {
		s.choices = choices
		return
	}
	s.choices = slices.DeleteFunc(slices.Clone(s.choices), func(c choice) bool { return !contains(choices, c.value) })
}

func contains(choices []choice, v *value) bool {
	return slices.ContainsFunc(choices, func(c choice) bool { return c.value.equal(v) })
}

func (s *shape) require(names []string) {
	for _, name := range names {
		s.required[name] = true
	}
}

func (s *shape) addProperties(d *document, v *value) {
	for _, m := range v.members {
		p := s.property(m.name)
		p.nodes = append(p.nodes, node{d, m.value})
	}
}

// property returns the property called name, which is added if it is not there.
func (s *shape) property(name string) *property {
	p, ok := s.byName[name]
	if !ok {
		p = &property{name: name}
		s.byName[name] = p
		s.properties = append(s.properties, p)
	}
	return p
}

func (s *shape) addItems(d *document, v *value) {
	if v.kind != kindArray {
		s.items = append(s.items, node{d, v})
		return
	}
	for n, m := range v.members {
		if n == len(s.tuple) {
			s.tuple = append(s.tuple, nil)
		}
		s.tuple[n] = append(s.tuple[n], node{d, m.value})
	}
}
