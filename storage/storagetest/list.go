package storagetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// list returns the ids of a page.
func list(t *testing.T, store storage.Storage, q storage.Query) (ids []uuid.UUID, more bool) {
	t.Helper()
	page, err := store.List(t.Context(), q)
	require.NoError(t, err)
	for _, i := range page.Identities {
		ids = append(ids, i.ID)
	}
	require.True(t, slices.IsSortedFunc(page.Identities, func(a, b *identity.Identity) int { return bytes.Compare(a.ID[:], b.ID[:]) }), "order")
	if page.Next.ID != uuid.Nil {
		require.Equal(t, query.Position{ID: ids[len(ids)-1]}, page.Next)
	}
	return ids, page.Next.ID != uuid.Nil
}

// walk follows a list from its first page to its last.
func walk(t *testing.T, store storage.Storage, q storage.Query, between func(page int)) []uuid.UUID {
	t.Helper()
	var all []uuid.UUID
	for page := 0; ; page++ {
		ids, more := list(t, store, q)
		all = append(all, ids...)
		if !more {
			return all
		}
		require.Len(t, ids, q.Limit)
		q.After.ID = ids[len(ids)-1]
		between(page)
	}
}

func listWithoutCredentials(t *testing.T, store storage.Storage) {
	created, err := store.Create(t.Context(), full())
	require.NoError(t, err)
	require.NotEmpty(t, created.Credentials)
	var identifier storage.Identifier
	for kind, c := range created.Credentials {
		if len(c.Identifiers) > 0 {
			identifier = storage.Identifier{Type: kind, Value: c.Identifiers[0]}
		}
	}
	want := created.Clone()
	want.Credentials = nil
	for name, filter := range map[string]storage.Filter{
		"all": {}, "ids": {IDs: []uuid.UUID{created.ID}}, "identifier": {Identifiers: []storage.Identifier{identifier}},
		"organization": {OrganizationID: created.OrganizationID},
	} {
		page, err := store.List(t.Context(), storage.Query{Filter: filter, OmitCredentials: true})
		require.NoError(t, err, name)
		require.Equal(t, []*identity.Identity{want}, page.Identities, name)
		page, err = store.List(t.Context(), storage.Query{Filter: filter, OmitCredentials: true, MaxBytes: 1})
		require.NoError(t, err, name)
		require.Len(t, page.Identities, 1, name)
	}
	got, err := store.Get(t.Context(), created.ID)
	require.NoError(t, err)
	require.Equal(t, created, got, "what is kept has its credentials")
}

// listVisits lists with a Visit and without: both get the same.
func listVisits(t *testing.T, store storage.Storage) {
	for n := range 9 {
		i := full()
		if n > 0 {
			i = person(n)
			i.OrganizationID = uuid.NullUUID{UUID: fixedID(7), Valid: n%2 == 0}
			i.MetadataAdmin = json.RawMessage(fmt.Sprintf(`[%q]`, strings.Repeat("x", 100*n)))
		}
		if n%3 == 1 {
			i.VerifiableAddresses, i.Credentials = nil, nil
		}
		create(t, store, i)
	}
	where, err := query.Parse(`state eq "active"`)
	require.NoError(t, err)
	for n, q := range []storage.Query{
		{}, {Limit: 4}, {Limit: 9}, {Limit: 3, Offset: 2}, {After: query.Position{ID: fixedID(3)}, Limit: 3}, {MaxBytes: 1}, {MaxBytes: 1500},
		{OmitCredentials: true}, {OmitCredentials: true, MaxBytes: 1500}, {Filter: storage.Filter{OrganizationID: uuid.NullUUID{UUID: fixedID(7), Valid: true}}, Limit: 2},
		{Filter: storage.Filter{IDs: []uuid.UUID{fixedID(1), fixedID(2), fixedID(99)}}}, {Filter: storage.Filter{Where: where}, Limit: 3}, {Offset: 100},
	} {
		want, err := store.List(t.Context(), q)
		require.NoError(t, err)
		var visited []*identity.Identity
		q.Visit = func(i *identity.Identity) { visited = append(visited, i.Clone()) }
		got, err := store.List(t.Context(), q)
		require.NoError(t, err)
		require.True(t, len(visited) == 0 || len(got.Identities) == 0, "query %d: some were visited and some returned", n)
		got.Identities = append(visited, got.Identities...)
		require.Equal(t, want.Next, got.Next, "query %d", n)
		require.Len(t, got.Identities, len(want.Identities), "query %d", n)
		for at, i := range got.Identities {
			requireSame(t, want.Identities[at], i)
		}
	}
}

