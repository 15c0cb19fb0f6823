package idem_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/violation"
)

// TestTypedCalls changes one thing at a time, and finds all else as it was.
func TestTypedCalls(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{
			Traits: raw(`{"email":"ada@example.com","phone":"+16502530000"}`), ExternalID: "crm/1",
			MetadataPublic: raw(`{"plan":"pro"}`), MetadataAdmin: raw(`"note"`),
			OrganizationID: uuid.NullUUID{UUID: fixedID(777), Valid: true},
			Credentials: &credentials.Import{
				Password:     &credentials.ImportPassword{Password: "an old password"},
				LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "first"}, {Code: "second"}}},
			},
		})
		for name, c := range map[string]struct {
			change func() (*identity.Identity, error)
			want   func(want *identity.Identity)
		}{
			"modify": {
				func() (*identity.Identity, error) {
					return w.ModifyIdentity(t.Context(), created.ID, func(u *identity.Update) error {
						require.Equal(t, "crm/1", u.ExternalID)
						require.JSONEq(t, `{"plan":"pro"}`, string(u.MetadataPublic))
						require.Nil(t, u.Credentials)
						u.MetadataPublic = raw(`{"plan":"free"}`)
						return nil
					})
				},
				func(want *identity.Identity) { want.MetadataPublic = raw(`{"plan":"free"}`) },
			},
			"state": {
				func() (*identity.Identity, error) { return w.SetState(t.Context(), created.ID, identity.StateInactive) },
				func(want *identity.Identity) { want.State, want.StateChangedAt = identity.StateInactive, w.now() },
			},
			"verified": {
				func() (*identity.Identity, error) {
					return w.MarkVerified(t.Context(), created.ID, "email", " ADA@example.com ")
				},
				func(want *identity.Identity) {
					a := &want.VerifiableAddresses[0]
					a.Verified, a.Status, a.VerifiedAt, a.UpdatedAt = true, identity.AddressCompleted, w.now(), w.now()
				},
			},
			"link": {
				func() (*identity.Identity, error) {
					return w.AddCredentials(t.Context(), created.ID, credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1815"}}}})
				},
				func(want *identity.Identity) {
					want.Credentials[credentials.TypeOIDC] = credentials.Credential{
						Type: credentials.TypeOIDC, Identifiers: []string{"google:1815"}, CreatedAt: w.now(), UpdatedAt: w.now(),
						Config: credentials.Config{Providers: []credentials.Provider{{Provider: "google", Subject: "1815"}}},
					}
				},
			},
			"codes": {
				func() (*identity.Identity, error) {
					return w.ReplaceLookupCodes(t.Context(), created.ID, []credentials.RecoveryCode{{Code: "new"}})
				},
				func(want *identity.Identity) {
					c := want.Credentials[credentials.TypeLookupSecret]
					c.Config, c.UpdatedAt = credentials.Config{RecoveryCodes: []credentials.RecoveryCode{{Code: "new"}}}, w.now()
					want.Credentials[credentials.TypeLookupSecret] = c
				},
			},
			"no codes": {
				func() (*identity.Identity, error) { return w.ReplaceLookupCodes(t.Context(), created.ID, nil) },
				func(want *identity.Identity) { delete(want.Credentials, credentials.TypeLookupSecret) },
			},
			"end of sign-ins": {
				func() (*identity.Identity, error) { return w.EndSignIns(t.Context(), created.ID) },
				func(*identity.Identity) {},
			},
		} {
			before, err := w.GetIdentity(t.Context(), created.ID)
			require.NoError(t, err)
			w.advance()
			changed, err := c.change()
			require.NoError(t, err, name)
			want := before.Clone()
			c.want(want)
			want.UpdatedAt, want.SignInEpoch = w.now(), changed.SignInEpoch
			require.True(t, want.Equal(changed), name)
			require.Equal(t, before.Revision+1, changed.Revision, name)

			// Back to where it was, for the next.
			_, err = w.store.Update(t.Context(), created.ID, func(*identity.Identity) (*identity.Identity, error) { return before, nil })
			require.NoError(t, err, name)
		}

		changed, err := w.SetPassword(t.Context(), created.ID, "an engine of numbers")
		require.NoError(t, err)
		signedIn, err := w.VerifyPassword(t.Context(), "ada@example.com", "an engine of numbers")
		require.NoError(t, err)
		require.True(t, changed.Equal(signedIn))
		_, err = w.VerifyPassword(t.Context(), "ada@example.com", "an old password")
		requireKind(t, err, idem.KindDenied)
	})
}

