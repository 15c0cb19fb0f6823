package browsertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage/memory"
)

var widths = map[string]int64{"320": 320, "768": 768, "1440": 1440}

// everywhere looks at a page in both colour schemes and at three widths: axe-core finds nothing, and nothing is wider
// than the window.
func (b *tab) everywhere(name, address string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for suffix, width := range widths {
			b.size(width, 900)
			if address != "" {
				b.open(address)
			}
			b.accessible(name + " " + scheme + " " + suffix)
			b.screenshot(name + "-" + scheme + "-" + suffix)
		}
	}
	b.size(1440, 900)
	b.scheme("light")
}

func TestEveryPageIsAccessible(t *testing.T) {
	s := memorySite(t, 0)
	b := newTab(t, s)
	b.everywhere("empty", s.url)
	ada := seed(t, s.manager, 60)
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
	b.accessible("keys")
	b.screenshot("keys")
}

func TestHostilePeopleAreShownWholeAndHarmless(t *testing.T) {
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
	require.True(t, eval[bool](b, `[...document.querySelectorAll("textarea")].some((control) => control.value.includes('"bottom"'))`), "the bottom of the nested JSON")

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
