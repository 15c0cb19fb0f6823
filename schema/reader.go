package schema

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/idemkit/idem/violation"
)

// reader turns decoded documents into nodes.
type reader struct {
	root     *source
	library  *library // the documents that a $ref may lead to beside root; nil when they are not known yet
	known    map[string]readKeyword
	nodes    map[place]*node
	order    []*node // as they were made
	pending  []reference
	outside  []string // references that lead to documents not known yet
	warnings []Warning
	patterns map[string]string // expressions that were translated; see Schema

	programs      int              // the size of all regular expressions together
	documentBytes int              // of the documents that they are in
	measured      map[*source]bool // those documents
}

// place is where a subschema stands.
type place struct {
	source  *source
	pointer string
}

// reference is a $ref whose target is still to be read.
type reference struct {
	from *node
	text string
}

// readNodes reads the subschemas of src, and those that they refer to, and returns the one at the root.
func (r *reader) readNodes() (*node, error) {
	root, err := r.node(r.root, "", r.root.tree)
	if err != nil {
		return nil, err
	}
	for len(r.pending) > 0 {
		next := r.pending[0]
		r.pending = r.pending[1:]
		if err := r.resolve(next); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// node reads the subschema value that stands at pointer of src, once.
func (r *reader) node(src *source, pointer string, value any) (*node, error) {
	at := place{src, pointer}
	if n, ok := r.nodes[at]; ok {
		return n, nil
	}
	n := &node{source: src, pointer: pointer}
	switch value := value.(type) {
	case bool:
		n.fixed = &value
	case map[string]any:
		r.nodes[at] = n
		if err := r.keywords(n, value); err != nil {
			return nil, err
		}
	default:
		return nil, r.fault(n, "", "a schema is an object, true or false, not "+typeName(value))
	}
	r.nodes[at] = n
	r.order = append(r.order, n)
	return n, nil
}

// keywords reads the members of a schema object.
func (r *reader) keywords(n *node, object map[string]any) error {
	if ref, ok := object["$ref"]; ok {
		return r.reference(n, object, ref)
	}
	n.assertions = make(map[string]any)
	for _, keyword := range slices.Sorted(maps.Keys(object)) {
		read, known := r.known[keyword]
		switch {
		case !known:
			r.warn(n, keyword, r.unknownKeyword(keyword))
		case read != nil:
			if err := read(r, n, keyword, object[keyword]); err != nil {
				return err
			}
		}
	}
	return r.consistent(n)
}

// consistent checks what keywords say together, and drops those that have no effect without another.
func (r *reader) consistent(n *node) error {
	for _, bounds := range [][2]string{{"minLength", "maxLength"}, {"minItems", "maxItems"}, {"minProperties", "maxProperties"}} {
		low, high := n.assertions[bounds[0]], n.assertions[bounds[1]]
		if low != nil && high != nil && integer(low) > integer(high) {
			return r.fault(n, bounds[0], "greater than "+bounds[1]+": nothing could match")
		}
	}
	if n.condition == nil {
		n.then, n.otherwise = nil, nil
	}
	// The engine forgets additionalItems beside an empty list, where it stands for all items.
	if n.tuple != nil && len(n.tuple) == 0 {
		n.items, n.tuple, n.rest = n.rest, nil, nil
	}
	if n.tuple == nil {
		n.rest = nil
	}
	if n.extension != nil {
		return r.checkExtension(n)
	}
	return nil
}

// child reads the subschema that is the value of a keyword of n.
func (r *reader) child(n *node, pointer string, value any) (*node, error) {
	return r.node(n.source, n.pointer+pointer, value)
}

// fault is an error at a keyword of n, or at n itself.
func (r *reader) fault(n *node, keyword, reason string) error {
	pointer := n.pointer
	if keyword != "" {
		pointer += "/" + escape(keyword)
	}
	return refuse(n.source.id, pointer, keyword, reason)
}

// warn adds a warning at a keyword of n. Those in other documents are theirs to tell.
func (r *reader) warn(n *node, keyword, message string) {
	if n.source == r.root {
		r.warnings = append(r.warnings, Warning{Pointer: n.pointer + "/" + escape(keyword), Message: message})
	}
}

// parseError puts the schema's id to an error of the JSON reader.
func parseError(id string, err error) error {
	var invalid *violation.Error
	if errors.As(err, &invalid) {
		return fmt.Errorf("schema %q: %w", id, invalid)
	}
	return refuse(id, "", "json", err.Error())
}

// escape makes a token of a JSON pointer (RFC 6901, section 3).
func escape(token string) string {
	if !strings.ContainsAny(token, "~/") {
		return token
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

// unescape undoes escape.
func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// lookup finds the value at pointer in a decoded document.
func lookup(tree any, pointer string) (any, bool) {
	if pointer == "" {
		return tree, true
	}
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch value := tree.(type) {
		case map[string]any:
			member, ok := value[unescape(token)]
			if !ok {
				return nil, false
			}
			tree = member
		case []any:
			index, err := strconv.Atoi(token)
			if err != nil || index < 0 || index >= len(value) || strconv.Itoa(index) != token {
				return nil, false
			}
			tree = value[index]
		default:
			return nil, false
		}
	}
	return tree, true
}

func (r *reader) unknownKeyword(keyword string) string {
	if near := r.nearestKeyword(keyword); near != "" {
		return fmt.Sprintf("an unknown keyword, ignored: did you mean %q?", near)
	}
	return "an unknown keyword, ignored"
}