func listPages(t *testing.T, store storage.Storage) {
	ids, more := list(t, store, storage.Query{})
	require.Empty(t, ids)
	require.False(t, more)

	var want []uuid.UUID
	for _, n := range rand.Perm(25) {
		create(t, store, person(n))
	}
	for n := range 25 {
		want = append(want, fixedID(n))
	}
	for _, limit := range []int{1, 4, 5, 24, 25, 26} {
		require.Equal(t, want, walk(t, store, storage.Query{Limit: limit}, func(int) {}), "limit %d", limit)
	}
	ids, more = list(t, store, storage.Query{})
	require.Equal(t, want, ids)
	require.False(t, more)
	ids, more = list(t, store, storage.Query{Offset: 20, Limit: 4})
	require.Equal(t, want[20:24], ids)
	require.True(t, more)
	ids, _ = list(t, store, storage.Query{After: query.Position{ID: want[9]}, Offset: 2, Limit: 1})
	require.Equal(t, want[12:13], ids)
	ids, _ = list(t, store, storage.Query{Offset: 25})
	require.Empty(t, ids)
	ids, _ = list(t, store, storage.Query{After: query.Position{ID: uuid.Max}})
	require.Empty(t, ids)

	page, err := store.List(t.Context(), storage.Query{Limit: 1})
	require.NoError(t, err)
	requireSame(t, get(t, store, want[0]), page.Identities[0])
	page.Identities[0].Traits[2] = 'X'
	require.NotEqual(t, byte('X'), get(t, store, want[0]).Traits[2], "a page holds copies")
}

func listDefaultLimit(t *testing.T, store storage.Storage) {
	var people []*identity.Identity
	for n := range storage.DefaultLimit + 1 {
		people = append(people, person(n))
	}
	_, errs := store.CreateMany(t.Context(), people)
	for _, err := range errs {
		require.NoError(t, err)
	}
	ids, more := list(t, store, storage.Query{})
	require.Len(t, ids, storage.DefaultLimit)
	require.True(t, more)
}

