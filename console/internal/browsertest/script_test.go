package browsertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
)

// eventually waits until an expression of JavaScript is true.
func (b *tab) eventually(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for !eval[bool](b, expression) {
		require.True(b.t, time.Now().Before(deadline), "never true: %s", expression)
		time.Sleep(50 * time.Millisecond)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := memorySite(t, 5)
	b := newTab(t, s)
	b.open(s.url)
	b.press("/")
	require.Equal(t, "q", eval[string](b, "document.activeElement.id"))
	b.run(evaluateVoid(`document.getElementById("q").value = ""`)) // the protocol types the key that the page has taken
	b.press("ada j k ?")
	require.Equal(t, "ada j k ?", eval[string](b, `document.getElementById("q").value`), "in a field, keys are letters")
	b.open(s.url)
	b.press("j")
	b.press("j")
	b.press("j")
	b.press("k")
	require.Equal(t, "Grace Hopper", eval[string](b, `document.querySelector("tr.at .name").innerText`))
	require.Equal(t, "Grace Hopper", eval[string](b, `document.activeElement.innerText`))
	b.press("\r")
	b.eventually(`document.readyState === "complete" && document.querySelector("h1").innerText.includes("Grace Hopper")`)
	b.press("?")
	require.True(t, eval[bool](b, `document.getElementById("keys").matches(":popover-open")`))
	b.press("?")
	require.False(t, eval[bool](b, `document.getElementById("keys").matches(":popover-open")`))
	b.open(s.url)
	b.press("n")
	b.eventually(`location.pathname.endsWith("/new")`)
}

func TestTimesAreRelativeAndExactInTheReadersZone(t *testing.T) {
	t.Parallel()
	s := memorySite(t, 0)
	ada := seed(t, s.manager, 1)
	b := newTab(t, s)
	b.open(s.url)
	require.Regexp(t, `^(now|\d+ seconds? ago|this minute|\d+ minutes? ago)$`, eval[string](b, `document.querySelector("time").innerText`))
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	require.Contains(t, eval[string](b, `document.querySelector("time").title`), ada.UpdatedAt.In(zone).Format(":04:05"))
	require.Contains(t, eval[string](b, `document.querySelector("time").title`), strings.TrimPrefix(ada.UpdatedAt.In(zone).Format("03"), "0"))
}

func TestActivityIsLive(t *testing.T) {
	t.Parallel()
	s := memorySite(t, 3)
	b := newTab(t, s)
	b.open(s.url + "activity")
	b.eventually(`!document.querySelector("[data-live]").hidden`)
	_, err := s.manager.CreateIdentity(idem.ContextWithActor(t.Context(), "robot:7"), identity.Create{Traits: []byte(`{"email":"new@example.com"}`)})
	require.NoError(t, err)
	b.eventually(`document.querySelector("#feed tbody tr").innerText.includes("robot:7")`)
	require.NotContains(t, eval[string](b, `document.querySelector("#feed time").innerText`), "UTC")
	b.open(s.url) // which closes the stream
}

func TestLeavingWithUnsavedChangesAsks(t *testing.T) {
	t.Parallel()
	s := memorySite(t, 0)
	ada := seed(t, s.manager, 1)
	b := newTab(t, s)
	b.open(s.url + "people/" + ada.ID.String())
	b.open(s.url)
	require.Zero(t, b.asked())
	b.open(s.url + "people/" + ada.ID.String())
	b.run(evaluateVoid(`document.querySelector('[name="/traits/name/first"]').focus()`))
	b.press("x")
	b.open(s.url)
	require.Equal(t, 1, b.asked())
}

func (b *tab) asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dialogs
}

// Entries that a script adds have the names that the server expects, lists in lists too.
func TestAddingEntries(t *testing.T) {
	t.Parallel()
	s := memorySite(t, 0)
	ada := seed(t, s.manager, 1)
	b := newTab(t, s)
	b.open(s.url + "people/" + ada.ID.String())
	require.Zero(t, eval[int](b, `document.querySelectorAll(".blank").length`), "empty entries stay away until they are asked for")
	for range 2 {
		b.run(evaluateVoid(`document.querySelector('[data-list="/traits/places"] > .add-entry').click()`))
	}
	require.Equal(t, "/traits/places/3/city", eval[string](b, "document.activeElement.name"), "the new entry has the focus")
	require.Equal(t, 1, eval[int](b, `document.querySelectorAll('[id="f:/traits/places/3/city"]').length`))
	require.Equal(t, "f:/traits/places/3/city", eval[string](b, "document.activeElement.labels[0].htmlFor"))
	b.fill(named("/traits/places/2/city"), "Bern")
	b.fill(named("/traits/places/2/country"), `"CH"`)
	b.fill(named("/traits/places/3/city"), "Berlin")
	b.submit("form.fields > .actions button")
	require.Contains(t, string(get(t, s.manager, ada).Traits), `"places":[{"city":"London"},{"city":"Wien","country":"AT"},{"city":"Bern","country":"CH"},{"city":"Berlin"}]`)
}

