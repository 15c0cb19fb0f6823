package storagetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// IndexStore is a store that keeps the indexes that an application declares.
type IndexStore interface {
	storage.Storage
	// DropIndex removes the index of the values at path.
	DropIndex(ctx context.Context, path string) error
	// DropSearchIndex removes the index of words.
	DropSearchIndex(ctx context.Context) error
}

// SearchIndex is used in place of a path for the index of words.
const SearchIndex = ""

// IndexRow is a row of an index of values, or of the index of words, which has no key here.
type IndexRow struct {
	Path string
	Key  string
	ID   uuid.UUID
}

// IndexDatabase is an empty database in which stores keep indexes.
type IndexDatabase interface {
	// Open opens a store that declares indexes of paths. It closes the store with the test.
	Open(ctx context.Context, t *testing.T, logger *slog.Logger, paths ...string) (IndexStore, error)
	// Begin begins a transaction of the application in the database of a store.
	Begin(t *testing.T, store IndexStore) (within storage.Storage, end func(commit bool) error)
	// Rows returns the rows of all indexes that are recorded as complete, and how many rows
	// there are of any index.
	Rows(t *testing.T) (rows []IndexRow, all int)
	// States returns how many indexes are recorded in each state.
	States(t *testing.T) map[string]int
	// Outdate records that all indexes were made with another edition of Unicode.
	Outdate(t *testing.T)
}

// Indexes checks a store that keeps declared indexes. An index must be complete whatever else happens while it is built, and
// a list that uses it must be the same as matching and sorting all identities. newDatabase is called once for each case.
// lists is the number of random lists for each set of indexes; with 0 there are none.
func Indexes(t *testing.T, newDatabase func(t *testing.T) IndexDatabase, lists int) {
	for name, check := range map[string]func(t *testing.T, db IndexDatabase){
		"Sort": sortByIndex, "Complete": indexIsComplete, "Drop": dropIndex, "Edition": indexOfAnotherEdition, "BuildGoesOn": buildGoesOn,
		"Transaction": indexInTransaction, "Wrong": wrongIndexes, "Late": lateWriter,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, newDatabase(t))
		})
	}
	for name, paths := range map[string][]string{
		"all":       allIndexes(),
		"search":    {SearchIndex},
		"some":      QueryPaths[:3],
		"secondary": {"/traits/list/x", "/external_id", SearchIndex},
	} {
		if lists == 0 {
			break
		}
		t.Run("Queries/"+name, func(t *testing.T) {
			t.Parallel()
			Queries(t, openIndexes(t, newDatabase(t), paths...), lists)
		})
	}
}

func allIndexes() []string { return append([]string{SearchIndex}, QueryPaths...) }

func openIndexes(t *testing.T, db IndexDatabase, paths ...string) IndexStore {
	t.Helper()
	store, err := db.Open(t.Context(), t, slog.New(slog.DiscardHandler), paths...)
	require.NoError(t, err)
	return store
}

// people creates identities whose sort keys are long, equal, of many types, and absent.
func people(t *testing.T, store storage.Storage, count int) (all []*identity.Identity) {
	t.Helper()
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	values := []string{
		`"a"`, `"a"`, `null`, `1`, `-1`, `true`, `"` + strings.Repeat("x", 62) + `"`, `"` + strings.Repeat("x", 63) + `"`, `"` + strings.Repeat("x", 64) + `"`,
		`"` + strings.Repeat("x", 70) + `a"`, `"` + strings.Repeat("x", 70) + `b"`, `"` + strings.Repeat("𝐀", 63) + `𝐁"`, `"` + strings.Repeat("𝐀", 64) + `"`,
		`"` + strings.Repeat("𝐀", 300) + `"`, `"` + strings.Repeat("x", 300) + `"`, "1" + strings.Repeat("2", 63), "1" + strings.Repeat("2", 64), "-1" + strings.Repeat("2", 63),
		"-1" + strings.Repeat("2", 64), "-1" + strings.Repeat("2", 62), `["a","z",3]`, `[[-1],"z"]`, `"z"`, `{}`, `"\u0000"`,
	}
	for n := range count {
		email := fmt.Sprintf("person%d@example.com", n)
		all = append(all, &identity.Identity{
			ID: uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", n)), SchemaID: "person", State: identity.StateActive, StateChangedAt: at,
			Traits: json.RawMessage(fmt.Sprintf(`{"email":%q,"name":"Zoë %d"}`, email, n)), MetadataAdmin: json.RawMessage(fmt.Sprintf(`{"v":%s,"n":%d}`, values[n%len(values)], n)),
			Credentials: credentials.Set{credentials.TypePassword: {Type: credentials.TypePassword, Identifiers: []string{email}, CreatedAt: at, UpdatedAt: at}},
			CreatedAt:   at, UpdatedAt: at,
		})
	}
	created, errs := store.CreateMany(t.Context(), all)
	for _, err := range errs {
		require.NoError(t, err)
	}
	return created
}

