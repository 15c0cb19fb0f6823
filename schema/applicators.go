package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// one reads a keyword whose value is a schema.
func one(field func(*node) **node) readKeyword {
	return func(r *reader, n *node, keyword string, value any) error {
		child, err := r.child(n, "/"+keyword, value)
		*field(n) = child
		return err
	}
}

// list reads a keyword whose value is a list of at least one schema.
func list(field func(*node) *[]*node) readKeyword {
	return func(r *reader, n *node, keyword string, value any) error {
		elements, ok := value.([]any)
		if !ok || len(elements) == 0 {
			return r.fault(n, keyword, "must be a list of at least one schema")
		}
		children, err := r.children(n, "/"+keyword, elements)
		*field(n) = children
		return err
	}
}

func (r *reader) children(n *node, pointer string, elements []any) ([]*node, error) {
	children := make([]*node, 0, len(elements))
	for i, element := range elements {
		child, err := r.child(n, pointer+"/"+strconv.Itoa(i), element)
		if err != nil {
			return nil, err
		}
		children = append(children, child)
	}
	return children, nil
}

func readItems(r *reader, n *node, keyword string, value any) (err error) {
	if elements, ok := value.([]any); ok {
		n.tuple, err = r.children(n, "/"+keyword, elements)
		return err
	}
	n.items, err = r.child(n, "/"+keyword, value)
	return err
}

// members calls visit for each member of an object of schemas, by name.
func (r *reader) members(n *node, keyword string, value any, visit func(name string, child *node) error) error {
	object, ok := value.(map[string]any)
	if !ok {
		return r.fault(n, keyword, "must be an object of schemas")
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		child, err := r.child(n, "/"+keyword+"/"+escape(name), object[name])
		if err != nil {
			return err
		}
		if err := visit(name, child); err != nil {
			return err
		}
	}
	return nil
}

func readProperties(r *reader, n *node, keyword string, value any) error {
	return r.members(n, keyword, value, func(name string, child *node) error {
		n.properties = append(n.properties, property{name, child})
		return nil
	})
}

func readPatternProperties(r *reader, n *node, keyword string, value any) error {
	return r.members(n, keyword, value, func(text string, child *node) error {
		e, compiled, reason := r.compilePattern(n, text)
		if reason != "" {
			return r.fault(n, keyword, fmt.Sprintf("the pattern %q: %s", text, reason))
		}
		n.patterns = append(n.patterns, pattern{e.text, e.size, compiled, child})
		return nil
	})
}

func readDependencies(r *reader, n *node, keyword string, value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return r.fault(n, keyword, "must be an object of schemas and lists of property names")
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		d := dependency{name: name}
		if _, isList := object[name].([]any); isList {
			var reason string
			if d.required, reason = nameList(object[name]); reason != "" {
				return r.fault(n, keyword, reason)
			}
		} else {
			var err error
			if d.node, err = r.child(n, "/"+keyword+"/"+escape(name), object[name]); err != nil {
				return err
			}
		}
		n.dependencies = append(n.dependencies, d)
	}
	return nil
}

// readDefinitions reads schemas that are there to be referred to. They are checked whether or not anything
// does.
func readDefinitions(r *reader, n *node, keyword string, value any) error {
	return r.members(n, keyword, value, func(string, *node) error { return nil })
}
