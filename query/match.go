package query

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/idemkit/idem/schema"
)

// bound is an expression whose place is known. It is immutable.
type bound struct {
	op    Operator
	path  []token
	shape *shape // of what the path leads to
	value literal
	exact literal // the value as given, for identifiers of types that are not normalised
	kids  []*bound
	// Of and and or: kids, but with those that have one path in a group.
	parts []*bound
	group *group
}

// setValue gives b the literal that it compares with, in the form that the target of its path wants.
func (b *bound) setValue(l literal) string {
	folds := b.op == OpContains || b.op == OpStartsWith || b.op == OpEndsWith
	ordered := b.op != OpEqual && b.op != OpNotEqual
	switch {
	case b.shape.form == formRecord:
		return describe(b.path) + " has attributes: must name one of them: " + b.shape.names()
	case folds && l.kind != kindString:
		return "what " + string(b.op) + " compares with must be a string"
	case ordered && !folds && l.kind == kindBool:
		return "true and false have no order: the operator must be eq or ne"
	}
	b.exact = l
	switch b.shape.form {
	case formTime:
		if folds {
			break
		}
		at, err := time.Parse(time.RFC3339Nano, l.text)
		if l.kind != kindString || err != nil {
			return `a time must be a string as in RFC 3339, such as "2026-01-31T12:00:00Z"`
		}
		l.kind, l.time = kindTime, at
	case formID:
		if !folds {
			l.text = canonicalID(l.text)
		}
	case formIdentifier:
		if l.kind != kindString {
			break
		}
		if l.text = normalize(l.text); l.text == "" && folds {
			return "the value is empty once it is normalised as an identifier is, and would match all"
		}
	}
	if folds {
		l.folded, b.exact.folded = []byte(Fold(l.text)), []byte(Fold(b.exact.text))
	}
	b.value = l
	return ""
}

// normalize is the form in which identifiers that come from traits, and addresses, are kept.
func normalize(identifier string) string { return schema.Normalize(identifier) }

func (s *shape) names() string {
	names := make([]string, len(s.members))
	for n, m := range s.members {
		names[n] = m.name
	}
	return strings.Join(names, ", ")
}

// holds reports whether b holds for n, from which its path begins. The result means nothing once v has stopped.
func (b *bound) holds(v *view, n node) bool {
	switch b.op {
	case opAnd:
		for _, part := range b.parts {
			if !part.holds(v, n) {
				return false
			}
		}
		return true
	case opOr:
		for _, part := range b.parts {
			if part.holds(v, n) {
				return true
			}
		}
		return false
	case opGroup:
		return b.group.holds(v, n)
	case opNot:
		return !b.kids[0].holds(v, n)
	case opAny:
		return n.some(v, b.path, func(e node) bool { return e.kind != kindAbsent && b.kids[0].holds(v, e) })
	}
	return n.some(v, b.path, func(e node) bool { return b.compare(v, e) })
}

// compare reports whether b holds for the one value n, which is no list.
func (b *bound) compare(v *view, n node) bool {
	switch b.op {
	case OpPresent:
		return n.kind != kindAbsent
	case OpContains, OpStartsWith, OpEndsWith:
		return b.compareText(v, n)
	}
	order, comparable := b.order(n)
	return b.op.accepts(order, comparable)
}

// accepts reports whether a comparison holds for a value that is less than, equal to or greater than the literal,
// or cannot be compared with it.
func (op Operator) accepts(order int, comparable bool) bool {
	switch op {
	case OpEqual:
		return comparable && order == 0
	case OpNotEqual:
		return !comparable || order != 0
	case OpGreater:
		return comparable && order > 0
	case OpGreaterOrEqual:
		return comparable && order >= 0
	case OpLess:
		return comparable && order < 0
	}
	return comparable && order <= 0
}

// order compares n with the literal, if they have one type.
func (b *bound) order(n node) (order int, comparable bool) {
	l := &b.value
	if n.exact {
		l = &b.exact
	}
	if n.kind != l.kind {
		return 0, false
	}
	value := n.literal()
	return value.compare(l), true
}

// literal returns the value of a boolean, a number, a time or a string.
func (n node) literal() literal {
	l := literal{kind: n.kind}
	switch n.kind {
	case kindBool, kindString:
		l.text = n.string()
	case kindNumber:
		l.number = parseDecimal(n.string())
	case kindTime:
		l.time = n.time
	}
	return l
}

// compare orders l and o, which have one type.
func (l *literal) compare(o *literal) int {
	switch l.kind {
	case kindNumber:
		return l.number.compare(o.number)
	case kindTime:
		return l.time.Compare(o.time)
	}
	return strings.Compare(l.text, o.text)
}

func (b *bound) compareText(v *view, n node) bool {
	text, pattern := "", b.value.folded
	switch n.kind {
	case kindString:
		text = n.string()
	case kindTime:
		text = n.time.UTC().Format(time.RFC3339Nano)
	default:
		return false
	}
	if n.exact {
		pattern = b.exact.folded
	}
	v.spend(len(text))
	v.fold(text)
	switch b.op {
	case OpContains:
		return bytes.Contains(v.folded, pattern)
	case OpStartsWith:
		return bytes.HasPrefix(v.folded, pattern)
	}
	return bytes.HasSuffix(v.folded, pattern)
}

func numberNode(value int) node {
	return node{kind: kindNumber, text: strconv.Itoa(value)}
}

// ReadsCredentials reports whether e reads the credentials of an identity. If not, a store that decodes an
// identity for e can leave them out.
func (e Expr) ReadsCredentials() bool {
	return e.Err() == nil && e.tree != nil && e.tree.bound.readsCredentials()
}

func (b *bound) readsCredentials() bool {
	if len(b.path) > 0 {
		return isOfCredentials(b.path)
	}
	return slices.ContainsFunc(b.kids, (*bound).readsCredentials)
}

// isOfCredentials reports whether path, which begins at the identity, leads to what its credentials hold.
func isOfCredentials(path []token) bool {
	return path[0].name == "credentials" || path[0].name == "identifiers"
}

// ReadsCredentials reports whether s looks at the credentials of an identity.
func (s Sort) ReadsCredentials() bool { return slices.ContainsFunc(s.paths, isOfCredentials) }

// ReadsCredentials reports whether s looks at the credentials of an identity.
func (s Search) ReadsCredentials() bool { return !s.IsZero() }

// IsZero reports whether s is the order by id.
func (s Sort) IsZero() bool { return len(s.orders) == 0 }
