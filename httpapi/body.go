package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/violation"
)

// maxDepth is how deep the JSON of a body may be nested.
const maxDepth = 100

// readJSON reads a JSON body of at most limit bytes into target, as decode does.
func (h *Handler) readJSON(w http.ResponseWriter, r *http.Request, limit int64, target any) error {
	buffer := h.buffers.take()
	defer h.buffers.give(buffer) // decode copies what it keeps
	if _, err := readBody(buffer, w, r, limit, "application/json"); err != nil {
		return err
	}
	return decode(buffer.Bytes(), target)
}

// readBody reads a body of one of some media types into buffer, and tells which type
// it is.
func readBody(buffer *bytes.Buffer, w http.ResponseWriter, r *http.Request, limit int64, types ...string) (mediaType string, err error) {
	mediaType, err = readMediaType(r)
	if err != nil || !slices.Contains(types, mediaType) {
		return "", &problem{
			status: http.StatusUnsupportedMediaType, id: "unsupported_media_type",
			message: "The body is not of a type that this operation reads.",
			reason:  "The Content-Type must be " + strings.Join(types, " or ") + ".",
		}
	}
	_, err = buffer.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return "", &problem{
			status: http.StatusRequestEntityTooLarge, id: "body_too_large",
			message: "The body is too large.",
			reason:  fmt.Sprintf("It may have at most %d bytes.", limit),
		}
	}
	if err != nil {
		return "", invalidBody(violation.Violation{Keyword: "json", Message: "the body could not be read to its end"})
	}
	return mediaType, nil
}

func readMediaType(r *http.Request) (string, error) {
	given := r.Header.Get("Content-Type")
	if given == "application/json" {
		return given, nil // as nearly all clients write it
	}
	mediaType, _, err := mime.ParseMediaType(given)
	return mediaType, err
}

// decode reads body, one JSON object, into target, a pointer to a struct. Names
// that the struct does not have are refused: under a full replacement, a misspelt
// name would wipe the field that was meant.
func decode(body []byte, target any) error {
	if strictjson.Deeper(body, maxDepth) {
		return invalidBody(violation.Violation{Keyword: "json", Message: fmt.Sprintf("the body is nested deeper than %d levels", maxDepth)})
	}
	err := jsonv2.Unmarshal(body, target, jsonv2.RejectUnknownMembers(true))
	switch {
	case err != nil:
		return explain(body, target, err)
	case jsontext.Value(body).Kind() != '{':
		// A JSON null is no error to the decoder.
		return invalidBody(violation.Violation{Keyword: "type", Message: "the body must be a JSON object"})
	}
	return nil
}

func invalidBody(violations ...violation.Violation) *problem {
	return &problem{
		status: http.StatusBadRequest, id: "validation_failed", message: "The request is not valid.",
		reason: reason(violations), violations: violations,
	}
}

// explain says what is wrong with a body that does not fit target. The decoder's
// own text may quote the body, which can hold a secret, so only the place and the
// kind of its error are used.
func explain(body []byte, target any, err error) *problem {
	if invalid := (*violation.Error)(nil); errors.As(strictjson.Check(body, maxDepth), &invalid) {
		return invalidBody(invalid.Violations...)
	}
	semantic := (*jsonv2.SemanticError)(nil)
	if !errors.As(err, &semantic) {
		return invalidBody(violation.Violation{Keyword: "json", Message: "the body cannot be read"})
	}
	pointer := string(semantic.JSONPointer)
	switch {
	case errors.Is(err, jsonv2.ErrUnknownName) && strings.Count(pointer, "/") == 1:
		return invalidBody(unknownFields(body, target)...)
	case errors.Is(err, jsonv2.ErrUnknownName):
		return invalidBody(unknownField(pointer))
	case pointer == "":
		return invalidBody(violation.Violation{Keyword: "type", Message: "the body must be a JSON object"})
	}
	return invalidBody(violation.Violation{Pointer: pointer, Keyword: "type", Message: "must be " + describe(semantic.GoType)})
}

func unknownField(pointer string) violation.Violation {
	return violation.Violation{Pointer: pointer, Keyword: "additionalProperties", Message: "is not a field of this request"}
}

// unknownFields names all fields of body that target does not have, where the
// decoder stops at the first.
func unknownFields(body []byte, target any) []violation.Violation {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil
	}
	known := reflect.TypeOf(target).Elem()
	for n := range known.NumField() {
		delete(fields, known.Field(n).Tag.Get("json"))
	}
	var violations []violation.Violation
	for name := range fields {
		violations = append(violations, unknownField(string(jsontext.Pointer("").AppendToken(name))))
	}
	slices.SortFunc(violations, func(a, b violation.Violation) int { return strings.Compare(a.Pointer, b.Pointer) })
	return violations
}

// describe names what a Go type is in JSON.
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
