package browsertest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

// stores are what every act is driven on.
var stores = map[string]func(t testing.TB) storage.Storage{
	"memory": func(testing.TB) storage.Storage { return memory.New() },
	"sqlite": func(t testing.TB) storage.Storage {
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	},
}

// sites are the combinations that acts are driven in: every store with JavaScript and without, and every way to mount
// the console with each store or with the other setting of JavaScript.
var sites = []struct {
	store, mount string
	script       bool
}{
	{"memory", "root", true},
	{"memory", "prefix of chi", false},
	{"sqlite", "prefix of net/http", true},
	{"sqlite", "root", false},
	{"memory", "prefix of chi", true},
	{"sqlite", "prefix of net/http", false},
}

// onEverySite runs a test in all combinations.
func onEverySite(t *testing.T, run func(t *testing.T, s *site, b *tab)) {
	for _, c := range sites {
		name := c.store + ", " + c.mount
		if !c.script {
			name += ", without JavaScript"
		}
		t.Run(name, func(t *testing.T) {
			s := newSite(t, newManager(t, stores[c.store](t)), c.mount, nil)
			b := newTab(t, s)
			if !c.script {
				b.noScript()
			}
			run(t, s, b)
		})
	}
}
