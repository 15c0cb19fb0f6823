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

// TestDocumentAsText reads an identity whose document is text, as the shell of SQLite writes it.
func TestDocumentAsText(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db"))
	require.NoError(t, err)
	defer db.Close()
	store, err := sqlitedb.New(t.Context(), db)
	require.NoError(t, err)
	defer store.Close()
	i := person(1)
	i.ExternalID = "crm-1"
	created, err := store.Create(t.Context(), i)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `UPDATE idem_identities SET document = CAST(document AS TEXT)`)
	require.NoError(t, err)

	found, err := store.Get(t.Context(), created.ID)
	require.NoError(t, err)
	require.True(t, created.Equal(found))
	found, err = store.Find(t.Context(), storage.ExternalIDClaim("crm-1"))
	require.NoError(t, err)
	require.True(t, created.Equal(found))
	page, err := store.List(t.Context(), storage.Query{})
	require.NoError(t, err)
	require.Len(t, page.Identities, 1)
	require.True(t, created.Equal(page.Identities[0]))
	updated, err := store.Update(t.Context(), created.ID, func(current *identity.Identity) (*identity.Identity, error) {
		current.MetadataAdmin = json.RawMessage(`1`)
		return current, nil
	})
	require.NoError(t, err)
	require.Equal(t, int64(2), updated.Revision)
}
