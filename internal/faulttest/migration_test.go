//go:build unix

package faulttest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage/sqlite"
)

// TestKillMigration kills a process that opens a database of older code with many keys, at
// random moments, until one gets through: all claims are there, each once.
func TestKillMigration(t *testing.T) {
	const people = 4000
	path := databasePath(t)
	content, err := os.ReadFile("../../storage/sqlitedb/testdata/version2.db")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	db := openDatabase(t, path, "")
	tx, err := db.Begin()
	require.NoError(t, err)
	for n := range people {
		id := uuid.New()
		_, err := tx.Exec(`INSERT INTO idem_identities (id, revision, last_change, document) VALUES (?, 1, NULL, ?)`, id[:],
			fmt.Sprintf(`{"s":"person","t":{},"sa":0,"ca":0,"ua":0,"c":{"passkey":{"ca":0,"ua":0,"c":{"k":[{"id":"%08d"}]}}}}`, n))
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random, killed := rand.New(rand.NewPCG(seed, 0)), 0
	for {
		c := start(t, "opener", opener{Path: path, Through: "Open", Token: fmt.Sprint(killed)})
		c.hear(t, "ready")
		c.say(t, "open")
		ended := make(chan error, 1)
		go func() { ended <- c.command.Wait() }()
		if killed < 12 {
			select {
			case err := <-ended:
				require.NoError(t, err, "%s", &c.stderr)
			case <-time.After(time.Duration(random.IntN(40*(1+killed))) * time.Millisecond):
				require.NoError(t, c.command.Process.Kill())
				<-ended
				killed++
				continue
			}
		} else {
			require.NoError(t, <-ended, "%s", &c.stderr)
		}
		break
	}
	t.Logf("%d kills", killed)
	require.Positive(t, killed)
	var claims, version int
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*), (SELECT max(version) FROM idem_migrations) FROM idem_identifiers WHERE type = 'key'`).Scan(&claims, &version))
	require.Equal(t, people+4, claims, "the keys of the people and of the two that were there")
	require.Equal(t, newestVersion(t), version)
	require.Empty(t, auditIntegrity(t.Context(), &evidence{path: path}))
}

// newestVersion is the version of a new database.
func newestVersion(t *testing.T) (version int) {
	t.Helper()
	path := databasePath(t)
	store, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, store.Close())
	require.NoError(t, openDatabase(t, path, "").QueryRowContext(t.Context(), `SELECT max(version) FROM idem_migrations`).Scan(&version))
	return version
}
