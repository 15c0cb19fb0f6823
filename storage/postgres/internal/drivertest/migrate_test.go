package drivertest_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/storagetest"
)

// TestMigration opens a database as a release before declared indexes left it, with five
// creates, an update and a delete, and declares indexes in it.
func TestMigration(t *testing.T) {
	database := newDatabase(t, server(t))
	script, err := os.ReadFile("testdata/version1.sql")
	require.NoError(t, err)
	execute(t, database, string(script))
	store, err := postgres.NewPgx(t.Context(), openPgx(t, database), options(slog.New(slog.DiscardHandler), []string{"/metadata_admin/n", storagetest.SearchIndex})...)
	require.NoError(t, err)
	defer store.Close()

	page, err := store.List(t.Context(), storage.Query{})
	require.NoError(t, err)
	require.Len(t, page.Identities, 4)
	require.JSONEq(t, `{"email":"person2@example.com","name":"Zoë \u0000 2"}`, string(page.Identities[2].Traits))
	require.EqualValues(t, 2, page.Identities[2].Revision)
	changes, err := store.Changes(t.Context(), storage.ChangeQuery{})
	require.NoError(t, err)
	require.Len(t, changes, 7)
	require.Equal(t, "an operator", changes[0].Actor)

	_, err = store.Update(t.Context(), page.Identities[0].ID, func(current *identity.Identity) (*identity.Identity, error) {
		current.MetadataAdmin = json.RawMessage(`{"n":"two"}`)
		return current, nil
	})
	require.NoError(t, err)
	require.NoError(t, store.Delete(t.Context(), page.Identities[1].ID, page.Identities[1].UpdatedAt, nil))
	page, err = store.List(t.Context(), storage.Query{Filter: storage.Filter{Where: query.Eq("/metadata_admin/n", "two")}})
	require.NoError(t, err)
	require.Len(t, page.Identities, 2)
	words, err := query.NewSearch("person4 zoë")
	require.NoError(t, err)
	page, err = store.List(t.Context(), storage.Query{Filter: storage.Filter{Search: words}})
	require.NoError(t, err)
	require.Len(t, page.Identities, 1)
	rows, _ := indexDatabase{database}.Rows(t)
	require.Len(t, rows, 3+2+3, "a key each, a folded one for two, and three texts")
}

// TestRestoreWithIndexes moves identities into a database that has indexes. The rows are
// those that creating them would have made.
func TestRestoreWithIndexes(t *testing.T) {
	for name, declared := range map[string]struct {
		paths  []string
		option []postgres.Option
	}{
		"all":      {paths: append([]string{storagetest.SearchIndex}, storagetest.QueryPaths...)},
		"portable": {paths: storagetest.QueryPaths, option: []postgres.Option{postgres.WithPortableSQL()}},
	} {
		t.Run(name, func(t *testing.T) {
			database := newDatabase(t, server(t))
			var rows [2][]storagetest.IndexRow
			var all []*identity.Identity
			for n := range rows {
				address := newSchema(t, database)
				store, err := postgres.NewPgx(t.Context(), openPgx(t, address), append(declared.option, options(slog.New(slog.DiscardHandler), declared.paths)...)...)
				require.NoError(t, err)
				if n == 0 {
					all = manyPeople(t, store, 300)
				} else {
					restored, err := store.Restore(t.Context(), all)
					require.NoError(t, err)
					require.Equal(t, len(all), restored)
				}
				require.NoError(t, store.Close())
				var count int
				rows[n], count = indexDatabase{address}.Rows(t)
				require.Len(t, rows[n], count)
			}
			require.NotEmpty(t, rows[0])
			require.ElementsMatch(t, rows[0], rows[1])
		})
	}
}

// manyPeople creates identities at once.
func manyPeople(t *testing.T, store storage.Storage, count int) []*identity.Identity {
	t.Helper()
	people := make([]*identity.Identity, count)
	for n := range people {
		people[n] = benchPerson(uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", n)))
		people[n].MetadataAdmin = json.RawMessage(fmt.Sprintf(`{"n":%d,"\u0000":"\u0000"}`, n%10))
		people[n].Traits = json.RawMessage(fmt.Sprintf(`{"name":"Zoë \u0000 %d","tags":["a","b%d"]}`, n, n%3))
	}
	created, errs := store.CreateMany(t.Context(), people)
	for _, err := range errs {
		require.NoError(t, err)
	}
	return created
}
