package console_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// hidden are the hidden controls of a page.
func hidden(body string) url.Values {
	values := url.Values{}
	for _, match := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(body, -1) {
		values.Add(match[1], html.UnescapeString(match[2]))
	}
	return values
}

func TestBulkChangeOfState(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll, console.WithActor(func(*http.Request) string { return "admin:1" })))
	var people []*identity.Identity
	for n := range 7 {
		people = append(people, create(t, manager, `{"email":"person`+strconv.Itoa(n)+`@example.com"}`))
	}
	states := func() (inactive int) {
		for _, i := range people {
			if get(t, manager, i).State == identity.StateInactive {
				inactive++
			}
		}
		return inactive
	}
	// Those that are ticked.
	w := c.post("/bulk?act=preview", url.Values{"state": {"inactive"}, "id": {people[0].ID.String(), people[1].ID.String(), "nonsense"}})
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "2 people would be locked out.")
	require.Contains(t, w.Body.String(), "person1@example.com")
	require.Zero(t, states(), "a preview does nothing")
	w = c.post("/bulk?act=run", hidden(w.Body.String()))
	require.Contains(t, w.Body.String(), "2 people were locked out.")
	require.True(t, strings.HasSuffix(strings.TrimSpace(w.Body.String()), "</html>"))
	require.Equal(t, 2, states())

	// All who are found, but for those who are it already.
	w = c.post("/bulk?act=preview", url.Values{"state": {"inactive"}, "all": {"yes"}, "filter": {""}, "id": {people[0].ID.String()}})
	require.Contains(t, w.Body.String(), "5 people would be locked out.")
	run := hidden(w.Body.String())
	_, err := manager.SetState(context.Background(), people[2].ID, identity.StateInactive)
	require.NoError(t, err)
	w = c.post("/bulk?act=run", run)
	require.Equal(t, http.StatusPreconditionFailed, w.Code)
	require.Contains(t, w.Body.String(), "Nothing was done.")
	require.Contains(t, w.Body.String(), "4 people would be locked out.")
	require.Equal(t, 3, states())
	c.post("/bulk?act=run", hidden(w.Body.String()))
	require.Equal(t, 7, states())

	// Those of a search.
	w = c.post("/bulk?act=preview", url.Values{"state": {"active"}, "all": {"yes"}, "filter": {"q=person3&filter=state+eq+%22inactive%22"}})
	require.Contains(t, w.Body.String(), "1 person would be let in again.")
	c.post("/bulk?act=run", hidden(w.Body.String()))
	require.Equal(t, 6, states())
	require.Equal(t, identity.StateActive, get(t, manager, people[3]).State)

	require.Contains(t, c.post("/bulk?act=preview", url.Values{"state": {"active"}}).Body.String(), "Nobody would change")
	require.Equal(t, http.StatusBadRequest, c.post("/bulk?act=preview", url.Values{"state": {"asleep"}}).Code)
	changes := 0
	for change, err := range manager.Changes(context.Background(), storage.ChangeQuery{}) {
		require.NoError(t, err)
		if change.Actor == "admin:1" {
			changes++
		}
	}
	require.Equal(t, 7, changes, "2 + 4 + 1")
}

