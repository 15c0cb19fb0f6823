package idem_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
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

func TestNewRefusesWhatCannotWork(t *testing.T) {
	person, err := schema.Parse("person", personSchema)
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(person)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		option idem.Option
		text   string
	}{
		"zero option":       {text: "idem: an option is the zero Option"},
		"nil clock":         {idem.WithClock(nil), "WithClock"},
		"nil ids":           {idem.WithIDs(nil), "WithIDs"},
		"nil hasher":        {idem.WithHasher(nil), "WithHasher"},
		"nil logger":        {idem.WithLogger(nil), "WithLogger"},
		"no hashings":       {idem.WithHashingLimit(0), "WithHashingLimit"},
		"nil hook":          {idem.WithBeforeCommit(nil), "WithBeforeCommit"},
		"nil policy":        {idem.WithPasswordPolicy(nil), "WithPasswordPolicy"},
		"nil migration":     {idem.WithPasswordMigration(nil), "WithPasswordMigration"},
		"no poll interval":  {idem.WithPollInterval(0), "WithPollInterval"},
		"negative interval": {idem.WithPollInterval(-time.Second), "WithPollInterval"},
	} {
		manager, err := idem.New(memory.New(), schemas, c.option)
		require.ErrorContains(t, err, c.text, name)
		require.Nil(t, manager, name)
	}
	_, err = idem.New(nil, schemas)
	require.ErrorContains(t, err, "the store is nil")
	_, err = idem.New(memory.New(), nil)
	require.ErrorContains(t, err, "the schema registry is nil")
}

func TestDefaults(t *testing.T) {
	person, err := schema.Parse("person", personSchema)
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(person)
	require.NoError(t, err)
	manager, err := idem.New(memory.New(), schemas)
	require.NoError(t, err)
	created, err := manager.CreateIdentity(t.Context(), identity.Create{
		Traits:      raw(`{"email":"ada@example.com"}`),
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "a password"}},
	})
	require.NoError(t, err)
	require.Equal(t, uuid.Version(7), created.ID.Version())
	require.True(t, strings.HasPrefix(created.Credentials[credentials.TypePassword].Config.HashedPassword, "$argon2id$v=19$m=19456,t=2,p=1$"))
	require.Equal(t, "person", created.SchemaID)
	require.Equal(t, identity.StateActive, created.State)
}

func TestFind(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{
			Traits: raw(`{"email":"Ada@Example.com","username":"+1 (650) 253-0000"}`), ExternalID: "crm/1",
			Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "Case"}}}},
		})
		for identifier, t1 := range map[string]credentials.Type{
			" ADA@example.COM ": credentials.TypePassword, "ada@example.com": credentials.TypeCode, "Ada@Example.com": credentials.TypeWebAuthn,
			"+16502530000": credentials.TypePassword, "google:Case": credentials.TypeOIDC,
		} {
			found, err := w.FindByIdentifier(t.Context(), t1, identifier)
			require.NoError(t, err, identifier)
			require.True(t, created.Equal(found))
		}
		_, err := w.FindByIdentifier(t.Context(), credentials.TypeOIDC, "google:case")
		requireKind(t, err, idem.KindNotFound)
		found, err := w.FindByExternalID(t.Context(), "crm/1")
		require.NoError(t, err)
		require.True(t, created.Equal(found))
		_, err = w.FindByExternalID(t.Context(), "")
		requireKind(t, err, idem.KindNotFound)
	})
}

