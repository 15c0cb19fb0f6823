package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/idemkit/idem/identity"
)

// Operator is the operation of an expression on its path and its value.
type Operator string

// The operators. Their texts are those of RFC 7644, section 3.4.2.2.
const (
	OpEqual          Operator = "eq"
	OpNotEqual       Operator = "ne"
	OpGreater        Operator = "gt"
	OpGreaterOrEqual Operator = "ge"
	OpLess           Operator = "lt"
	OpLessOrEqual    Operator = "le"
	OpContains       Operator = "co"
	OpStartsWith     Operator = "sw"
	OpEndsWith       Operator = "ew"
	OpPresent        Operator = "pr"

	opAnd Operator = "and"
	opOr  Operator = "or"
	opNot Operator = "not"
	opAny Operator = "[ ]"

	opGroup Operator = "group" // of comparisons; it is never written
)

const (
	// MaxTerms is the largest number of comparisons, negations and [ ] in an expression.
	MaxTerms = 100
	// MaxDepth is the largest depth to which parentheses, negations and [ ] may be nested.
	MaxDepth = 32
)

// Expr is a condition on identities. The zero Expr is no condition: every identity matches it.
//
// An Expr is immutable, cheap to copy and safe for concurrent use. If it was built with a wrong path or value,
// [Expr.Err] returns the error, and no identity matches it.
type Expr struct{ tree *tree }

// tree is one node of an expression as it was written. What it means depends on where it stands: inside [ ] a
// path begins at the element. So it is bound when the whole is known, at first use.
type tree struct {
	op    Operator
	path  string // JSON pointer
	value literal
	kids  []*tree
	err   *refusal // what the function that made it refused

	// Where the path and the value begin in a parsed text, in bytes from 1. Parse makes columns of them.
	place, valuePlace int

	once  sync.Once
	bound *bound
	fault *refusal
	views views
}

// Eq holds where the value at path equals value. path is a JSON pointer (RFC 6901) into the identity; the
// package comment lists the paths. value must be a string, a number, a boolean, or a value whose JSON form is
// one of these, such as a [time.Time], a UUID or a json.Number. Any other value is refused. So is nil, because
// an absent value equals no value: use Not(Present(path)) instead.
func Eq(path string, value any) Expr { return compare(OpEqual, path, value) }

// Ne holds where the value at path does not equal value, or is absent. For a list it holds if one element
// differs. Not(Eq(path, value)) holds if all elements differ.
func Ne(path string, value any) Expr { return compare(OpNotEqual, path, value) }

// Gt holds where the value at path has the type of value and is greater. A boolean value is refused.
func Gt(path string, value any) Expr { return compare(OpGreater, path, value) }

// Ge holds where the value at path has the type of value and is greater or equal. A boolean value is refused.
func Ge(path string, value any) Expr { return compare(OpGreaterOrEqual, path, value) }

// Lt holds where the value at path has the type of value and is less. A boolean value is refused.
func Lt(path string, value any) Expr { return compare(OpLess, path, value) }

// Le holds where the value at path has the type of value and is less or equal. A boolean value is refused.
func Le(path string, value any) Expr { return compare(OpLessOrEqual, path, value) }

// Contains holds where the value at path is a string that contains value, both folded by [Fold].
func Contains(path, value string) Expr { return compare(OpContains, path, value) }

// StartsWith holds where the value at path is a string that begins with value, both folded by [Fold].
func StartsWith(path, value string) Expr { return compare(OpStartsWith, path, value) }

// EndsWith holds where the value at path is a string that ends with value, both folded by [Fold].
func EndsWith(path, value string) Expr { return compare(OpEndsWith, path, value) }

// Present holds where the value at path exists and is neither null nor an empty list.
func Present(path string) Expr { return Expr{&tree{op: OpPresent, path: path}} }

func compare(op Operator, path string, value any) Expr {
	l, reason := literalOf(value)
	t := &tree{op: op, path: path, value: l}
	if reason != "" {
		t.err = &refusal{path: path, reason: reason}
	}
	return Expr{t}
}

// And holds where all of exprs hold. Without exprs it returns the zero Expr.
func And(exprs ...Expr) Expr { return Expr{join(opAnd, trees(exprs))} }

// Or holds where one of exprs holds. It is refused without exprs, or with a zero Expr among them: such an
// expression would select no identity or every identity by accident.
func Or(exprs ...Expr) Expr {
	kids := trees(exprs)
	if len(exprs) == 0 || len(kids) < len(exprs) {
		return Expr{&tree{op: opOr, err: &refusal{reason: "or needs at least one expression, and no empty one"}}}
	}
	return Expr{join(opOr, kids)}
}

// Not holds where expr does not. The zero Expr is refused.
func Not(expr Expr) Expr {
	t := &tree{op: opNot, kids: trees([]Expr{expr})}
	if len(t.kids) == 0 {
		t.err = &refusal{reason: "not needs an expression"}
	}
	return Expr{t}
}

