package sqlitedb_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestUpdateBesideRival has another process, here another handle on the file, come
// between an update's reading and its writing. Whatever it does, the update is of the
// identity as it is then.
func TestUpdateBesideRival(t *testing.T) {
	var (
		id    = uuid.MustParse("018f0000-0000-7000-8000-000000000001")
		other = uuid.MustParse("018f0000-0000-7000-8000-000000000002")
	)
	errWanted := errors.New("refused by the change")
	for _, c := range []struct {
		name  string
		rival func(t *testing.T, rival *sqlitedb.Store)
		// identifier is what the update claims; refuse has it refuse any revision but 1.
		identifier string
		refuse     bool
		want       error
		// found is what the identity claims in the end.
		found string
	}{
		{
			name: "the id is another identity's now, at the same revision", identifier: "updated", found: "updated",
			rival: func(t *testing.T, rival *sqlitedb.Store) {
				require.NoError(t, rival.Delete(t.Context(), id, noon, nil))
				createPerson(t, rival, id, "reborn")
			},
		},
		{
			name: "the identity is gone, and what it would claim is taken", identifier: "taken", want: storage.ErrNotFound,
			rival: func(t *testing.T, rival *sqlitedb.Store) {
				require.NoError(t, rival.Delete(t.Context(), id, noon, nil))
				createPerson(t, rival, other, "taken")
			},
		},
		{
			name: "the precondition fails now, and what it would claim is taken", identifier: "taken", refuse: true, want: errWanted, found: "moved",
			rival: func(t *testing.T, rival *sqlitedb.Store) {
				_, err := rival.Update(t.Context(), id, func(*identity.Identity) (*identity.Identity, error) { return newPerson(id, "moved"), nil })
				require.NoError(t, err)
				createPerson(t, rival, other, "taken")
			},
		},
		{
			name: "what it would claim is taken, and nothing else has happened", identifier: "taken", want: storage.ErrConflict, found: "born",
			rival: func(t *testing.T, rival *sqlitedb.Store) { createPerson(t, rival, other, "taken") },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "identities.db")
			var handles [2]*sqlitedb.Store
			for n := range handles {
				store, err := sqlite.Open(t.Context(), path)
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, store.Close()) })
				handles[n] = store
			}
			store, rival := handles[0], handles[1]
			createPerson(t, store, id, "born")

			came := false
			_, err := store.Update(t.Context(), id, func(current *identity.Identity) (*identity.Identity, error) {
				if !came {
					came = true
					c.rival(t, rival)
				}
				if c.refuse && current.Revision != 1 {
					return nil, errWanted
				}
				return newPerson(id, c.identifier), nil
			})
			require.ErrorIs(t, err, c.want)

			for _, identifier := range []string{"born", "reborn", "moved", "updated", "taken"} {
				found, err := store.Find(t.Context(), storage.IdentifierClaim(credentials.TypePassword, identifier))
				switch {
				case identifier == c.found:
					require.NoError(t, err, identifier)
					require.Equal(t, id, found.ID)
				case err == nil:
					require.Equal(t, other, found.ID, "%s is still claimed", identifier)
				default:
					require.ErrorIs(t, err, storage.ErrNotFound)
				}
			}
			// What is claimed by nobody is free for whoever has the id next.
			err = store.Delete(t.Context(), id, noon, nil)
			if c.found == "" {
				require.ErrorIs(t, err, storage.ErrNotFound)
			} else {
				require.NoError(t, err)
			}
			createPerson(t, store, id, "reborn")
		})
	}
}

func newPerson(id uuid.UUID, identifier string) *identity.Identity {
	return &identity.Identity{
		ID: id, SchemaID: "person", State: identity.StateActive, StateChangedAt: noon, CreatedAt: noon, UpdatedAt: noon,
		Credentials: credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: []string{identifier}, CreatedAt: noon, UpdatedAt: noon,
		}},
	}
}

func createPerson(t *testing.T, store *sqlitedb.Store, id uuid.UUID, identifier string) {
	t.Helper()
	_, err := store.Create(t.Context(), newPerson(id, identifier))
	require.NoError(t, err)
}
