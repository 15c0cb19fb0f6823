package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
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
	"github.com/idemkit/idem/storage/postgres"
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

// TestMove moves a database, goes on with an interrupted move, and finds what differs.
func TestMove(t *testing.T) {
	address, schema := servicetest.Postgres(t), fmt.Sprintf("idem_move_%d", time.Now().UnixNano())
	pool, err := pgxpool.New(t.Context(), address)
	require.NoError(t, err)
	defer pool.Close()
	defer func() {
		_, err := pool.Exec(t.Context(), `DROP SCHEMA `+schema+` CASCADE`)
		require.NoError(t, err)
	}()

	path := filepath.Join(t.TempDir(), "identities.db")
	source, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	var ids []uuid.UUID
	var people []*identity.Identity
	for n := range 1200 {
		people = append(people, person(n))
		ids = append(ids, people[n].ID)
	}
	_, errs := source.CreateMany(storage.WithActor(t.Context(), "admin"), people)
	for _, err := range errs {
		require.NoError(t, err)
	}
	for n := range 50 {
		for range n % 3 {
			_, err := source.Update(t.Context(), ids[n], func(i *identity.Identity) (*identity.Identity, error) {
				i.MetadataPublic = json.RawMessage(fmt.Sprintf(`{"revision":%d}`, i.Revision))
				return i, nil
			})
			require.NoError(t, err)
		}
	}
	require.NoError(t, source.Delete(t.Context(), ids[1199], time.Now(), nil))
	_, err = source.PruneChanges(t.Context(), storage.Retention{Newest: 700}) // the feed begins later
	require.NoError(t, err)

	target, err := postgres.NewPgx(t.Context(), pool, postgres.WithSchema(schema))
	require.NoError(t, err)
	defer func() { require.NoError(t, target.Close()) }()

	// An interrupted move.
	page, err := source.List(t.Context(), storage.Query{Limit: 321})
	require.NoError(t, err)
	restored, err := target.Restore(t.Context(), page.Identities)
	require.NoError(t, err)
	require.Equal(t, 321, restored)
	changes, err := source.Changes(t.Context(), storage.ChangeQuery{Limit: 10})
	require.NoError(t, err)
	require.NoError(t, target.RestoreChanges(t.Context(), changes))
	require.NoError(t, source.Close())

	var progress strings.Builder
	require.NoError(t, run(t.Context(), path, address, schema, &progress))
	require.Contains(t, progress.String(), "identities: 1199, of which 878 were not there yet")
	require.Contains(t, progress.String(), "1199 identities and 700 changes are there, and equal")
	require.NoError(t, run(t.Context(), path, address, schema, &progress), "again")

	// What was moved is in use: claims are taken, revisions and the feed go on.
	_, err = target.Create(t.Context(), person(7))
	require.ErrorIs(t, err, storage.ErrConflict)
	last, err := target.LastChange(t.Context())
	require.NoError(t, err)
	updated, err := target.Update(t.Context(), ids[2], func(i *identity.Identity) (*identity.Identity, error) {
		i.ExternalID = "moved"
		return i, nil
	})
	require.NoError(t, err)
	require.EqualValues(t, 4, updated.Revision)
	now, err := target.LastChange(t.Context())
	require.NoError(t, err)
	require.Equal(t, last+1, now)
	require.ErrorContains(t, run(t.Context(), path, address, schema, &progress), "is there already and differs")

	require.ErrorContains(t, run(t.Context(), filepath.Join(t.TempDir(), "none.db"), address, schema, &progress), "-from")
}
