package schema

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/xeipuuv/gojsonschema"

	"github.com/idemkit/idem/violation"
)

// report turns what the engine found in document into violations. It stops at as many as are told.
func (x *extraction) report(results []gojsonschema.ResultError, document any) {
	x.violations = append(x.violations, x.tell(results, document, "")...)
}

// tell turns what the engine found in value, which is at pointer, into violations: sorted, each once, and no more than
// are told at all.
func (x *extraction) tell(results []gojsonschema.ResultError, value any, pointer string) (violations []violation.Violation) {
	badNames := slices.ContainsFunc(results, func(r gojsonschema.ResultError) bool { return r.Type() == badName })
	type place struct {
		node             *node
		keyword, pointer string
	}
	explained := make(map[place]bool)
	for _, result := range results {
		if x.told >= violation.Max {
			break
		}
		if keyword, n, ok := x.marked(result); ok {
			at := place{n, keyword, pointerOf(result.Context())}
			if found, exists := lookup(value, at.pointer); exists && !explained[at] {
				explained[at] = true
				x.told++
				violations = append(violations, x.explain(keyword, n, found, pointer+at.pointer))
			}
			continue
		}
		v, ok := meaningOf(result)
		if original, translated := x.patterns[patternOf(result)]; translated {
			v.Message = patternMessage(original)
		}
		if ok && !(badNames && aboutName(result, value)) {
			v.Pointer = pointer + v.Pointer
			x.told++
			violations = append(violations, v)
		}
	}
	return violation.Sort(violations)
}

// badName is the type of result for a name that propertyNames refuses. The engine adds the violations of
// the schema under propertyNames too, but at the place of the object.
const badName = "invalid_property_name"

// aboutName reports whether result speaks of a name, which is a string, though an object is at its place.
func aboutName(result gojsonschema.ResultError, document any) bool {
	if _, isString := result.Value().(string); !isString || result.Type() == badName {
		return false
	}
	value, _ := lookup(document, pointerOf(result.Context()))
	_, isObject := value.(map[string]any)
	return isObject
}

// meaningOf says what a result of the engine means. The engine's own words are not used: they hold values,
// and any package of the program can replace them.
func meaningOf(result gojsonschema.ResultError) (violation.Violation, bool) {
	meaning, known := explanations[result.Type()]
	if !known {
		meaning = explanation{keyword: result.Type(), text: func(gojsonschema.ErrorDetails) string { return "does not match the schema" }}
	}
	if meaning.summary {
		return violation.Violation{}, false
	}
	pointer := pointerOf(result.Context())
	if meaning.child != "" {
		name, _ := result.Details()[meaning.child].(string)
		pointer += "/" + escape(name)
	}
	return violation.Violation{Pointer: pointer, Keyword: meaning.keyword, Message: meaning.text(result.Details())}, true
}

// pointerOf makes a JSON pointer of the engine's place. A byte that no JSON string can hold separates the
// names, which may hold anything else.
func pointerOf(context *gojsonschema.JsonContext) string {
	const separator = "\xff"
	tokens := strings.Split(context.String(separator), separator)
	var pointer strings.Builder
	for _, token := range tokens[1:] { // the first stands for the root
		pointer.WriteByte('/')
		pointer.WriteString(escape(token))
	}
	return pointer.String()
}

// explanation says how one type of result is told.
type explanation struct {
	keyword string
	child   string // the detail that names the property meant, when the engine's place is the object around it
	summary bool   // another result tells it better
	text    func(gojsonschema.ErrorDetails) string
}

