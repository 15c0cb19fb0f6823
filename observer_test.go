package idem_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// told is what an observer was told of one call.
type told struct {
	op, within string
	id         uuid.UUID
	err        error
}

// observations keeps calls in the order in which they end.
type observations struct {
	mu   sync.Mutex
	all  []told
	open int
}

type opKey struct{}

func (o *observations) observe(ctx context.Context, op string) (context.Context, func(uuid.UUID, error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open++
	within, _ := ctx.Value(opKey{}).(string)
	return context.WithValue(ctx, opKey{}, op), func(id uuid.UUID, err error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.open--
		o.all = append(o.all, told{op: op, within: within, id: id, err: err})
	}
}

// take returns what was told since it was last called.
func (o *observations) take(t *testing.T) []told {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	require.Zero(t, o.open, "every call must end")
	all := o.all
	o.all = nil
	return all
}

// TestObserver makes every call of a Manager.
func TestObserver(t *testing.T) {
	var o observations
	w := newWorld(t, memory.New(), idem.WithObserver(o.observe))
	candidate, err := schema.Parse("person", personSchema)
	require.NoError(t, err)
	ada := w.create(t, identity.Create{
		Traits: raw(`{"email":"ada@example.com"}`), ExternalID: "crm/1",
		Credentials: &credentials.Import{
			Password: &credentials.ImportPassword{HashedPassword: "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="},
			TOTP:     &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP"},
		},
	})
	require.Equal(t, []told{{op: "create identity", id: ada.ID}}, o.take(t))
	ctx := t.Context()
	for _, c := range []struct {
		call func() error
		want []told
	}{
		{func() error { _, err := w.GetIdentity(ctx, ada.ID); return err }, []told{{op: "get identity", id: ada.ID}}},
		{func() error { _, err := w.FindByExternalID(ctx, "crm/1"); return err }, []told{{op: "find identity by external id", id: ada.ID}}},
		{func() error {
			_, err := w.FindByIdentifier(ctx, credentials.TypePassword, "ADA@example.com")
			return err
		},
			[]told{{op: "find identity by identifier", id: ada.ID}}},
		{func() error { _, err := w.VerifyPassword(ctx, "ada@example.com", "password"); return err },
			[]told{{op: "rehash password", within: "verify password", id: ada.ID}, {op: "verify password", id: ada.ID}}},
		{func() error { _, err := w.UpdateIdentity(ctx, ada.ID, identity.Update{Traits: ada.Traits}); return err }, []told{{op: "update identity", id: ada.ID}}},
		{func() error {
			_, err := w.PatchIdentity(ctx, ada.ID, idem.MergePatch([]byte(`{"state":"inactive"}`)))
			return err
		},
			[]told{{op: "patch identity", id: ada.ID}}},
		{func() error {
			_, err := w.CreateIdentities(ctx, []identity.Create{{Traits: ada.Traits}, {}})
			return err
		}, []told{{op: "create identities"}}},
		{func() error { _, err := w.ListIdentities(ctx, idem.Query{}); return err }, []told{{op: "list identities"}}},
		{func() error { _, err := w.CountIdentities(ctx, idem.Query{}); return err }, []told{{op: "count identities"}}},
		{func() error {
			for _, err := range w.Identities(ctx, idem.Query{PageSize: 1}) {
				require.NoError(t, err)
			}
			return nil
		}, []told{{op: "list identities"}, {op: "list identities"}}},
		{func() error {
			for _, err := range w.CheckSchema(ctx, "person", candidate) {
				return err
			}
			return nil
		}, []told{{op: "list identities", within: "check schema"}, {op: "check schema"}}},
		{func() error {
			for _, err := range w.Changes(ctx, storage.ChangeQuery{IdentityID: ada.ID}) {
				require.NoError(t, err)
			}
			return nil
		}, []told{{op: "read changes", id: ada.ID}, {op: "read changes", id: ada.ID}}},
		{func() error {
			for _, err := range w.Watch(ctx, storage.ChangeQuery{}) {
				return err
			}
			return nil
		}, []told{{op: "watch changes"}}},
		{func() error { _, err := w.ListChanges(ctx, storage.ChangeQuery{}); return err }, []told{{op: "list changes"}}},
		{func() error { _, err := w.LastChange(ctx); return err }, []told{{op: "read last change"}}},
		{func() error { _, err := w.PruneChanges(ctx, storage.Retention{Newest: 1}); return err }, []told{{op: "prune changes"}}},
		{func() error { return w.DeleteCredential(ctx, ada.ID, credentials.TypeTOTP, "") }, []told{{op: "delete credential", id: ada.ID}}},
		{func() error { return w.DeleteIdentity(ctx, ada.ID) }, []told{{op: "delete identity", id: ada.ID}}},
	} {
		require.NoError(t, c.call())
		require.Equal(t, c.want, o.take(t))
	}

	_, err = w.GetIdentity(ctx, ada.ID)
	require.Error(t, err)
	require.Equal(t, []told{{op: "get identity", id: ada.ID, err: err}}, o.take(t), "the error is the one that the caller gets")

	ended, end := context.WithCancel(ctx)
	for _, err := range w.Watch(ended, storage.ChangeQuery{After: 99}) {
		requireKind(t, err, idem.KindGone)
		require.Equal(t, "watch changes", err.(*idem.Error).Op)
	}
	end()
	require.Len(t, o.take(t), 1)
}

// TestObserverOfACallThatDoesNotReturn panics within a call.
func TestObserverOfACallThatDoesNotReturn(t *testing.T) {
	var o observations
	w := newWorld(t, memory.New(), idem.WithObserver(o.observe),
		idem.WithBeforeCommit(func(context.Context, idem.PendingChange) error { panic("out of order") }))
	require.PanicsWithValue(t, "out of order", func() { _, _ = w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{}`)}) })
	all := o.take(t)
	require.Len(t, all, 1)
	require.ErrorIs(t, all[0].err, idem.ErrAbandoned)
	requireKind(t, all[0].err, idem.KindInternal)
}

// TestPreconditionOfTheApplication refuses for a reason of its own, which is no fault.
func TestPreconditionOfTheApplication(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		w.advance()
		errHeld := errors.New("held by the auditors")
		held := func(*identity.Identity) error { return fmt.Errorf("%w (%w)", errHeld, storage.ErrNotFound) }
		for name, change := range map[string]func() error{
			"update": func() error {
				_, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{}`)}, held)
				return err
			},
			"patch": func() error {
				_, err := w.PatchIdentity(t.Context(), created.ID, idem.MergePatch([]byte(`{"state":"inactive"}`)), held)
				return err
			},
			"delete":            func() error { return w.DeleteIdentity(t.Context(), created.ID, held) },
			"delete credential": func() error { return w.DeleteCredential(t.Context(), created.ID, credentials.TypeTOTP, "", held) },
		} {
			err := change()
			requireKind(t, err, idem.KindPrecondition)
			require.ErrorIs(t, err, errHeld, name)
			var failed *idem.PreconditionError
			require.ErrorAs(t, err, &failed, name)
		}
		w.requireUnchanged(t, created)
		require.Equal(t, created.UpdatedAt, created.CreatedAt.Truncate(time.Microsecond))
	})
}
