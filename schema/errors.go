package schema

import (
	"errors"
	"fmt"

	"github.com/idemkit/idem/violation"
)

// refuse returns the error of a schema document: what is wrong at pointer, a pointer into the document, and which
// schema it is.
func refuse(id, pointer, keyword, reason string) error {
	return fmt.Errorf("schema %q: %w", id, violation.New(pointer, keyword, reason))
}

// Warning reports a part of a schema that is allowed but is probably a mistake: a misspelt keyword, an unknown format,
// an annotation that never takes effect.
type Warning struct {
	Pointer string // RFC 6901, into the document
	Message string // for a person
}

// ErrUnlinked is matched by the error of [Schema.Validate] if the schema refers to other schemas and no
// [Registry] has linked it with them.
var ErrUnlinked = errors.New("refers to schemas it has not been linked with")

// invalid returns the error of traits that are refused. violations are not empty; the error has them sorted, each once,
// and at most violation.Max.
func invalid(violations []violation.Violation) error {
	violations = violation.Sort(violations)
	return &violation.Error{Violations: violations[:min(len(violations), violation.Max)]}
}
