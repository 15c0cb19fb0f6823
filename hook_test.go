package idem_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// hook is a hook whose verdict a test sets, and what it was asked about.
type hook struct {
	veto  error
	asked []idem.PendingChange
}

func (h *hook) ask(_ context.Context, c idem.PendingChange) error {
	h.asked = append(h.asked, c)
	return h.veto
}

func (h *hook) last(t *testing.T) idem.PendingChange {
	t.Helper()
	require.NotEmpty(t, h.asked)
	c := h.asked[len(h.asked)-1]
	h.asked = nil
	return c
}

func onBothStoresWithHook(t *testing.T, test func(t *testing.T, w *world, h *hook)) {
	onBothStores(t, func(t *testing.T, w *world) {
		h := &hook{}
		test(t, newWorld(t, w.store, idem.WithBeforeCommit(h.ask)), h)
	})
}

func TestHookSeesWhatIsCommitted(t *testing.T) {
	onBothStoresWithHook(t, func(t *testing.T, w *world, h *hook) {
		ctx := idem.ContextWithActor(t.Context(), "admin:42")
		created, err := w.CreateIdentity(ctx, identity.Create{
			Traits:      raw(`{"email":"ada@example.com"}`),
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "a long secret"}},
		})
		require.NoError(t, err)
		committed := func() storage.Change {
			t.Helper()
			last, err := w.LastChange(t.Context())
			require.NoError(t, err)
			for c, err := range w.Changes(t.Context(), storage.ChangeQuery{After: last - 1}) {
				require.NoError(t, err)
				return c
			}
			return storage.Change{}
		}
		same := func(before, after *identity.Identity) {
			t.Helper()
			c, want := h.last(t), committed()
			want.Sequence = 0
			require.Equal(t, want, c.Change)
			for _, side := range []struct{ want, got *identity.Identity }{{before, c.Before}, {after, c.After}} {
				require.Equal(t, side.want == nil, side.got == nil)
				if side.want != nil {
					require.True(t, side.want.Equal(side.got))
					require.Equal(t, side.want.Revision, side.got.Revision)
				}
			}
		}
		same(nil, created)

		w.advance()
		updated, err := w.UpdateIdentity(ctx, created.ID, identity.Update{State: identity.StateInactive, Traits: raw(`{"email":"ada@example.org"}`)})
		require.NoError(t, err)
		same(created, updated)

		w.advance()
		patched, err := w.PatchIdentity(ctx, created.ID, idem.MergePatch([]byte(`{"metadata_public":{"a":1}}`)))
		require.NoError(t, err)
		same(updated, patched)

		unchanged, err := w.UpdateIdentity(ctx, created.ID, identity.Update{Traits: patched.Traits, MetadataPublic: patched.MetadataPublic})
		require.NoError(t, err)
		require.Equal(t, patched.Revision, unchanged.Revision)
		require.Empty(t, h.asked, "a change that changes nothing is none")

		require.NoError(t, w.DeleteIdentity(ctx, created.ID))
		same(patched, nil)

		results, err := w.CreateIdentities(ctx, []identity.Create{{Traits: raw(`{"email":"bob@example.com"}`)}})
		require.NoError(t, err)
		same(nil, results[0].Identity)
	})
}

