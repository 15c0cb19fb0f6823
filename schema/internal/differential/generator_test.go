package differential

import (
	"encoding/json"
	"fmt"
)

// generator makes schemas and documents out of bytes, so that a fuzzer can steer it. When the bytes are used
// up it makes the simplest of everything.
type generator struct {
	bytes []byte
}

// below returns a number from 0 to n-1.
func (g *generator) below(n int) int {
	if len(g.bytes) == 0 {
		return 0
	}
	b := int(g.bytes[0])
	g.bytes = g.bytes[1:]
	return b % n
}

func (g *generator) one(of ...any) any { return of[g.below(len(of))] }

func (g *generator) name() string { return g.one("a", "b", "ab", "x/y", "~", "").(string) }

func (g *generator) scalar() any {
	return g.one(nil, true, false, json.Number("0"), json.Number("1"), json.Number("1.0"), json.Number("-0.0"), json.Number("2"), json.Number("0.1"),
		json.Number("1e2"), json.Number("100"), json.Number("9007199254740993"), json.Number("9007199254740992"), json.Number("1.5"), json.Number("1e300"),
		"", "a", "b", "ab", "é", "😀", "1", "aaaa")
}

func (g *generator) document(depth int) any {
	switch kind := g.below(4); {
	case kind == 1 && depth > 0:
		list := []any{}
		for range g.below(4) {
			list = append(list, g.document(depth-1))
		}
		return list
	case kind == 2 && depth > 0:
		object := map[string]any{}
		for range g.below(4) {
			object[g.name()] = g.document(depth - 1)
		}
		return object
	}
	return g.scalar()
}

// definitions is the number of schemas that a $ref can lead to.
const definitions = 3

func (g *generator) schema(depth int) any {
	if depth == 0 || g.below(12) == 0 {
		return g.one(true, map[string]any{}, false, map[string]any{"type": "string"}, map[string]any{"type": "integer"})
	}
	if g.below(6) == 1 {
		return map[string]any{"$ref": fmt.Sprintf("#/definitions/d%d", g.below(definitions))}
	}
	s := map[string]any{}
	for range 1 + g.below(3) {
		g.keyword(s, depth-1)
	}
	return s
}

func (g *generator) schemas(depth int) []any {
	list := []any{g.schema(depth)}
	for range g.below(3) {
		list = append(list, g.schema(depth))
	}
	return list
}

func (g *generator) keyword(s map[string]any, depth int) {
	count := func() any { return g.one(json.Number("0"), json.Number("1"), json.Number("2.0"), json.Number("3")) }
	number := func() any {
		return g.one(json.Number("0"), json.Number("1"), json.Number("-1.5"), json.Number("0.1"), json.Number("9007199254740993"), json.Number("1e2"))
	}
	pattern := func() any { return g.one("^a", "b$", "^[a-b]+$", "é", "^$", "a{2,3}", "^(?:x/y|~)$") }
	types := []any{"null", "boolean", "integer", "number", "string", "array", "object"}
	switch g.below(34) {
	case 0:
		s["type"] = types[g.below(len(types))]
	case 1:
		s["type"] = []any{types[g.below(3)], types[3+g.below(4)]}
	case 2:
		s["enum"] = []any{g.document(1), "c"} // the other validator refuses a value given twice
	case 3:
		s["const"] = g.document(1)
	case 4:
		s["multipleOf"] = g.one(json.Number("1"), json.Number("0.1"), json.Number("0.5"), json.Number("3"))
	case 5:
		s["minimum"] = number()
	case 6:
		s["maximum"] = number()
	case 7:
		s["exclusiveMinimum"] = number()
	case 8:
		s["exclusiveMaximum"] = number()
	case 9:
		s["minLength"] = count()
	case 10:
		s["maxLength"] = count()
	case 11:
		s["pattern"] = pattern()
	case 12:
		s["items"] = g.schema(depth)
	case 13:
		s["items"] = g.schemas(depth)
	case 14:
		s["items"], s["additionalItems"] = g.schemas(depth), g.schema(depth)
	case 15:
		s["minItems"] = count()
	case 16:
		s["maxItems"] = count()
	case 17:
		s["uniqueItems"] = g.one(true, false)
	case 18:
		s["contains"] = g.schema(depth)
	case 19:
		s["minProperties"] = count()
	case 20:
		s["maxProperties"] = count()
	case 21:
		s["required"] = []any{g.name()}
	case 22, 23:
		s["properties"] = map[string]any{g.name(): g.schema(depth), g.name(): g.schema(depth)}
	case 24:
		s["patternProperties"] = map[string]any{pattern().(string): g.schema(depth)}
	case 25:
		s["additionalProperties"] = g.schema(depth)
	case 26:
		s["propertyNames"] = g.schema(depth)
	case 27:
		s["dependencies"] = map[string]any{g.name(): g.one(any([]any{g.name()}), g.schema(depth))}
	case 28:
		s["allOf"] = g.schemas(depth)
	case 29:
		s["anyOf"] = g.schemas(depth)
	case 30:
		s["oneOf"] = g.schemas(depth)
	case 31:
		s["not"] = g.schema(depth)
	case 32:
		s["if"] = g.schema(depth)
	case 33:
		s[g.one("then", "else").(string)] = g.schema(depth)
	}
}
