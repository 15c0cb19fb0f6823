package sqlitedb_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestRestore copies a store in small parts and goes on in the copy.
func TestRestore(t *testing.T) {
	open := func() *sqlitedb.Store {
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	}
	source, target := open(), open()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	id := func(n int) uuid.UUID { return uuid.UUID{15: byte(n + 1)} }
	person := func(n int) *identity.Identity {
		return &identity.Identity{
			ID: id(n), SchemaID: "person", State: identity.StateActive, Traits: json.RawMessage(`{}`), ExternalID: fmt.Sprint("person ", n),
			CreatedAt: noon, UpdatedAt: noon, StateChangedAt: noon,
		}
	}
	change := func(store *sqlitedb.Store, n int) {
		_, err := store.Update(t.Context(), id(n), func(i *identity.Identity) (*identity.Identity, error) {
			i.MetadataAdmin = json.RawMessage(fmt.Sprint(i.Revision))
			return i, nil
		})
		require.NoError(t, err)
	}
	for n := range 5 {
		_, err := source.Create(t.Context(), person(n))
		require.NoError(t, err)
		for range 70 * n {
			change(source, n)
		}
		require.NoError(t, source.UpdateRecord(t.Context(), storage.RecordKey{byte(n)}, noon, func(*storage.Record) (*storage.Record, error) {
			r := &storage.Record{Expires: noon.AddDate(1, 0, n)}
			if n%2 == 0 {
				r.Identity, r.Value = id(n), []byte{1}
			}
			return r, nil
		}))
	}
	for _, n := range []int{3, 4} { // 3 comes back
		require.NoError(t, source.Delete(t.Context(), id(n), noon, nil))
	}
	_, err := source.Create(t.Context(), person(3))
	require.NoError(t, err)
	change(source, 3)

	page, err := source.List(t.Context(), storage.Query{})
	require.NoError(t, err)
	feed, err := source.Changes(t.Context(), storage.ChangeQuery{Limit: 10_000})
	require.NoError(t, err)
	records, err := source.Records(t.Context(), nil, 100)
	require.NoError(t, err)
	require.Len(t, records, 4)

	_, err = target.RestoreRecords(t.Context(), records)
	require.ErrorIs(t, err, storage.ErrNotFound)
	for _, size := range []int{2, 4} { // some are there already then
		restored, err := target.Restore(t.Context(), page.Identities[:size])
		require.NoError(t, err)
		require.Equal(t, 2, restored)
	}
	for from := 0; from < len(feed); from += 50 {
		require.NoError(t, target.RestoreChanges(t.Context(), feed[max(0, from-10):min(len(feed), from+50)]))
	}
	for _, size := range []int{3, 4} {
		restored, err := target.RestoreRecords(t.Context(), records[:size])
		require.NoError(t, err)
		require.Equal(t, map[int]int{3: 3, 4: 1}[size], restored)
	}

	same := func() {
		t.Helper()
		there, err := target.List(t.Context(), storage.Query{})
		require.NoError(t, err)
		require.Equal(t, page, there)
		for n := range 6 {
			q := storage.ChangeQuery{Limit: 10_000}
			if n < 5 {
				q.IdentityID = id(n)
			}
			want, err := source.Changes(t.Context(), q)
			require.NoError(t, err)
			require.NotEmpty(t, want)
			found, err := target.Changes(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, want, found)
		}
		copied, err := target.Records(t.Context(), &records[0].Key, 2)
		require.NoError(t, err)
		require.Equal(t, records[1:3], copied)
	}
	same()
	other := person(0)
	other.ExternalID = "another"
	_, err = target.Restore(t.Context(), []*identity.Identity{other})
	require.ErrorIs(t, err, storage.ErrConflict)
	require.ErrorContains(t, err, "differs")
	other = person(0)
	other.ID = id(100)
	_, err = target.Restore(t.Context(), []*identity.Identity{other})
	require.ErrorIs(t, err, storage.ErrConflict)
	require.ErrorContains(t, err, "claims what another one has")
	later := feed[len(feed)-1]
	later.Sequence += 2
	require.ErrorContains(t, target.RestoreChanges(t.Context(), []storage.Change{later}), "without gaps")
	same()

	for _, store := range []*sqlitedb.Store{source, target} {
		change(store, 3)
		require.NoError(t, store.Delete(t.Context(), id(2), noon, nil))
	}
	page, err = source.List(t.Context(), storage.Query{})
	require.NoError(t, err)
	records, err = source.Records(t.Context(), nil, 100)
	require.NoError(t, err)
	require.Len(t, records, 3, "one went with its identity")
	same()
}