// requireSorted walks through a list and compares it with a plain sort.
func requireSorted(t *testing.T, store storage.Storage, all []*identity.Identity, q storage.Query) {
	t.Helper()
	var want, got []uuid.UUID
	matching := slices.DeleteFunc(slices.Clone(all), func(i *identity.Identity) bool { return !q.Filter.Matches(i) })
	slices.SortFunc(matching, func(a, b *identity.Identity) int {
		return q.Sort.Compare(q.Sort.Position(a), q.Sort.Position(b))
	})
	for _, i := range matching {
		want = append(want, i.ID)
	}
	for {
		page, err := store.List(t.Context(), q)
		require.NoError(t, err)
		for _, i := range page.Identities {
			got = append(got, i.ID)
		}
		if q.After = page.Next; page.Next.ID == uuid.Nil {
			break
		}
	}
	require.Equal(t, want, got, "%s, pages of %d", q.Sort, q.Limit)
	count, err := store.Count(t.Context(), q.Filter)
	require.NoError(t, err)
	require.Equal(t, len(want), count)
}

// sortByIndex sorts keys that an index and a position cut in different places, in groups
// that are larger and smaller than a page.
func sortByIndex(t *testing.T, db IndexDatabase) {
	store := openIndexes(t, db, "/metadata_admin/v", "/state")
	all := people(t, store, 150)
	for _, orders := range [][]query.Order{
		{query.Ascending("/metadata_admin/v")}, {query.Descending("/metadata_admin/v")},
		{query.Ascending("/state")}, {query.Descending("/state")},
		{query.Descending("/state"), query.Descending("/metadata_admin/n")}, {query.Ascending("/metadata_admin/v"), query.Descending("/traits/email")},
	} {
		sort, err := query.NewSort(orders...)
		require.NoError(t, err)
		for _, limit := range []int{3, 40, 150} {
			requireSorted(t, store, all, storage.Query{Sort: sort, Limit: limit})
			requireSorted(t, store, all, storage.Query{Sort: sort, Limit: limit, Filter: storage.Filter{Where: query.Ge("/metadata_admin/n", 75)}})
			requireSorted(t, store, all, storage.Query{Sort: sort, Limit: limit, Filter: storage.Filter{Where: query.Present("/metadata_admin/v")}})
		}
	}
}

// indexIsComplete declares indexes while another store, which knows nothing of them,
// creates, changes and deletes. A query that the index serves then finds what is there.
func indexIsComplete(t *testing.T, db IndexDatabase) {
	writer := openIndexes(t, db)
	all := people(t, writer, 1200)
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx := context.WithoutCancel(t.Context())
		for n := 0; !stop.Load() || n < 50; n++ {
			i := all[(n*37)%len(all)]
			_, err := writer.Update(ctx, i.ID, func(current *identity.Identity) (*identity.Identity, error) {
				current.MetadataAdmin = json.RawMessage(fmt.Sprintf(`{"v":"moved %d"}`, n%7))
				current.Traits = json.RawMessage(fmt.Sprintf(`{"email":"person@example.com","name":"Moved %d"}`, n%7))
				return current, nil
			})
			if !assert.NoError(t, err) {
				return
			}
			if gone := all[(n*41+1)%len(all)]; n%5 == 0 {
				if err := writer.Delete(ctx, gone.ID, time.Now(), nil); err == nil {
					_, err = writer.Create(ctx, gone)
					assert.NoError(t, err)
				}
			}
		}
	}()
	var logged bytes.Buffer
	store, err := db.Open(t.Context(), t, slog.New(slog.NewTextHandler(&logged, nil)), "/metadata_admin/v", SearchIndex)
	require.NoError(t, err)
	stop.Store(true)
	<-done
	require.Contains(t, logged.String(), "index=/metadata_admin/v")
	require.Contains(t, logged.String(), "index=search")

	var now []*identity.Identity
	page, err := store.List(t.Context(), storage.Query{Limit: 2000})
	require.NoError(t, err)
	now = page.Identities
	require.Len(t, now, 1200)
	for n := range 7 {
		requireSorted(t, store, now, storage.Query{Limit: 10, Filter: storage.Filter{Where: query.Eq("/metadata_admin/v", fmt.Sprintf("moved %d", n))}})
		search, err := query.NewSearch(fmt.Sprintf("moved %d", n))
		require.NoError(t, err)
		requireSorted(t, store, now, storage.Query{Limit: 10, Filter: storage.Filter{Search: search}})
	}
	requireRows(t, db, now)

	// The one that was opened before uses them, too, and keeps them.
	_, err = writer.Update(t.Context(), all[5].ID, func(current *identity.Identity) (*identity.Identity, error) {
		current.MetadataAdmin = json.RawMessage(`{"v":"late"}`)
		return current, nil
	})
	require.NoError(t, err)
	for _, s := range []IndexStore{store, writer} {
		page, err := s.List(t.Context(), storage.Query{Filter: storage.Filter{Where: query.Eq("/metadata_admin/v", "late")}})
		require.NoError(t, err)
		require.Len(t, page.Identities, 1)
	}
}

