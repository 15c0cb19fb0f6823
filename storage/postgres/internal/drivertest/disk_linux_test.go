package drivertest_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/servicetest"
	"github.com/idemkit/idem/storage"
)

// TestFullDisk fills the file system of a database: what has no room is refused as
// unavailable and leaves nothing behind, what is there can be read, nothing acknowledged is
// lost, and once there is room the store goes on.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	name := c.name("full")
	address := c.run("start", name)
	disk := servicetest.SmallDisk(t, 24)
	t.Cleanup(func() { c.run("stop", name, "immediate") }) // before the disk goes
	space := filepath.Join(disk, "tablespace")
	require.NoError(t, os.Mkdir(space, 0o700))
	require.NoError(t, exec.Command("chown", "--reference="+dataFolder(t, address), space).Run())
	execute(t, address, `CREATE TABLESPACE small LOCATION '`+space+`'`)
	execute(t, address, `CREATE DATABASE small TABLESPACE small`)
	database := withDatabase(t, address, "small")
	stores := openStores(t, database)
	createShared(t, stores[0])
	ballast := filepath.Join(disk, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 4<<20), 0o600))

	random := rand.New(rand.NewPCG(1, 2))
	for n := range 1000 {
		large := ledgerPerson(sharedID(1000 + n))
		large.ExternalID = fmt.Sprint("large ", n)
		text := make([]byte, 100_000) // which PostgreSQL compresses by half at most
		for at := range text {
			text[at] = byte(random.Uint32())
		}
		large.Traits, _ = json.Marshal(map[string]string{"text": hex.EncodeToString(text)})
		_, err := stores[n%2].Create(t.Context(), large)
		if err == nil {
			continue
		}
		require.Greater(t, n, 3, "the disk was full at once")
		require.ErrorIs(t, err, storage.ErrUnavailable)
		require.ErrorContains(t, err, "the disk of the database is full")
		require.NotErrorIs(t, err, storage.ErrOutcomeUnknown)
		_, err = stores[0].Get(t.Context(), large.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = stores[0].Find(t.Context(), storage.ExternalIDClaim(large.ExternalID))
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = stores[0].Get(t.Context(), sharedID(1000))
		require.NoError(t, err)

		l := newLedger()
		l.load(t, stores, 8, func() {
			time.Sleep(2 * time.Second) // what is small may still find room
			require.NoError(t, os.Remove(ballast))
		})
		_, err = stores[0].Create(t.Context(), large)
		require.NoError(t, err, "the store does not go on")
		l.load(t, stores, 8, func() { time.Sleep(500 * time.Millisecond) })
		require.Positive(t, l.count(refused), "all found room")
		requireLedger(t, l, stores[1])
		return
	}
	t.Fatal("the disk does not fill up")
}

// dataFolder is where the server of an address keeps its data.
func dataFolder(t *testing.T, address string) (folder string) {
	t.Helper()
	db := openSQL(t, "pgx", address)
	require.NoError(t, db.QueryRow(`SHOW data_directory`).Scan(&folder))
	return folder
}