// Entries of lists move, by a script at once and without it by the server, with what was typed meanwhile. The Enter key
// saves.
func TestEntriesMove(t *testing.T) {
	on(t, onePerStore, func(t *testing.T, s *site, b *tab) {
		ada := seed(t, s.manager, 1)
		at := s.url + "people/" + ada.ID.String()
		b.open(at)
		scripted := eval[bool](b, `document.documentElement.classList.contains("with-script")`)
		move := func(value string) {
			button := fmt.Sprintf(`button[name="move"][value=%q]`, value)
			if scripted {
				b.run(chromedp.Click(chromedp.CSS(button)))
				return
			}
			b.submit(button)
			require.Contains(t, b.text(), "The entry is moved. Nothing is saved yet.")
		}
		before := string(get(t, s.manager, ada).Traits)
		b.fill(named("/traits/phones/0"), "first, then second")
		move("up /traits/phones/1")
		require.Equal(t, []string{"/traits/phones/1", "/traits/phones/0"}, eval[[]string](b, `[...document.querySelectorAll('[data-list="/traits/phones"] > .field > [name="order"]')].map((order) => order.value)`))
		require.Equal(t, "first, then second", eval[string](b, `document.querySelector('[name="/traits/phones/0"]').value`))
		require.Equal(t, "1 2", eval[string](b, `[...document.querySelectorAll('[data-list="/traits/phones"] > .field:has([name="order"]) > label:first-child .label-text')].slice(0, 2).map((label) => label.textContent).join(" ")`))
		move("down /traits/places/0")
		b.everywhereOnce("moved")
		require.Equal(t, before, string(get(t, s.manager, ada).Traits), "nothing is saved yet")
		b.run(evaluateVoid(`document.querySelector('[name="/traits/name/last"]').focus()`))
		b.leaving("Enter", chromedp.KeyEvent("\r"))
		require.Contains(t, b.text(), "The traits are saved.")
		var stored struct {
			Phones []string
			Places []struct{ City string }
		}
		require.NoError(t, json.Unmarshal(get(t, s.manager, ada).Traits, &stored))
		require.Equal(t, []string{"+44 20 7946 0001", "first, then second"}, stored.Phones)
		require.Equal(t, "Wien London", stored.Places[0].City+" "+stored.Places[1].City)
	})
}

// A new entry moves too.
func TestNewEntriesMove(t *testing.T) {
	t.Parallel()
	s := memorySite(t, 0)
	ada := seed(t, s.manager, 1)
	b := newTab(t, s)
	b.open(s.url + "people/" + ada.ID.String())
	b.run(evaluateVoid(`document.querySelector('[data-list="/traits/places"] > .add-entry').click()`))
	b.fill(named("/traits/places/2/city"), "Bern")
	for range 2 {
		b.run(chromedp.Click(chromedp.CSS(`button[name="move"][value="up /traits/places/2"]`)))
	}
	require.True(t, eval[bool](b, `document.querySelector('button[name="move"][value="up /traits/places/2"]').disabled`))
	b.submit("form.fields > .actions button")
	require.Contains(t, string(get(t, s.manager, ada).Traits), `"places":[{"city":"Bern"},{"city":"London"},{"city":"Wien","country":"AT"}]`)
}

// Nothing moves once it is painted, also where the machine is so slow that a browser would paint pages in parts.
func TestNothingShifts(t *testing.T) {
	t.Parallel()
	s := memorySite(t, 0)
	ada := seed(t, s.manager, 100)
	b := newTab(t, s)
	for _, slowness := range []float64{1, 6} {
		call(b, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slowness})
		for _, address := range []string{s.url + "?page_size=100", s.url + "people/" + ada.ID.String(), s.url + "activity", s.url + "new", s.url + "import", s.url + "schemas"} {
			b.open(address)
			shift := eval[string](b, `new Promise((done) => {
				let sum = 0, what = [];
				new PerformanceObserver((list) => {
					for (const entry of list.getEntries()) {
						sum += entry.value;
						for (const source of entry.sources) what.push(source.node?.parentElement?.outerHTML.slice(0, 200) + JSON.stringify(source.previousRect) + JSON.stringify(source.currentRect));
					}
				}).observe({type: "layout-shift", buffered: true});
				setTimeout(() => done(sum <= 0.005 ? "" : sum + "\n" + what.join("\n")), 250);
			})`)
			require.Empty(t, shift, address)
		}
	}
}
