package schema

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ParseError says why a schema document is refused.
type ParseError struct {
	ID      string // of the schema, as given to [Parse]
	Pointer string // RFC 6901, into the document: the place of the fault; "" is the whole document
	Reason  string // for a person: what is wrong, and where it helps, what to write instead
}

// Error names the schema, the place and the reason.
func (e *ParseError) Error() string {
	if e.Pointer == "" {
		return fmt.Sprintf("schema %q: %s", e.ID, e.Reason)
	}
	return fmt.Sprintf("schema %q: %s: %s", e.ID, e.Pointer, e.Reason)
}

// Warning points at something in a schema that is allowed and most likely not meant: a misspelt keyword, an
// unknown format, an annotation that never takes effect.
type Warning struct {
	Pointer string // RFC 6901, into the document
	Message string // for a person
}

// ErrUnlinked is matched by the error of [Schema.Validate] when the schema refers to other schemas and has
// not been put into a [Registry] with them.
var ErrUnlinked = errors.New("refers to schemas it has not been linked with")

// ValidationError says why traits are refused: all violations at once. It never holds a trait's value.
type ValidationError struct {
	// Violations has at least one entry, none twice, sorted by pointer, keyword and message. Of more than
	// [MaxViolations] it holds the first.
	Violations []Violation
}

// MaxViolations bounds what is told of traits that are wrong everywhere.
const MaxViolations = 1000

// Violation is one reason why traits are refused.
type Violation struct {
	// Pointer is the RFC 6901 pointer of the value into {"traits": …}. For a property that is missing or
	// must not be there it names that property, not the object around it.
	Pointer string `json:"pointer"`
	// Keyword is the JSON Schema keyword that was violated, such as "required". It is "json" for what no
	// schema may allow (a name given twice, a limit exceeded), and "ory.sh/kratos" where the extension asks
	// for more than the schema around it.
	Keyword string `json:"keyword"`
	// Message tells a person what is wrong. It is not meant for programs and may be reworded.
	Message string `json:"message"`
}

// Error lists pointers and messages, and no values.
func (e *ValidationError) Error() string {
	var text strings.Builder
	text.WriteString("traits do not match the schema: ")
	for i, v := range e.Violations {
		if i > 0 {
			text.WriteString("; ")
		}
		text.WriteString(v.Pointer + " " + v.Message)
	}
	return text.String()
}

// invalid makes an error of violations: sorted, each once.
func invalid(violations ...Violation) *ValidationError {
	slices.SortFunc(violations, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Keyword, b.Keyword), strings.Compare(a.Message, b.Message))
	})
	violations = slices.Compact(violations)
	return &ValidationError{Violations: violations[:min(len(violations), MaxViolations)]}
}
