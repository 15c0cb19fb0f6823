package browsertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/memory"
)

func get(t testing.TB, manager *idem.Manager, i *identity.Identity) *identity.Identity {
	found, err := manager.GetIdentity(t.Context(), i.ID)
	require.NoError(t, err)
	return found
}

// reveal opens the details around a control, as a reader does before using it.
func (b *tab) reveal(selector string) {
	b.t.Helper()
	found := eval[bool](b, fmt.Sprintf(`(() => {
		const control = document.querySelector(%q);
		for (let at = control; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
		return control !== null;
	})()`, selector))
	require.True(b.t, found, selector)
}

// act presses a button that may be folded away.
func (b *tab) act(selector string) {
	b.t.Helper()
	b.reveal(selector)
	b.submit(selector)
}

// A person's life: found, changed in every way, and deleted.
func TestLifeOfAPerson(t *testing.T) {
	on(t, everyCombination(), func(t *testing.T, s *site, b *tab) {
		seed(t, s.manager, 3)

		// Created by the form of the schema.
		b.open(s.url)
		b.submit("#new")
		b.fill(named("/traits/email"), "  ")
		b.submit(".actions button.primary")
		require.Contains(t, b.text(), "This was not saved.")
		b.fill(named("/traits/email"), "Marie@Example.com")
		b.fill(named("/traits/name/first"), "Marie")
		b.fill(named("/traits/seats"), "12")
		b.fill(named("external_id"), "nobel-1903")
		b.fill(named("password"), "polonium and radium")
		b.submit(".actions button.primary")
		require.Contains(t, b.text(), "The person is created.")
		marie, err := s.manager.FindByExternalID(t.Context(), "nobel-1903")
		require.NoError(t, err)
		require.JSONEq(t, `{"email":"Marie@Example.com","name":{"first":"Marie"},"plan":"free","seats":12}`, string(marie.Traits))
		_, err = s.manager.VerifyPassword(t.Context(), "marie@example.com", "polonium and radium")
		require.NoError(t, err)

		// Found by the beginning of an identifier.
		b.open(s.url)
		b.fill("#q", "marie")
		b.submit(".search button")
		require.Contains(t, b.text(), "Marie")
		require.NotContains(t, b.text(), "Grace Hopper")
		b.submit("td.name a")
		require.Contains(t, b.text(), marie.ID.String())

		// Traits, as a form and as JSON.
		b.fill(named("/traits/name/last"), "Curie")
		b.fill(named("/traits/plan"), `"team"`)
		b.submit("form.fields > .actions button")
		require.Contains(t, b.text(), "The traits are saved.")
		require.JSONEq(t, `{"email":"Marie@Example.com","name":{"first":"Marie","last":"Curie"},"plan":"team","seats":12}`, string(get(t, s.manager, marie).Traits))
		b.reveal("#traits-json")
		b.fill("#traits-json", `{"email": 7}`)
		b.act(`form:has(#traits-json) button`)
		require.Contains(t, b.text(), "/traits/email")
		require.Equal(t, `{"email": 7}`, eval[string](b, `document.getElementById("traits-json").value`), "what was typed stays")
		b.fill("#traits-json", `{"email":"marie@example.com","name":{"first":"Marie","last":"Curie"},"phones":["1","2"]}`)
		b.act(`form:has(#traits-json) button`)
		require.Contains(t, b.text(), "The traits are saved.")

		// An entry is removed and one is added, with JavaScript by a button, and without it in the empty field.
		b.run(evaluateVoid(`document.querySelector('[name=remove][value="/traits/phones/0"]').checked = true`))
		if eval[bool](b, `document.documentElement.classList.contains("with-script")`) {
			b.run(evaluateVoid(`document.querySelector('[data-list="/traits/phones"] > .add-entry').click()`))
		}
		b.fill(named("/traits/phones/2"), "3")
		b.submit("form.fields > .actions button")
		require.JSONEq(t, `{"email":"marie@example.com","name":{"first":"Marie","last":"Curie"},"phones":["2","3"]}`, string(get(t, s.manager, marie).Traits))

		// Metadata.
		b.fill("#metadata-public", `{"badge":`)
		b.submit("form:has(#metadata-public) button")
		require.Contains(t, b.text(), "This is not JSON")
		b.fill("#metadata-public", `{"badge":2}`)
		b.submit("form:has(#metadata-public) button")
		b.fill("#metadata-admin", `"watch"`)
		b.submit("form:has(#metadata-admin) button")
		require.Equal(t, []string{`{"badge":2}`, `"watch"`}, []string{string(get(t, s.manager, marie).MetadataPublic), string(get(t, s.manager, marie).MetadataAdmin)})

		// Locked out, and let in again.
		b.submit("button[name=state]")
		require.Contains(t, b.text(), "locked out")
		require.Equal(t, identity.StateInactive, get(t, s.manager, marie).State)
		b.submit("button[name=state]")
		require.Equal(t, identity.StateActive, get(t, s.manager, marie).State)

		// External id, address, password.
		b.fill("#external_id", "nobel-1911")
		b.submit("form:has(#external_id) button")
		require.Equal(t, "nobel-1911", get(t, s.manager, marie).ExternalID)
		b.submit(`form[action="?act=verify"] button`)
		require.True(t, get(t, s.manager, marie).VerifiableAddresses[0].Verified)
		b.reveal("#password")
		b.fill("#password", "a second prize")
		b.act("form:has(#password) button")
		_, err = s.manager.VerifyPassword(t.Context(), "marie@example.com", "a second prize")
		require.NoError(t, err)

		// A recovery code is shown once, and every sign-in is ended.
		b.run(evaluateVoid(`document.querySelector("#life").value = "24h"`))
		b.submit("form:has(#life) button")
		require.Regexp(t, `^[0-9a-z]{6,16}$`, eval[string](b, `document.querySelector(".once").innerText`))
		require.Contains(t, b.text(), "https://app.example.com/recover#")
		b.everywhereOnce("recovery")
		b.open(s.url + "people/" + marie.ID.String())
		require.Zero(t, eval[int](b, `document.querySelectorAll(".once").length`))
		active := func() int {
			return eval[int](b, `document.querySelectorAll("section:has(#sessions) .tag.good").length`)
		}
		require.Equal(t, 1, active())
		epoch := get(t, s.manager, marie).SignInEpoch
		b.act(`form[action="?act=signout"] button`)
		require.Contains(t, b.text(), "All sign-ins are ended.")
		require.NotEqual(t, epoch, get(t, s.manager, marie).SignInEpoch)
		require.Zero(t, active())

		// One of two links goes.
		u := identity.Update{Traits: get(t, s.manager, marie).Traits, Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1"}, {Provider: "github", Subject: "2"}}}}}
		_, err = s.manager.UpdateIdentity(t.Context(), marie.ID, u)
		require.NoError(t, err)
		b.open(s.url + "people/" + marie.ID.String())
		b.act(`form:has([value="google:1"]) button`)
		require.Equal(t, []string{"github:2"}, get(t, s.manager, marie).Credentials[credentials.TypeOIDC].Identifiers)

		// Who did it is in the history and in the activity.
		require.Contains(t, eval[string](b, `document.querySelector(".history").innerText`), "admin:test")
		b.open(s.url + "activity")
		require.Contains(t, b.text(), "Marie Curie")
		require.Contains(t, b.text(), "admin:test")

		// Deleted, with the name typed.
		b.open(s.url + "people/" + marie.ID.String())
		b.reveal("#confirm")
		b.fill("#confirm", "Marie")
		b.act("form:has(#confirm) button")
		require.Contains(t, b.text(), "Nothing was deleted.")
		b.reveal("#confirm")
		b.fill("#confirm", "Marie Curie")
		b.act("form:has(#confirm) button")
		require.Contains(t, b.text(), "The person is deleted.")
		_, err = s.manager.GetIdentity(t.Context(), marie.ID)
		require.Equal(t, idem.KindNotFound, idem.KindOf(err))
	})
}

func TestCheckOfASchema(t *testing.T) {
	on(t, onePerStore, func(t *testing.T, s *site, b *tab) {
		ada := seed(t, s.manager, 4)
		b.open(s.url + "schemas?id=person")
		require.Contains(t, b.text(), "is an address to verify, by email")
		b.submit("form:has(#candidate) button")
		require.Contains(t, b.text(), "Everybody fits")
		b.fill("#candidate", strings.Replace(personSchema, `"minimum": 1,`, `"minimum": 2,`, 1))
		b.submit("form:has(#candidate) button")
		require.Contains(t, b.text(), ada.ID.String())
		require.Contains(t, b.text(), "/traits/seats")
		b.everywhereOnce("schema-checked")
		b.submit("form:has(input[name=id]):not(:has(#candidate)) button")
		require.Contains(t, b.text(), "4 people were looked at, 0 were changed, 0 could not be.")
		b.everywhereOnce("rederived")
		b.open(s.url + "schemas?id=person")
		b.fill("#candidate", `{"type":`)
		b.submit("form:has(#candidate) button")
		require.Contains(t, b.text(), "This is not a schema that can be used")
		require.Equal(t, `{"type":`, eval[string](b, `document.getElementById("candidate").value`))
	})
}

// Two people edit one person: the second sees what the first has done, merges, and nothing either typed is lost.
func TestTwoBrowsersEditOnePerson(t *testing.T) {
	on(t, onePerStore, func(t *testing.T, s *site, second *tab) {
		ada := seed(t, s.manager, 2)
		at := s.url + "people/" + ada.ID.String()
		first := newTab(t, s)
		second.open(at)
		first.open(at)

		first.fill(named("/traits/name/last"), "King")
		first.fill(named("/traits/seats"), "9")
		first.submit("form.fields > .actions button")
		require.Contains(t, first.text(), "The traits are saved.")

		second.fill(named("/traits/name/last"), "Byron")
		second.fill(named("/traits/plan"), `"enterprise"`)
		second.submit("form.fields > .actions button")
		text := second.text()
		for _, shown := range []string{"Somebody else changed this too", `"Lovelace"`, `"King"`, `"Byron"`, "/traits/seats", "/traits/plan", "Both of you changed this"} {
			require.Contains(t, text, shown)
		}
		second.everywhereOnce("conflict")
		var stored map[string]any
		require.NoError(t, json.Unmarshal(get(t, s.manager, ada).Traits, &stored))
		require.Equal(t, "King", stored["name"].(map[string]any)["last"], "nothing is written before the merge")

		second.submit("main .actions button.primary")
		require.Contains(t, second.text(), "The traits are saved.")
		require.NoError(t, json.Unmarshal(get(t, s.manager, ada).Traits, &stored))
		require.Equal(t, "Byron", stored["name"].(map[string]any)["last"])
		require.Equal(t, "enterprise", stored["plan"])
		require.EqualValues(t, 9, stored["seats"])

		// The other way: theirs is kept.
		second.open(at)
		first.open(at)
		first.fill(named("/traits/name/last"), "King-Noel")
		first.submit("form.fields > .actions button")
		second.fill(named("/traits/name/last"), "Gordon")
		second.submit("form.fields > .actions button")
		second.run(evaluateVoid(`document.querySelector("[name=theirs]").checked = true`))
		second.submit("main .actions button.primary")
		require.NoError(t, json.Unmarshal(get(t, s.manager, ada).Traits, &stored))
		require.Equal(t, "King-Noel", stored["name"].(map[string]any)["last"])

		// The same for metadata.
		second.open(at)
		first.open(at)
		first.fill("#metadata-admin", `{"note":"met at the fair","vip":true}`)
		first.submit("form:has(#metadata-admin) button")
		second.fill("#metadata-admin", `{"note":"called back"}`)
		second.submit("form:has(#metadata-admin) button")
		require.Contains(t, second.text(), "Somebody else changed this too")
		second.submit("main .actions button.primary")
		require.JSONEq(t, `{"note":"called back","vip":true}`, string(get(t, s.manager, ada).MetadataAdmin))
	})
}

// everywhereOnce is everywhere for a page that the test is on, where such pages are looked at.
func (b *tab) everywhereOnce(name string) {
	b.t.Helper()
	if b.audited {
		b.everywhere(name, "")
	}
}

func TestReadersAreOfferedNothingThatWrites(t *testing.T) {
	t.Parallel()
	manager := newManager(t, memory.New())
	ada := seed(t, manager, 3)
	s := newSite(t, manager, "root", func(r *http.Request) error {
		if operation := httpapi.Operation(r); strings.HasPrefix(operation, "get") || strings.HasPrefix(operation, "list") {
			return nil
		}
		return httpapi.Forbidden("You only read.")
	})
	b := newTab(t, s)
	at := s.url + "people/" + ada.ID.String()
	for name, address := range map[string]string{"people": s.url, "person": at, "schemas": s.url + "schemas", "activity": s.url + "activity"} {
		b.open(address)
		require.Zero(t, eval[int](b, `document.querySelectorAll("form[method=post], #new").length`), address)
		b.everywhere("reader-"+name, address)
	}
	for _, act := range []string{"traits", "metadata", "state", "external", "password", "verify", "credential", "delete"} {
		status := eval[int](b, fmt.Sprintf(`fetch("/people/%s?act=%s", {method: "POST", body: new URLSearchParams({revision: "%d", state: "inactive", mode: "json", json: "{}", confirm: "Ada Lovelace"})}).then((answer) => answer.status)`, ada.ID, act, ada.Revision))
		require.Equal(t, http.StatusForbidden, status, act)
	}
	require.Equal(t, ada.Revision, get(t, manager, ada).Revision)
}

// Pages of another site, and of another origin of the same site, post to the console: the browser says where they come
// from, and nothing happens. The reader sees the page that says so.
func TestAnotherSiteCannotWrite(t *testing.T) {
	t.Parallel()
	s := memorySite(t, 0)
	ada := seed(t, s.manager, 1)
	action := s.url + "people/" + ada.ID.String() + "?act=state"
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,"><title>foreign</title><h1>You have won</h1>
			<form method="post" action="%s" enctype="%s"><input name="revision" value="%d"><input name="state" value="inactive"><button>Take it</button></form>`,
			action, r.URL.Query().Get("enctype"), ada.Revision)
	}))
	t.Cleanup(foreign.Close)
	for _, address := range []string{foreign.URL, strings.Replace(foreign.URL, "127.0.0.1", "localhost", 1)} {
		b := newTab(t, s, address)
		for _, enctype := range []string{"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"} {
			b.open(address + "/?enctype=" + url.QueryEscape(enctype))
			b.submit("button")
			require.Contains(t, b.text(), "The request came from another site and was refused.", enctype)
			require.Equal(t, action, eval[string](b, "location.href"), "the browser has sent it")
		}
		b.open(address)
		sent := eval[string](b, fmt.Sprintf(`fetch(%q, {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({revision: "%d", state: "inactive"})}).then((answer) => answer.type)`, action, ada.Revision))
		require.Equal(t, "opaque", sent, "the browser has sent it")
	}
	require.Equal(t, identity.StateActive, get(t, s.manager, ada).State)

	// The console's own page may do it.
	b := newTab(t, s)
	b.open(s.url + "people/" + ada.ID.String())
	b.submit("button[name=state]")
	require.Equal(t, identity.StateInactive, get(t, s.manager, ada).State)
}
