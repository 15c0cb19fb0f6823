//go:build unix

package faulttest_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/internal/faulttest/fault"
	"github.com/idemkit/idem/storage"
)

const pageSize = 4096

// soundDatabase returns the content of a file of some dozen pages, and what it holds.
func soundDatabase(t *testing.T) ([]byte, map[uuid.UUID]account.Version) {
	t.Helper()
	path := databasePath(t)
	manager, store, err := openManager(path)
	require.NoError(t, err)
	var creates []identity.Create
	for n := range 60 {
		creates = append(creates, account.Before(n).Create())
	}
	results, err := manager.CreateIdentities(t.Context(), creates)
	require.NoError(t, err)
	holds := map[uuid.UUID]account.Version{}
	for n, result := range results {
		require.NoError(t, result.Err)
		holds[result.Identity.ID] = account.Before(n)
	}
	require.NoError(t, store.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content, holds
}

func writeDatabase(t *testing.T, content []byte) string {
	t.Helper()
	path := databasePath(t)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// TestDamagedFile damages the file: whatever is then answered is what was there, or an
// error that says that something is wrong. Nothing panics, and what cannot be read is
// never said not to exist.
func TestDamagedFile(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	sound, holds := soundDatabase(t)
	pages := len(sound) / pageSize
	require.Greater(t, pages, 10)

	type damage struct {
		name    string
		noticed bool // it must be
		do      func(content []byte) []byte
	}
	damages := []damage{
		{"a header of zeros", true, func(content []byte) []byte { clear(content[:100]); return content }},
		{"another header", true, func(content []byte) []byte { copy(content, "no database at all"); return content }},
		{"cut in the middle", true, func(content []byte) []byte { return content[:len(content)/2] }},
		{"cut within a page", false, func(content []byte) []byte { return content[:len(content)-pageSize/2] }},
		{"cut after the header", true, func(content []byte) []byte { return content[:100] }},
	}
	withDocuments := 0
	for page := range pages {
		hasDocuments := bytes.Contains(sound[page*pageSize:(page+1)*pageSize], []byte(`{"s":"account","t":{`))
		if hasDocuments {
			withDocuments++
		}
		over := func(fill func([]byte)) func([]byte) []byte {
			return func(content []byte) []byte {
				fill(content[page*pageSize : (page+1)*pageSize])
				return content
			}
		}
		damages = append(damages,
			damage{fmt.Sprintf("page %d of zeros", page), hasDocuments, over(func(b []byte) { clear(b) })},
			damage{fmt.Sprintf("page %d of noise", page), hasDocuments, over(func(b []byte) {
				random := rand.New(rand.NewPCG(uint64(page), 0))
				for n := range b {
					b[n] = byte(random.Uint32())
				}
			})})
	}
	require.Greater(t, withDocuments, 5)
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			manager, store, err := openManager(writeDatabase(t, d.do(bytes.Clone(sound))))
			if err != nil {
				return
			}
			errs := requireTruthful(t, manager, holds)
			if d.noticed {
				require.Positive(t, errs, "the damage was not noticed")
			}
			// It may be that it cannot be closed in order.
			_ = store.Close()
		})
	}
}

// requireTruthful reads everything in every way, and returns how many answers were
// errors.
func requireTruthful(t *testing.T, manager *idem.Manager, holds map[uuid.UUID]account.Version) (errs int) {
	t.Helper()
	for id, v := range holds {
		found, err := manager.GetIdentity(t.Context(), id)
		errs += requireVersion(t, found != nil, err)
		if err == nil {
			read, err := account.VersionOf(found)
			require.NoError(t, err)
			require.True(t, read.Same(v), "%s was read as it never was", id)
		}
		found, err = manager.FindByIdentifier(t.Context(), credentials.TypePassword, v.Email)
		errs += requireVersion(t, found != nil, err)
		if err == nil {
			require.Equal(t, id, found.ID)
		}
	}
	listed := 0
	for i, err := range manager.Identities(t.Context(), idem.Query{}) {
		if err != nil {
			return errs + 1
		}
		read, err := account.VersionOf(i)
		require.NoError(t, err)
		require.True(t, read.Same(holds[i.ID]), "%s was listed as it never was", i.ID)
		listed++
	}
	require.Equal(t, len(holds), listed, "a list left out what it could not read")
	return errs
}

func requireVersion(t *testing.T, found bool, err error) int {
	t.Helper()
	if err == nil {
		require.True(t, found)
		return 0
	}
	require.NotErrorIs(t, err, storage.ErrNotFound, "what cannot be read is said not to exist")
	return 1
}