// explanations are the types of results that the engine gives.
var explanations = map[string]explanation{
	"required":                        {keyword: "required", child: "property", text: fixed("is required")},
	"missing_dependency":              {keyword: "dependencies", child: "dependency", text: fixed("is required by another property that is there")},
	"additional_property_not_allowed": {keyword: "additionalProperties", child: "property", text: fixed("is not a property that the schema knows")},
	badName:                           {keyword: "propertyNames", child: "property", text: fixed("is not a name that the schema allows")},
	"invalid_type":                    {keyword: "type", text: wrongType},
	"enum":                            {keyword: "enum", text: allowed("must be one of %s")},
	"const":                           {keyword: "const", text: allowed("must be %s")},
	"format":                          {keyword: "format", text: wrongFormat},
	"pattern":                         {keyword: "pattern", text: wrongPattern},
	"string_gte":                      {keyword: "minLength", text: bound("min", "must have at least %s characters")},
	"string_lte":                      {keyword: "maxLength", text: bound("max", "must have at most %s characters")},
	"number_gte":                      {keyword: "minimum", text: bound("min", "must be at least %s")},
	"number_gt":                       {keyword: "exclusiveMinimum", text: bound("min", "must be more than %s")},
	"number_lte":                      {keyword: "maximum", text: bound("max", "must be at most %s")},
	"number_lt":                       {keyword: "exclusiveMaximum", text: bound("max", "must be less than %s")},
	"multiple_of":                     {keyword: "multipleOf", text: bound("multiple", "must be a multiple of %s")},
	"unique":                          {keyword: "uniqueItems", text: fixed("must not hold the same item twice")},
	"contains":                        {keyword: "contains", text: fixed("must hold an item of the kind that the schema asks for")},
	"array_no_additional_items":       {keyword: "additionalItems", text: fixed("has more items than the schema allows")},
	"array_min_items":                 {keyword: "minItems", text: bound("min", "must have at least %s items")},
	"array_max_items":                 {keyword: "maxItems", text: bound("max", "must have at most %s items")},
	"array_min_properties":            {keyword: "minProperties", text: bound("min", "must have at least %s properties")},
	"array_max_properties":            {keyword: "maxProperties", text: bound("max", "must have at most %s properties")},
	"number_not":                      {keyword: "not", text: fixed("must not match what the schema excludes")},
	"false":                           {keyword: "false", text: fixed("must not be there")},
	"number_all_of":                   {summary: true},
	"condition_then":                  {summary: true},
	"condition_else":                  {summary: true},
}

func fixed(text string) func(gojsonschema.ErrorDetails) string {
	return func(gojsonschema.ErrorDetails) string { return text }
}

func wrongType(d gojsonschema.ErrorDetails) string {
	expected, _ := d["expected"].(string)
	types := strings.ReplaceAll(strings.Trim(expected, "[]"), ",", " or ")
	return fmt.Sprintf("must be of type %s, not %v", types, d["given"])
}

// allowed quotes values of the schema, which are no secrets of the identity.
func allowed(format string) func(gojsonschema.ErrorDetails) string {
	return func(d gojsonschema.ErrorDetails) string {
		text, _ := d["allowed"].(string)
		return fmt.Sprintf(format, shorten(text))
	}
}

// shorten keeps a message readable when the schema is not.
func shorten(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func wrongFormat(d gojsonschema.ErrorDetails) string {
	name, _ := d["format"].(string)
	format, demand := publicName(name)
	switch {
	case demand != 0:
		return demand.explain()
	case format == "email":
		return demandEmail.explain()
	case format == "tel":
		return demandPhone.explain()
	}
	return fmt.Sprintf("must have the format %q", format)
}

func wrongPattern(d gojsonschema.ErrorDetails) string {
	expression, _ := d["pattern"].(*regexp.Regexp)
	return patternMessage(expression.String())
}

func patternMessage(expression string) string {
	return "must match the regular expression " + shorten(expression)
}

// patternOf is the expression that a value does not match, as the engine has it.
func patternOf(result gojsonschema.ResultError) string {
	if expression, ok := result.Details()["pattern"].(*regexp.Regexp); ok {
		return expression.String()
	}
	return ""
}

func bound(detail, format string) func(gojsonschema.ErrorDetails) string {
	return func(d gojsonschema.ErrorDetails) string {
		switch limit := d[detail].(type) {
		case *big.Float:
			return fmt.Sprintf(format, decimal(limit))
		default:
			return fmt.Sprintf(format, fmt.Sprint(limit))
		}
	}
}

// decimal writes a bound of the schema as people write numbers, unless it is very large or very small.
func decimal(f *big.Float) string {
	if exponent := f.MantExp(nil); exponent > 60 || exponent < -30 {
		return f.Text('g', -1)
	}
	return f.Text('f', -1)
}
