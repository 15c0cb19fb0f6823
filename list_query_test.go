package idem_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/violation"
)

// seedAges creates identities whose traits and metadata differ.
func (w *world) seedAges(t *testing.T, count int) (all []*identity.Identity) {
	t.Helper()
	for n := range count {
		create := identity.Create{
			Traits:        raw(`{"email":"person%d@example.com","name":"%s"}`, n, []string{"Ada", "Zoë", `ada \u0000`}[n%3]),
			MetadataAdmin: raw(`{"age":%d,"tags":["t%d","all"]}`, n/2, n),
		}
		if n%4 == 3 {
			create.MetadataAdmin = nil
		}
		all = append(all, w.create(t, create))
	}
	return all
}

func TestListQuery(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		all := w.seedAges(t, 12)
		pick := func(numbers ...int) (ids []uuid.UUID) {
			for _, n := range numbers {
				ids = append(ids, all[n].ID)
			}
			return ids
		}
		for _, c := range []struct {
			name  string
			query idem.Query
			want  []uuid.UUID
		}{
			{"equality in metadata", idem.Query{Where: query.Eq("/metadata_admin/age", 2)}, pick(4, 5)},
			{"element of a list", idem.Query{Where: query.Eq("/metadata_admin/tags", "t6")}, pick(6)},
			{"absent", idem.Query{Where: query.Not(query.Present("/metadata_admin"))}, pick(3, 7, 11)},
			{"identifier as it is typed", idem.Query{Where: query.Eq("/identifiers", " PERSON5@example.com ")}, pick(5)},
			{"address", idem.Query{Where: query.Any("/verifiable_addresses", query.And(query.Eq("/value", "person6@example.com"), query.Eq("/verified", false)))}, pick(6)},
			{"id in upper case", idem.Query{Where: query.Eq("/id", all[2].ID.URN())}, pick(2)},
			{"either", idem.Query{Where: query.Or(query.Eq("/id", all[2].ID), query.Eq("/metadata_admin/age", 0))}, pick(0, 1, 2)},
			{"with another filter", idem.Query{Where: query.Ge("/metadata_admin/age", 2), IDs: pick(0, 5, 8)}, pick(5, 8)},
			{"words", idem.Query{Search: "ADA person1"}, pick(11)},
			{"one word", idem.Query{Search: "ZOE\u0308"}, pick(1, 4, 7, 10)},
			{"a zero byte", idem.Query{Where: query.EndsWith("/traits/name", "\x00")}, pick(2, 5, 8, 11)},
			{"descending", idem.Query{Where: query.Present("/metadata_admin/age"), Sort: []query.Order{query.Descending("/metadata_admin/age")}}, pick(10, 8, 9, 6, 4, 5, 2, 0, 1)},
			{"two paths", idem.Query{Sort: []query.Order{query.Ascending("/traits/name"), query.Descending("/metadata_admin/age")}, Where: query.Lt("/metadata_admin/age", 3)}, pick(0, 4, 1, 5, 2)},
		} {
			page, err := w.ListIdentities(t.Context(), c.query)
			require.NoError(t, err, c.name)
			require.Equal(t, c.want, idsOf(page.Identities), c.name)
			count, err := w.CountIdentities(t.Context(), c.query)
			require.NoError(t, err)
			require.Equal(t, len(c.want), count, c.name)

			for _, size := range []int{1, 2, 5} {
				q := c.query
				q.PageSize = size
				var walked []uuid.UUID
				for i, err := range w.Identities(t.Context(), q) {
					require.NoError(t, err)
					walked = append(walked, i.ID)
				}
				require.Equal(t, idsOf(page.Identities), walked, "%s, pages of %d", c.name, size)
				q.Offset, q.PageSize = size, 0
				rest, err := w.ListIdentities(t.Context(), q)
				require.NoError(t, err)
				require.Equal(t, idsOf(page.Identities[min(size, len(page.Identities)):]), idsOf(rest.Identities), "%s, from %d", c.name, size)
			}
		}
	})
}

