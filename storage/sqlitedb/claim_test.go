package sqlitedb

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// TestUpdateTakesItsClaimsBack refuses an update that claims three identifiers after it has claimed one of them: the first
// is free, the second is the identity's own meanwhile, and the third is another's.
func TestUpdateTakesItsClaimsBack(t *testing.T) {
	having := func(identifiers ...string) func(*identity.Identity) (*identity.Identity, error) {
		return func(i *identity.Identity) (*identity.Identity, error) {
			i.Credentials = credentials.Set{credentials.TypePassword: {Type: credentials.TypePassword, Identifiers: identifiers}}
			return i, nil
		}
	}
	id, another := uuid.UUID{15: 1}, uuid.UUID{15: 2}
	for name, moves := range map[string]bool{"one update came between": true, "none did": false} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := openTwo(t)
			for _, created := range []uuid.UUID{id, another} {
				_, err := ours.Create(t.Context(), testPerson(created))
				require.NoError(t, err)
			}
			_, err := ours.Update(t.Context(), id, having("born")) // and is remembered
			require.NoError(t, err)
			_, err = theirs.Update(t.Context(), another, having("c taken"))
			require.NoError(t, err)
			want := map[string]uuid.UUID{"born": id, "c taken": another}
			if moves {
				_, err = theirs.Update(t.Context(), id, having("b own"))
				require.NoError(t, err)
				want = map[string]uuid.UUID{"b own": id, "c taken": another}
			}
			_, err = ours.Update(t.Context(), id, having("a free", "b own", "c taken"))
			require.ErrorIs(t, err, storage.ErrConflict)

			rows, err := ours.commits.database.db.QueryContext(t.Context(), `SELECT identifier, identity_id FROM idem_identifiers`)
			require.NoError(t, err)
			defer rows.Close()
			got := make(map[string]uuid.UUID)
			for rows.Next() {
				var identifier string
				var owner uuid.UUID
				require.NoError(t, rows.Scan(&identifier, &owner))
				got[identifier] = owner
			}
			require.NoError(t, rows.Err())
			require.Equal(t, want, got)
		})
	}
}