// requireRows compares the rows of all indexes with what they should be.
func requireRows(t *testing.T, db IndexDatabase, all []*identity.Identity) {
	t.Helper()
	got, count := db.Rows(t)
	paths := map[string]bool{}
	for _, row := range got {
		paths[row.Path] = true
	}
	require.NotEmpty(t, paths)
	want := map[IndexRow]bool{}
	for path := range paths {
		for _, i := range all {
			if path == SearchIndex {
				want[IndexRow{Path: path, ID: i.ID}] = true
				continue
			}
			index, err := query.NewIndex(path)
			require.NoError(t, err)
			for _, key := range index.Keys(i) {
				want[IndexRow{path, string(key), i.ID}] = true
			}
		}
	}
	for _, row := range got {
		require.True(t, want[row], "%+v has no reason", row)
		delete(want, row)
	}
	require.Empty(t, want, "rows are missing")
	require.Len(t, got, count, "there are no other rows")
}

// dropIndex drops indexes that two stores keep up, and declares them again.
func dropIndex(t *testing.T, db IndexDatabase) {
	store, other := openIndexes(t, db, allIndexes()...), openIndexes(t, db)
	all := people(t, other, 60)
	requireRows(t, db, all)
	require.NoError(t, store.DropIndex(t.Context(), "/traits/name"))
	require.NoError(t, store.DropIndex(t.Context(), "/traits/unknown"))
	require.NoError(t, store.DropSearchIndex(t.Context()))
	search, err := query.NewSearch("person17")
	require.NoError(t, err)
	for _, s := range []IndexStore{store, other} {
		requireSorted(t, s, all, storage.Query{Filter: storage.Filter{Where: query.Eq("/traits/name", "Zoë 9")}})
		requireSorted(t, s, all, storage.Query{Filter: storage.Filter{Search: search}})
		_, err = s.Update(t.Context(), all[1].ID, func(current *identity.Identity) (*identity.Identity, error) {
			current.MetadataAdmin, current.Traits = nil, json.RawMessage(`{"name":"Ada"}`)
			return current, nil
		})
		require.NoError(t, err)
		all[1], err = s.Get(t.Context(), all[1].ID)
		require.NoError(t, err)
	}
	requireRows(t, db, all)
	again := openIndexes(t, db, allIndexes()...)
	requireRows(t, db, all)
	requireSorted(t, again, all, storage.Query{Filter: storage.Filter{Search: search}})
	require.NoError(t, store.Close())
	require.ErrorIs(t, store.DropIndex(t.Context(), "/state"), storage.ErrClosed)
}

// indexOfAnotherEdition has a database whose indexes were folded by another edition of
// Unicode: a process that is running lets them be, and the next that opens makes them again.
func indexOfAnotherEdition(t *testing.T, db IndexDatabase) {
	store := openIndexes(t, db, allIndexes()...)
	all := people(t, store, 60)
	db.Outdate(t)

	where := storage.Query{Filter: storage.Filter{Where: query.Eq("/traits/name", "Ada")}}
	var err error
	all[1], err = store.Update(t.Context(), all[1].ID, func(current *identity.Identity) (*identity.Identity, error) {
		current.Traits = json.RawMessage(`{"name":"Ada"}`)
		return current, nil
	})
	require.NoError(t, err)
	requireSorted(t, store, all, where)
	require.Equal(t, map[string]int{"stale": len(allIndexes())}, db.States(t))

	again := openIndexes(t, db)
	require.Equal(t, map[string]int{"complete": len(allIndexes())}, db.States(t), "opening makes every declared index again")
	requireRows(t, db, all)
	requireSorted(t, store, all, where)
	requireSorted(t, again, all, where)
}