// TestListTokenIsBound gives the token of one list to others.
func TestListTokenIsBound(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		all := w.seedAges(t, 8)
		base := idem.Query{Where: query.Present("/traits/name"), Search: "example", Sort: []query.Order{query.Descending("/created_at")}, PageSize: 2}
		page, err := w.ListIdentities(t.Context(), base)
		require.NoError(t, err)
		require.NotEmpty(t, page.NextPageToken)
		for name, change := range map[string]func(q *idem.Query){
			"filter":       func(q *idem.Query) { q.Where = query.Present("/traits/email") },
			"no filter":    func(q *idem.Query) { q.Where = query.Expr{} },
			"search":       func(q *idem.Query) { q.Search = "com" },
			"order":        func(q *idem.Query) { q.Sort = []query.Order{query.Ascending("/created_at")} },
			"no order":     func(q *idem.Query) { q.Sort = nil },
			"ids":          func(q *idem.Query) { q.IDs = idsOf(all) },
			"no ids":       func(q *idem.Query) { q.IDs = []uuid.UUID{} },
			"identifier":   func(q *idem.Query) { q.Identifier = "a" },
			"prefix":       func(q *idem.Query) { q.IdentifierPrefix = "a" },
			"organization": func(q *idem.Query) { q.OrganizationID = uuid.NullUUID{UUID: all[0].ID, Valid: true} },
		} {
			q := base
			q.PageToken = page.NextPageToken
			change(&q)
			_, err := w.ListIdentities(t.Context(), q)
			requireKind(t, err, idem.KindInvalid)
			var invalid *violation.Error
			require.ErrorAs(t, err, &invalid, name)
			require.Equal(t, "/page_token", invalid.Violations[0].Pointer, name)
		}
		same := base
		same.Where, same.Search, same.PageSize, same.PageToken = query.And(query.Present("/traits/name")), "EXAMPLE example", 3, page.NextPageToken
		_, err = w.ListIdentities(t.Context(), same)
		require.NoError(t, err, "what means the same, and another size")
	})
}

func TestListRefusesWrongQueries(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.seedAges(t, 1)
		for pointer, q := range map[string]idem.Query{
			"/filter": {Where: query.Eq("/credentials/totp/config/totp_url", "a")},
			"/q":      {Search: "  "},
			"/sort":   {Sort: []query.Order{query.Ascending("/credentials/password/config/hashed_password")}},
		} {
			_, err := w.ListIdentities(t.Context(), q)
			requireKind(t, err, idem.KindInvalid)
			var invalid *violation.Error
			require.True(t, errors.As(err, &invalid))
			require.Equal(t, pointer, invalid.Violations[0].Pointer)
			if pointer != "/sort" {
				_, err = w.CountIdentities(t.Context(), q)
				requireKind(t, err, idem.KindInvalid)
			}
			for _, err := range w.Identities(t.Context(), q) {
				requireKind(t, err, idem.KindInvalid)
			}
		}
	})
}

// TestListSortedDuringChanges deletes and creates around the page of a sorted list, and
// moves one identity from behind to before it.
func TestListSortedDuringChanges(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		var all []*identity.Identity
		for n := range 20 {
			all = append(all, w.create(t, identity.Create{Traits: raw(`{"email":"p%02d@example.com"}`, n), MetadataAdmin: raw(`%d`, n)}))
		}
		q := idem.Query{Sort: []query.Order{query.Ascending("/metadata_admin")}, PageSize: 3}
		var seen []string
		for page := 0; ; page++ {
			got, err := w.ListIdentities(t.Context(), q)
			require.NoError(t, err)
			for _, i := range got.Identities {
				seen = append(seen, string(i.MetadataAdmin))
			}
			if got.NextPageToken == "" {
				break
			}
			last := got.Identities[len(got.Identities)-1]
			require.NoError(t, w.DeleteIdentity(t.Context(), last.ID))
			w.create(t, identity.Create{Traits: raw(`{"email":"new%d@example.com"}`, page), MetadataAdmin: raw(`-1`)})
			q.PageToken = got.NextPageToken
		}
		var want []string
		for n := range all {
			want = append(want, fmt.Sprint(n))
		}
		require.Equal(t, want, seen)
	})
}
