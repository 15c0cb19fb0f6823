package fault

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/storage"
)

// Trial has faults come at the steps of operations.
type Trial struct {
	// Manager is over a store whose database follows Script. Observer is over the same
	// database, which never fails it.
	Manager, Observer *idem.Manager
	Script            *Script
	// MayBeUnknown reports whether the outcome of an operation may be unknown if the fault
	// came at step.
	MayBeUnknown func(o Operation, f Fault, step string) bool
	// Check checks an error that says that nothing has happened.
	Check func(t *testing.T, err *idem.Error, f Fault, where string)

	made int
}

// Run has each fault come at each step of an operation: the caller is told, with an error of
// the contract; what is there is all of the change or nothing, and only where the outcome is
// said to be unknown may it be either; and when the fault is over the store goes on.
func (x *Trial) Run(t *testing.T, o Operation, faults []Fault) {
	// To the first step, the second, and so on until the operation is over first.
	steps := 0
	for came := true; came; steps++ {
		came = false
		for _, f := range faults {
			came = x.try(t, o, f, steps) || came
		}
	}
	require.Greater(t, steps, 1, "the faults never came")
	t.Logf("%d faults at each of %d steps", len(faults), steps-1)
}

// try has the fault come at one step of the operation, and reports whether the operation got
// that far.
func (x *Trial) try(t *testing.T, o Operation, f Fault, at int) bool {
	t.Helper()
	n := x.made
	x.made++
	id, err := o.Begin(t.Context(), x.Manager, n)
	require.NoError(t, err, "the store did not go on")
	x.Script.Arm(f, at)
	parts := o.Do(t.Context(), x.Manager, id, n)
	step := x.Script.Disarm()
	where := fmt.Sprintf("step %d, %q, %s", at, step, f.Name)

	found := Everything(t, x.Observer)
	for _, p := range parts {
		happened, err := p.Happened(found)
		require.NoError(t, err, where)
		switch {
		case p.Err == nil:
			require.True(t, happened, "%s: it did not happen, and the caller was told it did", where)
		case errors.Is(p.Err, storage.ErrOutcomeUnknown):
			require.True(t, x.MayBeUnknown(o, f, step), "%s: %v", where, p.Err)
		default:
			require.False(t, happened, "%s: it happened, and the caller was told it did not: %v", where, p.Err)
		}
		if p.Err == nil {
			continue
		}
		require.NotNil(t, f.Err, "%s: a delay is no fault", where)
		var e *idem.Error
		require.ErrorAs(t, p.Err, &e, where)
		if errors.Is(p.Err, storage.ErrOutcomeUnknown) {
			require.Equal(t, idem.KindInternal, e.Kind, where)
		} else {
			x.Check(t, e, f, where)
		}
	}
	for id := range found.Accounts {
		require.NoError(t, x.Observer.DeleteIdentity(t.Context(), id))
	}
	return step != ""
}
