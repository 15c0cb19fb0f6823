package memory_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// endsAfter is a context that ends once it was looked at so many times.
type endsAfter struct {
	context.Context
	looks atomic.Int64
}

func (c *endsAfter) Err() error {
	if c.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestListEndsWithItsContext makes sure that a list looks at its context between two identities: each can be long, and take
// long to look through.
func TestListEndsWithItsContext(t *testing.T) {
	store := memory.New()
	defer store.Close()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for range 100 {
		_, err := store.Create(t.Context(), &identity.Identity{
			ID: uuid.Must(uuid.NewV7()), SchemaID: "person", State: identity.StateActive, Traits: []byte(`{}`),
			StateChangedAt: now, CreatedAt: now, UpdatedAt: now,
		})
		require.NoError(t, err)
	}
	nobody := storage.Filter{Where: query.Eq("/traits/name", "Ada")}
	for name, list := range map[string]func(ctx context.Context) error{
		"list": func(ctx context.Context) error {
			_, err := store.List(ctx, storage.Query{Filter: nobody, Limit: 10})
			return err
		},
		"count": func(ctx context.Context) error { _, err := store.Count(ctx, nobody); return err },
	} {
		ctx := &endsAfter{Context: t.Context()}
		ctx.looks.Store(50)
		require.ErrorIs(t, list(ctx), context.Canceled, name)
	}
}
