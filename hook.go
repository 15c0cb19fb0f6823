package idem

import (
	"context"
	"errors"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// PendingChange is a change that is about to be committed, as a hook of
// [WithBeforeCommit] sees it: what the feed will tell of it, but for its Sequence, and
// the identity before and after it.
type PendingChange struct {
	storage.Change
	// Before is the identity as it is, nil for a create. After is the identity as it
	// will be, nil for a delete. Both are the hook's own: no edit of them has an effect.
	Before, After *identity.Identity
}

// WithBeforeCommit sets a hook that is asked about every change: creates, updates,
// patches, deletes of an identity or a credential, typed calls such as
// [Manager.SetPassword], and the new hash that a sign-in may bring. The hook sees exactly
// what will be committed. A change that changes nothing is not shown. The default is no
// hook.
//
// A hook that returns nil agrees. One that returns an error of [Veto] refuses the change:
// nothing happens, and the caller gets an error of KindVetoed. Over HTTP that is a 422
// whose reason is the veto's text. Any other error also stops the change, but is a fault
// of the hook: the caller gets KindInternal, and over HTTP a 500 that does not tell the
// text. The end of the context is KindCanceled, as everywhere.
//
// hook runs in the store's atomic step, or for a create just before it. It must be quick,
// must not call the Manager or the store, and may run more than once, also for a change
// that then fails for another reason. [Manager.Watch] is for what must happen after a
// commit.
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
// told to the client and must not hold a secret. It is a [*VetoError].
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
