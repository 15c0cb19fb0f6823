package idem_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/storage"
)

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want idem.Kind
	}{
		{name: "an error of the Manager", err: &idem.Error{Kind: idem.KindDenied, Err: errors.New("no")}, want: idem.KindDenied},
		{name: "one that is wrapped", err: fmt.Errorf("signing in: %w", &idem.Error{Kind: idem.KindDenied, Err: errors.New("no")}), want: idem.KindDenied},
		{name: "an error of a store", err: fmt.Errorf("%w: disk full", storage.ErrUnavailable), want: idem.KindUnavailable},
		{name: "an outcome that is unknown, whatever else it wraps", err: fmt.Errorf("%w: %w", storage.ErrOutcomeUnknown, storage.ErrUnavailable), want: idem.KindInternal},
		{name: "a context that ended", err: context.DeadlineExceeded, want: idem.KindCanceled},
		{name: "any other", err: errors.New("surprise"), want: idem.KindInternal},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, idem.KindOf(c.err)) })
	}
}