func listFilters(t *testing.T, store storage.Storage) {
	organization := uuid.NullUUID{UUID: fixedID(5000), Valid: true}
	for n := range 10 {
		i := person(n)
		if n%3 == 0 {
			i.OrganizationID = organization
		}
		create(t, store, i)
	}
	other := create(t, store, full())

	for _, c := range []struct {
		name   string
		filter storage.Filter
		want   []uuid.UUID
	}{
		{"ids", storage.Filter{IDs: []uuid.UUID{fixedID(4), fixedID(2), fixedID(77), fixedID(4)}}, []uuid.UUID{fixedID(2), fixedID(4)}},
		{"no ids", storage.Filter{IDs: []uuid.UUID{}}, nil},
		{"organization", storage.Filter{OrganizationID: organization}, []uuid.UUID{fixedID(0), fixedID(3), fixedID(6), fixedID(9)}},
		{"another organization", storage.Filter{OrganizationID: uuid.NullUUID{UUID: fixedID(1), Valid: true}}, nil},
		{"identifier", storage.Filter{Identifiers: []storage.Identifier{
			{Type: credentials.TypePassword, Value: "person3@example.com"}, {Type: credentials.TypeOIDC, Value: "person3@example.com"}, {Type: credentials.TypeOIDC, Value: "full oidc"},
		}}, []uuid.UUID{fixedID(3), other.ID}},
		{"identifier of another type", storage.Filter{Identifiers: []storage.Identifier{{Type: credentials.TypeCode, Value: "person3@example.com"}}}, nil},
		{"part of an identifier", storage.Filter{Identifiers: []storage.Identifier{{Type: credentials.TypePassword, Value: "person3"}}}, nil},
		{"prefix", storage.Filter{Prefixes: []storage.Identifier{{Type: credentials.TypePassword, Value: "person"}}}, ids(10)},
		{"prefix with a wildcard", storage.Filter{Prefixes: []storage.Identifier{{Type: credentials.TypePassword, Value: "p%"}, {Type: credentials.TypePassword, Value: "person_@"}}}, nil},
		{"prefix of two identifiers", storage.Filter{Prefixes: []storage.Identifier{{Type: credentials.TypePassword, Value: "full"}, {Type: credentials.TypePassword, Value: "second"}}}, []uuid.UUID{other.ID}},
		{"letter case", storage.Filter{Prefixes: []storage.Identifier{{Type: credentials.TypePassword, Value: "Person"}}}, nil},
	} {
		found := walk(t, store, storage.Query{Filter: c.filter, Limit: 1}, func(int) {})
		require.Equal(t, c.want, found, c.name)
		found, more := list(t, store, storage.Query{Filter: c.filter, Limit: 100})
		require.Equal(t, c.want, found, c.name)
		require.False(t, more, c.name)
		count, err := store.Count(t.Context(), c.filter)
		require.NoError(t, err)
		require.Equal(t, len(c.want), count, c.name)
		if len(c.want) > 1 {
			found, _ = list(t, store, storage.Query{Filter: c.filter, Offset: 1})
			require.Equal(t, c.want[1:], found, c.name)
		}
	}
	count, err := store.Count(t.Context(), storage.Filter{})
	require.NoError(t, err)
	require.Equal(t, 11, count)
}

func ids(n int) []uuid.UUID {
	var all []uuid.UUID
	for i := range n {
		all = append(all, fixedID(i))
	}
	return all
}

// listDuringChanges deletes the identity that a page ended with, and creates others
// on either side of it.
func listDuringChanges(t *testing.T, store storage.Storage) {
	for n := range 20 {
		create(t, store, person(2*n))
	}
	found := walk(t, store, storage.Query{Limit: 3}, func(page int) {
		last := 2 * (3*page + 2)
		require.NoError(t, store.Delete(t.Context(), fixedID(last), noon, nil))
		create(t, store, person(last-1))
	})
	require.Equal(t, found, slices.Compact(slices.Clone(found)), "nothing is repeated")
	for n := range 20 {
		require.Contains(t, found, fixedID(2*n), "nothing that was there is skipped")
	}
}

func listUnderLoad(t *testing.T, store storage.Storage) {
	for n := range 60 {
		create(t, store, person(2*n))
	}
	// Whatever fails below, the writers end before the store is closed.
	var (
		stop    atomic.Bool
		writers sync.WaitGroup
	)
	defer writers.Wait()
	defer stop.Store(true)
	for writer := range 4 {
		writers.Go(func() {
			ctx := context.WithoutCancel(t.Context())
			for n := 0; !stop.Load(); n = (n + 1) % 15 {
				i := person(2*(15*writer+n) + 1)
				if _, err := store.Create(ctx, i); err != nil {
					if !assert.ErrorIs(t, err, storage.ErrConflict) || !assert.NoError(t, store.Delete(ctx, i.ID, noon, nil)) {
						return
					}
				}
			}
		})
	}
	for range 20 {
		found := walk(t, store, storage.Query{Limit: 7}, func(int) {})
		seen := map[uuid.UUID]bool{}
		for _, id := range found {
			require.False(t, seen[id], "%s is listed twice", id)
			seen[id] = true
		}
		for n := range 60 {
			require.True(t, seen[fixedID(2*n)], "an identity that was there all along is skipped")
		}
	}
}

