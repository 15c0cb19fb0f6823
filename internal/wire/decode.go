package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/violation"
)

// MaxDepth is the deepest nesting of the JSON of a body: a scalar is no level, {} is one.
const MaxDepth = 100

// decode reads text, one JSON object, into target, a pointer to a struct. A name that the struct does not have is
// refused: in a full replacement a misspelt name would clear the field that was meant.
func decode(text []byte, target any) error {
	if strictjson.Deeper(text, MaxDepth) {
		return violation.New("", "json", fmt.Sprintf("nested deeper than %d levels", MaxDepth))
	}
	err := jsonv2.Unmarshal(text, target, jsonv2.RejectUnknownMembers(true))
	switch {
	case err != nil:
		return explain(text, target, err)
	case jsontext.Value(text).Kind() != '{':
		// A JSON null is no error to the decoder.
		return notAnObject()
	}
	return nil
}

func notAnObject() *violation.Error { return violation.New("", "type", "must be a JSON object") }

// explain says why text does not fit target. The decoder's own message may quote the text, which can hold a secret, so
// only the place and the kind of its error are used.
func explain(text []byte, target any, err error) error {
	if invalid := strictjson.Check(text, MaxDepth); invalid != nil {
		return invalid
	}
	var semantic *jsonv2.SemanticError
	if !errors.As(err, &semantic) {
		return violation.New("", "json", "cannot be read")
	}
	pointer := string(semantic.JSONPointer)
	switch {
	case errors.Is(err, jsonv2.ErrUnknownName) && strings.Count(pointer, "/") == 1:
		return unknownFields(text, target)
	case errors.Is(err, jsonv2.ErrUnknownName):
		return &violation.Error{Violations: []violation.Violation{unknownField(pointer)}}
	case pointer == "":
		return notAnObject()
	}
	return violation.New(pointer, "type", "must be "+describe(semantic.GoType))
}

func unknownField(pointer string) violation.Violation {
	return violation.Violation{Pointer: pointer, Keyword: "additionalProperties", Message: "is not a field of this request"}
}

// unknownFields names every field of text that target does not have. The decoder stops at the first.
func unknownFields(text []byte, target any) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return notAnObject()
	}
	known := reflect.TypeOf(target).Elem()
	for n := range known.NumField() {
		delete(fields, known.Field(n).Tag.Get("json"))
	}
	var found []violation.Violation
	for name := range fields {
		found = append(found, unknownField(string(jsontext.Pointer("").AppendToken(name))))
	}
	return &violation.Error{Violations: violation.Sort(found)}
}

// describe names a Go type as JSON has it.
func describe(t reflect.Type) string {
	if t == nil {
		return "of another type"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "a number"
	}
	return "an object"
}

// escapeToken makes a token of a JSON Pointer (RFC 6901, section 3) of the name of a member.
func escapeToken(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
