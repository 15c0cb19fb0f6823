package schema

import (
	"encoding/json"
	"regexp"
	"unicode/utf8"
)

// acceptor recognises values that match a node, at a fraction of what the engine takes. It never accepts what the
// engine refuses. Where it is not sure it says no, and the engine decides: so it knows no keyword whose
// answer needs a refusal (not, oneOf, else), and compares only numbers that are short integers.
//
// An acceptor is immutable once compiled. Acceptors refer to each other in cycles, as nodes do.
type acceptor struct {
	unsure bool // the engine must decide for every value

	types      typeSet // 0 is any
	lists      [][]any // of enum and const: a value must be in each
	minLength  int
	maxLength  int // -1 is no bound, as for all bounds below
	pattern    *regexp.Regexp
	format     func(string) bool
	bounds     []numberBound
	minItems   int
	maxItems   int
	unique     bool
	minMembers int
	maxMembers int
	required   []string

	properties   map[string]*acceptor
	patterns     []acceptedPattern
	additional   *acceptor
	names        *acceptor
	dependencies []acceptedDependency

	items    *acceptor
	tuple    []*acceptor
	rest     *acceptor
	contains *acceptor

	allOf     []*acceptor
	anyOf     []*acceptor
	condition *acceptor
	then      *acceptor
}

type acceptedPattern struct {
	compiled *regexp.Regexp
	member   *acceptor
}

type acceptedDependency struct {
	name     string
	required []string
	object   *acceptor // nil for a list of names
}

// numberBound is one of minimum, maximum, exclusiveMinimum, exclusiveMaximum and multipleOf.
type numberBound struct {
	keyword string
	bound   int64
}

// typeSet is a set of JSON types.
type typeSet uint8

const (
	typeNull typeSet = 1 << iota
	typeBoolean
	typeInteger
	typeNumber
	typeString
	typeArray
	typeObject
)

var typeSets = map[string]typeSet{
	"null": typeNull, "boolean": typeBoolean, "integer": typeInteger, "number": typeNumber | typeInteger,
	"string": typeString, "array": typeArray, "object": typeObject,
}

// maxQuickPattern bounds the programs that are compiled once more for an acceptor. The engine keeps its own.
const maxQuickPattern = 500

// quick returns the acceptor of n. It is made once, while the schema is compiled.
func (n *node) quick() *acceptor {
	n = n.target()
	if n.accepts == nil {
		n.accepts = new(acceptor) // before its children, which may lead back here
		n.accepts.compile(n)
	}
	return n.accepts
}

func quickOrNil(n *node) *acceptor {
	if n == nil {
		return nil
	}
	return n.quick()
}

func quickList(nodes []*node) []*acceptor {
	var list []*acceptor
	for _, n := range nodes {
		list = append(list, n.quick())
	}
	return list
}

func (a *acceptor) compile(n *node) {
	a.maxLength, a.maxItems, a.maxMembers = -1, -1, -1
	if n.fixed != nil {
		a.unsure = !*n.fixed
		return
	}
	a.unsure = n.not != nil || n.oneOf != nil || n.condition != nil && n.otherwise != nil && n.then == nil
	for keyword, value := range n.assertions {
		a.assertion(n, keyword, value)
	}
	if n.properties != nil {
		a.properties = make(map[string]*acceptor, len(n.properties))
		for _, p := range n.properties {
			a.properties[p.name] = p.node.quick()
		}
	}
	for _, p := range n.patterns {
		a.patterns = append(a.patterns, acceptedPattern{p.compiled, p.node.quick()})
	}
	for _, d := range n.dependencies {
		a.dependencies = append(a.dependencies, acceptedDependency{d.name, texts(d.required), quickOrNil(d.node)})
	}
	a.additional, a.names = quickOrNil(n.additional), quickOrNil(n.names)
	a.items, a.tuple, a.rest, a.contains = quickOrNil(n.items), quickList(n.tuple), quickOrNil(n.rest), quickOrNil(n.contains)
	a.allOf, a.anyOf = quickList(n.allOf), quickList(n.anyOf)
	if n.then != nil {
		a.condition, a.then = quickOrNil(n.condition), quickOrNil(n.then)
	}
}

