package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ExtensionKeyword marks traits as identifiers and addresses. Its value is an object of
// these members, all optional, and no others:
//
//	{"credentials": {
//	   "password": {"identifier": true},                  // signs in with a password
//	   "webauthn": {"identifier": true},                  // signs in with a security key
//	   "code":     {"identifier": true, "via": "email"},  // signs in with a code sent there
//	   "totp":     {"account_name": true},                // what an authenticator app shows
//	   "passkey":  {"display_name": true}},               // what a passkey is called
//	 "verification":  {"via": "email"},                   // is a verifiable address
//	 "recovery":      {"via": "email"},                   // is a recovery address
//	 "organizations": {"matcher": "email_domain"}}        // accepted, and ignored
//
// via is "email" or "sms". The keyword takes effect wherever its subschema applies to a
// value: in nested objects, items, $ref, allOf, and in the branches of anyOf, oneOf and
// if that hold.
const ExtensionKeyword = "ory.sh/kratos"

// readKeyword checks the value of a keyword and puts it into the node.
type readKeyword func(r *reader, n *node, keyword string, value any) error

// draft07 gives the function for each keyword of draft-07, nil for those that say nothing about validity.
func draft07() map[string]readKeyword {
	return map[string]readKeyword{
		"$schema": readDraft,
		"$id":     readID,

		"$comment": nil, "title": nil, "description": nil, "default": nil, "examples": nil,
		"readOnly": nil, "writeOnly": nil, "contentEncoding": nil, "contentMediaType": nil,

		"type":   readType,
		"enum":   readEnum,
		"const":  readConst,
		"format": readFormat,

		"multipleOf": readMultipleOf,
		"minimum":    readNumber, "maximum": readNumber, "exclusiveMinimum": readNumber, "exclusiveMaximum": readNumber,

		"pattern":   readPattern,
		"minLength": readCount, "maxLength": readCount,

		"minItems": readCount, "maxItems": readCount, "uniqueItems": readUnique,
		"items":           readItems,
		"additionalItems": one(func(n *node) **node { return &n.rest }),
		"contains":        one(func(n *node) **node { return &n.contains }),

		"minProperties": readCount, "maxProperties": readCount,
		"required":             readRequired,
		"properties":           readProperties,
		"patternProperties":    readPatternProperties,
		"additionalProperties": one(func(n *node) **node { return &n.additional }),
		"propertyNames":        one(func(n *node) **node { return &n.names }),
		"dependencies":         readDependencies,

		"allOf": list(func(n *node) *[]*node { return &n.allOf }),
		"anyOf": list(func(n *node) *[]*node { return &n.anyOf }),
		"oneOf": list(func(n *node) *[]*node { return &n.oneOf }),
		"not":   one(func(n *node) **node { return &n.not }),
		"if":    one(func(n *node) **node { return &n.condition }),
		"then":  one(func(n *node) **node { return &n.then }),
		"else":  one(func(n *node) **node { return &n.otherwise }),

		"definitions": readDefinitions,

		ExtensionKeyword: readExtension,
	}
}

func readDraft(r *reader, n *node, keyword string, value any) error {
	text, ok := value.(string)
	if !ok {
		return r.fault(n, keyword, "must be a string")
	}
	if !isDraft07(text) {
		return r.fault(n, keyword, fmt.Sprintf("%q is not supported: write http://json-schema.org/draft-07/schema#", text))
	}
	return nil
}

func isDraft07(uri string) bool {
	_, address, _ := strings.Cut(strings.TrimSuffix(uri, "#"), "://")
	return address == "json-schema.org/draft-07/schema" && (strings.HasPrefix(uri, "http:") || strings.HasPrefix(uri, "https:"))
}

func readID(r *reader, n *node, keyword string, value any) error {
	if _, ok := value.(string); !ok {
		return r.fault(n, keyword, "must be a string")
	}
	if n.pointer != "" {
		return r.fault(n, keyword, "only the root may have an $id: refer to this schema as #"+n.pointer)
	}
	return nil
}

var typeNames = []string{"array", "boolean", "integer", "null", "number", "object", "string"}

func readType(r *reader, n *node, keyword string, value any) error {
	names, isList := value.([]any)
	if !isList {
		names = []any{value}
	}
	if len(names) == 0 {
		return r.fault(n, keyword, "must name at least one type")
	}
	for _, element := range names {
		name, _ := element.(string)
		switch {
		case !slices.Contains(typeNames, name):
			return r.fault(n, keyword, "must be one of "+strings.Join(typeNames, ", ")+", or a list of them")
		case slices.Contains(n.types, name):
			return r.fault(n, keyword, "names a type twice")
		}
		n.types = append(n.types, name)
	}
	n.assertions[keyword] = names
	return nil
}

func readEnum(r *reader, n *node, keyword string, value any) error {
	values, ok := value.([]any)
	if !ok || len(values) == 0 {
		return r.fault(n, keyword, "must be a list of at least one value")
	}
	if len(values) > maxList {
		return r.fault(n, keyword, tooLong)
	}
	// The engine refuses a value given twice, and takes 1 and 1.0 for one.
	seen := make(map[string]bool)
	var distinct []any
	for _, v := range values {
		if !comparesExactly(v) {
			return r.fault(n, keyword, inexactNumber)
		}
		if text := canonical(v); !seen[text] {
			seen[text] = true
			distinct = append(distinct, v)
		}
	}
	n.assertions[keyword] = distinct
	return nil
}

