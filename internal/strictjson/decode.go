package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/violation"
)

// Limits bound what [Decode] builds. Zero means no limit, for Depth as for the others.
type Limits struct {
	Depth   int // levels of nesting: a scalar is none, {} is one
	Values  int // JSON values of any kind, the outermost included; the names of members do not count
	Pointer int // bytes of the JSON pointer of any value, an upper bound for the work of naming it in an error
}

// Decode builds the one JSON value that value holds: map[string]any, []any, [json.Number], string, bool or
// nil. It refuses all that [Check] refuses, what goes beyond limits, and a number that [CheckNumber]
// refuses; -0, however it is spelt, becomes 0. The result shares no memory with value. The error is a
// [*violation.Error] of one violation.
func Decode(value []byte, limits Limits) (any, error) {
	if result, ok := scan(string(value), limits); ok {
		return result, nil
	}
	return decode(value, limits)
}

// decode is Decode at the pace of a reader that knows where it stands and can tell what is wrong.
func decode(value []byte, limits Limits) (any, error) {
	d := decoding{decoder: jsontext.NewDecoder(bytes.NewBuffer(value)), value: value, limits: limits}
	result, err := d.read(0, 0)
	if err != nil {
		return nil, err
	}
	if err := checkEnd(value, d.decoder); err != nil {
		return nil, err
	}
	return result, nil
}

type decoding struct {
	decoder *jsontext.Decoder
	value   []byte // the whole input, to tell why it is refused
	limits  Limits
	values  int // read so far
}

// read reads the next value, depth levels down, whose own pointer has the given length.
func (d *decoding) read(depth, pointer int) (any, error) {
	token, err := d.decoder.ReadToken()
	if err != nil {
		return nil, syntaxError(d.value, err)
	}
	return d.build(token, depth, pointer)
}

func (d *decoding) build(token jsontext.Token, depth, pointer int) (any, error) {
	if d.values++; d.limits.Values > 0 && d.values > d.limits.Values {
		return nil, refuse("", fmt.Sprintf("more than %d values", d.limits.Values))
	}
	if d.limits.Pointer > 0 && pointer > d.limits.Pointer {
		// The pointer itself would make a long error out of a hostile document: it is left out.
		return nil, refuse("", fmt.Sprintf("names that make a JSON pointer of more than %d bytes", d.limits.Pointer))
	}
	switch token.Kind() {
	case '{', '[':
		if d.limits.Depth > 0 && depth >= d.limits.Depth {
			return nil, d.fault(tooDeep(d.limits.Depth))
		}
		if token.Kind() == '{' {
			return d.object(depth+1, pointer)
		}
		return d.array(depth+1, pointer)
	case '"':
		return token.String(), nil
	case '0':
		return d.number(token.String())
	case 't':
		return true, nil
	case 'f':
		return false, nil
	}
	return nil, nil
}

func (d *decoding) object(depth, pointer int) (any, error) {
	object := make(map[string]any)
	for {
		token, err := d.decoder.ReadToken()
		if err != nil {
			return nil, syntaxError(d.value, err)
		}
		if token.Kind() == '}' {
			return object, nil
		}
		name := token.String()
		member, err := d.read(depth, pointer+1+len(name))
		if err != nil {
			return nil, err
		}
		object[name] = member
	}
}

func (d *decoding) array(depth, pointer int) (any, error) {
	array := []any{}
	for {
		token, err := d.decoder.ReadToken()
		if err != nil {
			return nil, syntaxError(d.value, err)
		}
		if token.Kind() == ']' {
			return array, nil
		}
		element, err := d.build(token, depth, pointer+2)
		if err != nil {
			return nil, err
		}
		array = append(array, element)
	}
}

func (d *decoding) number(literal string) (any, error) {
	if reason := CheckNumber(literal); reason != "" {
		return nil, d.fault(reason)
	}
	if isNegativeZero(literal) {
		literal = "0"
	}
	return json.Number(literal), nil
}

// fault is an error at the value whose token was read last.
func (d *decoding) fault(reason string) *violation.Error {
	return refuse(string(d.decoder.StackPointer()), reason)
}
