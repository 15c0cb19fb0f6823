package jsonpatch

import (
	"fmt"
	"strconv"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/violation"
)

const (
	// MaxOperations is the largest number of operations in a JSON Patch.
	MaxOperations = 1000
	// MaxDepth is the deepest nesting of a patch, and of what it may make of a document. A scalar is no level, {} is one.
	MaxDepth = 100
	// MaxSize is the largest document, in bytes, that a patch may make. A document that is larger already may still be made
	// smaller.
	MaxSize = 4 << 20
)

// Patch is a parsed patch. It is immutable.
type Patch struct {
	operations []Operation
	merge      string // a merge patch, "" for a JSON Patch
	size       int    // bytes of its text
}

// Operation is one operation of a JSON Patch.
type Operation struct {
	// Op is "add", "remove", "replace", "move", "copy" or "test".
	Op string
	// Path is the target. From is the source of a move or a copy.
	Path, From Pointer

	value string // of an add, a replace or a test
}

// Operations returns the operations in their order; none for a merge patch. The caller must not modify them.
func (p *Patch) Operations() []Operation { return p.operations }

// Size is the length of the patch's text in bytes.
func (p *Patch) Size() int { return p.size }

// Parse reads a JSON Patch: an array of operations. Members that RFC 6902 does not define for an operation are ignored.
// The error is a [*violation.Error].
func Parse(text []byte) (*Patch, error) {
	if err := check(text, '[', "must be a JSON array of operations (RFC 6902)"); err != nil {
		return nil, err
	}
	p := &Patch{size: len(text)}
	for _, operation := range elements(string(text)) {
		if len(p.operations) == MaxOperations {
			return nil, violation.New("", "maxItems", fmt.Sprintf("may have at most %d operations", MaxOperations))
		}
		o, err := parseOperation(operation, "/"+strconv.Itoa(len(p.operations)))
		if err != nil {
			return nil, err
		}
		p.operations = append(p.operations, o)
	}
	return p, nil
}

// ParseMerge reads a JSON Merge Patch of an object: an object. The error is a [*violation.Error].
func ParseMerge(text []byte) (*Patch, error) {
	if err := check(text, '{', "must be a JSON object (RFC 7396)"); err != nil {
		return nil, err
	}
	return &Patch{merge: string(text[skipSpace(string(text), 0):]), size: len(text)}, nil
}

func check(text []byte, opening byte, message string) error {
	if err := strictjson.Check(text, MaxDepth); err != nil {
		return err
	}
	// Check has made sure that there is a value.
	for _, c := range text {
		if !isSpace(c) {
			if c == opening {
				return nil
			}
			break
		}
	}
	return violation.New("", "type", message)
}

func parseOperation(text, pointer string) (Operation, error) {
	if text[0] != '{' {
		return Operation{}, violation.New(pointer, "type", "must be an object")
	}
	var op, path, from, value string
	for name, member := range members(text) {
		switch name {
		case "op":
			op = member
		case "path":
			path = member
		case "from":
			from = member
		case "value":
			value = member
		}
	}
	o := Operation{value: value}
	var needsFrom, needsValue bool
	if o.Op = unquote(op); op == "" || op[0] != '"' {
		o.Op = ""
	}
	switch o.Op {
	case "add", "replace", "test":
		needsValue = true
	case "move", "copy":
		needsFrom = true
	case "remove":
	default:
		return o, violation.New(pointer+"/op", "enum", "must be add, remove, replace, move, copy or test")
	}
	var err error
	if o.Path, err = parsePointer(path, pointer+"/path"); err != nil {
		return o, err
	}
	if needsFrom {
		if o.From, err = parsePointer(from, pointer+"/from"); err != nil {
			return o, err
		}
	}
	if needsValue && value == "" {
		return o, violation.New(pointer+"/value", "required", "is missing")
	}
	return o, nil
}

// parsePointer reads the member of an operation that is a JSON Pointer; "" stands for a missing member.
func parsePointer(literal, at string) (Pointer, error) {
	if literal == "" {
		return nil, violation.New(at, "required", "is missing: must be a string with a JSON Pointer (RFC 6901)")
	}
	if literal[0] != '"' {
		return nil, violation.New(at, "type", "must be a string with a JSON Pointer (RFC 6901)")
	}
	p, message := ParsePointer(unquote(literal))
	if message != "" {
		return nil, violation.New(at, "format", message)
	}
	return p, nil
}