func TestTypedCallsRefuse(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		w.advance()
		ctx, id := t.Context(), created.ID
		errOwn := errors.New("a reason of the caller's own")
		for name, c := range map[string]struct {
			call func() error
			kind idem.Kind
			is   error
		}{
			"like the identifier": {func() error { _, err := w.SetPassword(ctx, id, "ada@example.com"); return err }, idem.KindInvalid, nil},
			"common":              {func() error { _, err := w.SetPassword(ctx, id, "password1"); return err }, idem.KindInvalid, nil},
			"empty":               {func() error { _, err := w.SetPassword(ctx, id, ""); return err }, idem.KindInvalid, nil},
			"checked":             {func() error { return w.CheckPassword(ctx, created, "password1") }, idem.KindInvalid, nil},
			"no state":            {func() error { _, err := w.SetState(ctx, id, ""); return err }, idem.KindInvalid, nil},
			"unknown state":       {func() error { _, err := w.SetState(ctx, id, "asleep"); return err }, idem.KindInvalid, nil},
			"unknown address":     {func() error { _, err := w.MarkVerified(ctx, id, "email", "grace@example.com"); return err }, idem.KindNotFound, idem.ErrNoAddress},
			"bad credential": {func() error {
				_, err := w.AddCredentials(ctx, id, credentials.Import{TOTP: &credentials.ImportTOTP{}})
				return err
			}, idem.KindInvalid, nil},
			"nobody":            {func() error { _, err := w.SetState(ctx, fixedID(404), identity.StateInactive); return err }, idem.KindNotFound, storage.ErrNotFound},
			"nobody's sign-ins": {func() error { _, err := w.EndSignIns(ctx, fixedID(404)); return err }, idem.KindNotFound, storage.ErrNotFound},
			"too late":          {func() error { _, err := w.SetState(ctx, id, identity.StateInactive, idem.IfRevision(7)); return err }, idem.KindPrecondition, storage.ErrRevision},
			"sign-ins too late": {func() error { _, err := w.EndSignIns(ctx, id, idem.IfRevision(7)); return err }, idem.KindPrecondition, storage.ErrRevision},
			"own reason": {func() error {
				_, err := w.ModifyIdentity(ctx, id, func(*identity.Update) error { return errOwn })
				return err
			}, idem.KindPrecondition, errOwn},
			"own violation": {func() error {
				_, err := w.ModifyIdentity(ctx, id, func(*identity.Update) error { return violation.New("/x", "", "is wrong") })
				return err
			}, idem.KindInvalid, nil},
			"bad traits": {func() error {
				_, err := w.ModifyIdentity(ctx, id, func(u *identity.Update) error { u.Traits = raw(`{"email":7}`); return nil })
				return err
			}, idem.KindInvalid, nil},
		} {
			err := c.call()
			requireKind(t, err, c.kind)
			if c.is != nil {
				require.ErrorIs(t, err, c.is, name)
			}
		}
		require.NoError(t, w.CheckPassword(ctx, created, "an engine of numbers"))
		w.requireUnchanged(t, created)

		strict := newWorld(t, w.store, idem.WithMinPasswordLength(15),
			idem.WithPasswordPolicy(func(_ context.Context, c idem.PasswordCandidate) error {
				assert.Equal(t, []string{"ada@example.com"}, c.Identifiers)
				return errOwn
			}))
		_, err := strict.SetPassword(ctx, id, "fourteen chars")
		require.ErrorContains(t, err, "at least 15 characters")
		_, err = strict.SetPassword(ctx, id, "long enough, this one")
		require.ErrorContains(t, err, errOwn.Error())
		w.requireUnchanged(t, created)
	})
}

// TestTypedCallsDoNotValidate has identities whose schema would refuse them today, or is
// not there any more: they can be locked out, and verified, all the same.
func TestTypedCallsDoNotValidate(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		strict, err := schema.Parse("person", raw(`{"properties":{"traits":{"type":"object","required":["tax_number"]}}}`))
		require.NoError(t, err)
		stranger, err := schema.Parse("stranger", raw(`{"properties":{"traits":{"type":"object"}}}`))
		require.NoError(t, err)
		for _, s := range []*schema.Schema{strict, stranger} {
			schemas, err := schema.NewRegistry(s)
			require.NoError(t, err)
			require.NoError(t, w.SetSchemas(schemas))
			w.advance()
			_, err = w.SetState(t.Context(), created.ID, identity.StateInactive)
			require.NoError(t, err)
			_, err = w.SetState(t.Context(), created.ID, identity.StateActive)
			require.NoError(t, err)
			_, err = w.MarkVerified(t.Context(), created.ID, "email", "ada@example.com")
			require.NoError(t, err)
			set, err := w.SetPassword(t.Context(), created.ID, "an engine of numbers")
			require.NoError(t, err)
			require.Equal(t, created.Credentials[credentials.TypePassword].Identifiers, set.Credentials[credentials.TypePassword].Identifiers)
			patched, err := w.PatchIdentity(t.Context(), created.ID, idem.MergePatch([]byte(`{"metadata_admin":{"blocked":"no"}}`)))
			require.NoError(t, err)
			require.Len(t, patched.VerifiableAddresses, 1)
		}
	})
}

