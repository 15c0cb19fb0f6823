package idem_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

const totpURL = "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP"

// key returns a WebAuthn key in the wire form.
func key(id, publicKey string, count int) json.RawMessage {
	return raw(`{"id":%q,"public_key":%q,"authenticator":{"sign_count":%d}}`, id, publicKey, count)
}

// TestEpochTable makes every change there is: those that must end the sign-ins of an
// identity do, in the same step, and no other does.
func TestEpochTable(t *testing.T) {
	update := func(edit func(u *identity.Update)) func(w *world, i *identity.Identity) error {
		return func(w *world, i *identity.Identity) error {
			u := identity.NewEdit(i).Update
			edit(&u)
			_, err := w.UpdateIdentity(context.Background(), i.ID, u)
			return err
		}
	}
	imports := func(imported credentials.Import) func(w *world, i *identity.Identity) error {
		return update(func(u *identity.Update) { u.Credentials = &imported })
	}
	patch := func(document string) func(w *world, i *identity.Identity) error {
		return func(w *world, i *identity.Identity) error {
			_, err := w.PatchIdentity(context.Background(), i.ID, idem.JSONPatch([]byte(document)))
			return err
		}
	}
	remove := func(of credentials.Type, identifier string) func(w *world, i *identity.Identity) error {
		return func(w *world, i *identity.Identity) error {
			return w.DeleteCredential(context.Background(), i.ID, of, identifier)
		}
	}
	for name, c := range map[string]struct {
		change func(w *world, i *identity.Identity) error
		ends   bool
	}{
		"password set": {func(w *world, i *identity.Identity) error {
			_, err := w.SetPassword(context.Background(), i.ID, "an engine of numbers")
			return err
		}, true},
		"password updated":      {imports(*withPassword("an engine of numbers")), true},
		"password imported":     {imports(credentials.Import{Password: &credentials.ImportPassword{HashedPassword: importedHash}}), true},
		"password left to hook": {imports(credentials.Import{Password: &credentials.ImportPassword{UsePasswordMigrationHook: true}}), true},
		"password patched":      {patch(`[{"op":"add","path":"/credentials/password/config/password","value":"an engine of numbers"}]`), true},
		"password removed":      {remove(credentials.TypePassword, ""), true},
		"link added": {imports(credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{
			{Provider: "github", Subject: "ada"}}}}), true},
		"link removed":    {remove(credentials.TypeOIDC, "google:1815"), true},
		"app replaced":    {imports(credentials.Import{TOTP: &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=GEZDGNBVGY3TQOJQ"}}), true},
		"app removed":     {remove(credentials.TypeTOTP, ""), true},
		"codes added":     {imports(credentials.Import{LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "third"}}}}), true},
		"codes removed":   {remove(credentials.TypeLookupSecret, ""), true},
		"key added":       {imports(credentials.Import{WebAuthn: &credentials.ImportWebAuthn{Credentials: []json.RawMessage{key("a2V5Mg", "cGsy", 1)}}}), true},
		"key replaced":    {imports(credentials.Import{WebAuthn: &credentials.ImportWebAuthn{Credentials: []json.RawMessage{key("a2V5", "b3RoZXI", 1)}}}), true},
		"key removed":     {remove(credentials.TypeWebAuthn, ""), true},
		"became inactive": {update(func(u *identity.Update) { u.State = identity.StateInactive }), true},
		"state set": {func(w *world, i *identity.Identity) error {
			_, err := w.SetState(context.Background(), i.ID, identity.StateInactive)
			return err
		}, true},
		"sign-ins ended": {func(w *world, i *identity.Identity) error {
			_, err := w.EndSignIns(context.Background(), i.ID)
			return err
		}, true},
		"new lookup codes": {func(w *world, i *identity.Identity) error {
			_, err := w.ReplaceLookupCodes(context.Background(), i.ID, []credentials.RecoveryCode{{Code: "new"}})
			return err
		}, true},
		"lookup codes go": {func(w *world, i *identity.Identity) error {
			_, err := w.ReplaceLookupCodes(context.Background(), i.ID, nil)
			return err
		}, true},
		"credentials added": {func(w *world, i *identity.Identity) error {
			_, err := w.AddCredentials(context.Background(), i.ID, *withPassword("an engine of numbers"))
			return err
		}, true},
		"password hashed again": {func(w *world, i *identity.Identity) error {
			_, err := w.VerifyPassword(context.Background(), "ada@example.com", "password")
			return err
		}, false},
		"key used":         {imports(credentials.Import{WebAuthn: &credentials.ImportWebAuthn{Credentials: []json.RawMessage{key("a2V5", "cGs", 2)}}}), false},
		"code used":        {imports(credentials.Import{LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "first", UsedAt: noon}}}}), false},
		"link of a tenant": {imports(credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1815", UseAutoLink: true}}}}), false},
		"traits changed":   {update(func(u *identity.Update) { u.Traits = raw(`{"email":"ada@example.org"}`) }), false},
		"metadata changed": {update(func(u *identity.Update) { u.MetadataPublic, u.MetadataAdmin = raw(`{"a":1}`), raw(`2`) }), false},
		"another name":     {update(func(u *identity.Update) { u.ExternalID = "crm/2" }), false},
		"another schema":   {update(func(u *identity.Update) { u.SchemaID, u.Traits = "customer", raw(`{"number":"C1"}`) }), false},
		"verified": {func(w *world, i *identity.Identity) error {
			_, err := w.MarkVerified(context.Background(), i.ID, "email", "ADA@example.com")
			return err
		}, false},
		"patched address": {patch(`[{"op":"replace","path":"/verifiable_addresses/0/verified","value":true}]`), false},
		"organization":    {patch(`[{"op":"replace","path":"/organization_id","value":"018f0000-0000-7000-8000-000000000777"}]`), false},
	} {
		t.Run(name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, w *world) {
				created := w.create(t, identity.Create{
					Traits: raw(`{"email":"ada@example.com"}`),
					Credentials: &credentials.Import{
						Password:     &credentials.ImportPassword{HashedPassword: "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="}, // of "password"
						OIDC:         &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1815"}}},
						TOTP:         &credentials.ImportTOTP{URL: totpURL},
						LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "first"}, {Code: "second"}}},
						WebAuthn:     &credentials.ImportWebAuthn{Credentials: []json.RawMessage{key("a2V5", "cGs", 1)}},
					},
				})
				require.Zero(t, created.SignInEpoch)
				last, err := w.LastChange(t.Context())
				require.NoError(t, err)
				w.advance()
				require.NoError(t, c.change(w, created))
				changed, err := w.GetIdentity(t.Context(), created.ID)
				require.NoError(t, err)
				require.Equal(t, created.Revision+1, changed.Revision, "the change and the epoch are one step")
				require.Equal(t, w.now(), changed.UpdatedAt)
				feed, err := w.ListChanges(t.Context(), storage.ChangeQuery{After: last})
				require.NoError(t, err)
				require.Len(t, feed, 1)
				if !c.ends {
					require.Zero(t, changed.SignInEpoch)
					require.NotContains(t, feed[0].Fields, "/sign_in_epoch")
					return
				}
				require.Positive(t, changed.SignInEpoch)
				require.Contains(t, feed[0].Fields, "/sign_in_epoch")
				again, err := w.EndSignIns(t.Context(), created.ID)
				require.NoError(t, err)
				require.NotEqual(t, changed.SignInEpoch, again.SignInEpoch)
			})
		})
	}
}

// dryWell is a source of randomness that has none.
type dryWell struct{}

func (dryWell) Read([]byte) (int, error) { return 0, errors.New("the well is dry") }

// TestNoRandomness fails a change that needs an epoch, and leaves others alone.
func TestNoRandomness(t *testing.T) {
	onBothStores(t, func(t *testing.T, plain *world) {
		w := newWorld(t, plain.store, idem.WithRandom(dryWell{}))
		created := w.create(t, identity.Create{Traits: raw(`{"email":"ada@example.com"}`)})
		_, err := w.SetState(t.Context(), created.ID, identity.StateInactive)
		requireKind(t, err, idem.KindInternal)
		w.requireUnchanged(t, created)
		_, err = w.MarkVerified(t.Context(), created.ID, "email", "ada@example.com")
		require.NoError(t, err)
	})
}
