package storagetest

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// endsAfter is a context that ends after it was looked at so often.
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

// matchingEnds has one identity with a long list, which many terms look through one after
// the other. Matching looks at the context for each part of the work.
func matchingEnds(t *testing.T, store storage.Storage) {
	i := person(1)
	i.Traits = json.RawMessage(`{"list":[` + strings.Repeat("1,", 100_000) + `0]}`)
	create(t, store, i)
	terms := make([]query.Expr, 50)
	for n := range terms {
		terms[n] = query.Any("/traits/list", query.Gt("", 1))
	}
	filter := storage.Filter{Where: query.Or(terms...)}
	sorted, err := query.NewSort(query.Descending("/schema_id"))
	require.NoError(t, err)
	for name, find := range map[string]func(ctx context.Context) error{
		"list": func(ctx context.Context) error { _, err := store.List(ctx, storage.Query{Filter: filter}); return err },
		"sorted list": func(ctx context.Context) error {
			_, err := store.List(ctx, storage.Query{Filter: filter, Sort: sorted})
			return err
		},
		"count": func(ctx context.Context) error { _, err := store.Count(ctx, filter); return err },
	} {
		const most = 1 << 40
		ctx := &endsAfter{Context: t.Context()}
		ctx.looks.Store(most)
		require.NoError(t, find(ctx), name)
		looked := most - ctx.looks.Load()
		require.Greater(t, looked, int64(50), "%s: matching looks at the context", name)
		ctx.looks.Store(looked / 2)
		require.ErrorIs(t, find(ctx), context.Canceled, name)
		require.Greater(t, ctx.looks.Load(), -looked/4, "%s: little is done after the end", name)
	}
}