func readConst(r *reader, n *node, keyword string, value any) error {
	if !comparesExactly(value) {
		return r.fault(n, keyword, inexactNumber)
	}
	n.assertions[keyword] = value
	return nil
}

const inexactNumber = "a number with more digits than a double can hold: it could not be compared exactly"

// maxList bounds the lists of enum and required, which the engine searches one by one.
const maxList = 5_000

var tooLong = fmt.Sprintf("a list of more than %d", maxList)

func readFormat(r *reader, n *node, keyword string, value any) error {
	name, ok := value.(string)
	if !ok {
		return r.fault(n, keyword, "must be a string")
	}
	n.format = name
	if _, known := formats[name]; !known {
		r.warn(n, keyword, fmt.Sprintf("an unknown format, accepts every value; known are %s", strings.Join(slices.Sorted(maps.Keys(formats)), ", ")))
		return nil
	}
	n.assertions[keyword] = privateName(name, 0)
	return nil
}

func readMultipleOf(r *reader, n *node, keyword string, value any) error {
	number, ok := value.(json.Number)
	if !ok || strings.HasPrefix(string(number), "-") || number == "0" || isZero(number) {
		return r.fault(n, keyword, "must be a number greater than 0")
	}
	n.assertions[keyword] = number
	return nil
}

func readNumber(r *reader, n *node, keyword string, value any) error {
	number, ok := value.(json.Number)
	if !ok {
		return r.fault(n, keyword, "must be a number")
	}
	n.assertions[keyword] = number
	return nil
}

// readCount reads a number of things. The engine knows no 2.0 and overflows; nothing counts beyond maxCount.
func readCount(r *reader, n *node, keyword string, value any) error {
	number, _ := value.(json.Number)
	count, ok := new(big.Rat).SetString(string(number))
	if !ok || !count.IsInt() || count.Sign() < 0 {
		return r.fault(n, keyword, "must be an integer of at least 0")
	}
	if !count.Num().IsInt64() || count.Num().Int64() > maxCount {
		count.SetInt64(maxCount)
	}
	n.assertions[keyword] = json.Number(count.Num().String())
	return nil
}

func readUnique(r *reader, n *node, keyword string, value any) error {
	if _, ok := value.(bool); !ok {
		return r.fault(n, keyword, "must be true or false")
	}
	n.assertions[keyword] = value
	return nil
}

func readRequired(r *reader, n *node, keyword string, value any) error {
	names, reason := nameList(value)
	if reason != "" {
		return r.fault(n, keyword, reason)
	}
	n.assertions[keyword] = names
	return nil
}

// nameList checks a list of distinct property names.
func nameList(value any) (names []any, reason string) {
	names, ok := value.([]any)
	if !ok {
		return nil, "must be a list of property names"
	}
	if len(names) > maxList {
		return nil, tooLong
	}
	seen := make(map[string]bool)
	for _, element := range names {
		name, ok := element.(string)
		switch {
		case !ok:
			return nil, "must be a list of property names, which are strings"
		case seen[name]:
			return nil, "names a property twice"
		}
		seen[name] = true
	}
	return names, ""
}

func readPattern(r *reader, n *node, keyword string, value any) error {
	text, ok := value.(string)
	if !ok {
		return r.fault(n, keyword, "must be a string")
	}
	e, compiled, reason := r.compilePattern(n, text)
	if reason != "" {
		return r.fault(n, keyword, reason)
	}
	n.assertions[keyword], n.pattern, n.patternSize = e.text, compiled, e.size
	if e.text != text {
		r.patterns[e.text] = text
	}
	return nil
}

// compilePattern compiles a regular expression of n, as long as the schema's budget lasts.
func (r *reader) compilePattern(n *node, text string) (e expression, compiled *regexp.Regexp, reason string) {
	e, reason = parsePattern(text)
	if reason != "" {
		return e, nil, reason
	}
	if r.measured == nil {
		r.measured = make(map[*source]bool)
	}
	if !r.measured[n.source] {
		r.measured[n.source] = true
		r.documentBytes += len(n.source.bytes)
	}
	if r.programs = plus(r.programs, e.size); r.programs > patternBudget(r.documentBytes) {
		return e, nil, "too costly: the regular expressions of this schema are too large together once their repeats are written out"
	}
	compiled, err := regexp.Compile(e.text)
	if err != nil {
		return e, nil, "a regular expression that Go cannot use: " + err.Error()
	}
	return e, compiled, ""
}

// integer is the value of a keyword that readCount has read.
func integer(value any) int {
	i, _ := strconv.Atoi(string(value.(json.Number)))
	return i
}

// typeName names the JSON type of a decoded value with its article.
func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}

// nearestKeyword finds the keyword that a misspelt one was probably meant to be, or "".
func (r *reader) nearestKeyword(name string) string {
	for _, keyword := range slices.Sorted(maps.Keys(r.known)) {
		if strings.EqualFold(keyword, name) || oneEdit(keyword, name) {
			return keyword
		}
	}
	return ""
}

// oneEdit reports whether a and b differ by one letter changed, missing, or swapped with its neighbour.
func oneEdit(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i+1 <= len(a) && a[i+1:] == b[i+1:] ||
			i+2 <= len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	}
	return len(a) == len(b)+1 && a[i+1:] == b[i:]
}
