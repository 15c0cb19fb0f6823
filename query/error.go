package query

import (
	"strconv"

	"github.com/idemkit/idem/violation"
)

// refusal says what is wrong with an expression, a search or an order, and what would be right. It holds text of
// the expression, which may be personal data, but never a value of an identity.
type refusal struct {
	// column is where in the text the fault is, in code points, beginning with 1. It is 0 for an expression
	// that was built by function calls.
	column int
	path   string // the JSON pointer that the fault belongs to; may be empty
	reason string
}

// err returns r as callers see it. The pointer of the violation is the whole text: a caller that knows which
// parameter held it places it with Under.
func (r *refusal) err() *violation.Error {
	message := r.reason
	switch {
	case r.column > 0:
		message = "column " + strconv.Itoa(r.column) + ": " + message
	case r.path != "":
		message = r.path + ": " + message
	}
	return violation.New("", "", message)
}
