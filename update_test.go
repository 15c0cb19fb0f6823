package idem_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/violation"
)

func TestUpdateReplacesEverythingItNames(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{
			Traits: raw(`{"email":"ada@example.com","name":"Ada"}`), ExternalID: "crm-1",
			MetadataPublic: raw(`{"plan":"free"}`), MetadataAdmin: raw(`{"note":1}`),
		})
		later := w.advance()
		updated, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{
			SchemaID: "customer", State: identity.StateInactive, Traits: raw(`{"number":"C1"}`),
		})
		require.NoError(t, err)

		require.Equal(t, created.ID, updated.ID)
		require.Equal(t, int64(2), updated.Revision)
		require.Equal(t, "customer", updated.SchemaID)
		require.Equal(t, identity.StateInactive, updated.State)
		require.Equal(t, later, updated.StateChangedAt)
		require.Equal(t, `{"number":"C1"}`, string(updated.Traits))
		require.Empty(t, updated.ExternalID)
		require.Nil(t, updated.MetadataPublic)
		require.Nil(t, updated.MetadataAdmin)
		require.Equal(t, created.CreatedAt, updated.CreatedAt)
		require.Equal(t, later, updated.UpdatedAt)
		require.Equal(t, []string{"c1"}, updated.Credentials[credentials.TypePassword].Identifiers)
		require.NotContains(t, updated.Credentials, credentials.TypeCode, "a type whose identifiers vanish vanishes with them")
		require.Empty(t, updated.VerifiableAddresses)
		require.Empty(t, updated.RecoveryAddresses)

		found, err := w.FindByIdentifier(t.Context(), credentials.TypePassword, "C1")
		require.NoError(t, err)
		require.Equal(t, created.ID, found.ID)
		for _, stale := range []string{"ada@example.com"} {
			_, err := w.FindByIdentifier(t.Context(), credentials.TypePassword, stale)
			requireKind(t, err, idem.KindNotFound)
		}
		_, err = w.FindByExternalID(t.Context(), "crm-1")
		requireKind(t, err, idem.KindNotFound)
	})
}

func TestUpdateKeepsWhatItLeavesOut(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{
			SchemaID: "customer", State: identity.StateInactive, Traits: raw(`{"number":"C1"}`),
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "a password"}},
		})
		updated := w.update(t, created.ID, identity.Update{Traits: raw(`{"number":"C2"}`)})
		require.Equal(t, "customer", updated.SchemaID)
		require.Equal(t, identity.StateInactive, updated.State)
		require.Equal(t, created.StateChangedAt, updated.StateChangedAt)
		before, after := created.Credentials[credentials.TypePassword], updated.Credentials[credentials.TypePassword]
		require.True(t, before.Config.Equal(after.Config), "the password is kept")
		require.Equal(t, []string{"c2"}, after.Identifiers)
		require.Equal(t, before.CreatedAt, after.CreatedAt)
		require.Equal(t, updated.UpdatedAt, after.UpdatedAt, "its identifiers changed")
	})
}

func TestUpdateThatChangesNothingWritesNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{
			Traits: raw(`{"email":"ada@example.com"}`), ExternalID: "crm-1", MetadataPublic: raw(`1`),
			Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1"}}}},
		})
		same := identity.Update{
			SchemaID: "person", State: identity.StateActive, Traits: raw(` {"email":"ada@example.com"} `), ExternalID: "crm-1", MetadataPublic: raw(`1`),
			Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1"}}}},
		}
		updated := w.update(t, created.ID, same)
		require.Equal(t, created.Revision, updated.Revision)
		require.True(t, created.Equal(updated))
		w.requireUnchanged(t, created)
	})
}

