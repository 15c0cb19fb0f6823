package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/servicetest"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
)

func person(n int) *identity.Identity {
	email, now := fmt.Sprintf("person%d@example.com", n), time.Now()
	return &identity.Identity{
		ID: uuid.Must(uuid.NewV7()), SchemaID: "person", State: identity.StateActive, Traits: json.RawMessage(`{"n": 1}`), ExternalID: fmt.Sprint(n),
		Credentials: credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: []string{email}, Config: credentials.Config{HashedPassword: "$2a$10$abcdefghijklmnopqrstuv"}, CreatedAt: now, UpdatedAt: now,
		}},
		CreatedAt: now, UpdatedAt: now, StateChangedAt: now,
	}
}

// fill makes a database in which everything occurs that a move must keep: histories, deleted
// identities, an id that came back, a feed that begins later, records of all kinds.
func fill(t *testing.T, path string) (ids []uuid.UUID) {
	t.Helper()
	source, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, source.Close()) }()
	ctx := storage.WithActor(t.Context(), "admin")
	var people []*identity.Identity
	for n := range 1200 {
		people = append(people, person(n))
		ids = append(ids, people[n].ID)
	}
	_, errs := source.CreateMany(ctx, people)
	require.NoError(t, errors.Join(errs...))
	update := func(id uuid.UUID) {
		_, err := source.Update(ctx, id, func(i *identity.Identity) (*identity.Identity, error) {
			i.MetadataPublic = json.RawMessage(fmt.Sprintf(`{"revision":%d}`, i.Revision))
			return i, nil
		})
		require.NoError(t, err)
	}
	for n := range 50 {
		for range n % 3 {
			update(ids[n])
		}
	}
	for range 150 { // over several milestones of its history
		update(ids[3])
	}
	for _, id := range []uuid.UUID{ids[1198], ids[1199]} {
		update(id)
		require.NoError(t, source.Delete(ctx, id, time.Now(), nil))
	}
	_, err = source.Create(ctx, people[1198])
	require.NoError(t, err)
	update(ids[1198])
	_, err = source.PruneChanges(ctx, storage.Retention{Newest: 900})
	require.NoError(t, err)

	for n := range 700 {
		r := &storage.Record{Value: []byte(fmt.Sprint("value ", n)), Expires: time.Now().Add(time.Hour)}
		switch n % 3 {
		case 1:
			r.Identity = ids[n]
		case 2:
			r.Value = nil
		}
		now := time.Now()
		if n >= 690 { // has expired, and no write has come by since
			r.Expires, now = now.Add(-time.Hour), now.Add(-2*time.Hour)
		}
		require.NoError(t, source.UpdateRecord(ctx, recordKey(n), now, func(*storage.Record) (*storage.Record, error) { return r, nil }))
	}
	return ids
}

func recordKey(n int) storage.RecordKey { return sha256.Sum256([]byte(fmt.Sprint(n))) }

// interrupted moves, and is interrupted after each few lines of progress until it is done.
// It returns the last progress and how often it was interrupted.
func interrupted(t *testing.T, from, to, schema string) (progress string, times int) {
	t.Helper()
	for lines := 1; ; lines++ {
		ctx, cancel := context.WithCancel(t.Context())
		p := &interruption{cancel: cancel, left: lines}
		err := run(ctx, from, to, schema, p)
		cancel()
		if err == nil {
			return p.String(), times
		}
		require.ErrorIs(t, err, context.Canceled)
		times++
	}
}

// interruption cancels when so many lines are written.
type interruption struct {
	strings.Builder
	cancel context.CancelFunc
	left   int
}

func (i *interruption) Write(line []byte) (int, error) {
	if i.left--; i.left == 0 {
		i.cancel()
	}
	return i.Builder.Write(line)
}

