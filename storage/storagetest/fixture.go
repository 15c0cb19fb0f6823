package storagetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// noon is not a whole second, so that a lost fraction shows.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

// fixedID returns the n-th of a series of ids.
func fixedID(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", n))
}

// person returns a small identity with an identifier, an address and a counter
// among its traits.
func person(n int) *identity.Identity {
	email := fmt.Sprintf("person%d@example.com", n)
	return &identity.Identity{
		ID: fixedID(n), SchemaID: "person", State: identity.StateActive, StateChangedAt: noon,
		Traits: json.RawMessage(fmt.Sprintf(`{"email":%q,"count":0}`, email)),
		Credentials: credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: []string{email}, CreatedAt: noon, UpdatedAt: noon,
		}},
		VerifiableAddresses: []identity.VerifiableAddress{{
			ID: fixedID(n + 1_000_000), Value: email, Via: "email", Status: identity.AddressPending, CreatedAt: noon, UpdatedAt: noon,
		}},
		CreatedAt: noon, UpdatedAt: noon,
	}
}

// full returns an identity without a field at its zero value.
func full() *identity.Identity {
	later := noon.Add(time.Hour)
	set := credentials.Set{}
	for t, config := range map[credentials.Type]credentials.Config{
		credentials.TypePassword: {HashedPassword: "$2a$10$abcdefghijklmnopqrstuv", UsePasswordMigrationHook: true},
		credentials.TypeOIDC: {Providers: []credentials.Provider{
			{Provider: "google", Subject: "subject-1", Organization: "an organization", UseAutoLink: true},
			{Provider: "github", Subject: "subject/2 \"quoted\" \u00e9"},
		}},
		credentials.TypeSAML:         {Providers: []credentials.Provider{{Provider: "okta", Subject: "subject-3"}}},
		credentials.TypeTOTP:         {TOTPURL: "otpauth://totp/idem:person?secret=JBSWY3DPEHPK3PXP&issuer=idem"},
		credentials.TypeLookupSecret: {RecoveryCodes: []credentials.RecoveryCode{{Code: "code-1"}, {Code: "code-2", UsedAt: later}}},
		credentials.TypeWebAuthn:     {Keys: []credentials.Key{{ID: "a2V5", JSON: json.RawMessage(`{"id": "a2V5", "public_key": "cGs="}`)}}, UserHandle: []byte{0, 1, 255}},
		credentials.TypePasskey:      {Keys: []credentials.Key{{ID: "cGs", Passwordless: true, JSON: json.RawMessage(`{"id":"cGs","is_passwordless":true}`)}}, UserHandle: []byte("handle")},
		credentials.TypeCode:         {Addresses: []credentials.CodeAddress{{Channel: "email", Address: "full@example.com"}}},
	} {
		set[t] = credentials.Credential{
			Type: t, Identifiers: []string{"full " + string(t), "second " + string(t)}, Config: config, Version: 1,
			CreatedAt: noon, UpdatedAt: later,
		}
	}
	return &identity.Identity{
		ID: fixedID(9_000_000), SchemaID: "person", ExternalID: "crm/42 \u00fc", State: identity.StateInactive, StateChangedAt: later,
		Traits:         json.RawMessage(`{"email":"full@example.com"}`),
		MetadataPublic: json.RawMessage(`{"plan":"pro"}`), MetadataAdmin: json.RawMessage(`["note"]`),
		Credentials: set,
		VerifiableAddresses: []identity.VerifiableAddress{
			{ID: fixedID(9_000_001), Value: "full@example.com", Via: "email", Verified: true, Status: identity.AddressCompleted, VerifiedAt: later, CreatedAt: noon, UpdatedAt: later},
			{ID: fixedID(9_000_002), Value: "+16502530000", Via: "sms", Status: identity.AddressSent, CreatedAt: noon, UpdatedAt: later},
		},
		RecoveryAddresses: []identity.RecoveryAddress{{ID: fixedID(9_000_003), Value: "full@example.com", Via: "email", CreatedAt: noon, UpdatedAt: later}},
		OrganizationID:    uuid.NullUUID{UUID: fixedID(9_000_004), Valid: true},
		SignInEpoch:       1<<62 + 1,
		CreatedAt:         noon, UpdatedAt: later,
	}
}

func create(t *testing.T, store storage.Storage, i *identity.Identity) *identity.Identity {
	t.Helper()
	created, err := store.Create(t.Context(), i)
	require.NoError(t, err)
	return created
}

func get(t *testing.T, store storage.Storage, id uuid.UUID) *identity.Identity {
	t.Helper()
	found, err := store.Get(t.Context(), id)
	require.NoError(t, err)
	return found
}

// update makes an edit that must succeed.
func update(t *testing.T, store storage.Storage, id uuid.UUID, edit func(*identity.Identity)) *identity.Identity {
	t.Helper()
	updated, err := store.Update(t.Context(), id, editing(edit))
	require.NoError(t, err)
	return updated
}

// editing returns a change that edits in place.
func editing(edit func(*identity.Identity)) func(*identity.Identity) (*identity.Identity, error) {
	return func(current *identity.Identity) (*identity.Identity, error) {
		edit(current)
		return current, nil
	}
}

// requireSame compares identities field by field, revisions included.
func requireSame(t *testing.T, want, got *identity.Identity) {
	t.Helper()
	require.NotNil(t, got)
	require.Equal(t, want.Revision, got.Revision, "revision")
	// Not require.Equal on the whole: identities print as placeholders, so that a
	// difference would not show.
	require.Equal(t, string(want.Traits), string(got.Traits), "traits")
	require.Equal(t, want.MetadataPublic, got.MetadataPublic, "public metadata")
	require.Equal(t, want.MetadataAdmin, got.MetadataAdmin, "admin metadata")
	require.Equal(t, want.VerifiableAddresses, got.VerifiableAddresses, "verifiable addresses")
	require.Equal(t, want.RecoveryAddresses, got.RecoveryAddresses, "recovery addresses")
	for _, c := range credentials.Types() {
		require.True(t, want.Credentials[c].Equal(got.Credentials[c]), "credential %s", c)
	}
	require.True(t, want.Equal(got), "the identities differ in another field")
}

// withEmail returns an edit that gives a person another email.
func withEmail(email string) func(*identity.Identity) {
	return func(i *identity.Identity) {
		i.Traits = json.RawMessage(fmt.Sprintf(`{"email":%q,"count":0}`, email))
		password := i.Credentials[credentials.TypePassword]
		password.Identifiers = []string{email}
		i.Credentials[credentials.TypePassword] = password
		i.VerifiableAddresses[0].Value = email
	}
}
