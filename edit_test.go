package idem_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// olderStartStore runs each change on an older state of the identity before it runs it on the present one, as a store may
// that remembers what it wrote. Before the first updates a rival changes the identity.
type olderStartStore struct {
	storage.Storage
	older  *identity.Identity
	rivals []func()
}

func (s *olderStartStore) Update(ctx context.Context, id uuid.UUID, change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	if len(s.rivals) > 0 {
		rival := s.rivals[0]
		s.rivals = s.rivals[1:]
		rival()
	}
	_, _ = change(s.older.Clone())
	return s.Storage.Update(ctx, id, change)
}

// A patch that has lost twice is worked out in the store's step. What it came to there on a state that was not
// written must not be what is written for another.
func TestEditIsOfTheStateItIsWrittenFor(t *testing.T) {
	inner := memory.New()
	store := &olderStartStore{Storage: inner}
	w := newWorld(t, store)
	created, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{"email":"ada@example.com"}`), MetadataPublic: json.RawMessage(`{"n":0}`)})
	require.NoError(t, err)
	store.older = created

	direct := w.WithStorage(inner)
	for _, value := range []string{`{"n":1}`, `{"n":2}`} {
		store.rivals = append(store.rivals, func() {
			_, err := direct.ModifyIdentity(t.Context(), created.ID, func(u *identity.Update) error {
				u.MetadataPublic = json.RawMessage(value)
				return nil
			})
			require.NoError(t, err)
		})
	}
	patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch([]byte(`[{"op":"add","path":"/metadata_public/mine","value":true}]`)))
	require.NoError(t, err)
	require.JSONEq(t, `{"n":2,"mine":true}`, string(patched.MetadataPublic))
}
