package query

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// OpAbsent is the operator of a [Test] for identities without a value at the path.
const OpAbsent Operator = "absent"

// Condition is a fact that holds for every identity that an expression matches: at least one of the values at
// Path passes at least one of Tests. It may hold for other identities too.
type Condition struct {
	// Path is the JSON pointer, from the identity.
	Path string
	// Tests has at least one element.
	Tests []Test
}

// Test is a comparison of one value.
type Test struct {
	// Op is [OpEqual], [OpGreater], [OpGreaterOrEqual], [OpLess], [OpLessOrEqual], [OpStartsWith],
	// [OpPresent] or [OpAbsent].
	Op    Operator
	value literal
}

// Text returns the string to compare a value with, in its stored form: normalised for identifiers and
// addresses, in lower case for ids. For OpStartsWith it is folded by [Fold], and the value must be folded too.
// The result is false for other types and for OpPresent and OpAbsent.
func (t Test) Text() (string, bool) {
	if t.Op == OpStartsWith {
		return string(t.value.folded), true
	}
	return t.value.text, t.value.kind == kindString
}

// Time returns the instant to compare a time with. The result is false for other types.
func (t Test) Time() (time.Time, bool) { return t.value.time, t.value.kind == kindTime }

// Range returns a range of keys of an [Index] of the path. Every value that passes the test has a key in it.
// from is the first key of the range; to is the first key after it.
func (t Test) Range() (from, to []byte) {
	switch t.Op {
	case OpAbsent:
		return []byte{keyAbsent}, []byte{keyAbsent + 1}
	case OpPresent:
		return []byte{keyAbsent + 1}, []byte{keyFolded}
	case OpStartsWith:
		prefix := foldedKey(t.value.text)
		return prefix, after(prefix)
	}
	key := t.value.key()
	above := append(slices.Clip(key), 0) // a cut key stands for values on either side of the literal
	switch t.Op {
	case OpGreater, OpGreaterOrEqual:
		return key, []byte{key[0] + 1}
	case OpLess, OpLessOrEqual:
		return key[:1], above
	}
	return key, above
}

// after returns the least key that is greater than all that begin with prefix, whose first byte is not 0xff.
func after(prefix []byte) []byte {
	next := bytes.Clone(prefix)
	for next[len(next)-1] == 0xff {
		next = next[:len(next)-1]
	}
	next[len(next)-1]++
	return next
}

// Conditions returns the conditions with which a store may narrow its search before [Expr.Matches] decides.
// Each condition alone holds for all identities that match. There may be none. An expression with an [Expr.Err]
// has none.
func (e Expr) Conditions() []Condition {
	if e.Err() != nil || e.tree == nil {
		return nil
	}
	return e.tree.bound.conditions(nil, false)
}

// conditions takes the path that b's paths begin at, and whether that is an element of a list.
func (b *bound) conditions(prefix []token, element bool) []Condition {
	switch b.op {
	case opAnd:
		var all []Condition
		for _, kid := range b.kids {
			all = append(all, kid.conditions(prefix, element)...)
		}
		return all
	case opOr:
		return b.common(prefix, element)
	case opNot:
		return b.kids[0].negated(prefix, element)
	}
	if element && len(b.path) > 0 && b.path[0].index >= 0 {
		return nil // a member of the element has this name; behind the path of the list it would be an index
	}
	path := slices.Concat(prefix, b.path)
	if b.op == opAny {
		if found := b.kids[0].conditions(path, true); len(found) > 0 {
			return found
		}
	}
	if tests := b.tests(); len(tests) > 0 {
		return []Condition{{Path: formatPointer(path), Tests: tests}}
	}
	return nil
}

// negated returns the conditions of an expression that is negated.
func (b *bound) negated(prefix []token, element bool) []Condition {
	switch {
	case b.op == opNot:
		return b.kids[0].conditions(prefix, element)
	case b.op == OpPresent && !element: // of an element nothing follows for the identity
		return []Condition{{Path: formatPointer(b.path), Tests: []Test{{Op: OpAbsent}}}}
	}
	return nil
}

// common returns the paths that every branch has a condition on, each with the tests of all branches.
func (b *bound) common(prefix []token, element bool) []Condition {
	all := b.kids[0].conditions(prefix, element)
	for _, kid := range b.kids[1:] {
		more := kid.conditions(prefix, element)
		rest := all[:0]
		for _, c := range all {
			at := slices.IndexFunc(more, func(o Condition) bool { return o.Path == c.Path })
			if at >= 0 {
				rest = append(rest, Condition{Path: c.Path, Tests: slices.Concat(c.Tests, more[at].Tests)})
			}
		}
		all = rest
	}
	return all
}

// tests returns the tests of which one holds where a comparison does.
func (b *bound) tests() []Test {
	switch b.op {
	case OpNotEqual:
		return nil
	case OpStartsWith:
		if b.shape.form == formTime {
			break
		}
		fallthrough
	case OpEqual, OpGreater, OpGreaterOrEqual, OpLess, OpLessOrEqual:
		tests := []Test{{Op: b.op, value: b.value}}
		if b.shape.form == formIdentifier && b.exact.text != b.value.text {
			tests = append(tests, Test{Op: b.op, value: b.exact})
		}
		return tests
	}
	return []Test{{Op: OpPresent}}
}

// Needles returns texts that occur in the [SearchText] of every identity that matches. A store can look them up
// in an index of trigrams to narrow the search. Each has at least three code points. There may be none.
func (e Expr) Needles() []string {
	if e.Err() != nil || e.tree == nil {
		return nil
	}
	return distinct(e.tree.bound.needles(nil))
}

func (b *bound) needles(prefix []token) []string {
	var all []string
	switch path := slices.Concat(prefix, b.path); b.op {
	case opAnd:
		for _, kid := range b.kids {
			all = append(all, kid.needles(prefix)...)
		}
	case opAny:
		return b.kids[0].needles(path)
	case OpEqual, OpContains, OpStartsWith, OpEndsWith:
		if b.value.kind != kindString || !b.searched(path) {
			return nil
		}
		folded := Fold(b.value.text)
		if Fold(b.exact.text) == folded {
			return needle(folded)
		}
	}
	return all
}

// searched reports whether the text at path is part of the text that a search looks at.
func (b *bound) searched(path []token) bool {
	return b.shape.form == formIdentifier || path[0].name == "traits" || path[0].name == "external_id"
}

func needle(folded string) []string {
	if utf8.RuneCountInString(folded) < 3 {
		return nil
	}
	return []string{withoutNUL(folded)}
}

func withoutNUL(s string) string { return strings.ReplaceAll(s, "\x00", "\ufffd") }

func distinct(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
