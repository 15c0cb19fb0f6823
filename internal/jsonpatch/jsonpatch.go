// Package jsonpatch applies JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396)
// documents to a JSON object.
//
// The library underneath does the work of RFC 6902. This package adds what the wire
// contract asks for beyond it: add and replace create what is missing on the way,
// a null parent included, because people patch into metadata that was never set; and
// what a failure means is told apart. RFC 7396 it does itself: the library removes
// nulls inside of arrays, which the RFC keeps, and rewrites strings.
package jsonpatch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	patchlib "github.com/evanphx/json-patch/v5"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/violation"
)

const (
	// MaxOperations bounds a JSON Patch.
	MaxOperations = 1000
	// MaxSize bounds, in bytes, what a patch may make of a document: a copy operation
	// can double it every time. One that is larger already may still be made smaller.
	MaxSize = 4 << 20
	// MaxWork bounds the operations of a JSON Patch times the size of the document, in
	// bytes, since each operation reads the document anew.
	MaxWork = 16 << 20
	// maxDepth bounds the nesting of a patch, the length of its paths in tokens, and so
	// the nesting of what it makes.
	maxDepth = 100
)

// ErrTestFailed says that a test operation found another value than it asked for.
var ErrTestFailed = errors.New("a test operation of the patch failed")

// Check reports whether patch can be a JSON Patch: a JSON array. It returns the errors
// that Apply would, of those that do not depend on the document.
func Check(patch []byte) error { return check(patch, '[') }

// CheckMerge reports whether patch can be a JSON Merge Patch of an object: an object.
func CheckMerge(patch []byte) error { return check(patch, '{') }

// Apply returns what the JSON Patch (RFC 6902) makes of document, a JSON object.
// Errors: a [*violation.Error] for a patch that is malformed or names what is not there; one
// that wraps [ErrTestFailed].
func Apply(document, patch []byte) ([]byte, error) {
	if err := Check(patch); err != nil {
		return nil, err
	}
	// Not with the library's own function, whose errors do not say where.
	var operations patchlib.Patch
	err := json.Unmarshal(patch, &operations)
	if err != nil {
		return nil, violation.New("", "", "must be an array of operations, each an object")
	}
	if len(operations) > MaxOperations {
		return nil, violation.New("", "", fmt.Sprintf("may have at most %d operations", MaxOperations))
	}
	if len(operations)*len(document) > MaxWork {
		return nil, violation.New("", "", "has too many operations for an identity of this size; a merge patch can say the same at once")
	}
	for n, o := range operations {
		before := len(document)
		if document, err = applyOne(document, o, "/"+strconv.Itoa(n)); err != nil {
			return nil, err
		}
		if len(document) > MaxSize && len(document) > before {
			return nil, violation.New("/"+strconv.Itoa(n), "", "makes the document too large")
		}
	}
	return document, nil
}

func check(patch []byte, opening byte) error {
	if err := strictjson.Check(patch, maxDepth); err != nil {
		return err
	}
	if trimmed := strings.TrimLeft(string(patch[:min(len(patch), 64)]), " \t\r\n"); trimmed != "" && trimmed[0] != opening {
		kind := "a JSON object (RFC 7396)"
		if opening == '[' {
			kind = "a JSON array of operations (RFC 6902)"
		}
		return violation.New("", "", "must be "+kind)
	}
	return nil
}

