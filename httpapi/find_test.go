package httpapi_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListFinds(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.people(t, 12)
		f.create(t, `{"schema_id":"person","state":"inactive","traits":{"email":"zoe@example.org","name":"Zoë \u0000"},"metadata_admin":{"a.b":[1,9007199254740993]}}`)
		for _, c := range []struct {
			parameters url.Values
			want       []string
		}{
			{url.Values{"filter": {`state eq "inactive"`}}, []string{"zoe@example.org"}},
			{url.Values{"filter": {`"/metadata_admin/a.b" eq 9007199254740993`}}, []string{"zoe@example.org"}},
			{url.Values{"filter": {`"/metadata_admin/a.b" eq 9007199254740992`}}, nil},
			{url.Values{"filter": {`verifiable_addresses[value eq " PERSON3@example.com" and verified eq false]`}}, []string{"person3@example.com"}},
			{url.Values{"filter": {`traits.email sw "PERSON1" AND NOT (traits.email co "person1@")`}, "sort": {"-traits.email"}}, []string{"person11@example.com", "person10@example.com"}},
			{url.Values{"q": {"zoë"}}, []string{"zoe@example.org"}},
			{url.Values{"q": {"11 person"}, "filter": {"state pr"}}, []string{"person11@example.com"}},
			{url.Values{"filter": {`traits.email co "1"`}, "sort": {"state,-traits.email"}, "page_size": {"2"}}, []string{"person1@example.com", "person11@example.com", "person10@example.com"}},
			{url.Values{"preview_credentials_identifier_similar": {"person1"}, "filter": {`traits.email ew "0@example.com"`}}, []string{"person10@example.com"}},
			{url.Values{"filter": {""}, "q": {""}, "sort": {""}, "count": {""}, "ids": {"018f0000-0000-7000-8000-000000000fff"}}, nil},
		} {
			name := c.parameters.Encode()
			c.parameters.Set("count", "true")
			var all []string
			for next := "?" + c.parameters.Encode(); next != ""; {
				emails, r := f.list(t, next)
				all = append(all, emails...)
				if c.parameters.Get("filter") != "" || c.parameters.Get("q") != "" {
					require.Equal(t, strconv.Itoa(len(c.want)), r.header.Get("X-Total-Count"), name)
				}
				next = links(t, r)["next"]
			}
			require.Equal(t, c.want, all, name)
		}
		_, r := f.list(t, "?filter=state+pr&count=false")
		require.Empty(t, r.header.Values("X-Total-Count"))
		require.NotContains(t, string(r.body), `"credentials"`)

		emails, r := f.list(t, "?"+url.Values{"filter": {`traits.email co "1"`}, "sort": {"-traits.email"}, "per_page": {"2"}, "page": {"1"}}.Encode())
		require.Equal(t, []string{"person10@example.com"}, emails, "numbered pages are of the same list")
		require.Equal(t, "3", r.header.Get("X-Total-Count"))
		previous, _ := f.list(t, links(t, r)["prev"])
		require.Equal(t, []string{"person1@example.com", "person11@example.com"}, previous)
	})
}

// wrongFilters are filters as people write them, and what they mistake.
var wrongFilters = []string{
	`state`, `state eq`, `state eq inactive`, `state eq 'inactive'`, `state eq "inactive`, `state = "inactive"`, `state == "inactive"`,
	`state = inactive`, `State eq "inactive"`, `status eq "inactive"`, `email eq "ada@example.org"`, `metadata.plan eq "pro"`,
	`traits.email like "%ada%"`, `traits.email eq "ada@example.org" && state pr`, `traits.email eq "a", "b"`, `traits.tags in ("a")`,
	`(state eq "active"`, `state eq "active")`, `not state eq "active"`, `state eq "active" and`, `or state pr`, `state pr true`,
	`traits.age gt true`, `traits.age gt "18`, `traits.age eq 018`, `traits.name eq null`, `traits eq {}`, `traits.tags eq ["a"]`,
	`created_at gt "yesterday"`, `created_at gt 2026`, `traits.name co 3`, `identifiers sw " "`, `verifiable_addresses eq "ada@example.org"`,
	`verifiable_addresses[value eq "ada@example.org"`, `verifiable_addresses[email eq "a"]`, `credentials pr and credentials.pasword pr`,
	`credentials.password.config.hashed_password sw "$2a"`, `"traits/a.b" eq 1`, `"/traits/a~b" eq 1`, `traits..name pr`, `traits.first name pr`, `%`,
}

// TestWrongFilters holds what a person reads who gets a filter wrong.
func TestWrongFilters(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		var b strings.Builder
		for _, filter := range wrongFilters {
			r := f.do(t, http.MethodGet, "/admin/identities?"+url.Values{"filter": {filter}}.Encode(), "")
			require.Equal(t, http.StatusBadRequest, r.status, filter)
			e := r.error(t)
			require.Equal(t, "validation_failed", e.ID)
			require.Len(t, e.Details.Violations, 1, filter)
			require.Equal(t, "/filter", e.Details.Violations[0].Pointer)
			b.WriteString(filter + "\n    " + e.Details.Violations[0].Message + "\n")
		}
		path := filepath.Join("testdata", "wrong_filters.golden.txt")
		if *updateGolden {
			require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), b.String())
	})
}
