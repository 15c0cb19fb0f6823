package sqlitedb_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// oldDatabase copies a database in testdata, whose number is how many steps of the
// migration had been made by the code that wrote it.
func oldDatabase(t *testing.T, version int) (path string) {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("testdata/version%d.db", version))
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "identities.db")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// openOld opens an old database and returns what its migration reported.
func openOld(t *testing.T, path string) (*sqlitedb.Store, string) {
	t.Helper()
	var log strings.Builder
	store, err := sqlite.Open(t.Context(), path, sqlitedb.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store, log.String()
}

func TestOldDatabases(t *testing.T) {
	people := oldPeople()
	for _, version := range []int{2, 3, 5} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			path := oldDatabase(t, version)
			store, reported := openOld(t, path)
			if version < 5 {
				require.Equal(t, 1, strings.Count(reported, "\n"), reported)
				require.Contains(t, reported, people[4].ID.String())
			} else {
				require.Empty(t, reported)
			}

			// What was there is there: identities, what they claim, and the feed.
			page, err := store.List(t.Context(), storage.Query{})
			require.NoError(t, err)
			require.Len(t, page.Identities, len(people)-1)
			for n, want := range people {
				found, err := store.Get(t.Context(), want.ID)
				if n == 3 {
					require.ErrorIs(t, err, storage.ErrNotFound)
					continue
				}
				require.NoError(t, err)
				if n == 1 {
					require.Equal(t, int64(201), found.Revision)
					want = found
				}
				require.True(t, want.Equal(found), "identity %d", n)
				for _, claim := range storage.Claims(want) {
					owner, err := store.Find(t.Context(), claim)
					require.NoError(t, err, "identity %d", n)
					if n != 4 || claim != storage.KeyClaim("+/8=") {
						require.Equal(t, want.ID, owner.ID, "identity %d", n)
					} else {
						require.Equal(t, people[0].ID, owner.ID, "of two the first has the key")
					}
				}
			}
			const changes = 8 + 200 + 3
			last, err := store.LastChange(t.Context())
			require.NoError(t, err)
			require.Equal(t, int64(changes), last)
			feed, err := store.Changes(t.Context(), storage.ChangeQuery{Limit: 1000})
			require.NoError(t, err)
			require.Len(t, feed, changes)
			for n, c := range feed {
				require.Equal(t, int64(n+1), c.Sequence)
				require.Equal(t, "admin:42", c.Actor)
			}
			for id, want := range map[uuid.UUID]int{people[1].ID: 201, people[2].ID: 3, people[3].ID: 2} {
				history, err := store.Changes(t.Context(), storage.ChangeQuery{IdentityID: id, Limit: 1000})
				require.NoError(t, err)
				require.Len(t, history, want)
			}
			if version >= 3 {
				for key, value := range map[byte]string{1: "of somebody", 2: "of nobody"} {
					require.NoError(t, store.UpdateRecord(t.Context(), storage.RecordKey{key}, people[0].CreatedAt, func(current *storage.Record) (*storage.Record, error) {
						require.Equal(t, value, string(current.Value))
						return current, nil
					}))
				}
			}

			// It goes on. One without a claim on its key can be changed, and takes nothing
			// away from the other that has it.
			fifth, err := store.Update(t.Context(), people[4].ID, rename("fifth"))
			require.NoError(t, err)
			require.Equal(t, int64(2), fifth.Revision)
			_, err = store.Update(t.Context(), people[4].ID, func(current *identity.Identity) (*identity.Identity, error) {
				delete(current.Credentials, credentials.TypeWebAuthn)
				return current, nil
			})
			require.NoError(t, err)
			owner, err := store.Find(t.Context(), storage.KeyClaim("+/8="))
			require.NoError(t, err)
			require.Equal(t, people[0].ID, owner.ID)
			_, err = store.Find(t.Context(), storage.KeyClaim("b3du"))
			require.ErrorIs(t, err, storage.ErrNotFound)
			require.NoError(t, store.Delete(t.Context(), people[0].ID, noon, nil))
			_, err = store.Find(t.Context(), storage.KeyClaim("+/8="))
			require.ErrorIs(t, err, storage.ErrNotFound)
			last, err = store.LastChange(t.Context())
			require.NoError(t, err)
			require.Equal(t, int64(changes+3), last)

			again, reported := openOld(t, path)
			require.Empty(t, reported, "it is migrated once")
			_, err = again.Get(t.Context(), people[1].ID)
			require.NoError(t, err)
		})
	}
}

