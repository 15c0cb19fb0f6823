package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
)

func TestManyAtOnce(t *testing.T) {
	on(t, onePerStore, func(t *testing.T, s *site, b *tab) {
		seed(t, s.manager, 12)
		inactive := func() (count int) {
			for i, err := range s.manager.Identities(t.Context(), idem.Query{}) {
				require.NoError(t, err)
				if i.State == identity.StateInactive {
					count++
				}
			}
			return count
		}
		before := inactive()
		b.open(s.url)
		for _, name := range []string{"Ada Lovelace", "Grace Hopper"} {
			b.run(chromedp.Click(chromedp.CSS(fmt.Sprintf(`[aria-label="Tick %s"]`, name))))
		}
		b.submit(`#bulk [value="inactive"]`)
		require.Contains(t, b.text(), "2 people would be locked out.")
		b.everywhereOnce("bulk")
		require.Equal(t, before, inactive(), "a preview does nothing")
		b.submit("main .actions button")
		require.Contains(t, b.text(), "2 people were locked out.")
		require.Equal(t, before+2, inactive())
		b.everywhereOnce("bulk-done")

		b.open(s.url)
		b.run(chromedp.Click(chromedp.CSS(`#bulk [name="all"]`)))
		b.submit(`#bulk [value="active"]`)
		require.Contains(t, b.text(), fmt.Sprintf("%d people would be let in again.", before+2))
		b.submit("main .actions button")
		require.Zero(t, inactive())
	})
}

func TestImportOfPeople(t *testing.T) {
	on(t, onePerStore, func(t *testing.T, s *site, b *tab) {
		seed(t, s.manager, 1)
		file := filepath.Join(t.TempDir(), "people.csv")
		require.NoError(t, os.WriteFile(file, []byte("traits.email,traits.name.first,traits.plan\nmarie@example.com,Marie,team\nada.lovelace@example.com,Ada,free\npierre@example.com,Pierre,gold\n"), 0o600))
		b.open(s.url + "import")
		b.upload("#file", file)
		b.submit("#import .actions button")
		require.Contains(t, b.text(), "1 of 3 people can be created.")
		require.Contains(t, b.text(), "/traits/email: belongs to somebody else already")
		require.Contains(t, b.text(), "/traits/plan: must be one of the choices")
		b.everywhereOnce("import-checked")
		b.submit(`#import [formaction="?act=run"]`)
		require.Contains(t, b.text(), "1 person was created.")
		b.everywhereOnce("import-done")
		b.open(s.url + "import")
		b.fill("#text", `{"traits":{"email":"irene@example.com"}}`)
		b.submit("#import .actions button")
		b.submit(`#import [formaction="?act=run"]`)
		require.Contains(t, b.text(), "1 person was created.")

		// Exported, as the browser gets it.
		var lines []json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(eval[string](b, fmt.Sprintf(`fetch(%q).then((answer) => answer.text()).then((text) => "[" + text.trim().split("\n").join(",") + "]")`, s.url+"export?format=ndjson"))), &lines))
		require.Len(t, lines, 3)
	})
}

// upload chooses a file in a control.
func (b *tab) upload(selector, file string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file})))
}
