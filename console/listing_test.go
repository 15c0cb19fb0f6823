package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
)

// listed are the names that a list shows, in its order.
func listed(body string) []string {
	var all []string
	for _, match := range regexp.MustCompile(`<td class="name"><a[^>]*><bdi>([^<]*)</bdi>`).FindAllStringSubmatch(body, -1) {
		all = append(all, html.UnescapeString(match[1]))
	}
	return all
}

func TestFiltersSearchAndOrder(t *testing.T) {
	manager := newManager(t)
	for _, c := range []identity.Create{
		{Traits: json.RawMessage(`{"email":"ada@example.com","name":"Ada Lovelace","age":36}`), VerifiableAddresses: []identity.CreateVerifiableAddress{{Value: "ada@example.com", Verified: true}}},
		{Traits: json.RawMessage(`{"email":"grace@example.com","name":"Grace Hopper","age":85}`), State: identity.StateInactive},
		{Traits: json.RawMessage(`{"email":"alan@example.com","name":"Alan Turing","age":41}`), State: identity.StateInactive, VerifiableAddresses: []identity.CreateVerifiableAddress{{Value: "alan@example.com", Verified: true}}},
		{Traits: json.RawMessage(`{"serial":"name: Grace"}`), SchemaID: "robot"},
	} {
		_, err := manager.CreateIdentity(context.Background(), c)
		require.NoError(t, err)
	}
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	robot := listed(c.get("/?schema=robot").Body.String())
	require.Len(t, robot, 1)
	for _, test := range []struct {
		name, query string
		want        []string
	}{
		{"half a name", "q=lace", []string{"Ada Lovelace"}},
		{"words in any order", "q=hop+GRA", []string{"Grace Hopper"}},
		{"a state", "state=inactive", []string{"Grace Hopper", "Alan Turing"}},
		{"verified", "verified=yes", []string{"Ada Lovelace", "Alan Turing"}},
		{"not verified", "verified=no", []string{"Grace Hopper"}},
		{"a schema", "schema=robot", robot},
		{"a filter", "filter=" + url.QueryEscape(`traits.age gt 40 and not (state eq "active")`), []string{"Grace Hopper", "Alan Turing"}},
		{"all together", "state=inactive&verified=yes&q=turing&filter=" + url.QueryEscape(`traits.age lt 50`), []string{"Alan Turing"}},
		{"an order", "sort=-traits.age&schema=person", []string{"Grace Hopper", "Alan Turing", "Ada Lovelace"}},
		{"by name", "sort=traits.name&schema=person", []string{"Ada Lovelace", "Alan Turing", "Grace Hopper"}},
		{"an unknown state is none", "state=asleep&schema=robot", robot},
	} {
		w := c.get("/?" + test.query)
		require.Equal(t, http.StatusOK, w.Code, test.name)
		require.Equal(t, test.want, listed(w.Body.String()), test.name)
	}
	for query, fault := range map[string]string{
		"filter=traits.age+gt":        "column",
		"filter=nothing.here+eq+1":    "nothing",
		"sort=secrets":                "secrets",
		"page_token=x":                "page_token",
		"filter=state+eq+%22a%22+and": "column",
	} {
		w := c.get("/?" + query)
		require.Equal(t, http.StatusBadRequest, w.Code, query)
		body := html.UnescapeString(w.Body.String())
		require.Regexp(t, `(?s)role="alert" id="filter-errors"><p dir="auto">[^<]*`+fault, body, query)
		if query != "page_token=x" { // an export is of all pages
			require.Equal(t, http.StatusUnprocessableEntity, c.get("/export?format=csv&"+query).Code, query)
		}
	}
	body := c.get("/?sort=-traits.age&schema=person").Body.String()
	require.Regexp(t, `aria-sort="descending"`, c.get("/?sort=-state").Body.String())
	require.Contains(t, body, `name="sort" value="-traits.age"`, "the order stays when a filter is set")
	require.Contains(t, body, `<option value="traits.age">`)
}