// Any holds where expr holds for one element of the list at path. The paths of expr begin at the element: the
// empty path is the element itself. A value that is not a list counts as a list of one element. Elements of
// nested lists count as elements of the list.
func Any(path string, expr Expr) Expr {
	t := &tree{op: opAny, path: path, kids: trees([]Expr{expr})}
	if len(t.kids) == 0 {
		t.err = &refusal{path: path, reason: "[ ] needs an expression"}
	}
	return Expr{t}
}

func trees(exprs []Expr) []*tree {
	all := make([]*tree, 0, len(exprs))
	for _, e := range exprs {
		if e.tree != nil {
			all = append(all, e.tree)
		}
	}
	return all
}

// join makes one conjunction of conjunctions of conjunctions, which mean the same and read better.
func join(op Operator, kids []*tree) *tree {
	switch len(kids) {
	case 0:
		return nil
	case 1:
		return kids[0]
	}
	t := &tree{op: op}
	for _, kid := range kids {
		if kid.op == op && kid.err == nil {
			t.kids = append(t.kids, kid.kids...)
		} else {
			t.kids = append(t.kids, kid)
		}
	}
	return t
}

// IsZero reports whether e is the zero Expr, which is no condition.
func (e Expr) IsZero() bool { return e.tree == nil }

// Err returns nil if e is valid. Otherwise it returns an [*violation.Error] that names the wrong path or value, or says
// that e has more than [MaxTerms] terms or is nested deeper than [MaxDepth].
func (e Expr) Err() error {
	if e.tree == nil {
		return nil
	}
	if _, fault := e.tree.bind(); fault != nil {
		return fault.err()
	}
	return nil
}

// Matches reports whether e holds for i. It does not change i. The caller must not change i during the call. The
// cost is bounded by the size of i plus, for each term, the size of the part of i at the term's path. Terms of one
// And or one Or that have the same path share the reading of it.
func (e Expr) Matches(i *identity.Identity) bool {
	matched, _ := e.MatchesContext(context.Background(), i)
	return matched
}

// MatchesContext is [Expr.Matches] that ends when ctx does, also within one large identity. The error is then that
// of ctx, and there is no other.
func (e Expr) MatchesContext(ctx context.Context, i *identity.Identity) (matched bool, err error) {
	if e.tree == nil {
		return true, nil
	}
	bound, fault := e.tree.bind()
	if fault != nil {
		return false, nil
	}
	v := e.tree.views.open(ctx, i)
	defer e.tree.views.close(v)
	matched = bound.holds(v, v.root())
	return matched && v.err == nil, v.err
}

func (t *tree) bind() (*bound, *refusal) {
	t.once.Do(func() {
		b := binding{}
		t.bound, t.fault = b.bind(t, identityShape, 0)
	})
	return t.bound, t.fault
}

// binding finds out what a tree means.
type binding struct{ terms int }

func (b *binding) bind(t *tree, s *shape, depth int) (*bound, *refusal) {
	if t.err != nil {
		return nil, t.err
	}
	if depth > MaxDepth {
		return nil, t.refuse(fmt.Sprintf("the expression is nested deeper than %d levels", MaxDepth))
	}
	if t.op != opAnd && t.op != opOr {
		if b.terms++; b.terms > MaxTerms {
			return nil, t.refuse(fmt.Sprintf("the expression has more than %d terms", MaxTerms))
		}
	}
	switch t.op {
	case opAnd, opOr, opNot:
		return b.bindKids(&bound{op: t.op}, t, s, depth+1)
	}
	tokens, reason := parsePointer(t.path)
	if reason != "" {
		return nil, t.refuse(reason)
	}
	target, reason := s.resolve(tokens)
	if reason != "" {
		return nil, t.refuse(reason)
	}
	result := &bound{op: t.op, path: tokens, shape: target}
	switch t.op {
	case OpPresent:
		return result, nil
	case opAny:
		return b.bindKids(result, t, target, depth+1)
	}
	if reason := result.setValue(t.value); reason != "" {
		fault := t.refuse(reason)
		fault.column = t.valuePlace
		return nil, fault
	}
	return result, nil
}

func (b *binding) bindKids(result *bound, t *tree, s *shape, depth int) (*bound, *refusal) {
	for _, kid := range t.kids {
		bound, fault := b.bind(kid, s, depth)
		if fault != nil {
			return nil, fault
		}
		result.kids = append(result.kids, bound)
	}
	if t.op == opAnd || t.op == opOr {
		result.parts = grouped(t.op, result.kids)
	}
	return result, nil
}

func (t *tree) refuse(reason string) *refusal {
	return &refusal{column: t.place, path: t.path, reason: reason}
}

// comparisons lists the operators that come after a path, for messages.
var comparisons = []Operator{
	OpEqual, OpNotEqual, OpContains, OpStartsWith, OpEndsWith, OpGreater, OpGreaterOrEqual, OpLess, OpLessOrEqual, OpPresent,
}

func operatorOf(word string) (Operator, bool) {
	op := Operator(strings.ToLower(word))
	return op, slices.Contains(comparisons, op)
}