func TestVeto(t *testing.T) {
	onBothStoresWithHook(t, func(t *testing.T, w *world, h *hook) {
		created, err := w.CreateIdentity(t.Context(), identity.Create{
			Traits: raw(`{"email":"ada@example.com"}`),
			Credentials: &credentials.Import{
				Password: &credentials.ImportPassword{Password: "a long secret"},
				TOTP:     &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP"},
			},
		})
		require.NoError(t, err)
		before, err := w.LastChange(t.Context())
		require.NoError(t, err)

		errFrozen := idem.Veto("accounts are frozen until Monday")
		misleading := errors.Join(storage.ErrNotFound, &idem.Error{Kind: idem.KindConflict, Err: storage.NewConflictError(storage.Claim{Kind: storage.ClaimKindExternalID})})
		errFault := fmt.Errorf("dial tcp: password authentication failed: %w", misleading)
		for name, change := range map[string]func() error{
			"create": func() error {
				_, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{}`)})
				return err
			},
			"import": func() error {
				results, err := w.CreateIdentities(t.Context(), []identity.Create{{Traits: raw(`{}`)}})
				require.NoError(t, err)
				require.Nil(t, results[0].Identity)
				return results[0].Err
			},
			"update": func() error {
				_, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{}`)})
				return err
			},
			"patch": func() error {
				_, err := w.PatchIdentity(t.Context(), created.ID, idem.MergePatch([]byte(`{"state":"inactive"}`)))
				return err
			},
			"delete":            func() error { return w.DeleteIdentity(t.Context(), created.ID) },
			"delete credential": func() error { return w.DeleteCredential(t.Context(), created.ID, credentials.TypeTOTP, "") },
		} {
			t.Run(name, func(t *testing.T) {
				h.veto = errors.Join(errFrozen, misleading)
				err := change()
				requireKind(t, err, idem.KindVetoed)
				require.ErrorIs(t, err, errFrozen)
				var veto *idem.VetoError
				require.ErrorAs(t, err, &veto)
				require.Equal(t, "accounts are frozen until Monday", veto.Text)

				// What is no veto is a fault, whatever it wraps.
				h.veto = errFault
				err = change()
				requireKind(t, err, idem.KindInternal)
				require.ErrorIs(t, err, errFault)
			})
		}
		w.requireUnchanged(t, created)
		after, err := w.LastChange(t.Context())
		require.NoError(t, err)
		require.Equal(t, before, after)
	})
}

// TestHookCannotEdit has a hook edit what it was shown.
func TestHookCannotEdit(t *testing.T) {
	onBothStores(t, func(t *testing.T, plain *world) {
		w := newWorld(t, plain.store, idem.WithBeforeCommit(func(_ context.Context, c idem.PendingChange) error {
			for _, i := range []*identity.Identity{c.Before, c.After} {
				if i != nil {
					copy(i.Traits, `{"EMAIL"`)
					i.ExternalID = "edited"
					clear(i.Credentials)
				}
			}
			return nil
		}))
		created, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		require.NoError(t, err)
		require.Empty(t, created.ExternalID)
		updated, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{"email":"ada@example.org"}`)})
		require.NoError(t, err)
		require.Equal(t, `{"email":"ada@example.org"}`, string(updated.Traits))
		found, err := w.GetIdentity(t.Context(), created.ID)
		require.NoError(t, err)
		require.True(t, updated.Equal(found))
		require.NoError(t, w.DeleteIdentity(t.Context(), created.ID))
	})
}

func TestHookThatRunsOutOfTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := newWorld(t, memory.New(), idem.WithBeforeCommit(func(ctx context.Context, _ idem.PendingChange) error {
		cancel()
		return ctx.Err()
	}))
	_, err := w.CreateIdentity(ctx, identity.Create{Traits: raw(`{}`)})
	requireKind(t, err, idem.KindCanceled)
}

// TestHookOnSignIn vetoes the new hash of a sign-in, which is no reason to turn the
// owner away.
func TestHookOnSignIn(t *testing.T) {
	onBothStoresWithHook(t, func(t *testing.T, w *world, h *hook) {
		created, err := w.CreateIdentity(t.Context(), identity.Create{
			Traits:      raw(`{"email":"ada@example.com"}`),
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="}},
		})
		require.NoError(t, err)
		h.veto = idem.Veto("frozen")
		signedIn, err := w.VerifyPassword(t.Context(), "ada@example.com", "password")
		require.NoError(t, err)
		require.True(t, created.Equal(signedIn))
		require.Equal(t, []string{"/credentials/password"}, h.last(t).Fields)
	})
}

func TestActorsThatCannotBeKept(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		for _, actor := range []string{"a\x00", "line\nbreak", "\xff", string(make([]byte, 257))} {
			ctx := idem.ContextWithActor(t.Context(), actor)
			_, err := w.CreateIdentity(ctx, identity.Create{Traits: raw(`{}`)})
			require.ErrorContains(t, err, "actor")
			_, err = w.UpdateIdentity(ctx, uuid.New(), identity.Update{SchemaID: "person"})
			require.ErrorContains(t, err, "actor")
			require.ErrorContains(t, w.DeleteIdentity(ctx, uuid.New()), "actor")
		}
	})
}
