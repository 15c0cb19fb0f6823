package sqlitedb_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestHistoryIsLinear reads a long history of one identity in pages, beside the whole feed,
// which is the same changes. Where a page cost what comes after it, the history took more
// than four hundred times as long.
func TestHistoryIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	db := openDatabase(t, filepath.Join(t.TempDir(), "application.db"))
	db.SetMaxOpenConns(1)
	store, err := sqlitedb.New(t.Context(), db)
	require.NoError(t, err)
	defer store.Close()
	one, err := store.Create(t.Context(), person(1))
	require.NoError(t, err)
	grow := func(changes int) {
		tx, err := db.Begin()
		require.NoError(t, err)
		within := store.WithTx(tx)
		for range changes {
			_, err := within.Update(context.Background(), one.ID, func(current *identity.Identity) (*identity.Identity, error) {
				current.UpdatedAt = current.UpdatedAt.Add(time.Second)
				return current, nil
			})
			require.NoError(t, err)
		}
		require.NoError(t, tx.Commit())
	}
	read := func(q storage.ChangeQuery, want int) (quickest time.Duration) {
		for range 3 {
			began, q, found := time.Now(), q, 0
			for {
				page, err := store.Changes(t.Context(), q)
				require.NoError(t, err)
				if len(page) == 0 {
					break
				}
				found += len(page)
				q.After = page[len(page)-1].Sequence
			}
			require.Equal(t, want, found)
			if took := time.Since(began); quickest == 0 || took < quickest {
				quickest = took
			}
		}
		return quickest
	}
	grow(9_999)
	feed := read(storage.ChangeQuery{Limit: 50}, 10_000)
	history := read(storage.ChangeQuery{Limit: 50, IdentityID: one.ID}, 10_000)
	t.Logf("the feed in %v, the history in %v", feed, history)
	require.Less(t, history, 100*feed)
}
