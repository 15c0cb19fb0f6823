package sqlitedb

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// openTwo opens two stores on one file: each changes what the other remembers.
func openTwo(t *testing.T) (ours, theirs *Store) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "identities.db")
	for _, store := range []**Store{&ours, &theirs} {
		opened, err := openFile(t.Context(), path, WithUpdateCache(4096))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, opened.Close()) })
		*store = opened
	}
	return ours, theirs
}

func testPerson(id uuid.UUID) *identity.Identity {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &identity.Identity{
		ID: id, SchemaID: "default", State: identity.StateActive, Traits: json.RawMessage(`{"n":0}`),
		CreatedAt: now, UpdatedAt: now, StateChangedAt: now,
	}
}

// setMetadata updates one of the two metadata of an identity and counts how often change was called.
func setMetadata(t *testing.T, s *Store, id uuid.UUID, value string, admin bool) (calls int) {
	t.Helper()
	_, err := s.Update(t.Context(), id, func(current *identity.Identity) (*identity.Identity, error) {
		calls++
		if admin {
			current.MetadataAdmin = json.RawMessage(value)
		} else {
			current.MetadataPublic = json.RawMessage(value)
		}
		return current, nil
	})
	require.NoError(t, err)
	return calls
}

func TestUpdateCacheIsOnlyAStart(t *testing.T) {
	id := uuid.MustParse("0191d5a4-0000-7000-8000-000000000001")
	begin := func(t *testing.T) (ours, theirs *Store) {
		ours, theirs = openTwo(t)
		_, err := ours.Create(t.Context(), testPerson(id))
		require.NoError(t, err)
		setMetadata(t, ours, id, `1`, false)
		_, remembered := ours.recent.get(id)
		require.True(t, remembered)
		return ours, theirs
	}

	t.Run("an update begins with what the last one wrote", func(t *testing.T) {
		ours, _ := begin(t)
		for n := range 3 {
			require.Equal(t, 1, setMetadata(t, ours, id, fmt.Sprint(n+2), false))
		}
		known, _ := ours.recent.get(id)
		stored, err := ours.get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, stored, known, "what is remembered is what is stored, the sequence number included")
	})
	t.Run("another store's update is not lost", func(t *testing.T) {
		ours, theirs := begin(t)
		setMetadata(t, theirs, id, `"theirs"`, true)
		require.Equal(t, 2, setMetadata(t, ours, id, `"ours"`, false), "the outdated start must lose")
		stored, err := ours.Get(t.Context(), id)
		require.NoError(t, err)
		require.JSONEq(t, `"theirs"`, string(stored.MetadataAdmin))
		require.JSONEq(t, `"ours"`, string(stored.MetadataPublic))
	})
	t.Run("a refusal is of the identity as it is", func(t *testing.T) {
		ours, theirs := begin(t)
		setMetadata(t, theirs, id, `"wanted"`, true)
		refused := errors.New("refused")
		_, err := ours.Update(t.Context(), id, func(current *identity.Identity) (*identity.Identity, error) {
			if string(current.MetadataAdmin) != `"wanted"` {
				return nil, refused
			}
			current.State = identity.StateInactive
			return current, nil
		})
		require.NoError(t, err)
	})
	t.Run("no change is one of the identity as it is", func(t *testing.T) {
		ours, theirs := begin(t)
		setMetadata(t, theirs, id, `2`, false)
		require.Equal(t, 2, setMetadata(t, ours, id, `1`, false), "1 is what is remembered, and not what is stored")
		stored, err := theirs.Get(t.Context(), id)
		require.NoError(t, err)
		require.JSONEq(t, `1`, string(stored.MetadataPublic))
	})
	t.Run("a deleted identity is not updated", func(t *testing.T) {
		ours, theirs := begin(t)
		require.NoError(t, theirs.Delete(t.Context(), id, time.Now(), nil))
		_, err := ours.Update(t.Context(), id, func(current *identity.Identity) (*identity.Identity, error) {
			current.State = identity.StateInactive
			return current, nil
		})
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("a conflict is one of the identity as it is", func(t *testing.T) {
		ours, theirs := begin(t)
		require.NoError(t, theirs.Delete(t.Context(), id, time.Now(), nil))
		other := testPerson(uuid.MustParse("0191d5a4-0000-7000-8000-000000000002"))
		other.ExternalID = "taken"
		_, err := theirs.Create(t.Context(), other)
		require.NoError(t, err)
		_, err = ours.Update(t.Context(), id, func(current *identity.Identity) (*identity.Identity, error) {
			current.ExternalID = "taken"
			return current, nil
		})
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("one created under the same id is not overwritten", func(t *testing.T) {
		ours, theirs := begin(t)
		require.NoError(t, theirs.Delete(t.Context(), id, time.Now(), nil))
		other := testPerson(id)
		other.Traits = json.RawMessage(`{"other":true}`)
		_, err := theirs.Create(t.Context(), other)
		require.NoError(t, err)
		setMetadata(t, theirs, id, `0`, true) // at the revision that is remembered
		setMetadata(t, ours, id, `5`, false)
		stored, err := ours.Get(t.Context(), id)
		require.NoError(t, err)
		require.JSONEq(t, `{"other":true}`, string(stored.Traits))
	})
	t.Run("what a caller does to a result stays out", func(t *testing.T) {
		ours, _ := begin(t)
		result, err := ours.Update(t.Context(), id, func(current *identity.Identity) (*identity.Identity, error) {
			current.Traits = json.RawMessage(`{"n":7}`)
			return current, nil
		})
		require.NoError(t, err)
		copy(result.Traits, `{"x":9}`)
		setMetadata(t, ours, id, `6`, false)
		stored, err := ours.Get(t.Context(), id)
		require.NoError(t, err)
		require.JSONEq(t, `{"n":7}`, string(stored.Traits))
	})
	t.Run("a large identity is not remembered", func(t *testing.T) {
		ours, _ := begin(t)
		setMetadata(t, ours, id, `"`+strings.Repeat("x", maxRecentDocument)+`"`, false)
		known, remembered := ours.recent.get(id)
		require.False(t, remembered && known.identity.Revision == 3)
		setMetadata(t, ours, id, `8`, false)
		_, remembered = ours.recent.get(id)
		require.False(t, remembered, "what is written shares the memory of the large document that it was made from")
		setMetadata(t, ours, id, `9`, false)
		_, remembered = ours.recent.get(id)
		require.True(t, remembered)
	})
}

func TestUpdateCacheSize(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "identities.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = New(t.Context(), db, WithUpdateCache(-1))
	require.ErrorContains(t, err, "must not be negative")
	store, err := New(t.Context(), db, WithUpdateCache(0))
	require.NoError(t, err)
	created, err := store.Create(t.Context(), testPerson(uuid.New()))
	require.NoError(t, err)
	setMetadata(t, store, created.ID, `1`, false)
	_, remembered := store.recent.get(created.ID)
	require.False(t, remembered)
	require.NoError(t, store.Close())
}

// TestUpdateCacheKeepsTheNewestOfASet: identities that share a set do not push each other out at every update.
func TestUpdateCacheKeepsTheNewestOfASet(t *testing.T) {
	r := newRecent(1) // one set
	ids := []uuid.UUID{{15: 1}, {15: 2}, {15: 3}, {15: 4}, {15: 5}}
	remembered := func() (those []int) {
		for n, id := range ids {
			if known, ok := r.get(id); ok {
				require.Equal(t, id, known.identity.ID)
				those = append(those, n)
			}
		}
		return those
	}
	put := func(n int, revision int64) {
		i := testPerson(ids[n])
		i.Revision = revision
		r.put(row{identity: i, size: 100}, 100)
		known, ok := r.get(ids[n])
		require.True(t, ok)
		require.Equal(t, revision, known.identity.Revision)
	}
	for n := range places {
		put(n, 1)
	}
	require.Equal(t, []int{0, 1, 2, 3}, remembered())
	put(0, 2)
	put(0, 3)
	require.Equal(t, []int{0, 1, 2, 3}, remembered())
	put(4, 1)
	require.Equal(t, []int{0, 2, 3, 4}, remembered(), "the one that was written longest ago is gone")
	r.forget(ids[0])
	require.Equal(t, []int{2, 3, 4}, remembered())
	put(1, 4)
	require.Equal(t, []int{1, 2, 3, 4}, remembered(), "the free place is used")
	for _, id := range ids {
		r.forget(id)
	}
	require.Empty(t, remembered())
}