// TestDamagedDocument damages the document of one identity in ways that SQLite cannot
// see: reading it is an error, and the others are not affected.
func TestDamagedDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	sound, holds := soundDatabase(t)
	for _, document := range []string{``, `{`, `null`, `[]`, `{"s":"account"`, `{"t":1}`, `{"s":"account","t":{},"sa":"x"}`, "\xff\x00"} {
		t.Run(fmt.Sprintf("%q", document), func(t *testing.T) {
			path := writeDatabase(t, sound)
			var damaged uuid.UUID
			for damaged = range holds {
				break
			}
			_, err := openDatabase(t, path, "").ExecContext(t.Context(), "UPDATE idem_identities SET document = ? WHERE id = ?", []byte(document), damaged[:])
			require.NoError(t, err)
			manager, store, err := openManager(path)
			require.NoError(t, err)
			defer func() { require.NoError(t, store.Close()) }()
			for id, v := range holds {
				found, err := manager.GetIdentity(t.Context(), id)
				if id == damaged {
					require.Error(t, err)
					require.NotErrorIs(t, err, storage.ErrNotFound)
					_, err = manager.PatchIdentity(t.Context(), id, account.PatchTo("patched"))
					require.Error(t, err)
					continue
				}
				require.NoError(t, err)
				read, err := account.VersionOf(found)
				require.NoError(t, err)
				require.True(t, read.Same(v))
			}
		})
	}
}

// TestDamagedLog cuts the write-ahead log short at every page, and overwrites some, as a
// disk that lied about its writes might leave it. SQLite cannot tell what is missing at
// the end; but what is there is what was there at one moment, with nothing half done.
func TestDamagedLog(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	path := databasePath(t)
	manager, store, err := openManager(path)
	require.NoError(t, err)
	const changes = 12
	created, err := manager.CreateIdentity(t.Context(), account.Before(0).Create())
	require.NoError(t, err)
	v := account.Before(0)
	for n := range changes {
		v = v.Next(fmt.Sprint("change ", n))
		v.Email = fmt.Sprintf("moved-%d@example.com", n)
		_, err := manager.UpdateIdentity(t.Context(), created.ID, v.Update())
		require.NoError(t, err)
	}
	// As they are on disk while the store is open: closing would empty the log. Through a
	// child, since closing the file in this process would end its locks.
	database, log := copyOf(t, path), copyOf(t, path+"-wal")
	require.NoError(t, store.Close())

	seen := map[int]bool{}
	for page, cut := 0, 0; cut <= len(log); page, cut = page+1, cut+24+pageSize {
		damages := map[string][]byte{"cut": log[:min(len(log), 32+cut)]}
		if page%4 == 0 {
			damages["cut, uneven"] = log[:min(len(log), 32+cut+1000)]
			damages["overwritten"] = overwrite(log, 32+cut)
		}
		for name, damaged := range damages {
			path := databasePath(t)
			require.NoError(t, os.WriteFile(path, database, 0o600))
			require.NoError(t, os.WriteFile(path+"-wal", damaged, 0o600))
			manager, store, err := openManager(path)
			require.NoError(t, err, "%s at %d", name, cut)
			found := fault.Everything(t, manager).Accounts
			e := evidenceOf(t, path, manager)
			require.Empty(t, auditClaims(t.Context(), e), "%s at %d", name, cut)
			require.Empty(t, auditIntegrity(t.Context(), e), "%s at %d", name, cut)
			if there, ok := found[created.ID]; ok {
				require.Len(t, there.Trail, int(there.Revision), "%s at %d", name, cut)
				seen[len(there.Trail)] = true
			} else {
				require.Empty(t, found)
				seen[0] = true
			}
			require.NoError(t, store.Close())
		}
	}
	for revision := range changes + 2 {
		require.True(t, seen[revision], "revision %d was never what was left", revision)
	}
}

func overwrite(log []byte, at int) []byte {
	log = bytes.Clone(log)
	for n := at; n < min(len(log), at+512); n++ {
		log[n] ^= 0x55
	}
	return log
}

// copyOf reads a file that SQLite has open, in a process of its own: were it closed in
// this one, the locks on it would be gone.
func copyOf(t *testing.T, path string) []byte {
	t.Helper()
	return []byte(start(t, "copier", copier{Path: path}).finish(t))
}

type copier struct{ Path string }

func printFile(c copier, _ <-chan string) error {
	content, err := os.ReadFile(c.Path)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(content)
	return err
}