func TestUpdateKeepsAddressesThatStay(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{
			Traits:              raw(`{"email":"Ada@Example.com","phone":"+1 650 253 0000"}`),
			VerifiableAddresses: []identity.CreateVerifiableAddress{{Value: "ADA@example.com", Verified: true}},
		})
		require.Equal(t, `{"email":"Ada@Example.com","phone":"+16502530000"}`, string(created.Traits))
		require.Len(t, created.VerifiableAddresses, 2)
		email := created.VerifiableAddresses[0]
		require.Equal(t, "ada@example.com", email.Value)
		require.True(t, email.Verified)
		require.Equal(t, identity.AddressCompleted, email.Status)
		require.Equal(t, noon, email.VerifiedAt)

		respelt := w.update(t, created.ID, identity.Update{Traits: raw(`{"email":"ada@EXAMPLE.com","phone":"+44 20 7946 0958"}`)})
		require.Equal(t, email, respelt.VerifiableAddresses[0], "a change of letter case alone loses nothing")
		require.Equal(t, created.RecoveryAddresses, respelt.RecoveryAddresses)
		phone := respelt.VerifiableAddresses[1]
		require.Equal(t, "+442079460958", phone.Value)
		require.NotEqual(t, created.VerifiableAddresses[1].ID, phone.ID)
		require.False(t, phone.Verified)
		require.Equal(t, identity.AddressPending, phone.Status)
		require.Equal(t, respelt.UpdatedAt, phone.CreatedAt)

		gone := w.update(t, created.ID, identity.Update{Traits: raw(`{}`)})
		require.Empty(t, gone.VerifiableAddresses)
		back := w.update(t, created.ID, identity.Update{Traits: raw(`{"email":"ada@example.com"}`)})
		require.False(t, back.VerifiableAddresses[0].Verified, "an address that comes back is a new one")
		require.NotEqual(t, email.ID, back.VerifiableAddresses[0].ID)
	})
}

func TestUpdateReportsAllThatIsWrongAtOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		before := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		_, err := w.UpdateIdentity(t.Context(), before.ID, identity.Update{
			State:         "asleep",
			Traits:        raw(`{"email":"nobody","age":-1,"nickname":"x"}`),
			MetadataAdmin: raw(`{"a":1,"a":2}`),
			Credentials: &credentials.Import{
				Password: &credentials.ImportPassword{HashedPassword: "not a hash"},
				OIDC:     &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google"}}},
			},
		})
		requireKind(t, err, idem.KindInvalid)
		for _, pointer := range []string{
			"/state", "/metadata_admin/a", "/credentials/password/config/hashed_password", "/credentials/oidc/config/providers/0/subject",
			"/traits/email", "/traits/age", "/traits/nickname",
		} {
			require.ErrorContains(t, err, pointer)
		}
		var invalid *violation.Error
		require.ErrorAs(t, err, &invalid)
		require.Len(t, invalid.Violations, 7, "one error holds everything")
		w.requireUnchanged(t, before)
	})
}

func TestUpdateConflictSaysWhere(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.create(t, identity.Create{
			Traits: raw(`{"email":"taken@example.com","username":"taken"}`), ExternalID: "taken",
			Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "taken"}}}},
		})
		w.create(t, identity.Create{SchemaID: "customer", Traits: raw(`{"number":"C1","email":"address@example.com"}`)})
		before := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		for _, c := range []struct {
			name               string
			update             identity.Update
			kind               storage.ClaimKind
			claimType, pointer string
		}{
			{"identifier of a trait", identity.Update{Traits: raw(`{"username":"TAKEN"}`)}, "identifier", "password", "/traits/username"},
			{"code identifier first", identity.Update{Traits: raw(`{"email":"taken@example.com"}`)}, "identifier", "code", "/traits/email"},
			{"external id", identity.Update{Traits: raw(`{}`), ExternalID: "taken"}, "external_id", "", "/external_id"},
			{"address", identity.Update{Traits: raw(`{"email":"Address@example.com"}`)}, "address", "verifiable_address", "/traits/email"},
			{"link", identity.Update{Traits: raw(`{}`), Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{
				Providers: []credentials.Provider{{Provider: "google", Subject: "free"}, {Provider: "google", Subject: "taken"}},
			}}}, "identifier", "oidc", "/credentials/oidc/config/providers/1"},
		} {
			_, err := w.UpdateIdentity(t.Context(), before.ID, c.update)
			requireKind(t, err, idem.KindConflict)
			var conflict *storage.ConflictError
			require.ErrorAs(t, err, &conflict, c.name)
			require.Equal(t, c.kind, conflict.Kind, c.name)
			require.Equal(t, c.claimType, conflict.Type, c.name)
			require.Equal(t, c.pointer, conflict.Pointer, c.name)
			w.requireUnchanged(t, before)
		}
	})
}