// applyOne applies one operation. What the library would do silently or explain in
// its own words is decided here first.
func applyOne(document []byte, o patchlib.Operation, pointer string) ([]byte, error) {
	for name := range o {
		switch name {
		case "op", "path", "from", "value":
		default:
			return nil, violation.New(pointer, "", "has a member that no operation has")
		}
	}
	path, err := pointerOf(o, "path", pointer)
	if err != nil {
		return nil, err
	}
	tokens, err := parse(path, pointer+"/path")
	if err != nil {
		return nil, err
	}
	if _, given := o["value"]; !given && (o.Kind() == "add" || o.Kind() == "replace" || o.Kind() == "test") {
		return nil, violation.New(pointer, "", "has no value")
	}
	// The tree only tells what is there.
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber() // metadata may hold numbers that no float does
	if err := decoder.Decode(&tree); err != nil {
		return nil, violation.New(pointer, "", "cannot be applied to the document")
	}
	operations := patchlib.Patch{o}
	switch o.Kind() {
	case "add":
		operations = append(missingParents(tree, tokens), o)
	case "replace":
		if exists(tree, tokens) {
			break
		}
		added := patchlib.Operation{"op": raw("add"), "path": o["path"], "value": o["value"]}
		operations = append(missingParents(tree, tokens), added)
	case "remove", "test":
		if !exists(tree, tokens) {
			return nil, violation.New(pointer+"/path", "", "names what is not there")
		}
	case "move", "copy":
		from, err := pointerOf(o, "from", pointer)
		if err != nil {
			return nil, err
		}
		source, err := parse(from, pointer+"/from")
		if err != nil {
			return nil, err
		}
		if !exists(tree, source) {
			return nil, violation.New(pointer+"/from", "", "names what is not there")
		}
		if o.Kind() == "move" && len(tokens) > len(source) && strings.HasPrefix(path, from+"/") {
			return nil, violation.New(pointer+"/path", "", "lies inside of what is moved")
		}
	default:
		return nil, violation.New(pointer+"/op", "", "must be add, remove, replace, move, copy or test")
	}
	options := patchlib.NewApplyOptions()
	options.SupportNegativeIndices = false
	options.EscapeHTML = false
	options.AccumulatedCopySizeLimit = MaxSize
	patched, err := operations.ApplyWithOptions(document, options)
	switch {
	case errors.Is(err, patchlib.ErrTestFailed):
		return nil, fmt.Errorf("%s: %w", pointer, ErrTestFailed)
	case err != nil:
		return nil, violation.New(pointer, "", "cannot be applied to the document")
	}
	return patched, nil
}

// pointerOf reads a member of an operation that is a JSON Pointer.
func pointerOf(o patchlib.Operation, name, pointer string) (string, error) {
	var value *string
	if given, ok := o[name]; ok && given != nil {
		if err := json.Unmarshal(*given, &value); err != nil {
			value = nil
		}
	}
	if value == nil {
		return "", violation.New(pointer+"/"+name, "", "must be a string with a JSON Pointer (RFC 6901)")
	}
	return *value, nil
}

func raw(text string) *json.RawMessage {
	quoted, err := json.Marshal(text)
	if err != nil {
		quoted = []byte(`""`)
	}
	message := json.RawMessage(quoted)
	return &message
}

// parse splits a JSON Pointer into its unescaped tokens.
func parse(path, pointer string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	if path[0] != '/' {
		return nil, violation.New(pointer, "", "must be empty or begin with a slash (RFC 6901)")
	}
	tokens := strings.Split(path[1:], "/")
	if len(tokens) > maxDepth {
		return nil, violation.New(pointer, "", fmt.Sprintf("has more than %d tokens", maxDepth))
	}
	for n, token := range tokens {
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(token), "~") {
			return nil, violation.New(pointer, "", "has a ~ that is followed by neither 0 nor 1 (RFC 6901)")
		}
		tokens[n] = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	}
	return tokens, nil
}

func escape(tokens []string) string {
	var path strings.Builder
	for _, token := range tokens {
		path.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(token))
	}
	return path.String()
}

// step goes from a value to one of its members or elements.
func step(value any, token string) (child any, ok bool) {
	switch parent := value.(type) {
	case map[string]any:
		child, ok = parent[token]
	case []any:
		index, err := strconv.Atoi(token)
		if err != nil || index < 0 || index >= len(parent) || strconv.Itoa(index) != token {
			return nil, false
		}
		return parent[index], true
	}
	return child, ok
}

func exists(value any, tokens []string) bool {
	for _, token := range tokens {
		child, ok := step(value, token)
		if !ok {
			return false
		}
		value = child
	}
	return true
}

// missingParents returns operations that put an object wherever the way to the last
// token leads through nothing or null.
func missingParents(value any, tokens []string) patchlib.Patch {
	var operations patchlib.Patch
	for n := range max(0, len(tokens)-1) {
		child, ok := step(value, tokens[n])
		if _, isArray := value.([]any); isArray && !ok {
			break // the library says that the index is wrong
		}
		if !ok || child == nil {
			op := "add"
			if ok {
				op = "replace" // in an array, an add would insert
			}
			object := json.RawMessage("{}")
			operations = append(operations, patchlib.Operation{"op": raw(op), "path": raw(escape(tokens[:n+1])), "value": &object})
			child = map[string]any{}
		}
		value = child
	}
	return operations
}
