package turn_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/turn"
)

func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := turn.New()
		require.NoError(t, one.Begin(t.Context()))

		impatient, leave := context.WithCancel(t.Context())
		began, left, closed := make(chan error, 1), make(chan error, 1), make(chan struct{})
		go func() { began <- one.Begin(t.Context()) }()
		go func() { left <- one.Begin(impatient) }()
		synctest.Wait()
		require.Empty(t, began, "one at a time")
		leave()
		require.ErrorIs(t, <-left, context.Canceled)
		require.ErrorIs(t, one.Begin(impatient), context.Canceled)

		one.End()
		require.NoError(t, <-began)
		go func() {
			one.Close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("it was closed during a call")
		default:
		}
		one.End()
		<-closed
		require.ErrorIs(t, one.Begin(t.Context()), storage.ErrClosed)
		require.ErrorIs(t, one.Begin(t.Context()), storage.ErrClosed)
		one.Close()
	})
}
