package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// named returns an edit that gives an identity one identifier and nothing else to claim.
func named(identifier string) func(*identity.Identity) {
	return func(i *identity.Identity) {
		i.VerifiableAddresses = nil
		i.Credentials = credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: []string{identifier}, CreatedAt: noon, UpdatedAt: noon,
		}}
	}
}

func createNamed(t *testing.T, store storage.Storage, id uuid.UUID, identifier string) {
	t.Helper()
	i := person(0)
	i.ID = id
	named(identifier)(i)
	create(t, store, i)
}

// rivalWrites come between the reading of an update or a delete and its writing. Whatever
// they do, the change is made of the identity as it is then.
var rivalWrites = []struct {
	name  string
	write func(t *testing.T, rival storage.Storage, id, other uuid.UUID)
	// identifier is what the update claims; refuse makes it refuse any revision but 1.
	identifier string
	refuse     bool
	want       error
	// found is what the identity claims in the end, empty if it is gone.
	found string
}{
	{
		name: "the id is another identity's now, at the same revision", identifier: "updated", found: "updated",
		write: func(t *testing.T, rival storage.Storage, id, _ uuid.UUID) {
			require.NoError(t, rival.Delete(t.Context(), id, noon, nil))
			createNamed(t, rival, id, "reborn")
		},
	},
	{
		name: "the identity is gone, and what it would claim is taken", identifier: "taken", want: storage.ErrNotFound,
		write: func(t *testing.T, rival storage.Storage, id, other uuid.UUID) {
			require.NoError(t, rival.Delete(t.Context(), id, noon, nil))
			createNamed(t, rival, other, "taken")
		},
	},
	{
		name: "the precondition fails now, and what it would claim is taken", identifier: "taken", refuse: true, want: errRefused, found: "moved",
		write: func(t *testing.T, rival storage.Storage, id, other uuid.UUID) {
			update(t, rival, id, named("moved"))
			createNamed(t, rival, other, "taken")
		},
	},
	{
		name: "what it would claim is taken, and nothing else has happened", identifier: "taken", want: storage.ErrConflict, found: "born",
		write: func(t *testing.T, rival storage.Storage, _, other uuid.UUID) { createNamed(t, rival, other, "taken") },
	},
	{
		name: "it claims already what the update would claim", identifier: "moved", found: "moved",
		write: func(t *testing.T, rival storage.Storage, id, _ uuid.UUID) { update(t, rival, id, named("moved")) },
	},
}

var errRefused = errors.New("refused by the caller")

func updateBesideRival(t *testing.T, store, rival storage.Storage) {
	for n, c := range rivalWrites {
		id, other := fixedID(10*n), fixedID(10*n+1)
		createNamed(t, store, id, "born")
		came := false
		_, err := store.Update(t.Context(), id, func(current *identity.Identity) (*identity.Identity, error) {
			if !came {
				came = true
				c.write(t, rival, id, other)
			}
			if c.refuse && current.Revision != 1 {
				return nil, errRefused
			}
			named(c.identifier)(current)
			return current, nil
		})
		require.ErrorIs(t, err, c.want, c.name)
		for _, identifier := range []string{"born", "reborn", "moved", "updated", "taken"} {
			found, err := store.Find(t.Context(), storage.IdentifierClaim(credentials.TypePassword, identifier))
			switch {
			case identifier == c.found:
				require.NoError(t, err, "%s: %s", c.name, identifier)
				require.Equal(t, id, found.ID)
			case err == nil:
				require.Equal(t, other, found.ID, "%s: %s is still claimed", c.name, identifier)
			default:
				require.ErrorIs(t, err, storage.ErrNotFound)
			}
		}
		// What nobody claims is free for the next with that id.
		for _, gone := range []uuid.UUID{id, other} {
			if err := store.Delete(t.Context(), gone, noon, nil); err != nil {
				require.ErrorIs(t, err, storage.ErrNotFound)
			}
		}
		createNamed(t, store, id, "born")
		require.NoError(t, store.Delete(t.Context(), id, noon, nil))
	}
}

