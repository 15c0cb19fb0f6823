package sqlitedb_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestEncoding lists identities in databases of every encoding that SQLite has, with and without copies, and in a
// transaction too.
func TestEncoding(t *testing.T) {
	for _, encoding := range []string{"UTF-8", "UTF-16le", "UTF-16be"} {
		t.Run(encoding, func(t *testing.T) {
			db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db"))
			require.NoError(t, err)
			defer db.Close()
			db.SetMaxOpenConns(1)
			_, err = db.ExecContext(t.Context(), `PRAGMA encoding = '`+encoding+`'`)
			require.NoError(t, err)
			store, err := sqlitedb.New(t.Context(), db)
			require.NoError(t, err)
			defer store.Close()
			var kept string
			require.NoError(t, db.QueryRowContext(t.Context(), `PRAGMA encoding`).Scan(&kept))
			require.Equal(t, encoding, kept)

			i := person(1)
			i.Traits = json.RawMessage(`{"name":"Zoë 東京 😀 \u0000"}`)
			i.OrganizationID = uuid.NullUUID{UUID: uuid.UUID{1}, Valid: true}
			created, err := store.Create(t.Context(), i)
			require.NoError(t, err)
			requireLists := func(ctx context.Context, s storage.Storage) {
				for _, filter := range []storage.Filter{{}, {OrganizationID: i.OrganizationID}} {
					page, err := s.List(ctx, storage.Query{Filter: filter})
					require.NoError(t, err)
					require.Len(t, page.Identities, 1)
					require.True(t, created.Equal(page.Identities[0]))
					var visited *identity.Identity
					_, err = s.List(ctx, storage.Query{Filter: filter, Visit: func(i *identity.Identity) { visited = i.Clone() }})
					require.NoError(t, err)
					require.NotNil(t, visited)
					require.True(t, created.Equal(visited))
				}
			}
			requireLists(t.Context(), store)
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			requireLists(t.Context(), store.WithTx(tx))
			require.NoError(t, tx.Rollback())
		})
	}
}
