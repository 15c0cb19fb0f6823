//go:build unix

package faulttest_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestProcessesOpenAtOnce has processes open one file that is not there yet, all at
// the same moment: each creates it or finds it, and none is turned away.
func TestProcessesOpenAtOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		through string
		// prepare is what the application has done to its database.
		prepare string
	}{
		{name: "a file of its own", through: "Open"},
		{name: "a database of the application", through: "New", prepare: "PRAGMA journal_mode=WAL"},
		{
			name: "a database whose tables are out of date", through: "New",
			prepare: "PRAGMA journal_mode=WAL; CREATE TABLE idem_migrations (version INTEGER NOT NULL PRIMARY KEY)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				path := databasePath(t)
				if c.prepare != "" {
					_, err := openDatabase(t, path, "").ExecContext(t.Context(), c.prepare)
					require.NoError(t, err)
				}
				var openers []*child
				for n := range 4 {
					o := start(t, "opener", opener{Path: path, Through: c.through, Token: fmt.Sprint(n)})
					o.hear(t, "ready")
					openers = append(openers, o)
				}
				for _, o := range openers {
					o.say(t, "open")
				}
				for _, o := range openers {
					o.finish(t)
				}
				found, err := audit(t.Context(), path, nil, []record{
					{Phase: called, Kind: "create", Token: "0"}, {Phase: called, Kind: "create", Token: "1"},
					{Phase: called, Kind: "create", Token: "2"}, {Phase: called, Kind: "create", Token: "3"},
				})
				require.NoError(t, err)
				require.Len(t, found, len(openers))
			}
		})
	}
}

type opener struct{ Path, Through, Token string }

func openAtOnce(o opener, told <-chan string) error {
	ctx := context.Background()
	fmt.Println("ready")
	<-told
	var (
		store *sqlitedb.Store
		err   error
	)
	if o.Through == "New" {
		var db *sql.DB
		if db, err = sql.Open("sqlite", "file:"+o.Path+"?_busy_timeout=5000"); err == nil {
			defer db.Close()
			store, err = sqlitedb.New(ctx, db)
		}
	} else {
		store, err = sqlite.Open(ctx, o.Path)
	}
	if err != nil {
		return err
	}
	manager, err := account.NewManager(store)
	if err != nil {
		return err
	}
	_, err = manager.CreateIdentity(ctx, account.Version{Email: emailOf(o.Token), Trail: []string{o.Token}}.Create())
	return errors.Join(err, store.Close())
}

// TestProcessesLoseNoUpdate has two processes change the same identities, by updates
// with a precondition and by patches, while others read: every change that was
// acknowledged is there, one after the other, and no reader sees time run backwards
// or half a change.
func TestProcessesLoseNoUpdate(t *testing.T) {
	const changes = 25
	path := databasePath(t)
	manager, store, err := openManager(path)
	require.NoError(t, err)
	var ids []uuid.UUID
	for n := range 2 {
		token := fmt.Sprint("first ", n)
		created, err := manager.CreateIdentity(t.Context(), account.Version{Email: fmt.Sprintf("%d@example.com", n), Trail: []string{token}}.Create())
		require.NoError(t, err)
		ids = append(ids, created.ID)
	}
	require.NoError(t, store.Close())

	var readers, writers []*child
	for range 2 {
		r := start(t, "reader", reader{Path: path, IDs: ids})
		r.hear(t, "ready")
		readers = append(readers, r)
	}
	for n := range 2 {
		writers = append(writers, start(t, "counter", counter{Path: path, IDs: ids, Name: fmt.Sprint(n), Changes: changes}))
	}
	for _, w := range writers {
		w.finish(t)
	}
	for _, r := range readers {
		r.say(t, "enough")
		var read int
		require.NoError(t, json.Unmarshal([]byte(r.finish(t)), &read))
		require.Positive(t, read, "a reader saw nothing")
	}

	manager, store, err = openManager(path)
	require.NoError(t, err)
	defer store.Close()
	for _, id := range ids {
		found, err := manager.GetIdentity(t.Context(), id)
		require.NoError(t, err)
		v, err := account.VersionOf(found)
		require.NoError(t, err)
		require.Equal(t, int64(1+len(writers)*changes), found.Revision)
		require.Len(t, v.Trail, 1+len(writers)*changes)
		slices.Sort(v.Trail)
		require.Len(t, slices.Compact(v.Trail), 1+len(writers)*changes, "a change is there twice")
	}
}

type counter struct {
	Path    string
	IDs     []uuid.UUID
	Name    string
	Changes int
}

// countUp makes so many changes to each identity, every second one as an update of
// what it has read, until that comes through.
func countUp(c counter, _ <-chan string) error {
	ctx := context.Background()
	manager, store, err := openManager(c.Path)
	if err != nil {
		return err
	}
	for n := range c.Changes {
		for _, id := range c.IDs {
			token := fmt.Sprintf("%s/%s/%d", c.Name, id, n)
			if n%2 == 0 {
				if _, err := manager.PatchIdentity(ctx, id, account.PatchTo(token)); err != nil {
					return err
				}
				continue
			}
			if err := updateUntilDone(ctx, manager, id, token); err != nil {
				return err
			}
		}
	}
	return store.Close()
}

