package schema

import (
	"encoding/json"
	"strconv"
)

// An effort is what the engine does for one value and one subschema, and what it allocates for one error. Some keywords
// add to it: each name of required that is missing is an error, and an error of enum quotes the whole list. What a
// document would cost is counted before the engine sees it, and counting stops where the budget ends.

// perEffort are the things that the engine does in the time of one effort.
const (
	lookups   = 32     // of a name in an object
	comparing = 256    // of two strings
	quotes    = 1 << 8 // bytes that an error repeats
	pointers  = 1 << 8 // bytes of the place of an error, which it repeats several times
)

// ownEffort is what n costs for any value, whatever it holds: an evaluation, and an error for each keyword.
func (n *node) ownEffort() int {
	if n.effort == 0 {
		enum, _ := n.assertions["enum"].([]any)
		quoted := jsonSize(n.assertions["enum"]) + jsonSize(n.assertions["const"])
		if pattern, ok := n.assertions["pattern"].(string); ok {
			quoted += len(pattern)
		}
		n.effort = 1 + len(n.assertions) + len(enum)/comparing + quoted/quotes + (len(n.properties)+len(n.dependencies)+len(n.required()))/lookups
		if n.additional != nil && len(n.properties) > 0 {
			n.effort += len(n.properties) / comparing
		}
	}
	return n.effort
}

func (n *node) required() []any {
	required, _ := n.assertions["required"].([]any)
	return required
}

// worstEffort is the most that n can cost for one value. What grows with the value's members is spread over them.
func (n *node) worstEffort() int {
	effort := n.ownEffort() + missingEffort(nil, n.required())
	for _, d := range n.dependencies {
		effort = plus(effort, missingEffort(nil, d.required))
	}
	if n.compares() {
		// Of an array, each element is held against the others; a container is built again for each that it is in.
		effort = plus(effort, MaxTraitsValues/comparing+MaxTraitsDepth)
	}
	if n.names != nil {
		effort = plus(effort, 1)
	}
	if n.format == "regex" {
		effort = plus(effort, maxPattern/64)
	}
	effort = plus(effort, len(n.properties)/comparing)
	return plus(effort, MaxTraitsPointer/pointers)
}

// missingEffort is that of the names that object does not have.
func missingEffort(object map[string]any, names []any) (effort int) {
	for _, name := range names {
		text := name.(string)
		if _, present := object[text]; !present {
			effort = plus(effort, 1+len(text)/quotes)
		}
	}
	return effort
}

// effortWalk counts down what a document costs. It ends when nothing is left of one currency, so it is no more work than
// what it allows.
type effortWalk struct{ left load }

func (w *effortWalk) spent() bool {
	return w.left[efforts] < 0 || w.left[instructions] < 0 || w.left[compilations] < 0 || w.left[comparisons] < 0
}

// walk counts what n costs for value, whose pointer has the given length, and for all in it. times is how often n is
// applied to value: once by the engine for the whole, and once more for each alternative around it that the extraction
// tests.
func (w *effortWalk) walk(n *node, value any, pointer, times int) {
	if w.spent() {
		return
	}
	if n.tested {
		times++
	}
	if n.ref == nil {
		w.left[efforts] -= times * (n.ownEffort() + pointer/pointers)
	}
	if n.compares() {
		w.left[comparisons] -= times * jsonSize(value)
		w.left[efforts] -= times * containers(value)
	}
	n.sameValueBut(func(same *node) { w.walk(same, value, pointer, times) })
	switch value := value.(type) {
	case string:
		w.left[instructions] -= times * len(value) * n.patternSize
		if n.format == "regex" {
			w.left[efforts] -= times * len(value) / 64
		}
	case map[string]any:
		w.object(n, value, pointer, times)
	case []any:
		if unique, _ := n.assertions["uniqueItems"].(bool); unique {
			w.left[efforts] -= times * (len(value) * len(value) / (8 * comparing))
		}
		for i, element := range value {
			n.element(i, func(child *node) { w.walk(child, element, pointer+1+len(strconv.Itoa(i)), times) })
		}
	}
}

func (w *effortWalk) object(n *node, object map[string]any, pointer, times int) {
	w.left[efforts] -= times * (missingEffort(object, n.required()) + len(object)*len(n.properties)/comparing)
	for _, d := range n.dependencies {
		if _, present := object[d.name]; present {
			w.left[efforts] -= times * missingEffort(object, d.required)
			if d.node != nil {
				w.walk(d.node, object, pointer, times)
			}
		}
	}
	patterns := 0
	for _, p := range n.patterns {
		patterns = plus(patterns, p.size)
	}
	w.left[compilations] -= times * len(object) * patterns
	for name, member := range object {
		w.left[instructions] -= times * len(name) * patterns
		if w.spent() {
			return
		}
		n.member(name, func(child *node) { w.walk(child, member, pointer+1+len(name), times) })
		if n.names != nil {
			w.left[efforts] -= times
			w.walk(n.names, name, pointer+1+len(name), times)
		}
	}
}

// compares reports whether n compares values as a whole.
func (n *node) compares() bool {
	_, hasConst := n.assertions["const"]
	unique, _ := n.assertions["uniqueItems"].(bool)
	return hasConst || unique || n.assertions["enum"] != nil
}

// containers counts the objects and arrays in value, each of which a comparison builds again.
func containers(value any) (count int) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			count += containers(element)
		}
		return count + 1
	case map[string]any:
		for _, member := range value {
			count += containers(member)
		}
		return count + 1
	}
	return 0
}

// jsonSize is about how long a decoded value is as JSON.
func jsonSize(value any) (size int) {
	switch value := value.(type) {
	case string:
		return len(value) + 2
	case json.Number:
		return len(value)
	case []any:
		for _, element := range value {
			size += jsonSize(element) + 1
		}
	case map[string]any:
		for name, member := range value {
			size += len(name) + jsonSize(member) + 4
		}
	}
	return size + 2
}
