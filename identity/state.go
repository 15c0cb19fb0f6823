package identity

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
	return &InvalidError{Field: "/state", Keyword: "enum", Reason: `must be "active" or "inactive"`}
}