// buildGoesOn opens a database whose index another process had begun to build.
func buildGoesOn(t *testing.T, db IndexDatabase) {
	store := openIndexes(t, db)
	all := people(t, store, 700)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := db.Open(ctx, t, slog.New(cancelling{slog.DiscardHandler, cancel}), "/traits/name", "/state", SearchIndex)
	require.ErrorIs(t, err, context.Canceled)
	requireSorted(t, store, all, storage.Query{Filter: storage.Filter{Where: query.Eq("/traits/name", "Zoë 9")}})
	openIndexes(t, db)
	requireRows(t, db, all)
	require.Equal(t, map[string]int{"complete": 3}, db.States(t))
}

// cancelling cancels when the first index is told to be complete.
type cancelling struct {
	slog.Handler
	cancel func()
}

func (c cancelling) Enabled(context.Context, slog.Level) bool { return true }

func (c cancelling) Handle(context.Context, slog.Record) error {
	c.cancel()
	return nil
}

// indexInTransaction changes an identity in a transaction of the application that is
// rolled back, and in one that is committed.
func indexInTransaction(t *testing.T, db IndexDatabase) {
	store := openIndexes(t, db, allIndexes()...)
	all := people(t, store, 30)
	for _, commit := range []bool{false, true} {
		within, end := db.Begin(t, store)
		_, err := within.Update(t.Context(), all[3].ID, func(current *identity.Identity) (*identity.Identity, error) {
			current.Traits = json.RawMessage(`{"name":"Ada Lovelace"}`)
			return current, nil
		})
		require.NoError(t, err)
		search, err := query.NewSearch("lovelace")
		require.NoError(t, err)
		page, err := within.List(t.Context(), storage.Query{Filter: storage.Filter{Search: search, Where: query.Eq("/traits/name", "Ada Lovelace")}})
		require.NoError(t, err)
		require.Len(t, page.Identities, 1)
		created := all[5].Clone()
		created.ID, created.Credentials = uuid.MustParse("018f0000-0000-7000-8000-0000000000ff"), nil
		_, err = within.Create(t.Context(), created)
		require.NoError(t, err)
		require.NoError(t, within.Delete(t.Context(), all[7].ID, time.Now(), nil))
		require.NoError(t, end(commit))
		now, err := store.List(t.Context(), storage.Query{})
		require.NoError(t, err)
		require.Len(t, now.Identities, len(all))
		requireRows(t, db, now.Identities)
		requireSorted(t, store, now.Identities, storage.Query{Filter: storage.Filter{Search: search}})
	}
}

// wrongIndexes declares paths that do not exist, or have no values.
func wrongIndexes(t *testing.T, db IndexDatabase) {
	for _, path := range []string{"traits/name", "/unknown", "/credentials/password/config/hashed_password", "/verifiable_addresses"} {
		_, err := db.Open(t.Context(), t, slog.New(slog.DiscardHandler), path)
		require.ErrorContains(t, err, "WithIndex", path)
	}
}

// lateWriter has a transaction of the application that began before an index was declared,
// and is committed afterwards. What it has written is in the index.
func lateWriter(t *testing.T, db IndexDatabase) {
	store := openIndexes(t, db)
	all := people(t, store, 30)
	within, end := db.Begin(t, store)
	late := all[3].Clone()
	late.ID, late.Credentials = uuid.MustParse("018f0000-0000-7000-8000-0000000000ff"), nil
	late.MetadataAdmin = json.RawMessage(`{"v":"late"}`)
	late, err := within.Create(t.Context(), late) // for a changed one a builder would wait
	require.NoError(t, err)
	all = append(all, late)
	declared := make(chan IndexStore, 1)
	go func() {
		defer close(declared)
		other, err := db.Open(context.WithoutCancel(t.Context()), t, slog.New(slog.DiscardHandler), "/metadata_admin/v", SearchIndex)
		if assert.NoError(t, err) {
			declared <- other
		}
	}()
	select {
	case other := <-declared:
		require.NoError(t, end(true))
		where := storage.Query{Filter: storage.Filter{Where: query.Eq("/metadata_admin/v", "late")}}
		requireSorted(t, other, all, where)
		requireSorted(t, store, all, where)
	case <-time.After(time.Second): // the declaration waits
		require.NoError(t, end(true))
		<-declared
	}
	requireRows(t, db, all)
}
