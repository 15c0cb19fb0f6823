package sdk_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	ory "github.com/ory/client-go"
	"github.com/stretchr/testify/require"
)

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// nextToken is the page token of the link to the next page, empty on the last one.
func nextToken(t *testing.T, response *http.Response) string {
	t.Helper()
	found := nextLink.FindStringSubmatch(response.Header.Get("Link"))
	if found == nil {
		return ""
	}
	link, err := url.Parse(found[1])
	require.NoError(t, err)
	require.NotEmpty(t, link.Query().Get("page_token"))
	return link.Query().Get("page_token")
}

func createMany(t *testing.T, api ory.IdentityAPI, count int) []string {
	t.Helper()
	var ids []string
	for n := range count {
		ids = append(ids, create(t, api, person(fmt.Sprintf("user-%d", n))).Id)
	}
	return ids
}

func idsOf(identities []ory.Identity) []string {
	ids := make([]string, 0, len(identities))
	for _, i := range identities {
		ids = append(ids, i.Id)
	}
	return ids
}

func TestListByToken(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		all := createMany(t, api, 7)
		var walked []string
		request := api.ListIdentities(t.Context()).PageSize(3)
		for {
			page, response, err := request.Execute()
			require.NoError(t, err)
			walked = append(walked, idsOf(page)...)
			token := nextToken(t, response)
			if token == "" {
				break
			}
			request = request.PageToken(token)
		}
		require.Equal(t, all, walked)
		whole, response, err := api.ListIdentities(t.Context()).Consistency("strong").Execute()
		require.NoError(t, err)
		require.Equal(t, all, idsOf(whole))
		require.Empty(t, nextToken(t, response))
	})
}

// TestListFollowingLinks walks with the links alone, as generic clients do.
func TestListFollowingLinks(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		all := createMany(t, api, 5)
		_, response, err := api.ListIdentities(t.Context()).PageSize(2).Execute()
		require.NoError(t, err)
		pages := 1
		for link := nextLink.FindStringSubmatch(response.Header.Get("Link")); link != nil; link = nextLink.FindStringSubmatch(response.Header.Get("Link")) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link[1], http.NoBody)
			require.NoError(t, err)
			response, err = http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode)
			pages++
		}
		require.Equal(t, (len(all)+1)/2, pages)
	})
}

// TestListByNumber: the client sends page_size whatever it is told, so it cannot ask
// for the older form, and per_page is without effect.
func TestListByNumber(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		all := createMany(t, api, 3)
		page, response, err := api.ListIdentities(t.Context()).PerPage(2).Page(0).Execute()
		require.NoError(t, err)
		require.Equal(t, all, idsOf(page))
		require.Empty(t, response.Header.Get("X-Total-Count"))
	})
}

func TestListFilters(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		full := create(t, api, ada())
		others := createMany(t, api, 3)
		list := api.ListIdentities(t.Context())
		for _, c := range []struct {
			name    string
			request ory.IdentityAPIListIdentitiesRequest
			want    []string
		}{
			{"ids", list.Ids([]string{others[2], full.Id, absentID, full.Id}), []string{full.Id, others[2]}},
			{"no such id", list.Ids([]string{absentID}), []string{}},
			{"an identifier", list.CredentialsIdentifier("ADA@example.org"), []string{full.Id}},
			{"the identifier of a link", list.CredentialsIdentifier("google:g-1"), []string{full.Id}},
			{"no such identifier", list.CredentialsIdentifier("nobody"), []string{}},
			{"the beginning of an identifier", list.PreviewCredentialsIdentifierSimilar("USER-"), others},
			{"an organization", list.OrganizationId(full.GetOrganizationId()), []string{full.Id}},
			{"no such organization", list.OrganizationId(absentID), []string{}},
			{"both of one person", list.CredentialsIdentifier("ada").OrganizationId(full.GetOrganizationId()), []string{full.Id}},
			{"an identifier in another organization", list.CredentialsIdentifier("ada").OrganizationId(absentID), []string{}},
		} {
			found, _, err := c.request.Execute()
			require.NoError(t, err, c.name)
			require.Equal(t, c.want, idsOf(found), c.name)
		}
		_, _, err := list.PageToken("forged").Execute()
		requireError(t, err, http.StatusBadRequest, "validation_failed")
		_, _, err = list.Ids([]string{"not-an-id"}).Execute()
		requireError(t, err, http.StatusBadRequest, "bad_request")
	})
}

func TestListCredentials(t *testing.T) {
	onBothStores(t, func(t *testing.T, api ory.IdentityAPI) {
		id := create(t, api, ada()).Id
		found, _, err := api.ListIdentities(t.Context()).Execute()
		require.NoError(t, err)
		require.Nil(t, found[0].Credentials)
		found, _, err = api.ListIdentities(t.Context()).IncludeCredential(everyType).Execute()
		require.NoError(t, err)
		require.Equal(t, *get(t, api, id), found[0])
		found, _, err = api.ListIdentities(t.Context()).CredentialsIdentifier("ada").Execute()
		require.NoError(t, err)
		require.Contains(t, found[0].GetCredentials(), "password")
	})
}
