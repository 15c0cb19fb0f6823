package browsertest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilters(t *testing.T) {
	on(t, onePerStore, func(t *testing.T, s *site, b *tab) {
		seed(t, s.manager, 30)
		rows := func() int { return eval[int](b, `document.querySelectorAll("tbody tr").length`) }
		b.open(s.url)
		scripted := eval[bool](b, `document.documentElement.classList.contains("with-script")`)

		// By half a name.
		b.fill("#q", "lovel")
		b.submit(".search button")
		require.Equal(t, 1, rows())
		require.Contains(t, b.text(), "Ada Lovelace")

		// A choice applies at once where there is a script, else by the button.
		b.open(s.url)
		if scripted {
			b.choose(`.filters [name="state"]`, "inactive")
		} else {
			b.run(evaluateVoid(`document.querySelector('.filters [name="state"]').value = "inactive"`))
			b.submit(".filters .apply")
		}
		require.Equal(t, 6, rows())

		// A condition is built, then another, and the filter that comes of them can be written over.
		b.reveal("#add")
		b.fill("#add", "traits.seats")
		b.run(evaluateVoid(`document.querySelector("#op").value = "gt"`))
		b.fill("#value", "10")
		b.submit(".builder button")
		require.Equal(t, "traits.seats gt 10", eval[string](b, `document.getElementById("filter").value`))
		require.Equal(t, 4, rows())
		b.fill("#add", "traits.name.first")
		b.run(evaluateVoid(`document.querySelector("#op").value = "sw"`))
		b.fill("#value", "so")
		b.submit(".builder button")
		require.Equal(t, `traits.seats gt 10 and traits.name.first sw "so"`, eval[string](b, `document.getElementById("filter").value`))
		require.Equal(t, 1, rows())
		b.fill("#filter", "traits.seats gt")
		b.submit(".filters details > button")
		require.Contains(t, b.text(), "column")
		require.Equal(t, "traits.seats gt", eval[string](b, `document.getElementById("filter").value`), "what was written stays")

		// Sorted by the head of a column, and the other way around.
		b.open(s.url)
		b.submit(`th a[href*="sort=traits.name.first"]`)
		require.Equal(t, "ascending", eval[string](b, `document.querySelector("th[aria-sort]").getAttribute("aria-sort")`))
		require.Contains(t, eval[string](b, `document.querySelector("tbody tr").innerText`), "Ada")
		b.submit(`th[aria-sort] a`)
		require.Contains(t, eval[string](b, `document.querySelector("tbody tr").innerText`), "Whitfield")
	})
}
