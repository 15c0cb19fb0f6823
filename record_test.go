package idem_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestRecordsGoByTheManagersClock keeps a record until the clock of the Manager has come
// to its end, whatever time it is elsewhere.
func TestRecordsGoByTheManagersClock(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		now := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
		manager := newWorld(t, w.store, idem.WithClock(func() time.Time { return now })).Manager
		owner := w.create(t, identity.Create{})
		key := storage.RecordKey{1}
		require.NoError(t, manager.UpdateRecord(t.Context(), key, func(current *storage.Record) (*storage.Record, error) {
			require.Nil(t, current)
			return &storage.Record{Identity: owner.ID, Value: []byte("a value"), Expires: now.Add(time.Hour)}, nil
		}))
		look := func() (found *storage.Record) {
			require.NoError(t, manager.UpdateRecord(t.Context(), key, func(current *storage.Record) (*storage.Record, error) {
				found = current
				return current, nil
			}))
			return found
		}
		require.Equal(t, "a value", string(look().Value))
		pruned, err := manager.PruneRecords(t.Context())
		require.NoError(t, err)
		require.Zero(t, pruned)
		now = now.Add(time.Hour)
		pruned, err = manager.PruneRecords(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, pruned)
		require.Nil(t, look())
	})
}

func TestRecordErrors(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		write := func(r *storage.Record) error {
			return w.UpdateRecord(t.Context(), storage.RecordKey{}, func(*storage.Record) (*storage.Record, error) { return r, nil })
		}
		far := time.Now().AddDate(100, 0, 0)
		requireKind(t, write(&storage.Record{Identity: fixedID(77), Expires: far}), idem.KindNotFound)
		require.ErrorIs(t, write(&storage.Record{Value: make([]byte, storage.MaxRecordBytes+1), Expires: far}), storage.ErrRecordSize)
	})
}

// TestRecordsAreRefusedInATransaction refuses them through a wrapper of the transaction's
// store too.
func TestRecordsAreRefusedInATransaction(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "application.db")+"?_busy_timeout=5000")
	require.NoError(t, err)
	defer db.Close()
	store, err := sqlitedb.New(t.Context(), db)
	require.NoError(t, err)
	defer store.Close()
	tx, err := db.Begin()
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	type wrapper struct{ storage.Storage }
	for _, within := range []storage.Storage{store.WithTx(tx), wrapper{store.WithTx(tx)}, &wrapper{wrapper{store.WithTx(tx)}}} {
		manager := newWorld(t, store).WithStorage(within)
		err = manager.UpdateRecord(t.Context(), storage.RecordKey{}, func(*storage.Record) (*storage.Record, error) {
			t.Error("the change was called")
			return nil, nil
		})
		require.ErrorIs(t, err, storage.ErrInTransaction)
	}
}
