// Package strictjson reads JSON that came from outside, and takes nothing on trust.
//
// RFC 8259 leaves open what a reader does with a name given twice, with bytes that are not UTF-8, with a
// number no machine number can hold, or with ten thousand brackets. Two readers that decide differently see
// two different values in the same bytes, and these bytes are stored and read again later. So this package
// decides once: all of them are refused, with the place of the fault.
//
// [Check] looks at a value without building it; [Decode] builds it. Both are pure functions, safe for
// concurrent use, and never panic.
package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/violation"
)

// Check reports whether value is exactly one JSON value as RFC 8259 defines it, in valid UTF-8, with no
// name twice in one object, nothing but white space after it, and nested at most maxDepth levels: a scalar
// is no level, {} and [] are one, [[]] is two. The error is a [*violation.Error] of one violation, keyword "json",
// whose message holds no piece of the value.
func Check(value []byte, maxDepth int) error {
	if !Deeper(value, maxDepth) && jsontext.Value(value).IsValid() {
		return nil
	}
	return check(value, maxDepth)
}

// Deeper reports whether value is nested deeper than levels. If value is not JSON, the result has no meaning.
func Deeper(value []byte, levels int) bool {
	if bytes.Count(value, []byte{'{'})+bytes.Count(value, []byte{'['}) <= levels {
		return false // even with the brackets in strings there are too few, as in most values
	}
	depth, quoted := 0, false
	for n := 0; n < len(value); n++ {
		switch c := value[n]; {
		case quoted && c == '\\':
			n++ // an escaped quote ends nothing
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > levels {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// check is Check at the pace of a reader that can tell what is wrong.
func check(value []byte, maxDepth int) error {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(value))
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return syntaxError(value, err)
		}
		if kind := token.Kind(); kind == '{' || kind == '[' {
			if decoder.StackDepth() > maxDepth {
				return refuse(string(decoder.StackPointer()), tooDeep(maxDepth))
			}
		}
		if decoder.StackDepth() == 0 {
			return checkEnd(value, decoder)
		}
	}
}

// checkEnd makes sure that nothing follows the value that decoder has just finished.
func checkEnd(value []byte, decoder *jsontext.Decoder) error {
	_, err := decoder.ReadToken()
	switch {
	case err == nil:
		return refuse("", "there is something after the value")
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	}
	if !utf8.Valid(value) {
		return syntaxError(value, err)
	}
	return refuse("", "there is something after the value")
}

// syntaxError turns an error of the JSON reader into ours. The reader's own text may quote a piece of the
// value, which can be a secret; only its place is kept.
func syntaxError(value []byte, err error) *violation.Error {
	var syntactic *jsontext.SyntacticError
	pointer, offset := "", int64(len(value))
	if errors.As(err, &syntactic) {
		pointer, offset = string(syntactic.JSONPointer), syntactic.ByteOffset
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return refuse(pointer, "the name is given twice in one object")
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		if len(bytes.TrimSpace(value)) == 0 {
			return refuse("", "there is no value")
		}
		return refuse(pointer, "the value ends too early")
	case !utf8.Valid(value):
		return refuse(pointer, "not valid UTF-8")
	}
	return refuse(pointer, "not valid JSON, at byte "+strconv.FormatInt(offset, 10))
}

// refuse returns the error of a value that is not acceptable JSON.
func refuse(pointer, message string) *violation.Error { return violation.New(pointer, "json", message) }

func tooDeep(limit int) string {
	return fmt.Sprintf("nested deeper than %d levels", limit)
}