// assertion takes over a keyword without subschemas. One that it does not know makes the acceptor unsure.
func (a *acceptor) assertion(n *node, keyword string, value any) {
	switch keyword {
	case "type":
		for _, name := range value.([]any) {
			a.types |= typeSets[name.(string)]
		}
	case "enum":
		a.lists = append(a.lists, value.([]any))
	case "const":
		a.lists = append(a.lists, []any{value})
	case "format":
		if n.isLate() {
			return
		}
		format, demanded := publicName(value.(string))
		check := formats[format]
		a.format = func(s string) bool {
			return (check == nil || check(s)) && (demanded == 0 || demanded.met(s, normalize(s)))
		}
	case "pattern":
		if n.patternSize > maxQuickPattern {
			a.unsure = true
			return
		}
		a.pattern = n.pattern
	case "minLength":
		a.minLength = integer(value)
	case "maxLength":
		a.maxLength = integer(value)
	case "minItems":
		a.minItems = integer(value)
	case "maxItems":
		a.maxItems = integer(value)
	case "uniqueItems":
		a.unique = value.(bool)
	case "minProperties":
		a.minMembers = integer(value)
	case "maxProperties":
		a.maxMembers = integer(value)
	case "required":
		a.required = texts(value.([]any))
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		bound, ok := shortInteger(value.(json.Number))
		if !ok {
			a.unsure = true
			return
		}
		a.bounds = append(a.bounds, numberBound{keyword, bound})
	default:
		a.unsure = true
	}
}

func texts(list []any) []string {
	var result []string
	for _, element := range list {
		result = append(result, element.(string))
	}
	return result
}

// accept reports whether value surely matches.
func (a *acceptor) accept(value any) bool {
	if a.unsure || a.lists != nil && !a.listed(value) {
		return false
	}
	switch value := value.(type) {
	case string:
		if !a.is(typeString) || !a.acceptString(value) {
			return false
		}
	case json.Number:
		if !a.acceptNumber(value) {
			return false
		}
	case map[string]any:
		if !a.is(typeObject) || !a.acceptObject(value) {
			return false
		}
	case []any:
		if !a.is(typeArray) || !a.acceptArray(value) {
			return false
		}
	case bool:
		if !a.is(typeBoolean) {
			return false
		}
	case nil:
		if !a.is(typeNull) {
			return false
		}
	default:
		return false
	}
	return a.acceptSame(value)
}

func (a *acceptor) is(t typeSet) bool { return a.types == 0 || a.types&t != 0 }

// acceptSame asks the subschemas that look at value itself.
func (a *acceptor) acceptSame(value any) bool {
	for _, all := range a.allOf {
		if !all.accept(value) {
			return false
		}
	}
	if a.anyOf != nil && !accepted(a.anyOf, value) {
		return false
	}
	return a.condition == nil || a.condition.accept(value) && a.then.accept(value)
}

func accepted(any []*acceptor, value any) bool {
	for _, one := range any {
		if one.accept(value) {
			return true
		}
	}
	return false
}

// listed reports whether a scalar is in every list.
func (a *acceptor) listed(value any) bool {
	for _, list := range a.lists {
		found := false
		for _, element := range list {
			found = found || sameScalar(element, value)
		}
		if !found {
			return false
		}
	}
	return true
}

func sameScalar(a, b any) bool {
	switch a := a.(type) {
	case string:
		text, ok := b.(string)
		return ok && text == a
	case bool:
		truth, ok := b.(bool)
		return ok && truth == a
	case nil:
		return b == nil
	case json.Number:
		number, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, short := shortInteger(a)
		y, alsoShort := shortInteger(number)
		return short && alsoShort && x == y
	}
	return false
}