// pageBytes lists identities of which each is larger than the one before.
func pageBytes(t *testing.T, store storage.Storage) {
	organization := uuid.NullUUID{UUID: fixedID(5000), Valid: true}
	var (
		want  []uuid.UUID
		sizes []int
		names []storage.Identifier
	)
	for n := range 12 {
		i := person(n)
		i.OrganizationID = organization
		i.MetadataPublic = json.RawMessage(`"` + strings.Repeat("x", 1000*n) + `"`)
		sizes = append(sizes, storage.Size(create(t, store, i)))
		want = append(want, i.ID)
		names = append(names, storage.Identifier{Type: credentials.TypePassword, Value: fmt.Sprintf("person%d@example.com", n)})
	}
	for _, filter := range []storage.Filter{{}, {IDs: want}, {OrganizationID: organization}, {Identifiers: names}} {
		for _, most := range []int{1, 3000, sizes[0] + sizes[1], sizes[0] + sizes[1] - 1, 30_000, 1_000_000} {
			for _, limit := range []int{0, 3} {
				var found []uuid.UUID
				q := storage.Query{Filter: filter, MaxBytes: most, Limit: limit}
				for {
					page, err := store.List(t.Context(), q)
					require.NoError(t, err)
					require.NotEmpty(t, page.Identities)
					first, bytes := len(found), 0
					for _, i := range page.Identities {
						found = append(found, i.ID)
						bytes += sizes[len(found)-1]
					}
					if len(page.Identities) > 1 {
						require.LessOrEqual(t, bytes, most)
					}
					if page.Next.ID == uuid.Nil {
						break
					}
					full := len(page.Identities) == limit
					require.True(t, full || bytes+sizes[len(found)] > most, "the page from %d has room", first)
					require.Equal(t, found[len(found)-1], page.Next.ID)
					q.After = page.Next
				}
				require.Equal(t, want, found)
			}
		}
	}
}

func importMany(t *testing.T, store storage.Storage) {
	create(t, store, full())
	people := make([]*identity.Identity, 0, 1201)
	for n := range 1200 {
		people = append(people, person(n))
	}
	withEmail("person7@example.com")(people[600]) // clashes within the import
	people[601].ID = fixedID(8)
	people[602].ExternalID = full().ExternalID // clashes with what is there
	created, errs := store.CreateMany(t.Context(), people)
	require.Len(t, created, len(people))
	require.Len(t, errs, len(people))
	refused := map[int]storage.ClaimKind{600: "identifier", 601: "id", 602: "external_id"}
	for n := range people {
		if kind, ok := refused[n]; ok {
			var conflict *storage.ConflictError
			require.ErrorAs(t, errs[n], &conflict)
			require.Equal(t, kind, conflict.Kind)
			require.Nil(t, created[n])
			continue
		}
		require.NoError(t, errs[n])
		require.Equal(t, int64(1), created[n].Revision)
		require.Equal(t, fixedID(n), created[n].ID)
	}
	count, err := store.Count(t.Context(), storage.Filter{})
	require.NoError(t, err)
	require.Equal(t, 1+1200-3, count)
	requireSame(t, created[1199], get(t, store, fixedID(1199)))

	created, errs = store.CreateMany(t.Context(), nil)
	require.Empty(t, created)
	require.Empty(t, errs)
}

// listOfTheMoment looks for an identifier that comes and goes.
func listOfTheMoment(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	// Whatever fails below, the writer ends before the store is closed.
	var stop atomic.Bool
	done := make(chan struct{})
	defer func() { <-done }()
	defer stop.Store(true)
	go func() {
		defer close(done)
		for n := 0; n < 200 && !stop.Load(); n++ {
			_, err := store.Update(context.WithoutCancel(t.Context()), i.ID, editing(withEmail([]string{"here@example.com", "there@example.com"}[n%2])))
			if !assert.NoError(t, err) {
				return
			}
		}
	}()
	here := storage.Identifier{Type: credentials.TypePassword, Value: "here@example.com"}
	for {
		for _, filter := range []storage.Filter{{Identifiers: []storage.Identifier{here}}, {Prefixes: []storage.Identifier{here}}} {
			page, err := store.List(t.Context(), storage.Query{Filter: filter})
			require.NoError(t, err)
			for _, found := range page.Identities {
				require.Equal(t, []string{here.Value}, found.Credentials[here.Type].Identifiers)
			}
		}
		select {
		case <-done:
			return
		default:
		}
	}
}
