package sqlitedb_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
)

var errUnwanted = errors.New("unwanted")

// TestChainOfChanges has many callers change few identities at once, so that creates,
// updates and deletes of one of them share transactions with others' and with such as are
// refused or panic, and then transactions of the application do the same. Afterwards each
// row names its identity's newest change, and each change the one before it.
func TestChainOfChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.db")
	store, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_busy_timeout=5000")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })

	const callers, steps, ids = 16, 60, 4
	done := make(chan struct{})
	for n := range callers {
		go func() {
			defer func() { done <- struct{}{} }()
			random := rand.New(rand.NewPCG(1, uint64(n)))
			for range steps {
				changeAtRandom(context.Background(), store, random, ids)
			}
		}()
	}
	for range callers {
		<-done
	}
	requireChains(t, db)

	random := rand.New(rand.NewPCG(2, 0))
	for n := range 40 {
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		for range 1 + random.IntN(6) {
			changeAtRandom(t.Context(), store.WithTx(tx), random, ids)
		}
		if n%3 == 0 {
			require.NoError(t, tx.Rollback())
		} else {
			require.NoError(t, tx.Commit())
		}
		changeAtRandom(t.Context(), store, random, ids)
	}
	requireChains(t, db)
}

// changeAtRandom makes a change, or one that is refused, panics, or whose caller leaves.
func changeAtRandom(ctx context.Context, s storage.Storage, random *rand.Rand, ids int) {
	defer func() { _ = recover() }()
	if random.IntN(10) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(500))*time.Microsecond)
		defer cancel()
	}
	id := uuid.UUID{15: byte(1 + random.IntN(ids))}
	// Some of it is somebody else's, and so a conflict.
	external := fmt.Sprint(random.IntN(2 * ids))
	verdict, value := random.IntN(12), random.Int()
	judge := func() error {
		switch verdict {
		case 0:
			return errUnwanted
		case 1:
			panic("a fault of the caller")
		}
		return nil
	}
	switch random.IntN(6) {
	case 0, 1:
		var several []*identity.Identity
		for n := range 1 + random.IntN(30) {
			several = append(several, &identity.Identity{ID: id, SchemaID: "person", State: identity.StateActive, Traits: json.RawMessage(`{}`), ExternalID: external})
			if n > 0 {
				several[n].ID, several[n].ExternalID = uuid.UUID{1: 1, 8: byte(random.IntN(256)), 15: byte(random.IntN(256))}, ""
			}
		}
		_, _ = s.CreateMany(ctx, several)
	case 2:
		_ = s.Delete(ctx, id, time.Unix(1, 0), func(*identity.Identity) error { return judge() })
	default:
		_, _ = s.Update(ctx, id, func(current *identity.Identity) (*identity.Identity, error) {
			current.Traits = json.RawMessage(fmt.Sprintf(`{"n":%d}`, value))
			current.ExternalID = external
			return current, judge()
		})
	}
}

// requireChains goes through the whole feed in its order, and holds the rows against it.
func requireChains(t *testing.T, db *sql.DB) {
	t.Helper()
	type last struct{ sequence, revision int64 }
	newest, operations := map[string]last{}, map[string]int{}
	rows, err := db.QueryContext(t.Context(), "SELECT sequence, identity_id, revision, operation, previous FROM idem_changes ORDER BY sequence")
	require.NoError(t, err)
	defer rows.Close()
	for expected := int64(1); rows.Next(); expected++ {
		var (
			sequence, revision int64
			id                 []byte
			operation          string
			previous           sql.NullInt64
		)
		require.NoError(t, rows.Scan(&sequence, &id, &revision, &operation, &previous))
		require.Equal(t, expected, sequence, "a gap")
		before, existed := newest[string(id)]
		require.Equal(t, sql.NullInt64{Int64: before.sequence, Valid: existed}, previous, "change %d, %s", sequence, operation)
		require.Equal(t, before.revision+1, revision, "change %d, %s", sequence, operation)
		require.Equal(t, !existed, operation == "create", "change %d", sequence)
		newest[string(id)] = last{sequence, revision}
		if operation == "delete" {
			delete(newest, string(id))
		}
		operations[operation]++
	}
	require.NoError(t, rows.Err())
	for _, operation := range []string{"create", "update", "delete"} {
		require.Greater(t, operations[operation], 20, operation)
	}

	rows, err = db.QueryContext(t.Context(), "SELECT id, revision, last_change FROM idem_identities")
	require.NoError(t, err)
	defer rows.Close()
	kept := map[string]last{}
	for rows.Next() {
		var (
			id  []byte
			row last
		)
		require.NoError(t, rows.Scan(&id, &row.revision, &row.sequence))
		kept[string(id)] = row
	}
	require.NoError(t, rows.Err())
	require.Equal(t, newest, kept)
}