func TestUpdatePreconditions(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		before := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		u := identity.Update{Traits: raw(`{"email":"ada@example.com","name":"Ada"}`)}
		_, err := w.UpdateIdentity(t.Context(), before.ID, u, idem.IfRevision(2))
		requireKind(t, err, idem.KindPrecondition)
		require.ErrorIs(t, err, storage.ErrRevision)
		_, err = w.UpdateIdentity(t.Context(), before.ID, u, idem.IfNotRevision(1))
		requireKind(t, err, idem.KindPrecondition)
		_, err = w.UpdateIdentity(t.Context(), before.ID, u, idem.IfRevision())
		requireKind(t, err, idem.KindPrecondition)
		w.requireUnchanged(t, before)

		updated, err := w.UpdateIdentity(t.Context(), before.ID, u, idem.IfRevision(7, 1))
		require.NoError(t, err)
		require.Equal(t, int64(2), updated.Revision)
		_, err = w.UpdateIdentity(t.Context(), before.ID, u, idem.IfRevision(1))
		requireKind(t, err, idem.KindPrecondition)
		require.NotErrorIs(t, err, storage.ErrNotFound)

		_, err = w.UpdateIdentity(t.Context(), uuid.New(), u, idem.IfRevision(1))
		requireKind(t, err, idem.KindNotFound)
	})
}

func TestConditionalUpdatesOfOneRevisionHaveOneWinner(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{}`)})
		winners := make(chan string, 16)
		var running sync.WaitGroup
		for n := range 16 {
			running.Go(func() {
				name := string(rune('a' + n))
				_, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{"name":%q}`, name)}, idem.IfRevision(1))
				if err == nil {
					winners <- name
					return
				}
				assert.ErrorIs(t, err, storage.ErrRevision)
			})
		}
		running.Wait()
		require.Len(t, winners, 1)
		found, err := w.GetIdentity(t.Context(), created.ID)
		require.NoError(t, err)
		require.JSONEq(t, string(raw(`{"name":%q}`, <-winners)), string(found.Traits))
	})
}

// movingStore changes the schema of an identity between the moment that an update
// reads it and the moment that it is written.
type movingStore struct {
	storage.Storage
	move func()
	once sync.Once
}

func (s *movingStore) Update(ctx context.Context, id uuid.UUID, change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	s.once.Do(s.move)
	return s.Storage.Update(ctx, id, change)
}

func TestUpdateStartsOverWhenTheSchemaMoved(t *testing.T) {
	store := memory.New()
	direct := newWorld(t, store)
	created := direct.create(t, identity.Create{Traits: raw(`{"name":"Ada"}`)})
	moving := &movingStore{Storage: store, move: func() {
		_, err := direct.UpdateIdentity(context.Background(), created.ID, identity.Update{SchemaID: "customer", Traits: raw(`{"number":"C1"}`)})
		require.NoError(t, err)
	}}
	w := newWorld(t, moving)

	_, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{"name":"Grace"}`)})
	requireKind(t, err, idem.KindInvalid)
	require.ErrorContains(t, err, "/traits/number", "the traits are checked against the schema that the identity has by then")

	moving.once = sync.Once{}
	moving.move = func() {}
	updated, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{"number":"C2"}`)})
	require.NoError(t, err)
	require.Equal(t, "customer", updated.SchemaID)
}

func TestUpdateOfNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		missing := uuid.New()
		_, err := w.UpdateIdentity(t.Context(), missing, identity.Update{Traits: raw(`{}`)})
		require.Equal(t, missing.String(), requireKind(t, err, idem.KindNotFound).ID)
		for name, bad := range map[string]identity.Update{
			"state":            {State: "asleep"},
			"traits":           {Traits: raw(`null`)},
			"number in traits": {Traits: raw(`{"age":1e999999}`)},
			"unknown schema":   {SchemaID: "nope"},
			"traits of schema": {SchemaID: "customer", Traits: raw(`{}`)},
			"credentials":      {Credentials: &credentials.Import{Password: &credentials.ImportPassword{}}},
		} {
			_, err := w.UpdateIdentity(t.Context(), missing, bad)
			requireKind(t, err, idem.KindInvalid)
			require.NotErrorIs(t, err, storage.ErrNotFound, name)
		}
	})
}

func TestUpdateWithAnEndedContext(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		before := w.create(t, identity.Create{Traits: raw(`{}`)})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, schemaID := range []string{"", "person"} {
			_, err := w.UpdateIdentity(ctx, before.ID, identity.Update{SchemaID: schemaID, Traits: raw(`{"name":"Ada"}`)})
			requireKind(t, err, idem.KindCanceled)
			require.ErrorIs(t, err, context.Canceled)
		}
		w.requireUnchanged(t, before)
	})
}

