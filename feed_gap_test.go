package idem_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// lookedAt is a store that calls looked after a look at the feed that found nothing.
type lookedAt struct {
	storage.Storage
	looked func()
}

func (s *lookedAt) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	found, err := s.Storage.Changes(ctx, q)
	if err == nil && len(found) == 0 && s.looked != nil {
		s.looked()
	}
	return found, err
}

// TestWatchWakes commits a change between a look at the feed, which finds nothing, and the
// waiting for the next: it is not slept through.
func TestWatchWakes(t *testing.T) {
	store := &lookedAt{Storage: memory.New()}
	defer store.Close()
	w := newWorld(t, store, idem.WithPollInterval(time.Hour))
	store.looked = func() {
		store.looked = nil
		w.create(t, identity.Create{})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for c, err := range w.Watch(ctx, storage.ChangeQuery{}) {
		require.NoError(t, err)
		require.Equal(t, int64(1), c.Sequence)
		return
	}
}

// TestWatchSeesThatTheBeginningIsGone begins with an empty feed. Before the next look
// another process makes five changes and prunes all but one.
func TestWatchSeesThatTheBeginningIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.db")
	sqliteStore, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	rivalStore, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	defer rivalStore.Close()
	store := &lookedAt{Storage: sqliteStore}
	defer store.Close()
	rival := newWorld(t, rivalStore)
	store.looked = func() {
		store.looked = nil
		for range 5 {
			rival.create(t, identity.Create{})
		}
		pruned, err := rival.PruneChanges(t.Context(), storage.Retention{Newest: 1})
		require.NoError(t, err)
		require.Equal(t, 4, pruned)
	}
	for c, err := range newWorld(t, store, idem.WithPollInterval(time.Millisecond)).Watch(t.Context(), storage.ChangeQuery{}) {
		require.ErrorIs(t, err, storage.ErrPosition, "change %d came as if none were missing", c.Sequence)
		requireKind(t, err, idem.KindGone)
	}
	// A reader that begins now begins with the oldest that is kept, as it says.
	for c, err := range rival.Changes(t.Context(), storage.ChangeQuery{}) {
		require.NoError(t, err)
		require.Equal(t, int64(5), c.Sequence)
	}
}

// TestLoopsHoldNothing calls the Manager from within its own iterators, on a database with
// one connection: a loop that held it would wait for itself.
func TestLoopsHoldNothing(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "application.db")+"?_busy_timeout=5000")
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	store, err := sqlitedb.New(t.Context(), db)
	require.NoError(t, err)
	defer store.Close()
	w := newWorld(t, store)
	for range 5 {
		w.create(t, identity.Create{Traits: raw(`{"name":"Augusta Ada"}`)})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	use := func() {
		_, err := w.CountIdentities(ctx, idem.Query{})
		require.NoError(t, err)
		_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS used (n INTEGER)`)
		require.NoError(t, err)
	}
	loops := 0
	for _, err := range w.Identities(ctx, idem.Query{PageSize: 2}) {
		require.NoError(t, err)
		use()
		loops++
	}
	require.Equal(t, 5, loops)
	for _, err := range w.Changes(ctx, storage.ChangeQuery{Limit: 2}) {
		require.NoError(t, err)
		use()
		loops++
	}
	require.Equal(t, 10, loops)
	for _, err := range w.Watch(ctx, storage.ChangeQuery{Limit: 3}) {
		require.NoError(t, err)
		use()
		if loops++; loops == 15 {
			break
		}
	}
	checked := 0
	for _, err := range w.CheckSchema(ctx, "person", strictPerson(t)) {
		require.NoError(t, err)
		use()
		checked++
	}
	require.Equal(t, 5, checked)
	for _, err := range w.Rederive(ctx, idem.RederiveQuery{SchemaID: "person"}) {
		require.NoError(t, err)
		use()
	}
}
