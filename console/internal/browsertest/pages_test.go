package browsertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage/memory"
)

var widths = map[string]int64{"320": 320, "768": 768, "1440": 1440}

// everywhere looks at a page in both colour schemes and at three widths: axe-core finds nothing, and nothing is wider
// than the window. An empty address is the page that the tab is on.
func (b *tab) everywhere(name, address string) {
	b.t.Helper()
	if address != "" {
		b.open(address)
	}
	// The colour schemes differ in colours alone.
	for scheme, rules := range map[string]string{"light": allRules, "dark": colourRules} {
		b.scheme(scheme)
		for suffix, width := range widths {
			b.size(width, 900)
			b.accessible(name+" "+scheme+" "+suffix, rules)
			b.screenshot(name + "-" + scheme + "-" + suffix)
		}
	}
	b.size(1440, 900)
	b.scheme("light")
}

func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	s := memorySite(t, 0)
	b := newTab(t, s)
	b.everywhere("empty", s.url)
	ada := seed(t, s.manager, 25)
	at := s.url + "people/" + ada.ID.String()
	for name, address := range map[string]string{
		"people": s.url, "search": s.url + "?q=ada", "filtered": s.url + "?filter=traits.seats+gt+9+and+state+eq+%22active%22&state=active&sort=-created_at", "misspelt": s.url + "?filter=traits.seats+gt", "nobody": s.url + "?q=nobody%20at%20all", "person": at, "schema": at + "?schema=device", "new": s.url + "new", "schemas": s.url + "schemas?id=person", "activity": s.url + "activity", "import": s.url + "import",
		"fault": s.url + "nowhere",
	} {
		b.everywhere(name, address)
	}

	// A refused form, everything open.
	b.open(at)
	b.fill(named("/traits/email"), "no address")
	b.fill(named("/traits/seats"), "many")
	b.submit("form.fields button.primary")
	b.run(evaluateVoid(`document.querySelectorAll("details").forEach((details) => { details.open = true; })`))
	b.everywhere("refused", "")

	// The keys.
	b.open(s.url)
	b.press("?")
	require.True(t, eval[bool](b, `document.getElementById("keys").matches(":popover-open")`))
	b.accessible("keys", allRules)
	b.screenshot("keys")
}

// Every page is reached by the links of the others, wherever the console is mounted, with its style and its script.
func TestEveryPageIsReached(t *testing.T) {
	on(t, everyCombination(), func(t *testing.T, s *site, b *tab) {
		ada := seed(t, s.manager, 4)
		b.open(s.url)
		scripted := eval[bool](b, `document.documentElement.classList.contains("with-script")`)
		for _, address := range []string{"", "?q=ada&state=active", "people/" + ada.ID.String(), "new", "import", "schemas?id=device", "activity"} {
			b.open(s.url + address)
			require.NotEmpty(t, eval[string](b, `document.querySelector("h1").innerText`), address)
			require.Equal(t, 1, eval[int](b, `[...document.styleSheets].filter((sheet) => sheet.cssRules.length > 50).length`), address)
			require.Equal(t, scripted, eval[bool](b, `document.documentElement.classList.contains("with-script")`), address)
			broken := eval[[]string](b, `Promise.all([...new Set([...document.querySelectorAll("[href]")].map((link) => link.href.split("#")[0]))].map(
				(href) => fetch(href, {method: "HEAD"}).then((answer) => answer.status === 200 ? "" : answer.status + " " + href))).then((all) => all.filter((one) => one))`)
			require.Empty(t, broken, address)
			// Forms lead into the console too.
			require.Empty(t, eval[[]string](b, fmt.Sprintf(`[...document.forms].map((form) => form.action).filter((action) => !action.startsWith(%q))`, s.url)), address)
		}
	})
}

func TestHostilePeopleAreShownWholeAndHarmless(t *testing.T) {
	t.Parallel()
	manager := newManager(t, memory.New())
	id := hostile(t, manager)
	s := newSite(t, manager, "root", nil)
	b := newTab(t, s)
	for _, address := range []string{s.url, s.url + "?q=hostile", s.url + "people/" + id.String(), s.url + "activity"} {
		b.open(address)
		require.NotEqual(t, "owned", eval[string](b, "document.title"))
		require.Zero(t, eval[int](b, `document.querySelectorAll("img, style, main script").length`), address)
		for _, width := range widths {
			b.size(width, 900)
			require.LessOrEqual(t, eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0, "%s is wider than %d", address, width)
		}
	}
	b.everywhere("hostile", s.url+"people/"+id.String())
	b.open(s.url + "people/" + id.String())
	require.True(t, eval[bool](b, `[...document.querySelectorAll("input, textarea")].some((control) => control.value.length === 10000)`), "ten thousand characters")
	whole := eval[[]string](b, `[...document.querySelectorAll("textarea")].filter((control) => control.value.includes('"bottom"')).map((control) => control.value)`)
	require.Len(t, whole, 4, "the nested JSON as a field, in the JSON of the traits, and in both metadata")
	for _, text := range whole {
		require.GreaterOrEqual(t, strings.Count(text, `"d":`), 90)
		require.True(t, json.Valid([]byte(text)))
	}

	// An untouched form changes nothing: what Chromium sends is what the form was made of.
	before, err := manager.GetIdentity(t.Context(), id)
	require.NoError(t, err)
	b.submit("form.fields > .actions > button.primary")
	require.Contains(t, b.text(), "The traits are saved.")
	b.open(s.url + "people/" + id.String())
	b.submit(`form:has(> [value="admin"]) button`)
	after, err := manager.GetIdentity(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, string(before.Traits), string(after.Traits))
	require.JSONEq(t, string(before.MetadataAdmin), string(after.MetadataAdmin))
	require.Equal(t, before.MetadataPublic, after.MetadataPublic)
}