func (a *acceptor) acceptString(s string) bool {
	if a.minLength > 0 || a.maxLength >= 0 {
		length := utf8.RuneCountInString(s)
		if length < a.minLength || a.maxLength >= 0 && length > a.maxLength {
			return false
		}
	}
	return (a.pattern == nil || a.pattern.MatchString(s)) && (a.format == nil || a.format(s))
}

func (a *acceptor) acceptNumber(number json.Number) bool {
	value, short := shortInteger(number)
	if !short {
		return a.is(typeNumber) && a.bounds == nil
	}
	if !a.is(typeInteger) {
		return false
	}
	for _, b := range a.bounds {
		if !b.met(value) {
			return false
		}
	}
	return true
}

func (b numberBound) met(value int64) bool {
	switch b.keyword {
	case "minimum":
		return value >= b.bound
	case "maximum":
		return value <= b.bound
	case "exclusiveMinimum":
		return value > b.bound
	case "exclusiveMaximum":
		return value < b.bound
	}
	return value%b.bound == 0 // multipleOf, which is greater than 0
}

// shortInteger reads an integer of at most 15 digits, which a float64 holds exactly.
func shortInteger(number json.Number) (value int64, ok bool) {
	digits := string(number)
	negative := len(digits) > 1 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	if len(digits) > 15 {
		return 0, false
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
		value = value*10 + int64(digits[i]-'0')
	}
	if negative {
		value = -value
	}
	return value, true
}

func (a *acceptor) acceptObject(object map[string]any) bool {
	if len(object) < a.minMembers || a.maxMembers >= 0 && len(object) > a.maxMembers || !hasAll(object, a.required) {
		return false
	}
	for _, d := range a.dependencies {
		if _, present := object[d.name]; !present {
			continue
		}
		if !hasAll(object, d.required) || d.object != nil && !d.object.accept(object) {
			return false
		}
	}
	if a.properties == nil && a.patterns == nil && a.additional == nil && a.names == nil {
		return true
	}
	for name, member := range object {
		if !a.acceptMember(name, member) {
			return false
		}
	}
	return true
}

func (a *acceptor) acceptMember(name string, member any) bool {
	if a.names != nil && !a.names.accept(name) {
		return false
	}
	property, described := a.properties[name]
	if described && !property.accept(member) {
		return false
	}
	for _, p := range a.patterns {
		if !p.compiled.MatchString(name) {
			continue
		}
		if described = true; !p.member.accept(member) {
			return false
		}
	}
	return described || a.additional == nil || a.additional.accept(member)
}

func hasAll(object map[string]any, names []string) bool {
	for _, name := range names {
		if _, present := object[name]; !present {
			return false
		}
	}
	return true
}

// maxQuickUnique bounds the lists whose elements are compared with each other.
const maxQuickUnique = 32

func (a *acceptor) acceptArray(array []any) bool {
	if len(array) < a.minItems || a.maxItems >= 0 && len(array) > a.maxItems || a.unique && !distinctStrings(array) {
		return false
	}
	for n, element := range array {
		way := a.items
		if a.tuple != nil {
			if way = a.rest; n < len(a.tuple) {
				way = a.tuple[n]
			}
		}
		if way != nil && !way.accept(element) {
			return false
		}
	}
	if a.contains == nil {
		return true
	}
	for _, element := range array {
		if a.contains.accept(element) {
			return true
		}
	}
	return false
}

// distinctStrings reports whether array is a short list of strings, none of them twice.
func distinctStrings(array []any) bool {
	if len(array) > maxQuickUnique {
		return false
	}
	for n, element := range array {
		text, ok := element.(string)
		if !ok && len(array) > 1 {
			return false
		}
		for _, before := range array[:n] {
			if before == text {
				return false
			}
		}
	}
	return true
}
