package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

// list gets a page and returns the emails of the people on it.
func (f *fixture) list(t *testing.T, query string) (emails []string, r response) {
	t.Helper()
	r = f.do(t, http.MethodGet, "/admin/identities"+query, "")
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	var page []struct {
		Traits struct {
			Email string `json:"email"`
		} `json:"traits"`
	}
	require.NoError(t, json.Unmarshal(r.body, &page))
	for _, i := range page {
		emails = append(emails, i.Traits.Email)
	}
	return emails, r
}

// links returns the links of an answer by relation, without the base URL.
func links(t *testing.T, r response) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, match := range regexp.MustCompile(`<([^>]*)>; rel="([a-z]+)"`).FindAllStringSubmatch(r.header.Get("Link"), -1) {
		path, ok := strings.CutPrefix(match[1], baseURL+"/admin/identities")
		require.True(t, ok, match[1])
		found[match[2]] = path
	}
	return found
}

func (f *fixture) people(t *testing.T, n int) (emails []string) {
	t.Helper()
	for i := range n {
		email := fmt.Sprintf("person%d@example.com", i)
		f.create(t, fmt.Sprintf(`{"schema_id":"person","traits":{"email":%q}}`, email))
		emails = append(emails, email)
	}
	return emails
}

func TestListFollowsLinks(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		empty, r := f.list(t, "")
		require.Empty(t, empty)
		require.Equal(t, "[]", string(r.body))
		everyone := f.people(t, 7)

		var walked []string
		next := "?page_size=3"
		for range 3 {
			emails, r := f.list(t, next)
			walked = append(walked, emails...)
			require.NotContains(t, string(r.body), `"credentials"`, "credentials are left out of a list")
			require.Equal(t, "?page_size=3", links(t, r)["first"])
			next = links(t, r)["next"]
		}
		require.Equal(t, everyone, walked)
		require.Empty(t, next, "the last page has no next")

		emails, r := f.list(t, "?page_size=0&per_page=2&page=1")
		require.Equal(t, everyone, emails, "page_size wins, and 0 is the default")
		require.Equal(t, "?page_size=250", links(t, r)["first"])
		for _, size := range []string{"501", "99999999999999999999"} {
			_, r = f.list(t, "?page_size="+size)
			require.Equal(t, "?page_size=500", links(t, r)["first"])
		}
		_, r = f.list(t, "?page_size=-5")
		require.Equal(t, "?page_size=250", links(t, r)["first"])

		head := f.do(t, http.MethodHead, "/admin/identities?page_size=3", "")
		require.Equal(t, http.StatusOK, head.status)
		require.NotEmpty(t, links(t, head)["next"])
	})
}

// TestLongLinks makes sure that clients can read an answer to many ids: the default of Node is 16 KiB for all headers, that of
// nginx 4.
func TestLongLinks(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		query := "?"
		for n := range 497 {
			query += fmt.Sprintf("ids=018f0000-0000-7000-8000-ffff%08x&", n)
		}
		everyone := f.people(t, 3)
		for _, email := range everyone {
			found, err := f.manager.FindByIdentifier(t.Context(), credentials.TypePassword, email)
			require.NoError(t, err)
			query += "ids=" + found.ID.String() + "&"
		}
		for _, size := range []string{"page_size", "per_page"} {
			emails, r := f.list(t, query+size+"=500")
			require.Equal(t, everyone, emails)
			require.Zero(t, len(r.header.Get("Link")))

			_, r = f.list(t, query+size+"=2")
			found := links(t, r)
			require.Len(t, found, 1)
			rest, r := f.list(t, found["next"])
			require.Equal(t, everyone[2:], rest)
			require.Zero(t, len(r.header.Get("Link")))
		}
	})
}

func TestListByNumber(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		everyone := f.people(t, 7)
		for _, c := range []struct {
			query string
			want  []string
			links map[string]string
		}{
			{"?per_page=3", everyone[:3], map[string]string{"first": "?page=0&per_page=3", "next": "?page=1&per_page=3", "last": "?page=2&per_page=3"}},
			{"?per_page=3&page=1", everyone[3:6], map[string]string{"first": "?page=0&per_page=3", "prev": "?page=0&per_page=3", "next": "?page=2&per_page=3", "last": "?page=2&per_page=3"}},
			{"?page=2&per_page=3", everyone[6:], map[string]string{"first": "?page=0&per_page=3", "prev": "?page=1&per_page=3", "last": "?page=2&per_page=3"}},
			{"?page=9&per_page=3", nil, map[string]string{"first": "?page=0&per_page=3", "prev": "?page=2&per_page=3", "last": "?page=2&per_page=3"}},
			{"?page=0", everyone, map[string]string{"first": "?page=0&per_page=250", "last": "?page=0&per_page=250"}},
		} {
			emails, r := f.list(t, c.query)
			require.Equal(t, c.want, emails, c.query)
			require.Equal(t, "7", r.header.Get("X-Total-Count"))
			require.Equal(t, c.links, links(t, r), c.query)
		}
	})
}