func TestBuilderOfFilters(t *testing.T) {
	manager := newManager(t)
	create(t, manager, `{"email":"ada@example.com","name":"42","age":42}`)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	for _, test := range []struct {
		name, query, want string
	}{
		{"text, as the schema says", "add=traits.name&op=eq&value=42", `traits.name eq "42"`},
		{"a number, as the schema says", "add=traits.age&op=gt&value=41", `traits.age gt 41`},
		{"is there", "add=credentials.totp&op=pr&value=", `credentials.totp pr`},
		{"contains", "add=traits.name&op=co&value=4", `traits.name co "4"`},
		{"an attribute that no schema names", "add=metadata_admin.vip&op=eq&value=true", `metadata_admin.vip eq true`},
		{"and what was there", "filter=" + url.QueryEscape(`traits.age eq 1 or traits.age eq 2`) + "&add=state&op=ne&value=active", `(traits.age eq 1 or traits.age eq 2) and state ne "active"`},
		{"what cannot be read is left to mend", "add=traits.age&op=gt&value=old+man", `traits.age gt "old man"`},
		{"an attribute that cannot be", "add=no+such&op=eq&value=x", `no such eq x`},
		{"nothing", "add=&op=eq&value=&filter=state+pr&q=x", `state pr`},
	} {
		w := c.get("/?" + test.query)
		require.Equal(t, http.StatusSeeOther, w.Code, test.name)
		to, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		require.Equal(t, test.want, to.Query().Get("filter"), test.name)
		require.Empty(t, to.Query().Get("add"))
	}
}

// The list tells how many people it has, as far as that takes no long reading.
func TestTotal(t *testing.T) {
	manager := newManager(t)
	handler := console.New(manager, httpapi.AllowAll)
	handler.SetCountPatience(time.Minute)
	c := newClient(t, handler)
	total := func(address string) string {
		found := regexp.MustCompile(`id="total">([^<]*)<`).FindStringSubmatch(c.get(address).Body.String())
		if found == nil {
			return ""
		}
		return html.UnescapeString(found[1])
	}
	require.Empty(t, total("/"))
	create(t, manager, `{"email":"ada@example.com","name":"Ada","age":36}`)
	require.Equal(t, "1 person", total("/"))
	var creates []identity.Create
	for n := range 1499 {
		creates = append(creates, identity.Create{Traits: fmt.Appendf(nil, `{"email":"p%d@example.com","age":%d}`, n, n%30)})
	}
	_, err := manager.CreateIdentities(t.Context(), creates)
	require.NoError(t, err)
	require.Equal(t, "1,500 people", total("/"))
	require.Equal(t, "1,500 people", total("/?sort=-created_at&page_size=25"))
	require.Equal(t, "1 person", total("/?q=ada"))
	require.Equal(t, "50 people", total("/?filter="+url.QueryEscape("traits.age eq 7")), "a page that is just full")
	require.Equal(t, "500 people", total("/?filter="+url.QueryEscape("traits.age lt 10")))
	for _, address := range []string{"/?state=active", "/?state=active&sort=traits.age", "/?filter=" + url.QueryEscape("traits.age lt 25")} {
		require.Equal(t, "1,000+ people", total(address), address)
	}
	next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(c.get("/").Body.String())
	require.NotNil(t, next)
	require.Equal(t, "1,500 people", total(html.UnescapeString(strings.TrimPrefix(next[1], "."))), "the same on another page")
	require.Empty(t, total("/?filter=traits.age"), "none where nothing was found out")

	// Where there is no time to count, the page tells what it shows.
	handler.SetCountPatience(time.Nanosecond)
	require.Equal(t, "50+ people", total("/"))
	require.Equal(t, "50+ people", total("/?state=active"))
	require.Empty(t, total(html.UnescapeString(strings.TrimPrefix(next[1], "."))))
	require.Equal(t, "1 person", total("/?q=ada"))
}