func deleteBesideRival(t *testing.T, store, rival storage.Storage) {
	for n, c := range rivalWrites {
		id, other := fixedID(10*n), fixedID(10*n+1)
		createNamed(t, store, id, "born")
		checked := 0
		err := store.Delete(t.Context(), id, noon, func(current *identity.Identity) error {
			if checked++; checked == 1 {
				c.write(t, rival, id, other)
			}
			if c.refuse && current.Revision != 1 {
				return errRefused
			}
			return nil
		})
		switch {
		case c.refuse:
			require.ErrorIs(t, err, errRefused, c.name)
			require.Equal(t, int64(2), get(t, store, id).Revision)
		case c.want == storage.ErrNotFound:
			require.ErrorIs(t, err, storage.ErrNotFound, c.name)
		default:
			require.NoError(t, err, c.name)
			_, err := store.Get(t.Context(), id)
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
		for _, gone := range []uuid.UUID{id, other} {
			if err := store.Delete(t.Context(), gone, noon, nil); err != nil {
				require.ErrorIs(t, err, storage.ErrNotFound)
			}
		}
		createNamed(t, store, id, "reborn")
		require.NoError(t, store.Delete(t.Context(), id, noon, nil))
	}
}

// recordBesideRival has another store take a record between its reading and its writing.
func recordBesideRival(t *testing.T, store, rival storage.Storage) {
	key, end := recordKey(1), noon.AddDate(1, 0, 0)
	for name, write := range map[string]func(){
		"written": func() { keep(t, rival, key, noon, &storage.Record{Value: []byte("rival"), Expires: end}) },
		"deleted": func() { keep(t, rival, key, noon, nil) },
	} {
		keep(t, store, key, noon, &storage.Record{Value: []byte("first"), Expires: end})
		var seen []string
		require.NoError(t, store.UpdateRecord(t.Context(), key, noon, func(current *storage.Record) (*storage.Record, error) {
			if current == nil {
				seen = append(seen, "none")
			} else {
				seen = append(seen, string(current.Value))
			}
			if len(seen) == 1 {
				write()
			}
			return &storage.Record{Value: []byte(seen[len(seen)-1] + " and ours"), Expires: end}, nil
		}))
		want := map[string]string{"written": "rival and ours", "deleted": "none and ours"}[name]
		require.Equal(t, want, string(record(t, store, key, noon).Value))
		require.Equal(t, want, string(record(t, rival, key, noon).Value))
	}
}

// rivalsAgree works through two stores on one database at once, and then holds both
// against each other and against the feed.
func rivalsAgree(t *testing.T, store, rival storage.Storage) {
	const people, rounds = 6, 20
	stores := []storage.Storage{store, rival}
	inParallel(2*people, func(worker int) {
		s := stores[worker%2]
		for round := range rounds {
			var err error
			switch (worker + round) % 4 {
			case 0:
				_, err = s.Create(t.Context(), person(worker/2))
			case 1, 2:
				_, err = s.Update(t.Context(), fixedID((worker+round)%people), editing(withEmail(fmt.Sprintf("shared%d@example.com", (worker*round)%people))))
			case 3:
				err = s.Delete(t.Context(), fixedID((worker*round)%people), noon, nil)
			}
			if err != nil && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
				assert.NoError(t, err)
			}
		}
	})
	feed := changes(t, store, storage.ChangeQuery{})
	require.Equal(t, feed, changes(t, rival, storage.ChangeQuery{}))
	revisions := map[uuid.UUID]int64{}
	for n, c := range feed {
		require.Equal(t, int64(n+1), c.Sequence)
		require.Equal(t, revisions[c.IdentityID]+1, c.Revision, "revisions have no gaps")
		if revisions[c.IdentityID] = c.Revision; c.Operation == storage.OperationDelete {
			revisions[c.IdentityID] = 0
		}
	}
	for n := range people {
		id := fixedID(n)
		found, err := store.Get(t.Context(), id)
		other, otherErr := rival.Get(t.Context(), id)
		if err != nil {
			require.ErrorIs(t, err, storage.ErrNotFound)
			require.ErrorIs(t, otherErr, storage.ErrNotFound)
			require.Zero(t, revisions[id])
			continue
		}
		require.NoError(t, otherErr)
		requireSame(t, found, other)
		require.Equal(t, revisions[id], found.Revision)
		for _, claim := range storage.Claims(found) {
			requireFound(t, rival, claim, id)
		}
	}
}

// rivalsSwap has two identities take each other's identifier at the same time, through
// one store each. Both must fail, and neither may block forever.
func rivalsSwap(t *testing.T, store, rival storage.Storage) {
	for round := range 20 {
		ids := []uuid.UUID{fixedID(2 * round), fixedID(2*round + 1)}
		names := []string{fmt.Sprint("left ", round), fmt.Sprint("right ", round)}
		for n, id := range ids {
			createNamed(t, store, id, names[n])
		}
		var both sync.WaitGroup
		for n, s := range []storage.Storage{store, rival} {
			both.Go(func() {
				_, err := s.Update(t.Context(), ids[n], editing(named(names[1-n])))
				assert.ErrorIs(t, err, storage.ErrConflict)
			})
		}
		both.Wait()
		for n, id := range ids {
			requireFound(t, store, storage.IdentifierClaim(credentials.TypePassword, names[n]), id)
		}
	}
}
