package jsonpatch

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/violation"
)

// Merge returns what the JSON Merge Patch (RFC 7396) makes of document. Both must be
// JSON objects. What the patch does not mention keeps its bytes and its place.
// Errors: a [*violation.Error].
func Merge(document, patch []byte) ([]byte, error) {
	if err := CheckMerge(patch); err != nil {
		return nil, err
	}
	merged, err := merge(document, patch)
	if err != nil {
		return nil, violation.New("", "", "cannot be merged")
	}
	if len(merged) > MaxSize && len(merged) > len(document) {
		return nil, violation.New("", "", fmt.Sprintf("makes the document larger than %d bytes", MaxSize))
	}
	return merged, nil
}

// merge is the algorithm of RFC 7396, section 2. target is nil where there is none. The
// patch's nesting was checked, and it bounds the recursion.
func merge(target, patch jsontext.Value) (jsontext.Value, error) {
	if patch.Kind() != '{' {
		return patch, nil
	}
	var members []member
	if target.Kind() == '{' {
		var err error
		if members, err = readMembers(target); err != nil {
			return nil, err
		}
	}
	changes, err := readMembers(patch)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(members))
	for n, m := range members {
		at[m.name] = n
	}
	for _, change := range changes {
		n, exists := at[change.name]
		switch {
		case change.value.Kind() == 'n' && exists:
			members[n].value = nil // left out when it is written
		case change.value.Kind() == 'n':
		case exists:
			members[n].value, err = merge(members[n].value, change.value)
		default:
			change.value, err = merge(nil, change.value)
			members = append(members, change)
		}
		if err != nil {
			return nil, err
		}
	}
	return writeMembers(members)
}

// member is a member of an object, its value as it is written.
type member struct {
	name  string
	value jsontext.Value
}

func readMembers(object jsontext.Value) ([]member, error) {
	decoder := jsontext.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.ReadToken(); err != nil {
		return nil, err
	}
	var members []member
	for decoder.PeekKind() == '"' {
		name, err := decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		m := member{name: name.String()}
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		m.value = value.Clone()
		members = append(members, m)
	}
	_, err := decoder.ReadToken()
	return members, err
}

func writeMembers(members []member) (jsontext.Value, error) {
	object := jsontext.Value{'{'}
	for _, m := range members {
		if m.value == nil {
			continue
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		var err error
		if object, err = jsontext.AppendQuote(object, m.name); err != nil {
			return nil, err
		}
		object = append(object, ':')
		object = append(object, m.value...)
	}
	return append(object, '}'), nil
}
