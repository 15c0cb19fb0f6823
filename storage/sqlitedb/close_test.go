package sqlitedb_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestCloseLeavesNoGoroutine checks, for a database of the store's own and for one of the
// application, that nothing goes on running: neither what database/sql starts for each
// database nor anything of idem.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	use := func(t *testing.T, store *sqlitedb.Store) {
		var running sync.WaitGroup
		for n := range 32 {
			running.Go(func() {
				_, err := store.Create(t.Context(), &identity.Identity{ID: uuid.New(), State: identity.StateActive, ExternalID: fmt.Sprint(n)})
				if err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		require.NoError(t, store.Close())
	}
	t.Run("of its own", func(t *testing.T) {
		before := goleak.IgnoreCurrent()
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
		require.NoError(t, err)
		use(t, store)
		goleak.VerifyNone(t, before)
	})
	t.Run("of the application", func(t *testing.T) {
		db := openDatabase(t, filepath.Join(t.TempDir(), "application.db"))
		before := goleak.IgnoreCurrent()
		store, err := sqlitedb.New(t.Context(), db)
		require.NoError(t, err)
		use(t, store)
		goleak.VerifyNone(t, before)
		require.NoError(t, db.Ping(), "the database stays the application's")
	})
	t.Run("that cannot be opened", func(t *testing.T) {
		before := goleak.IgnoreCurrent()
		_, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "missing", "identities.db"))
		require.Error(t, err)
		goleak.VerifyNone(t, before)
	})
}
