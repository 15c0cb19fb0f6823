//go:build unix

package faulttest_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/internal/faulttest/fault"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestFullDatabase fills a database up to the number of pages that its application
// allows. What no longer fits is refused and leaves no trace; what is there is read and
// can be deleted; and once there is room the store goes on.
func TestFullDatabase(t *testing.T) {
	path := databasePath(t)
	db := openDatabase(t, path, "_busy_timeout=1000&_journal_mode=WAL&_synchronous=FULL")
	db.SetMaxOpenConns(1)
	store := newStore(t, db)
	manager, err := account.NewManager(store)
	require.NoError(t, err)
	limit := func(pages int) {
		_, err := db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count=%d", pages))
		require.NoError(t, err)
	}
	limit(40)
	fillUp(t, manager, path, func() { limit(80) })
}

// fillUp creates identities until there is no room for more, and then calls makeRoom.
func fillUp(t *testing.T, manager *idem.Manager, path string, makeRoom func()) {
	t.Helper()
	kept := map[uuid.UUID]account.Version{}
	padding := strings.Repeat("x", 3000)
	refused := 0
	for n := 0; refused < 10; n++ {
		require.Less(t, n, 5000, "the disk does not fill up")
		v := account.Version{Revision: 1, Email: fmt.Sprintf("%d@example.com", n), Trail: []string{fmt.Sprint(n, padding)}}
		created, err := manager.CreateIdentity(t.Context(), v.Create())
		if err != nil {
			requireUnavailable(t, err)
			refused++
			continue
		}
		kept[created.ID] = v
	}
	requireHolds(t, manager, path, kept)

	// A change that does not fit leaves what was there.
	grown := 0
	for id, v := range kept {
		next := v.Next("grown" + strings.Repeat(padding, 20))
		_, err := manager.UpdateIdentity(t.Context(), id, next.Update())
		if err == nil {
			kept[id] = next
			continue
		}
		requireUnavailable(t, err)
		if grown++; grown == 5 {
			break
		}
	}
	require.Positive(t, grown)
	requireHolds(t, manager, path, kept)

	makeRoom()
	created, err := manager.CreateIdentity(t.Context(), account.Before(0).Create())
	require.NoError(t, err, "the store did not go on")
	kept[created.ID] = account.Before(0)
	for id := range kept {
		require.NoError(t, manager.DeleteIdentity(t.Context(), id))
		delete(kept, id)
		if len(kept) < 5 {
			break
		}
	}
	requireHolds(t, manager, path, kept)
}

// requireHolds checks that the database holds exactly these versions, and its claims
// and structures agree.
func requireHolds(t *testing.T, manager *idem.Manager, path string, want map[uuid.UUID]account.Version) {
	t.Helper()
	found := fault.Everything(t, manager).Accounts
	require.Len(t, found, len(want))
	for id, v := range want {
		require.True(t, v.Same(found[id]), "%s is not what was acknowledged", id)
	}
	e := evidenceOf(t, path, manager)
	require.Empty(t, auditClaims(t.Context(), e))
	require.Empty(t, auditIntegrity(t.Context(), e))
}

func requireUnavailable(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, storage.ErrUnavailable)
	require.False(t, errors.Is(err, storage.ErrOutcomeUnknown), "%v", err)
	var e *idem.Error
	if errors.As(err, &e) {
		require.Equal(t, idem.KindUnavailable, e.Kind)
	}
}

// TestLockedByAnotherProcess has another process hold the write lock. Reads go on. A write
// fails when its timeout ends, and succeeds as soon as the lock is released, also if the
// other process was killed.
func TestLockedByAnotherProcess(t *testing.T) {
	path := databasePath(t)
	owner := openStore(t, path)
	patient, err := account.NewManager(owner)
	require.NoError(t, err)
	impatient, err := account.NewManager(newStore(t, openDatabase(t, path, "_busy_timeout=5000"), sqlitedb.WithLockTimeout(50*time.Millisecond)))
	require.NoError(t, err)
	ids, holds := make([]uuid.UUID, len(fault.Writing)), map[uuid.UUID]account.Version{}
	for n, o := range fault.Writing {
		ids[n], err = o.Begin(t.Context(), patient, n)
		require.NoError(t, err)
		holds[ids[n]] = account.Before(n)
	}

	holder := start(t, "holder of the lock", lockHolder{Path: path})
	holder.hear(t, "locked")
	for n, o := range fault.Writing {
		for _, p := range o.Do(t.Context(), impatient, ids[n], n) {
			requireUnavailable(t, p.Err)
		}
	}
	requireHolds(t, impatient, path, holds)

	done := make(chan error)
	go func() {
		_, err := patient.UpdateIdentity(context.Background(), ids[0], account.Before(0).Next("waited").Update())
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("a write came through the lock: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	holder.kill(t)
	require.NoError(t, <-done)
	holds[ids[0]] = account.Before(0).Next("waited")
	requireHolds(t, impatient, path, holds)
}

type lockHolder struct{ Path string }

func holdLock(h lockHolder, told <-chan string) error {
	db, err := sql.Open("sqlite", "file:"+h.Path+"?_txlock=immediate")
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM idem_identities"); err != nil {
		return err
	}
	fmt.Println("locked")
	<-told
	return tx.Rollback()
}

// TestReadOnly opens a file, and a directory, that may not be written: it is refused as
// unavailable, and nothing comes of it.
func TestReadOnly(t *testing.T) {
	// Not t.TempDir, which another user may not enter.
	directory, err := os.MkdirTemp("", "idem-read-only")
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, os.Chmod(directory, 0o700))
		require.NoError(t, os.RemoveAll(directory))
	})
	path := filepath.Join(directory, "identities.db")
	manager, store, err := openManager(path)
	require.NoError(t, err)
	created, err := manager.CreateIdentity(t.Context(), account.Before(0).Create())
	require.NoError(t, err)
	require.NoError(t, store.Close())
	require.NoError(t, os.Chmod(path, 0o444))
	require.NoError(t, os.Chmod(directory, 0o555))

	start(t, "nobody", nobody{Path: path, ID: created.ID}).finish(t)

	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(content, []byte("SQLite format 3")))
	entries, err := os.ReadDir(directory)
	require.NoError(t, err)
	require.Len(t, entries, 1, "something was left in the directory")
}

type nobody struct {
	Path string
	ID   uuid.UUID
}

// useAsNobody uses the file as a user who may only read. The administrator may do what
// they like, and so becomes somebody else.
func useAsNobody(n nobody, _ <-chan string) error {
	if os.Getuid() == 0 {
		if err := errors.Join(syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
			return err
		}
	}
	ctx := context.Background()
	for _, path := range []string{n.Path, filepath.Join(filepath.Dir(n.Path), "new.db")} {
		if store, err := sqlite.Open(ctx, path); !errors.Is(err, storage.ErrUnavailable) {
			return fmt.Errorf("opening %s came to %v, %w", path, store, err)
		}
	}
	// An application's own connection, which only reads, serves reads and refuses writes.
	db, err := sql.Open("sqlite", "file:"+n.Path+"?mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := sqlitedb.New(context.Background(), db)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	manager, err := account.NewManager(store)
	if err != nil {
		return err
	}
	if _, err := manager.GetIdentity(ctx, n.ID); err != nil {
		return err
	}
	_, err = manager.UpdateIdentity(ctx, n.ID, identity.Update{Traits: account.Before(1).Traits()})
	if !errors.Is(err, storage.ErrUnavailable) {
		return fmt.Errorf("an update of a file that may not be written came to: %w", err)
	}
	return store.Close()
}
