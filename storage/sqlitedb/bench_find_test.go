package sqlitedb

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/storagetest"
)

func BenchmarkFind(b *testing.B) {
	path := filepath.Join(b.TempDir(), "identities.db")
	storagetest.BenchmarkFind(b, func(paths ...string) storage.Storage {
		var options []Option
		for _, p := range paths {
			if p == storagetest.SearchIndex {
				options = append(options, WithSearchIndex())
			} else {
				options = append(options, WithIndex(p))
			}
		}
		store, err := openFile(b.Context(), path, options...)
		require.NoError(b, err)
		return store
	})
}