// TestMove moves a database to PostgreSQL and back, each with interruptions.
func TestMove(t *testing.T) {
	address, schema := servicetest.Postgres(t), fmt.Sprintf("idem_move_%d", time.Now().UnixNano())
	t.Cleanup(func() {
		pool, err := pgxpool.New(context.Background(), address)
		require.NoError(t, err)
		defer pool.Close()
		_, err = pool.Exec(context.Background(), `DROP SCHEMA `+schema+` CASCADE`)
		require.NoError(t, err)
	})
	path, back := filepath.Join(t.TempDir(), "identities.db"), filepath.Join(t.TempDir(), "back.db")
	ids := fill(t, path)

	const there = "1199 identities, 900 changes and 700 records are there, and equal"
	for _, way := range [][2]string{{path, address}, {address, back}} {
		progress, times := interrupted(t, way[0], way[1], schema)
		require.Greater(t, times, 3, "it was not interrupted")
		require.Contains(t, progress, there)
		require.Contains(t, progress, "identities: 1199, of which 0 were not there yet", "it did not go on where it was interrupted")
		var again strings.Builder
		require.NoError(t, run(t.Context(), way[0], way[1], schema, &again))
		require.Contains(t, again.String(), there)
	}

	var stores []store
	for _, name := range []string{path, address, back} {
		s, err := open(t.Context(), name, schema)
		require.NoError(t, err)
		stores = append(stores, s)
	}
	for _, id := range append(ids[:60:60], ids[1190:]...) {
		want := history(t, stores[0], id)
		require.Equal(t, want, history(t, stores[1], id))
		require.Equal(t, want, history(t, stores[2], id))
	}
	require.Len(t, history(t, stores[2], ids[3]), 150, "the create is pruned")
	require.Len(t, history(t, stores[2], ids[1198]), 5, "it was deleted and created with its id")
	require.Len(t, history(t, stores[2], ids[1199]), 3)

	// What was moved is in use: claims are taken, revisions, the feed and records go on.
	for _, s := range stores[1:] {
		_, err := s.Create(t.Context(), person(7))
		require.ErrorIs(t, err, storage.ErrConflict)
		last, err := s.LastChange(t.Context())
		require.NoError(t, err)
		updated, err := s.Update(t.Context(), ids[2], func(i *identity.Identity) (*identity.Identity, error) {
			i.ExternalID = "moved"
			return i, nil
		})
		require.NoError(t, err)
		require.EqualValues(t, 4, updated.Revision)
		now, err := s.LastChange(t.Context())
		require.NoError(t, err)
		require.Equal(t, last+1, now)
		require.Equal(t, now, slices.MaxFunc(history(t, s, ids[2]), func(a, b storage.Change) int { return cmp.Compare(a.Sequence, b.Sequence) }).Sequence)
		require.NoError(t, s.Delete(t.Context(), ids[1], time.Now(), nil))
		require.NoError(t, s.UpdateRecord(t.Context(), recordKey(1), time.Now(), func(current *storage.Record) (*storage.Record, error) {
			require.Nil(t, current, "the records of an identity go with it")
			return current, nil
		}))
	}
	for _, s := range stores {
		require.NoError(t, s.Close())
	}
	var progress strings.Builder
	require.ErrorContains(t, run(t.Context(), path, address, schema, &progress), "is there already and differs")
	require.ErrorContains(t, run(t.Context(), filepath.Join(t.TempDir(), "none.db"), address, schema, &progress), "-from")
	require.ErrorContains(t, run(t.Context(), path, back, schema, &progress), "one of -from and -to")
}

// history reads the changes of one identity in small pages.
func history(t *testing.T, s store, id uuid.UUID) (all []storage.Change) {
	t.Helper()
	for after := int64(0); ; {
		page, err := s.Changes(t.Context(), storage.ChangeQuery{IdentityID: id, After: after, Limit: 40})
		require.NoError(t, err)
		if len(page) == 0 {
			return all
		}
		all, after = append(all, page...), page[len(page)-1].Sequence
	}
}