// TestLargeOldDatabase migrates 10,000 identities, all with keys, of which each hundredth
// has that of the one before. Somebody stops the migration over and over.
func TestLargeOldDatabase(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	const people = 10_000
	path := oldDatabase(t, 2)
	db := openDatabase(t, path)
	tx, err := db.Begin()
	require.NoError(t, err)
	id := func(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("01a00000-0000-7000-8000-%012x", n)) }
	key := func(n int) string { return fmt.Sprintf("%08d", n) }
	for n := range people {
		i := person(n)
		i.ID = id(n)
		have := key(n)
		if n%100 == 99 {
			have = key(n - 1)
		}
		i.Credentials[credentials.TypePasskey] = credentials.Credential{
			Type: credentials.TypePasskey, CreatedAt: noon, UpdatedAt: noon,
			Config: credentials.Config{Keys: []credentials.Key{{ID: have, JSON: json.RawMessage(fmt.Sprintf(`{"id":%q}`, have))}}},
		}
		_, err := tx.Exec(`INSERT INTO idem_identities (id, revision, last_change, document) VALUES (?, 1, NULL, ?)`, i.ID[:], document.Append(nil, i))
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())

	// A context that ends is as good as a kill between two transactions; a real kill is
	// the business of another test. The time doubles: a stopped migration starts
	// again, so steps of equal length would take quadratic time on a slow machine.
	stopped := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond<<stopped)
		store, err := sqlite.Open(ctx, path, sqlitedb.WithLogger(slog.New(slog.DiscardHandler)))
		cancel()
		if err == nil {
			require.NoError(t, store.Close())
			break
		}
		stopped++
	}
	require.Positive(t, stopped, "nothing was stopped")

	store, _ := openOld(t, path)
	for n := range people {
		found, err := store.Find(t.Context(), storage.KeyClaim(key(n)))
		if n%100 == 99 {
			require.ErrorIs(t, err, storage.ErrNotFound)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, id(n), found.ID)
	}
	count, err := store.Count(t.Context(), storage.Filter{})
	require.NoError(t, err)
	require.Equal(t, people+7, count)
	_, err = store.Update(t.Context(), id(99), rename("goes on"))
	require.NoError(t, err)
	last, err := store.LastChange(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(212), last)
}

// TestRefusedMigrationLeavesNothing opens databases that cannot be migrated.
func TestRefusedMigrationLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct{ script, says string }{
		"a table of the application's own":    {`CREATE TABLE idem_identities (name TEXT)`, "0001_identities.sql"},
		"an index of the application's own":   {`CREATE TABLE t (name TEXT); CREATE INDEX idem_identities_organization ON t (name)`, "0001_identities.sql"},
		"a newer release":                     {`CREATE TABLE idem_migrations (version INTEGER NOT NULL PRIMARY KEY); INSERT INTO idem_migrations VALUES (1000)`, "newer release"},
		"a table that stands in a later step": {`CREATE TABLE idem_records (name TEXT)`, "0003_records.sql"},
	} {
		t.Run(name, func(t *testing.T) {
			db := openDatabase(t, filepath.Join(t.TempDir(), "application.db"))
			_, err := db.Exec(c.script)
			require.NoError(t, err)
			before := tables(t, db)
			_, err = sqlitedb.New(t.Context(), db)
			require.ErrorContains(t, err, c.says)
			if name != "a table that stands in a later step" {
				require.Equal(t, before, tables(t, db))
				return
			}
			// The steps before it were made, and are not made again when it is out of the way.
			_, err = db.Exec(`DROP TABLE idem_records`)
			require.NoError(t, err)
			store, err := sqlitedb.New(t.Context(), db)
			require.NoError(t, err)
			require.NoError(t, store.Close())
		})
	}
}

