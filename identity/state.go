package identity

import "github.com/idemkit/idem/violation"

// State tells whether an identity may sign in.
type State string

const (
	// StateActive is the state of an identity that may sign in, and the state of
	// a new identity that was given none.
	StateActive State = "active"
	// StateInactive is the state of an identity that may not sign in.
	StateInactive State = "inactive"
)

// check accepts the two states and, meaning "keep" or "the default", the empty one.
func (s State) check() error {
	switch s {
	case "", StateActive, StateInactive:
		return nil
	}
	return violation.New("/state", "enum", `must be "active" or "inactive"`)
}
