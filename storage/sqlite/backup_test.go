package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
)

// backup copies the database at path, as it is at one moment, to a new file, while it
// is in use.
func backup(ctx context.Context, path, to string) error {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

// A backup is one statement on a connection of its own, which waits for nobody. What it
// makes is one file, without a log beside it, and is opened like any other.
func Example_backup() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "idem-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	live, copied := filepath.Join(folder, "identities.db"), filepath.Join(folder, "backup.db")
	store, err := sqlite.Open(ctx, live)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	ada, err := store.Create(ctx, &identity.Identity{ID: uuid.New(), Traits: json.RawMessage(`{"email":"ada@example.com"}`)})
	if err != nil {
		log.Fatal(err)
	}

	if err := backup(ctx, live, copied); err != nil { // VACUUM INTO
		log.Fatal(err)
	}

	restored, err := sqlite.Open(ctx, copied)
	if err != nil {
		log.Fatal(err)
	}
	defer restored.Close()
	found, err := restored.Get(ctx, ada.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(found.Traits))
	// Output: {"email":"ada@example.com"}
}

// TestBackupWhileWriting takes a backup amid writers: it must hold all that was
// acknowledged before it began, and every identity whole.
func TestBackupWhileWriting(t *testing.T) {
	live, copied := filepath.Join(t.TempDir(), "identities.db"), filepath.Join(t.TempDir(), "backup.db")
	store, err := sqlite.Open(t.Context(), live)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()

	const before = 50
	var ids []uuid.UUID
	for n := range before {
		created, err := store.Create(t.Context(), &identity.Identity{ID: uuid.New(), ExternalID: fmt.Sprint(n)})
		require.NoError(t, err)
		ids = append(ids, created.ID)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := ids[n%before]
				_, err := store.Update(context.Background(), id, func(current *identity.Identity) (*identity.Identity, error) {
					current.Traits = json.RawMessage(fmt.Sprintf(`{"revision":%d}`, current.Revision+1))
					current.ExternalID = fmt.Sprintf("%s at %d", id, current.Revision+1)
					return current, nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	err = backup(t.Context(), live, copied)
	stop()
	writers.Wait()
	require.NoError(t, err)

	db := openDatabase(t, copied)
	var verdict string
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
	require.Equal(t, "ok", verdict)
	restored, err := sqlite.Open(t.Context(), copied)
	require.NoError(t, err)
	defer func() { require.NoError(t, restored.Close()) }()
	for _, id := range ids {
		found, err := restored.Get(t.Context(), id)
		require.NoError(t, err)
		if found.Revision == 1 {
			continue
		}
		require.Equal(t, fmt.Sprintf(`{"revision":%d}`, found.Revision), string(found.Traits))
		claimed, err := restored.Find(t.Context(), storage.ExternalIDClaim(fmt.Sprintf("%s at %d", id, found.Revision)))
		require.NoError(t, err)
		require.Equal(t, id, claimed.ID)
	}
}
