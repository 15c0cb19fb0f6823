package idem_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestHookThatDoesNotReturn has a hook panic, or end its goroutine as a failing test
// does: the caller sees it, nothing has changed, and the store goes on.
func TestHookThatDoesNotReturn(t *testing.T) {
	stores := map[string]func(t *testing.T) storage.Storage{
		"memory": func(*testing.T) storage.Storage { return memory.New() },
		"sqlite": func(t *testing.T) storage.Storage {
			store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
			require.NoError(t, err)
			t.Cleanup(func() { _ = store.Close() })
			return store
		},
		"transaction": func(t *testing.T) storage.Storage {
			db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "identities.db"))
			require.NoError(t, err)
			t.Cleanup(func() { _ = db.Close() })
			store, err := sqlitedb.New(t.Context(), db)
			require.NoError(t, err)
			t.Cleanup(func() { _ = store.Close() })
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			t.Cleanup(func() { _ = tx.Commit() })
			return store.WithTx(tx)
		},
	}
	for storeName, open := range stores {
		for endName, end := range map[string]func(){"panics": func() { panic("a fault") }, "exits": runtime.Goexit} {
			t.Run(storeName+" "+endName, func(t *testing.T) {
				ends := false
				w := newWorld(t, open(t), idem.WithBeforeCommit(func(context.Context, idem.PendingChange) error {
					if ends {
						end()
					}
					return nil
				}))
				kept, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
				require.NoError(t, err)
				ends = true
				bob := identity.Create{Traits: raw(`{"email":"bob@example.com"}`)}
				for name, call := range map[string]func(){
					"create": func() { _, _ = w.CreateIdentity(t.Context(), bob) },
					"import": func() { _, _ = w.CreateIdentities(t.Context(), []identity.Create{bob, bob}) },
					"update": func() {
						_, _ = w.UpdateIdentity(t.Context(), kept.ID, identity.Update{Traits: raw(`{"email":"eve@example.com"}`)})
					},
					"patch":  func() { _, _ = w.PatchIdentity(t.Context(), kept.ID, idem.MergePatch(raw(`{"state":"inactive"}`))) },
					"delete": func() { _ = w.DeleteIdentity(t.Context(), kept.ID) },
				} {
					returned, panicked := false, any(nil)
					done := make(chan struct{})
					go func() {
						defer close(done)
						defer func() { panicked = recover() }()
						call()
						returned = true
					}()
					<-done
					require.False(t, returned, name)
					require.Equal(t, endName == "panics", panicked != nil, name)
				}

				ends = false
				found, err := w.GetIdentity(t.Context(), kept.ID)
				require.NoError(t, err)
				require.True(t, found.Equal(kept))
				last, err := w.LastChange(t.Context())
				require.NoError(t, err)
				require.EqualValues(t, 1, last)
				_, err = w.CreateIdentity(t.Context(), bob)
				require.NoError(t, err)
				require.NoError(t, w.DeleteIdentity(t.Context(), kept.ID))
			})
		}
	}
}

// TestVetoWithinATransaction has a hook refuse with an error that the store would take
// for its own transaction's.
func TestVetoWithinATransaction(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "identities.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	store, err := sqlitedb.New(t.Context(), db)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Commit() })

	var veto error
	w := newWorld(t, store.WithTx(tx), idem.WithBeforeCommit(func(context.Context, idem.PendingChange) error { return veto }))
	kept, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
	require.NoError(t, err)
	veto = fmt.Errorf("look the manager up: %w", sql.ErrTxDone)
	_, err = w.UpdateIdentity(t.Context(), kept.ID, identity.Update{Traits: raw(`{"email":"eve@example.com"}`)})
	require.Equal(t, idem.KindInternal, idem.KindOf(err), "%v", err)
	require.ErrorIs(t, err, veto)
	veto = errors.Join(idem.Veto("not today"), sql.ErrTxDone)
	require.Equal(t, idem.KindVetoed, idem.KindOf(w.DeleteIdentity(t.Context(), kept.ID)))
	found, err := w.GetIdentity(t.Context(), kept.ID)
	require.NoError(t, err)
	require.True(t, found.Equal(kept))
}
