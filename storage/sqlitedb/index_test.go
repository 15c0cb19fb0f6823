package sqlitedb_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
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
	"github.com/idemkit/idem/storage/sqlitedb"
	"github.com/idemkit/idem/storage/storagetest"
)

// openWAL opens a database as an application would, but for durability.
func openWAL(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=5000&_journal_mode=WAL&_synchronous=OFF")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// indexes declares what storagetest asks for.
func indexes() []sqlitedb.Option {
	options := []sqlitedb.Option{sqlitedb.WithSearchIndex()}
	for _, path := range storagetest.QueryPaths {
		options = append(options, sqlitedb.WithIndex(path))
	}
	return options
}

func TestQueriesWithIndexes(t *testing.T) {
	for name, declared := range map[string][]sqlitedb.Option{
		"all":       indexes(),
		"search":    {sqlitedb.WithSearchIndex()},
		"some":      indexes()[1:4],
		"secondary": {sqlitedb.WithIndex("/traits/list/x"), sqlitedb.WithIndex("/external_id"), sqlitedb.WithSearchIndex()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, err := sqlitedb.New(t.Context(), openWAL(t, filepath.Join(t.TempDir(), "a.db")), declared...)
			require.NoError(t, err)
			storagetest.Queries(t, store, 250)
			require.NoError(t, store.Close())
		})
	}
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

// TestSortByIndex sorts keys that an index and a position cut in different places, in groups
// that are larger and smaller than a page.
func TestSortByIndex(t *testing.T) {
	store, err := sqlitedb.New(t.Context(), openWAL(t, filepath.Join(t.TempDir(), "a.db")), sqlitedb.WithIndex("/metadata_admin/v"), sqlitedb.WithIndex("/state"))
	require.NoError(t, err)
	defer store.Close()
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

// TestIndexIsComplete declares indexes while another store, which knows nothing of them,
// creates, changes and deletes. A query that the index serves then finds what is there.
func TestIndexIsComplete(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	writer, err := sqlitedb.New(t.Context(), openWAL(t, path))
	require.NoError(t, err)
	defer writer.Close()
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
	store, err := sqlitedb.New(t.Context(), openWAL(t, path), sqlitedb.WithIndex("/metadata_admin/v"), sqlitedb.WithSearchIndex(),
		sqlitedb.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	require.NoError(t, err)
	defer store.Close()
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
	requireRows(t, path, now)

	// The one that was opened before uses them, too, and keeps them.
	_, err = writer.Update(t.Context(), all[5].ID, func(current *identity.Identity) (*identity.Identity, error) {
		current.MetadataAdmin = json.RawMessage(`{"v":"late"}`)
		return current, nil
	})
	require.NoError(t, err)
	for _, s := range []*sqlitedb.Store{store, writer} {
		page, err := s.List(t.Context(), storage.Query{Filter: storage.Filter{Where: query.Eq("/metadata_admin/v", "late")}})
		require.NoError(t, err)
		require.Len(t, page.Identities, 1)
	}
}

// requireRows compares the rows of all indexes with what they should be.
func requireRows(t *testing.T, path string, all []*identity.Identity) {
	t.Helper()
	db := openWAL(t, path)
	rows, err := db.Query(`SELECT number, path FROM idem_indexes WHERE state = 'complete'`)
	require.NoError(t, err)
	defer rows.Close()
	paths := map[int]string{}
	for rows.Next() {
		var number int
		var path string
		require.NoError(t, rows.Scan(&number, &path))
		paths[number] = path
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, paths)
	total := 0
	for number, path := range paths {
		if path == "" {
			var texts int
			require.NoError(t, db.QueryRow(`SELECT count(*) FROM idem_search_numbers`).Scan(&texts))
			require.Equal(t, len(all), texts)
			continue
		}
		index, err := query.NewIndex(path)
		require.NoError(t, err)
		for _, i := range all {
			for _, key := range index.Keys(i) {
				var found int
				require.NoError(t, db.QueryRow(`SELECT count(*) FROM idem_index WHERE number = ? AND key = ? AND identity_id = ?`, number, key, i.ID[:]).Scan(&found))
				require.Equal(t, 1, found, "%s of %s", path, i.ID)
				total++
			}
		}
	}
	var found int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM idem_index`).Scan(&found))
	require.Equal(t, total, found, "there are no other rows")
}

func TestDropIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	store, err := sqlitedb.New(t.Context(), openWAL(t, path), indexes()...)
	require.NoError(t, err)
	defer store.Close()
	other, err := sqlitedb.New(t.Context(), openWAL(t, path))
	require.NoError(t, err)
	defer other.Close()
	all := people(t, other, 60)
	requireRows(t, path, all)
	require.NoError(t, store.DropIndex(t.Context(), "/traits/name"))
	require.NoError(t, store.DropIndex(t.Context(), "/traits/unknown"))
	require.NoError(t, store.DropSearchIndex(t.Context()))
	search, err := query.NewSearch("person17")
	require.NoError(t, err)
	for _, s := range []*sqlitedb.Store{store, other} {
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
	requireRows(t, path, all)
	again, err := sqlitedb.New(t.Context(), openWAL(t, path), indexes()...)
	require.NoError(t, err)
	defer again.Close()
	requireRows(t, path, all)
	requireSorted(t, again, all, storage.Query{Filter: storage.Filter{Search: search}})
	require.NoError(t, store.Close())
	require.ErrorIs(t, store.DropIndex(t.Context(), "/state"), storage.ErrClosed)
}

// TestIndexOfAnotherEdition has a database whose indexes were folded by another edition of
// Unicode: a process that is running lets them be, and the next that opens makes them again.
func TestIndexOfAnotherEdition(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	store, err := sqlitedb.New(t.Context(), openWAL(t, path), indexes()...)
	require.NoError(t, err)
	defer store.Close()
	all := people(t, store, 60)
	db := openWAL(t, path)
	_, err = db.Exec(`UPDATE idem_indexes SET fold_version = 'of another time'`)
	require.NoError(t, err)
	_, err = db.Exec(`UPDATE idem_indexing SET version = version + 1`)
	require.NoError(t, err)

	where := storage.Query{Filter: storage.Filter{Where: query.Eq("/traits/name", "Ada")}}
	all[1], err = store.Update(t.Context(), all[1].ID, func(current *identity.Identity) (*identity.Identity, error) {
		current.Traits = json.RawMessage(`{"name":"Ada"}`)
		return current, nil
	})
	require.NoError(t, err)
	requireSorted(t, store, all, where)
	var stale, complete int
	counts := func() {
		require.NoError(t, db.QueryRow(`SELECT count(*) FILTER (WHERE state = 'stale'), count(*) FILTER (WHERE state = 'complete') FROM idem_indexes`).Scan(&stale, &complete))
	}
	counts()
	require.Equal(t, len(indexes()), stale)
	require.Zero(t, complete)

	again, err := sqlitedb.New(t.Context(), openWAL(t, path))
	require.NoError(t, err)
	defer again.Close()
	counts()
	require.Zero(t, stale)
	require.Equal(t, len(indexes()), complete, "opening makes every declared index again")
	requireRows(t, path, all)
	requireSorted(t, store, all, where)
	requireSorted(t, again, all, where)
}

// TestBuildGoesOn opens a database whose index another process had begun to build.
func TestBuildGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	store, err := sqlitedb.New(t.Context(), openWAL(t, path))
	require.NoError(t, err)
	defer store.Close()
	all := people(t, store, 700)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = sqlitedb.New(ctx, openWAL(t, path), sqlitedb.WithIndex("/traits/name"),
		sqlitedb.WithLogger(slog.New(cancelling{slog.DiscardHandler, cancel})), sqlitedb.WithIndex("/state"), sqlitedb.WithSearchIndex())
	require.ErrorIs(t, err, context.Canceled)
	requireSorted(t, store, all, storage.Query{Filter: storage.Filter{Where: query.Eq("/traits/name", "Zoë 9")}})
	again, err := sqlitedb.New(t.Context(), openWAL(t, path))
	require.NoError(t, err)
	defer again.Close()
	requireRows(t, path, all)
	var complete int
	require.NoError(t, openWAL(t, path).QueryRow(`SELECT count(*) FROM idem_indexes WHERE state = 'complete'`).Scan(&complete))
	require.Equal(t, 3, complete)
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

// TestIndexInTransaction changes an identity in a transaction of the application that is
// rolled back, and in one that is committed.
func TestIndexInTransaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db := openWAL(t, path)
	store, err := sqlitedb.New(t.Context(), db, indexes()...)
	require.NoError(t, err)
	defer store.Close()
	all := people(t, store, 30)
	for _, end := range []func(*sql.Tx) error{(*sql.Tx).Rollback, (*sql.Tx).Commit} {
		tx, err := db.Begin()
		require.NoError(t, err)
		within := store.WithTx(tx)
		_, err = within.Update(t.Context(), all[3].ID, func(current *identity.Identity) (*identity.Identity, error) {
			current.Traits = json.RawMessage(`{"name":"Ada Lovelace"}`)
			return current, nil
		})
		require.NoError(t, err)
		search, err := query.NewSearch("lovelace")
		require.NoError(t, err)
		page, err := within.List(t.Context(), storage.Query{Filter: storage.Filter{Search: search, Where: query.Eq("/traits/name", "Ada Lovelace")}})
		require.NoError(t, err)
		require.Len(t, page.Identities, 1)
		require.NoError(t, end(tx))
		now, err := store.List(t.Context(), storage.Query{})
		require.NoError(t, err)
		requireRows(t, path, now.Identities)
		requireSorted(t, store, now.Identities, storage.Query{Filter: storage.Filter{Search: search}})
	}
}

func TestWrongIndexes(t *testing.T) {
	for _, path := range []string{"traits/name", "/unknown", "/credentials/password/config/hashed_password", "/verifiable_addresses"} {
		_, err := sqlitedb.New(t.Context(), openWAL(t, filepath.Join(t.TempDir(), "a.db")), sqlitedb.WithIndex(path))
		require.ErrorContains(t, err, "sqlitedb: WithIndex", path)
	}
}
