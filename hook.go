package idem

import (
	"context"
	"errors"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// PendingChange is a change that is about to be committed, as a hook of
// [WithBeforeCommit] gets it: the entry of the feed without its Sequence, and the
// identity before and after the change.
type PendingChange struct {
	storage.Change
	// Before is the current identity, nil for a create. After is the identity after the
	// change, nil for a delete. Both are copies: editing them has no effect.
	Before, After *identity.Identity
}

// WithBeforeCommit sets a hook that is called before every change is committed: creates,
// updates, patches, deletes of an identity or a credential, typed calls such as
// [Manager.SetPassword], and the new hash that a sign-in may bring. The hook sees exactly
// what will be committed. It is not called for a change that changes nothing. The default
// is no hook.
//
// If hook returns nil, the change is committed. If it returns an error of [Veto], nothing
// changes, and the caller gets an error of KindVetoed. Over HTTP that is a 422 whose
// reason is the veto's text. Any other error also stops the change, but counts as a fault
// of the hook: the caller gets KindInternal, and over HTTP a 500 without the text. If the
// context ends, the error has KindCanceled, as in every call.
//
// hook runs in the store's atomic step, or for a create just before it. It must be quick
// and must not call the Manager or the store. It may run more than once, also for a
// change that then fails for another reason. Use [Manager.Watch] for work that must
// happen after a commit.
func WithBeforeCommit(hook func(ctx context.Context, c PendingChange) error) Option {
	return Option{func(c *config) error {
		if hook == nil {
			return errors.New("idem: WithBeforeCommit: the hook is nil")
		}
		c.beforeCommit = hook
		return nil
	}}
}

// Veto returns an error with which a hook of [WithBeforeCommit] refuses a change. text is
// sent to the client and must not hold a secret. It is a [*VetoError].
func Veto(text string) error { return &VetoError{Text: text} }

// VetoError is the error of a change that a hook of [WithBeforeCommit] refused.
type VetoError struct {
	// Text is what the hook gave to [Veto].
	Text string
}

// Error returns the text.
func (e *VetoError) Error() string { return e.Text }

// hookError is any other error of a hook.
type hookError struct{ err error }

func (e *hookError) Error() string { return "the hook of WithBeforeCommit failed: " + e.err.Error() }

func (e *hookError) Unwrap() error { return e.err }