func TestExport(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	_, err := manager.CreateIdentity(context.Background(), identity.Create{
		Traits: json.RawMessage(`{"email":"ada@example.com","name":"=HYPERLINK(\"http://evil\")"}`), ExternalID: "+1",
		MetadataAdmin: json.RawMessage(`{"a":"x,\"y\"\n"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "correct horse battery"}},
		VerifiableAddresses: []identity.CreateVerifiableAddress{{Value: "ada@example.com", Verified: true}},
	})
	require.NoError(t, err)
	create(t, manager, `{"email":"grace@example.com"}`)

	w := c.get("/export?format=csv")
	require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(t, `attachment; filename="people.csv"`, w.Header().Get("Content-Disposition"))
	cells, err := csv.NewReader(w.Body).ReadAll()
	require.NoError(t, err)
	require.Len(t, cells, 3)
	ada := map[string]string{}
	for n, name := range cells[0] {
		ada[name] = cells[1][n]
	}
	require.Equal(t, `'=HYPERLINK("http://evil")`, ada["name"], "no formula")
	require.Equal(t, "'+1", ada["external_id"])
	require.Equal(t, "ada@example.com", ada["verified"])
	require.Equal(t, `{"a":"x,\"y\"\n"}`, ada["metadata_admin"])

	w = c.get("/export?format=ndjson&q=grace")
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], "grace@example.com")
	for _, format := range []string{"csv", "ndjson"} {
		require.NotContains(t, c.get("/export?format="+format).Body.String(), "argon2")
	}
	require.Equal(t, http.StatusNotFound, c.get("/export?format=xml").Code)
	require.Contains(t, c.get("/?q=grace").Body.String(), `href="./export?format=csv&amp;q=grace"`)

	// What was exported can be imported elsewhere.
	for _, format := range []string{"csv", "ndjson"} {
		other := newManager(t)
		text := c.get("/export?format=" + format).Body.String()
		page := newClient(t, console.New(other, httpapi.AllowAll)).post("/import?act=run", url.Values{"text": {text}})
		require.Contains(t, page.Body.String(), "2 people were created.", format)
		found, err := other.FindByIdentifier(context.Background(), credentials.TypePassword, "ada@example.com")
		require.NoError(t, err)
		require.Equal(t, `{"email":"ada@example.com","name":"=HYPERLINK(\"http://evil\")"}`, string(found.Traits), format)
		require.Equal(t, "+1", found.ExternalID)
		require.JSONEq(t, `{"a":"x,\"y\"\n"}`, string(found.MetadataAdmin))
		require.True(t, found.VerifiableAddresses[0].Verified)
	}
}

func TestImport(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	create(t, manager, `{"email":"taken@example.com"}`)
	text := strings.Join([]string{
		"traits.email,/traits/name,traits.age,external_id,state,password",
		"ada@example.com,Ada,36,c-1,inactive,correct horse battery",
		"taken@example.com,,,,,",
		"ADA@example.com,,,,,",
		"no address,,x,,,",
		"grace@example.com,Grace,,c-1,,",
		"",
	}, "\r\n")
	w := c.post("/import?act=check", url.Values{"text": {text}})
	require.Equal(t, http.StatusOK, w.Code)
	body := html.UnescapeString(w.Body.String())
	require.Contains(t, body, "1 of 5 people can be created.")
	require.Regexp(t, `(?s)<td>3</td><td><div dir="auto">/traits/email: belongs to somebody else`, body)
	require.Regexp(t, `(?s)<td>4</td><td><div dir="auto">/traits/email: line 2 has the same`, body)
	require.Regexp(t, `(?s)<td>5</td><td><div dir="auto">/traits/age: must be a number`, body)
	require.Regexp(t, `(?s)<td>6</td><td><div dir="auto">/external_id: line 2 has the same`, body)
	count, err := manager.CountIdentities(context.Background(), idem.Query{})
	require.NoError(t, err)
	require.Equal(t, 1, count, "a check creates nobody")

	w = c.post("/import?act=run", url.Values{"text": {text}})
	body = html.UnescapeString(w.Body.String())
	require.Contains(t, body, "1 person was created.")
	require.Contains(t, body, "4 were not.")
	require.Contains(t, body, "<li>5 of 5 lines</li>")
	ada, err := manager.FindByExternalID(context.Background(), "c-1")
	require.NoError(t, err)
	require.JSONEq(t, `{"email":"ada@example.com","name":"Ada","age":36}`, string(ada.Traits))
	require.Equal(t, identity.StateInactive, ada.State)
	_, err = manager.VerifyPassword(context.Background(), "ada@example.com", "correct horse battery")
	require.ErrorIs(t, err, idem.ErrInactive)

	w = c.post("/import?act=run", url.Values{"schema_id": {"robot"}, "text": {`{"traits":{"serial":"1"}}` + "\n\n" + `{"traits":{"serial":"2"},"schema_id":"robot"}` + "\n" + `{"trait":{}}` + "\n{"}})
	require.Contains(t, w.Body.String(), "2 people were created.")
	require.Regexp(t, `<td>4</td>`, w.Body.String())

	w = c.post("/import?act=check", url.Values{"text": {"traits.email;traits.name\nx@example.com;X\n"}})
	require.Contains(t, w.Body.String(), "1 of 1 people can be created.", "semicolons")

	var many strings.Builder
	many.WriteString("traits.email,password\n")
	for n := range 201 {
		many.WriteString("p" + strconv.Itoa(n) + "@example.com,correct horse battery\n")
	}
	for text, fault := range map[string]string{
		"": "There is nothing to import", "traits.email,shoe\na@b.co,42": `There is no column "shoe"`, "traits.email\n\"": "This is not CSV", "traits.email\na@b.co,c": "This is not CSV",
		many.String(): "At most 200 plain passwords", "traits.email\n" + strings.Repeat("a@b.co\n", 10_001): "At most 10000 people",
	} {
		for _, act := range []string{"check", "run"} {
			w = c.post("/import?act="+act, url.Values{"text": {text}})
			require.Equal(t, http.StatusUnprocessableEntity, w.Code, fault)
			require.Contains(t, html.UnescapeString(w.Body.String()), fault)
		}
	}
}

// A page is painted once its times are written. One that shows the progress of work is painted as it comes.
func TestProgressIsNotHeldBack(t *testing.T) {
	manager := newManager(t)
	create(t, manager, `{"email":"ada@example.com"}`)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	held := ` blocking="render"></script>`
	for _, path := range []string{"/", "/activity", "/import"} {
		require.Contains(t, c.get(path).Body.String(), held, path)
	}
	require.Contains(t, c.post("/import?act=check", url.Values{"text": {`{"traits":{"email":"grace@example.com"}}`}}).Body.String(), held, "nothing is under way")
	for path, values := range map[string]url.Values{
		"/import?act=run":       {"text": {`{"traits":{"email":"grace@example.com"}}`}},
		"/bulk?act=run":         {"all": {"yes"}, "state": {"inactive"}, "count": {"2"}},
		"/schemas?act=rederive": {"id": {"person"}},
	} {
		if path == "/bulk?act=run" {
			create(t, manager, `{"email":"third@example.com"}`)
			values.Set("count", strconv.Itoa(activePeople(t, manager)))
		}
		w := c.post(path, values)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Contains(t, w.Body.String(), "<ol class=\"progress\">", path)
		require.NotContains(t, w.Body.String(), held, path)
	}
}

func activePeople(t testing.TB, manager *idem.Manager) int {
	count, err := manager.CountIdentities(t.Context(), idem.Query{Where: query.Eq("/state", "active")})
	require.NoError(t, err)
	return count
}