func TestCreate(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		organization := uuid.NullUUID{UUID: fixedID(99), Valid: true}
		created := w.create(t, identity.Create{
			State: identity.StateInactive, Traits: raw(`{"email":"ada@example.com"}`), MetadataPublic: raw(`null`),
			MetadataAdmin: raw(`null`), ExternalID: "crm-1", OrganizationID: organization,
			VerifiableAddresses: []identity.CreateVerifiableAddress{
				{Value: "ADA@example.com", Verified: true, VerifiedAt: noon.AddDate(-1, 0, 0)},
				{Value: "other@example.com", Verified: true},
			},
			RecoveryAddresses: []identity.CreateRecoveryAddress{{Value: "other@example.com"}},
		})
		require.Equal(t, int64(1), created.Revision)
		require.Equal(t, identity.StateInactive, created.State)
		require.Nil(t, created.MetadataPublic)
		require.Nil(t, created.MetadataAdmin)
		require.Equal(t, organization, created.OrganizationID)
		require.Len(t, created.VerifiableAddresses, 1, "an address that no trait gives is dropped")
		require.Equal(t, noon.AddDate(-1, 0, 0), created.VerifiableAddresses[0].VerifiedAt)
		require.Equal(t, identity.AddressCompleted, created.VerifiableAddresses[0].Status)
		require.Len(t, created.RecoveryAddresses, 1)
		require.Equal(t, "ada@example.com", created.RecoveryAddresses[0].Value)
		w.requireUnchanged(t, created)

		_, err := w.CreateIdentity(t.Context(), identity.Create{
			State: "x", Traits: raw(`[]`), MetadataPublic: raw(`{`), ExternalID: "a\x00b",
			VerifiableAddresses: []identity.CreateVerifiableAddress{{Via: "fax", Status: "lost"}},
			RecoveryAddresses:   []identity.CreateRecoveryAddress{{Via: "fax"}},
		})
		requireKind(t, err, idem.KindInvalid)
		for _, pointer := range []string{
			"/state", "/traits", "/metadata_public", "/external_id", "/verifiable_addresses/0/value", "/verifiable_addresses/0/via",
			"/verifiable_addresses/0/status", "/recovery_addresses/0/value", "/recovery_addresses/0/via",
		} {
			require.ErrorContains(t, err, pointer)
		}
		_, err = w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{}`), ExternalID: "crm-1"})
		requireKind(t, err, idem.KindConflict)
	})
}

func TestDelete(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		requireKind(t, w.DeleteIdentity(t.Context(), created.ID, idem.IfRevision(2)), idem.KindPrecondition)
		w.requireUnchanged(t, created)
		require.NoError(t, w.DeleteIdentity(t.Context(), created.ID, idem.IfRevision(1)))
		requireKind(t, w.DeleteIdentity(t.Context(), created.ID), idem.KindNotFound)
		again := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		require.NotEqual(t, created.ID, again.ID)
	})
}

func TestClosedStore(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		require.NoError(t, w.store.Close())
		_, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{}`)})
		requireKind(t, err, idem.KindUnavailable)
		require.ErrorIs(t, err, storage.ErrClosed)
	})
}

// TestNothingPersonalIsPrinted plants markers in all that is secret or personal, and
// looks for them in whatever prints an identity, an update or an error.
func TestNothingPersonalIsPrinted(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w := newWorld(t, memory.New(), idem.WithLogger(logger))
	secret := &credentials.Import{
		Password: &credentials.ImportPassword{Password: "MARKER password"},
		OIDC:     &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "MARKER-subject"}}},
		TOTP:     &credentials.ImportTOTP{URL: "otpauth://totp/idem:MARKER?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=idem"},
		LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{
			{Code: "MARKER-code"},
		}},
	}
	create := identity.Create{
		Traits: raw(`{"email":"MARKER@example.com"}`), MetadataAdmin: raw(`"MARKER"`), MetadataPublic: raw(`"MARKER"`), Credentials: secret,
	}
	created := w.create(t, create)
	w.update(t, created.ID, identity.Update{Traits: raw(`{"email":"MARKER2@example.com"}`), Credentials: secret})
	_, conflict := w.CreateIdentity(t.Context(), identity.Create{Traits: raw(`{"email":"MARKER2@example.com"}`)})
	requireKind(t, conflict, idem.KindConflict)
	_, invalid := w.CreateIdentity(t.Context(), identity.Create{
		Traits:      raw(`{"email":"MARKER","name":5}`),
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: "$2a$MARKER"}},
	})
	requireKind(t, invalid, idem.KindInvalid)

	update := identity.Update{Traits: raw(`{"email":"MARKER@example.com"}`), MetadataAdmin: raw(`"MARKER"`), Credentials: secret}
	for _, value := range []any{create, update, created, *created, []*identity.Identity{created}, struct{ I identity.Identity }{*created}, conflict, invalid} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			require.NotContains(t, strings.ToUpper(fmt.Sprintf(verb, value)), "MARKER", "%s of %T", verb, value)
		}
		logger.Info("printed", "value", value)
	}
	require.NotContains(t, log.String(), "MARKER")

	own, err := json.Marshal(created)
	require.NoError(t, err)
	require.NotContains(t, string(own), "credentials")
	require.NotContains(t, string(own), "metadata_admin")
	require.NotContains(t, string(own), "MARKER password")
}

// TestVerifiedAddressInAnySpelling imports a verified address in a spelling that folds
// to something else than its lower case.
func TestVerifiedAddressInAnySpelling(t *testing.T) {
	w := newWorld(t, memory.New())
	created := w.create(t, identity.Create{
		Traits:              raw(`{"email":"\u0130X@example.com"}`),
		VerifiableAddresses: []identity.CreateVerifiableAddress{{Value: "\u0130X@example.com", Verified: true}},
	})
	require.True(t, created.VerifiableAddresses[0].Verified)
}

func TestMetadataIsBounded(t *testing.T) {
	w := newWorld(t, memory.New())
	_, err := w.CreateIdentity(t.Context(), identity.Create{MetadataPublic: raw(`"%s"`, strings.Repeat("x", 1<<20))})
	requireKind(t, err, idem.KindInvalid)
	require.ErrorContains(t, err, "/metadata_public")
}