// TestEditIsNotStarved changes an identity whenever somebody is about to: the edit still
// comes about, worked out in the store's step.
func TestEditIsNotStarved(t *testing.T) {
	onBothStores(t, func(t *testing.T, plain *world) {
		store := &busyStore{Storage: plain.store}
		w := newWorld(t, store)
		created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`), MetadataPublic: raw(`0`)})
		store.id = created.ID
		for name, change := range map[string]func() (*identity.Identity, error){
			"modify": func() (*identity.Identity, error) {
				return w.ModifyIdentity(t.Context(), created.ID, func(u *identity.Update) error { u.ExternalID = "crm/1"; return nil })
			},
			"patch": func() (*identity.Identity, error) {
				return w.PatchIdentity(t.Context(), created.ID, idem.MergePatch([]byte(`{"external_id":"crm/2"}`)))
			},
			"password": func() (*identity.Identity, error) {
				return w.SetPassword(t.Context(), created.ID, "an engine of numbers")
			},
		} {
			changed, err := change()
			require.NoError(t, err, name)
			require.Equal(t, store.meddled, changed.Revision-1, "%s: on the newest there was", name)
		}
	})
}

// busyStore changes an identity before every update of it.
type busyStore struct {
	storage.Storage
	id      uuid.UUID
	meddled int64
}

func (s *busyStore) Update(ctx context.Context, id uuid.UUID, change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	if id == s.id {
		changed, err := s.Storage.Update(ctx, id, func(i *identity.Identity) (*identity.Identity, error) {
			i.MetadataAdmin = raw(`%d`, i.Revision)
			return i, nil
		})
		if err != nil {
			return nil, err
		}
		s.meddled = changed.Revision
	}
	return s.Storage.Update(ctx, id, change)
}

// TestModifyAtomically counts with many at once, and none is lost.
func TestModifyAtomically(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`), MetadataPublic: raw(`0`)})
		var running sync.WaitGroup
		for range 40 {
			running.Go(func() {
				_, err := w.ModifyIdentity(t.Context(), created.ID, func(u *identity.Update) error {
					u.MetadataPublic = raw("%d", number(u.MetadataPublic)+1)
					return nil
				})
				assert.NoError(t, err)
			})
		}
		running.Wait()
		counted, err := w.GetIdentity(t.Context(), created.ID)
		require.NoError(t, err)
		require.Equal(t, "40", string(counted.MetadataPublic))
	})
}

func number(raw []byte) (n int) {
	for _, c := range raw {
		n = 10*n + int(c-'0')
	}
	return n
}

// TestPrepare hashes before a create and an update, and once.
func TestPrepare(t *testing.T) {
	onBothStores(t, func(t *testing.T, plain *world) {
		asked := 0
		w := newWorld(t, plain.store, idem.WithPasswordPolicy(func(_ context.Context, c idem.PasswordCandidate) error {
			if asked++; c.Password == "refused" {
				return errors.New("is refused")
			}
			return nil
		}))
		c := identity.Create{Traits: raw(`{"email":"ada@example.com"}`), Credentials: withPassword("a long secret")}
		prepared, err := w.PrepareCreate(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, "a long secret", c.Credentials.Password.Password, "the caller's own stays")
		require.Empty(t, prepared.Credentials.Password.Password)
		hash := prepared.Credentials.Password.HashedPassword
		created, err := w.CreateIdentity(t.Context(), prepared)
		require.NoError(t, err)
		require.Equal(t, hash, created.Credentials[credentials.TypePassword].Config.HashedPassword)

		update, err := w.PrepareUpdate(t.Context(), created.ID, identity.Update{Traits: c.Traits, Credentials: withPassword("another secret")})
		require.NoError(t, err)
		updated, err := w.UpdateIdentity(t.Context(), created.ID, update)
		require.NoError(t, err)
		require.Equal(t, update.Credentials.Password.HashedPassword, updated.Credentials[credentials.TypePassword].Config.HashedPassword)
		require.Equal(t, 2, asked, "the policy judges each password once")
		_, err = w.VerifyPassword(t.Context(), "ada@example.com", "another secret")
		require.NoError(t, err)

		_, err = w.PrepareCreate(t.Context(), identity.Create{Traits: raw(`{"email":7}`), Credentials: withPassword("refused"), State: "asleep"})
		requireKind(t, err, idem.KindInvalid)
		var invalid *violation.Error
		require.ErrorAs(t, err, &invalid)
		require.Len(t, invalid.Violations, 3)
		_, err = w.PrepareUpdate(t.Context(), fixedID(404), identity.Update{Credentials: withPassword("a long secret")})
		requireKind(t, err, idem.KindNotFound)
		bare, err := w.PrepareCreate(t.Context(), identity.Create{Traits: c.Traits})
		require.NoError(t, err)
		require.Nil(t, bare.Credentials)
	})
}

// TestPrepareHashesWithinTheLimit prepares many at once.
func TestPrepareHashesWithinTheLimit(t *testing.T) {
	hasher := &countingHasher{Hasher: newWorldHasher(t)}
	w := newWorld(t, memory.New(), idem.WithHasher(hasher), idem.WithHashingLimit(2))
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() {
			_, err := w.PrepareCreate(t.Context(), identity.Create{Credentials: withPassword("a long secret")})
			assert.NoError(t, err)
		})
	}
	running.Wait()
	require.Equal(t, 2, hasher.most)
}