func updateUntilDone(ctx context.Context, manager *idem.Manager, id uuid.UUID, token string) error {
	for {
		current, err := manager.GetIdentity(ctx, id)
		if err != nil {
			return err
		}
		v, err := account.VersionOf(current)
		if err != nil {
			return err
		}
		_, err = manager.UpdateIdentity(ctx, id, v.Next(token).Update(), idem.IfRevision(current.Revision))
		if !errors.Is(err, storage.ErrRevision) {
			return err
		}
	}
}

type reader struct {
	Path string
	IDs  []uuid.UUID
}

// watch reads until it is told that it is enough, each time by another way, and prints
// how often it has read.
func watch(r reader, told <-chan string) error {
	ctx := context.Background()
	manager, store, err := openManager(r.Path)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	last := map[uuid.UUID]account.Version{}
	for read := 0; ; read++ {
		select {
		case <-told:
			fmt.Println(read)
			return store.Close()
		default:
		}
		var found *identity.Identity
		id := r.IDs[read%len(r.IDs)]
		switch before, known := last[id]; {
		case known && read%3 == 0:
			found, err = manager.FindByIdentifier(ctx, credentials.TypePassword, before.Email)
		default:
			found, err = manager.GetIdentity(ctx, id)
		}
		if err != nil {
			return err
		}
		v, err := account.VersionOf(found)
		if err != nil {
			return err
		}
		before := last[id]
		if len(v.Trail) < len(before.Trail) || !slices.Equal(v.Trail[:len(before.Trail)], before.Trail) {
			return fmt.Errorf("time ran backwards: revision %d, then %d", before.Revision, v.Revision)
		}
		last[id] = v
	}
}

// TestProcessesRaceForClaims has two processes go for the same identifier, the same
// address and the same external id, over and over: of each pair of attempts exactly
// one succeeds, and the other is told what is taken.
func TestProcessesRaceForClaims(t *testing.T) {
	const rounds = 8
	for _, claim := range []storage.ClaimKind{storage.ClaimKindIdentifier, storage.ClaimKindAddress, storage.ClaimKindExternalID} {
		t.Run(string(claim), func(t *testing.T) {
			path := databasePath(t)
			require.NoError(t, openStore(t, path).Close())
			var racers []*child
			for n := range 2 {
				r := start(t, "racer", racer{Path: path, Name: fmt.Sprint(n), Claim: claim, Rounds: rounds})
				r.hear(t, "ready")
				racers = append(racers, r)
			}
			for range rounds {
				for _, r := range racers {
					r.say(t, "go")
				}
				for _, r := range racers {
					r.hear(t, "done")
				}
			}
			var won [2][rounds]bool
			for n, r := range racers {
				require.NoError(t, json.Unmarshal([]byte(r.finish(t)), &won[n]))
			}
			for round := range rounds {
				require.NotEqual(t, won[0][round], won[1][round], "round %d: both have it, or none", round)
			}
		})
	}
}

type racer struct {
	Path, Name string
	Claim      storage.ClaimKind
	Rounds     int
}

// race goes for one claim in each round, by a create or by an update, and prints in
// which rounds it got it.
func race(r racer, told <-chan string) error {
	ctx := context.Background()
	manager, store, err := openManager(r.Path)
	if err != nil {
		return err
	}
	var won []bool
	for round := range r.Rounds {
		own, err := manager.CreateIdentity(ctx, identity.Create{Traits: account.Encode(map[string]string{"email": fmt.Sprintf("own-%s-%d@example.com", r.Name, round)})})
		if err != nil {
			return err
		}
		traits, external := map[string]string{"email": fmt.Sprintf("other-%s-%d@example.com", r.Name, round)}, ""
		prize := fmt.Sprintf("prize-%d@example.com", round)
		switch r.Claim {
		case storage.ClaimKindIdentifier:
			traits["email"] = prize
		case storage.ClaimKindAddress:
			traits["backup"] = prize
		case storage.ClaimKindExternalID:
			external = prize
		}
		if round == 0 {
			fmt.Println("ready")
		}
		<-told
		if (round%2 == 0) == (r.Name == "0") {
			_, err = manager.UpdateIdentity(ctx, own.ID, identity.Update{Traits: account.Encode(traits), ExternalID: external})
		} else {
			_, err = manager.CreateIdentity(ctx, identity.Create{Traits: account.Encode(traits), ExternalID: external})
		}
		fmt.Println("done")
		var conflict *storage.ConflictError
		switch {
		case err == nil:
			won = append(won, true)
		case errors.As(err, &conflict) && conflict.Kind == r.Claim:
			won = append(won, false)
		default:
			return err
		}
	}
	fmt.Println(string(account.Encode(won)))
	return store.Close()
}
