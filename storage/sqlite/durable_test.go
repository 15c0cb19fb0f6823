package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestConnectionsAreDurable looks at the settings of the connections that Open makes, which
// nothing outside shows: FULL is what makes a commit survive the end of the machine.
func TestConnectionsAreDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.db")
	for _, mode := range []string{writerMode, readerMode} {
		db, err := openPool(t.Context(), path, 3, mode)
		require.NoError(t, err)
		defer db.Close()
		for range 3 {
			conn, err := db.Conn(t.Context()) // held, so that each is a new one
			require.NoError(t, err)
			defer conn.Close()
			for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "wal_autocheckpoint": fmt.Sprint(checkpointPages)} {
				var value string
				require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&value))
				require.Equal(t, want, value, "%s: %s", mode, pragma)
			}
		}
	}
	require.Contains(t, writerMode, "_txlock=immediate")
}
