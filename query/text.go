package query

import "strings"

// String returns the text of e, which [Parse] reads back as the same expression. It is empty for the zero
// Expr. Mind that it holds the values that e compares with, which may be personal data. A text of an
// expression that has an [Expr.Err] may be one that Parse refuses, as may one longer than [MaxLength].
func (e Expr) String() string {
	if e.tree == nil {
		return ""
	}
	var b strings.Builder
	e.tree.write(&b, "")
	return b.String()
}

// write writes t as it stands within an expression of the given operator.
func (t *tree) write(b *strings.Builder, within Operator) {
	switch t.op {
	case opAnd, opOr:
		t.writeJoined(b, within)
	case opNot:
		b.WriteString("not (")
		t.writeKid(b)
		b.WriteByte(')')
	case opAny:
		writePath(b, t.path)
		b.WriteByte('[')
		t.writeKid(b)
		b.WriteByte(']')
	case OpPresent:
		writePath(b, t.path)
		b.WriteString(" pr")
	default:
		writePath(b, t.path)
		b.WriteString(" " + string(t.op) + " ")
		b.WriteString(t.value.String())
	}
}

func (t *tree) writeJoined(b *strings.Builder, within Operator) {
	if within == opAnd && t.op == opOr {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	for n, kid := range t.kids {
		if n > 0 {
			b.WriteString(" " + string(t.op) + " ")
		}
		kid.write(b, t.op)
	}
}

func (t *tree) writeKid(b *strings.Builder) {
	for _, kid := range t.kids { // one, or none if it was refused
		kid.write(b, "")
	}
}

func writePath(b *strings.Builder, pointer string) {
	if path, reason := parsePointer(pointer); reason == "" {
		if text, ok := dotted(path); ok {
			b.WriteString(text)
			return
		}
	}
	b.WriteString(quote(pointer))
}
