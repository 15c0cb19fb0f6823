package query

import "strconv"

// Error says what is wrong with an expression, a search or a sort order, and what would be right. It holds
// text of the expression, which may be personal data, but never a value of an identity.
type Error struct {
	// Column is where in the text the fault is, in code points, beginning with 1. It is 0 for an expression
	// that was built by function calls.
	Column int
	// Path is the JSON pointer that the fault belongs to. Empty where it belongs to none.
	Path string
	// Reason is for a person.
	Reason string
}

// Error returns the column, or without one the path, and the reason.
func (e *Error) Error() string {
	switch {
	case e.Column > 0:
		return "column " + strconv.Itoa(e.Column) + ": " + e.Reason
	case e.Path != "":
		return e.Path + ": " + e.Reason
	}
	return e.Reason
}
