package query

import (
	"encoding/json"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// literal is a value that an expression compares with.
type literal struct {
	kind   kind
	text   string // a string's content; a number's JSON text; "true" or "false"
	number decimal
	time   time.Time
	folded []byte // text as Fold gives it, where the operator folds
}

const nullReason = "nothing equals null: for an absent value write not (… pr), for any other … pr"

// literalOf returns the literal that has the JSON form of value.
func literalOf(value any) (literal, string) {
	if v := reflect.ValueOf(value); v.Kind() == reflect.String && !utf8.ValidString(v.String()) {
		return literal{}, "the value must be valid UTF-8"
	}
	data, err := json.Marshal(value)
	if err != nil {
		return literal{}, "the value must be a string, a number or a boolean"
	}
	return parseLiteral(string(data))
}

// parseLiteral reads a JSON value without space around it.
func parseLiteral(data string) (literal, string) {
	if !jsontext.Value(data).IsValid() {
		return literal{}, "the value must be a JSON string, a number, true or false"
	}
	switch data[0] {
	case '"':
		content, err := jsontext.AppendUnquote(nil, data)
		if err != nil {
			return literal{}, "the value must be a valid JSON string"
		}
		return literal{kind: kindString, text: string(content)}, ""
	case 't', 'f':
		return literal{kind: kindBool, text: data}, ""
	case 'n':
		return literal{}, nullReason
	case '[', '{':
		return literal{}, "the value must be a string, a number or a boolean; a list or an object cannot be compared with"
	}
	return literal{kind: kindNumber, text: data, number: parseDecimal(data)}, ""
}

// String returns the JSON text.
func (l literal) String() string {
	if l.kind == kindString {
		return quote(l.text)
	}
	return l.text
}

func quote(s string) string {
	quoted, _ := jsontext.AppendQuote(nil, s) // what is not UTF-8 becomes U+FFFD
	return string(quoted)
}

// canonicalID returns an id in lower case with dashes, however it was spelt; what is no id stays.
func canonicalID(s string) string {
	if parsed, err := uuid.Parse(s); err == nil {
		return parsed.String()
	}
	return s
}