func TestUpdateTakesNoMemoryOfTheCaller(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{}`)})
		traits, metadata := raw(`{"name":"Ada"}`), raw(`{"a":1}`)
		updated := w.update(t, created.ID, identity.Update{Traits: traits, MetadataPublic: metadata, MetadataAdmin: metadata})
		copy(traits, `{"name":"Eve"}`)
		copy(metadata, `{"b":2}`)
		require.Equal(t, `{"name":"Ada"}`, string(updated.Traits))
		require.Equal(t, `{"a":1}`, string(updated.MetadataPublic))
		w.requireUnchanged(t, updated)
	})
}

func TestUpdateMergesCredentials(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{
			Traits: raw(`{"email":"ada@example.com"}`),
			Credentials: &credentials.Import{
				Password: &credentials.ImportPassword{Password: "the first password"},
				OIDC:     &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1"}}},
			},
		})
		updated := w.update(t, created.ID, identity.Update{
			Traits: raw(`{"email":"ada@example.com"}`),
			Credentials: &credentials.Import{
				Password: &credentials.ImportPassword{Password: "the second password"},
				OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{
					{Provider: "github", Subject: "2"}, {Provider: "google", Subject: "1", Organization: "0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1"},
				}},
				TOTP: &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=idem"},
			},
		})
		hash, err := passwordhash.Parse(updated.Credentials[credentials.TypePassword].Config.HashedPassword)
		require.NoError(t, err)
		require.NoError(t, passwordhash.Verify(t.Context(), hash, []byte("the second password")))
		require.ErrorIs(t, passwordhash.Verify(t.Context(), hash, []byte("the first password")), passwordhash.ErrMismatch)

		oidc := updated.Credentials[credentials.TypeOIDC]
		require.Equal(t, []string{"github:2", "google:1"}, oidc.Identifiers)
		require.Equal(t, []credentials.Provider{{Provider: "google", Subject: "1", Organization: "0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1"}, {Provider: "github", Subject: "2"}}, oidc.Config.Providers)
		require.Equal(t, noon, oidc.CreatedAt)
		require.Equal(t, updated.UpdatedAt, oidc.UpdatedAt)
		require.Equal(t, []string{created.ID.String()}, updated.Credentials[credentials.TypeTOTP].Identifiers)
		require.Equal(t, created.Credentials[credentials.TypeCode], updated.Credentials[credentials.TypeCode], "what was not touched keeps its times")
	})
}

// failingHasher fails for a reason of its own.
type failingHasher struct{ passwordhash.Hasher }

func (failingHasher) Hash(context.Context, []byte) (string, error) {
	return "", errors.New("the hardware module is on fire")
}

func TestUpdateWithAFailingHasher(t *testing.T) {
	w := newWorld(t, memory.New(), idem.WithHasher(failingHasher{}))
	before := w.create(t, identity.Create{Traits: json.RawMessage(`{}`)})
	_, err := w.UpdateIdentity(t.Context(), before.ID, identity.Update{
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "a password"}},
	})
	requireKind(t, err, idem.KindInternal)
	w.requireUnchanged(t, before)
}

// unread is a store that cannot be read.
type unread struct{ storage.Storage }

func (unread) Get(context.Context, uuid.UUID) (*identity.Identity, error) {
	return nil, errors.New("the store is read")
}

// An update that names its schema, and brings nothing that only a stored value could excuse, is prepared without the identity.
func TestUpdateReadsOnlyWhatItNeeds(t *testing.T) {
	store := memory.New()
	created := newWorld(t, store).create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
	w := newWorld(t, unread{store})
	u := identity.Update{SchemaID: created.SchemaID, Traits: created.Traits, Credentials: &credentials.Import{
		Password: &credentials.ImportPassword{HashedPassword: "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$Lj2vIznOTupvjkd6Hmeu+NJaLNMCiwZA0ZfgJd6MCw0"},
		OIDC:     &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1"}}},
	}}
	_, err := w.UpdateIdentity(t.Context(), created.ID, u)
	require.NoError(t, err)
	_, err = w.PrepareUpdate(t.Context(), created.ID, u)
	require.NoError(t, err)

	u.Credentials.OIDC.Providers[0].Organization = "acme"
	_, err = w.UpdateIdentity(t.Context(), created.ID, u)
	requireKind(t, err, idem.KindInternal)
	u.SchemaID, u.Credentials = "", nil
	_, err = w.UpdateIdentity(t.Context(), created.ID, u)
	requireKind(t, err, idem.KindInternal)
}