func TestListFilters(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.people(t, 3)
		linked := f.create(t, `{"schema_id":"person","traits":{"email":"linked@example.com"},"organization_id":"018f0000-0000-7000-8000-00000000abcd",
			"credentials":{"oidc":{"config":{"providers":[{"provider":"google","subject":"Case"}]}}}}`)
		id := linked.ID
		for _, c := range []struct {
			query       string
			want        []string
			credentials bool
		}{
			{"?ids=" + id, []string{"linked@example.com"}, false},
			{"?ids=" + id + "&ids=" + strings.ToUpper(id) + "&ids=018f0000-0000-7000-8000-0000000fffff", []string{"linked@example.com"}, false},
			{"?credentials_identifier=PERSON1%40example.com", []string{"person1@example.com"}, true},
			{"?credentials_identifier=google:Case", []string{"linked@example.com"}, true},
			{"?credentials_identifier=google:case", nil, false},
			{"?credentials_identifier=", []string{"person0@example.com", "person1@example.com", "person2@example.com", "linked@example.com"}, false},
			{"?preview_credentials_identifier_similar=Person", []string{"person0@example.com", "person1@example.com", "person2@example.com"}, true},
			{"?organization_id=018F0000-0000-7000-8000-00000000ABCD", []string{"linked@example.com"}, false},
			{"?include_credential=oidc&ids=" + id, []string{"linked@example.com"}, true},
			{"?consistency=strong&ids=" + id, []string{"linked@example.com"}, false},
		} {
			emails, r := f.list(t, c.query)
			require.Equal(t, c.want, emails, c.query)
			require.Equal(t, c.credentials, strings.Contains(string(r.body), `"credentials"`), c.query)
			require.Equal(t, strings.Contains(c.query, "include_credential=oidc"), strings.Contains(string(r.body), `"config"`), c.query)
		}

		_, r := f.list(t, "?preview_credentials_identifier_similar=person&page_size=2")
		require.Contains(t, links(t, r)["next"], "preview_credentials_identifier_similar=person")
		emails, _ := f.list(t, links(t, r)["next"])
		require.Equal(t, []string{"person2@example.com"}, emails)
	})
}

func TestListRefusesWhatItDoesNotKnow(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.people(t, 2)
		_, r := f.list(t, "?page_size=1")
		token := links(t, r)["next"]
		for name, query := range map[string]string{
			"unknown":           "?credential_identifier=a",
			"another case":      "?IDS=018f0000-0000-7000-8000-000000000001",
			"id":                "?ids=1",
			"empty id":          "?ids=",
			"too many ids":      "?" + strings.Repeat("ids=018f0000-0000-7000-8000-000000000001&", 501),
			"size":              "?page_size=many",
			"empty size":        "?page_size=",
			"per page":          "?per_page=x",
			"page":              "?page=1.5",
			"token":             "?page_token=1",
			"tampered token":    swapLast(token),
			"token twice":       token + "&page_token=a",
			"organization":      "?organization_id=acme",
			"credential type":   "?include_credential=pasword",
			"percent":           "?page_size=%zz",
			"semicolon":         "?page_size=1;page=2",
			"filter":            "?filter=traits.email",
			"filter twice":      "?filter=state+pr&filter=state+pr",
			"search":            "?q=+",
			"order":             "?sort=email",
			"count":             "?count=yes",
			"another filter":    token + "&filter=state+pr",
			"another order":     token + "&sort=id",
			"another search":    token + "&q=person",
			"control character": "?" + url.QueryEscape("a\r\nb") + "=1",
		} {
			r := f.do(t, http.MethodGet, "/admin/identities"+query, "")
			require.Equal(t, http.StatusBadRequest, r.status, "%s: %s", name, r.body)
			require.NotEmpty(t, r.error(t).Reason, name)
		}
	})
}

// swapLast changes the last letter of a token.
func swapLast(token string) string {
	last := "A"
	if strings.HasSuffix(token, last) {
		last = "B"
	}
	return token[:len(token)-1] + last
}