// tables returns the names of all tables and indexes.
func tables(t *testing.T, db *sql.DB) (names []string) {
	t.Helper()
	rows, err := db.Query(`SELECT name FROM sqlite_schema ORDER BY name`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
}

// oldPeople are the identities in the databases of older releases: one with everything,
// plain ones, and two that have the same WebAuthn key in different spellings.
func oldPeople() []*identity.Identity {
	at := time.Date(2026, 11, 24, 8, 0, 0, 123456000, time.UTC)
	id := func(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("019f0000-0000-7000-8000-%012x", n)) }
	key := func(id string, passwordless bool) credentials.Key {
		return credentials.Key{ID: id, Passwordless: passwordless, JSON: json.RawMessage(fmt.Sprintf(`{"id":%q,"public_key":"cHVibGlj","is_passwordless":%t}`, id, passwordless))}
	}
	everything := &identity.Identity{
		ID: id(1), SchemaID: "person", ExternalID: "crm/1 \u00fc", State: identity.StateInactive, StateChangedAt: at.Add(time.Hour),
		Traits:         json.RawMessage(`{"email":"Ada@example.com", "phone":"+16502530000"}`),
		MetadataPublic: json.RawMessage(`{"plan":"pro"}`), MetadataAdmin: json.RawMessage(`["note",1.0]`),
		Credentials: credentials.Set{},
		VerifiableAddresses: []identity.VerifiableAddress{
			{ID: id(101), Value: "ada@example.com", Via: "email", Verified: true, Status: identity.AddressCompleted, VerifiedAt: at, CreatedAt: at, UpdatedAt: at},
			{ID: id(102), Value: "+16502530000", Via: "sms", Status: identity.AddressSent, CreatedAt: at, UpdatedAt: at},
		},
		RecoveryAddresses: []identity.RecoveryAddress{{ID: id(103), Value: "ada@example.com", Via: "email", CreatedAt: at, UpdatedAt: at}},
		OrganizationID:    uuid.NullUUID{UUID: id(104), Valid: true},
		CreatedAt:         at, UpdatedAt: at,
	}
	for t, c := range map[credentials.Type]struct {
		identifiers []string
		config      credentials.Config
	}{
		credentials.TypePassword: {[]string{"ada@example.com"}, credentials.Config{HashedPassword: "$2a$10$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", UsePasswordMigrationHook: true}},
		credentials.TypeOIDC: {[]string{"google:1", "github:2"}, credentials.Config{Providers: []credentials.Provider{
			{Provider: "google", Subject: "1", Organization: "org", UseAutoLink: true}, {Provider: "github", Subject: "2"},
		}}},
		credentials.TypeSAML:         {[]string{"okta:3"}, credentials.Config{Providers: []credentials.Provider{{Provider: "okta", Subject: "3"}}}},
		credentials.TypeTOTP:         {[]string{id(1).String()}, credentials.Config{TOTPURL: "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP&issuer=idem"}},
		credentials.TypeLookupSecret: {[]string{id(1).String()}, credentials.Config{RecoveryCodes: []credentials.RecoveryCode{{Code: "one"}, {Code: "two", UsedAt: at}}}},
		credentials.TypeWebAuthn:     {[]string{"ada@example.com"}, credentials.Config{Keys: []credentials.Key{key("+/8=", false), key("a2V5", true)}, UserHandle: []byte{0, 1, 255}}},
		credentials.TypePasskey:      {[]string{"handle"}, credentials.Config{Keys: []credentials.Key{key("cGFzc2tleQ", true)}, UserHandle: []byte("handle")}},
		credentials.TypeCode:         {[]string{"ada@example.com", "+16502530000"}, credentials.Config{Addresses: []credentials.CodeAddress{{Channel: "email", Address: "ada@example.com"}, {Channel: "sms", Address: "+16502530000"}}}},
	} {
		everything.Credentials[t] = credentials.Credential{Type: t, Identifiers: c.identifiers, Config: c.config, Version: 1, CreatedAt: at, UpdatedAt: at}
	}
	people := []*identity.Identity{everything}
	for n := 2; n <= 8; n++ {
		email := fmt.Sprintf("person%d@example.com", n)
		i := &identity.Identity{
			ID: id(n), SchemaID: "person", State: identity.StateActive, StateChangedAt: at, CreatedAt: at, UpdatedAt: at,
			Traits: json.RawMessage(fmt.Sprintf(`{"email":%q}`, email)),
			Credentials: credentials.Set{credentials.TypePassword: {
				Type: credentials.TypePassword, Identifiers: []string{email}, CreatedAt: at, UpdatedAt: at,
			}},
		}
		if n == 5 { // its first key is one of the first identity's
			i.Credentials[credentials.TypeWebAuthn] = credentials.Credential{
				Type: credentials.TypeWebAuthn, Identifiers: []string{email}, CreatedAt: at, UpdatedAt: at,
				Config: credentials.Config{Keys: []credentials.Key{key("-_8", false), key("b3du", false)}, UserHandle: []byte("five")},
			}
		}
		people = append(people, i)
	}
	return people
}
