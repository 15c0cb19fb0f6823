package idem_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// watchful is a store that gives changes an identity whose lists have room for more, and fails where one is modified:
// the Manager promises its store that its changes are pure.
type watchful struct {
	storage.Storage
	t       *testing.T
	updates int
}

func (w *watchful) Update(ctx context.Context, id uuid.UUID,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	return w.Storage.Update(ctx, id, func(current *identity.Identity) (*identity.Identity, error) {
		w.updates++
		before, given := current.Clone(), current.Clone()
		giveRoom(reflect.ValueOf(given).Elem())
		next, err := change(given)
		require.True(w.t, before.Equal(given) && before.Revision == given.Revision, "the change modified what it was given")
		requireRoom(w.t, reflect.ValueOf(given).Elem())
		return next, err
	})
}

// giveRoom gives each list in v room for more, into which an append would write.
func giveRoom(v reflect.Value) {
	eachList(v, func(list reflect.Value) reflect.Value {
		roomy := reflect.MakeSlice(list.Type(), list.Len(), list.Len()+4)
		reflect.Copy(roomy, list)
		return roomy
	})
}

func requireRoom(t *testing.T, v reflect.Value) {
	eachList(v, func(list reflect.Value) reflect.Value {
		for room := list.Slice(list.Len(), list.Cap()); room.Len() > 0; room = room.Slice(1, room.Len()) {
			require.True(t, room.Index(0).IsZero(), "the change appended to a list that it was given")
		}
		return list
	})
}

// eachList replaces each list that is not empty, however deep in v, by what replace makes of it.
func eachList(v reflect.Value, replace func(list reflect.Value) reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Field(n).CanSet() {
				eachList(v.Field(n), replace)
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			eachList(value, replace)
			v.SetMapIndex(key, value)
		}
	case reflect.Slice:
		if v.Len() == 0 {
			return
		}
		v.Set(replace(v))
		for n := range v.Len() {
			eachList(v.Index(n), replace)
		}
	}
}

// TestChangesArePure: no operation modifies the identity that its store gives it, which may be the one that the store keeps.
func TestChangesArePure(t *testing.T) {
	store := &watchful{Storage: memory.New(), t: t}
	w := newWorld(t, store)
	hasher, err := passwordhash.NewBcrypt(5)
	require.NoError(t, err)
	stronger := newWorld(t, store, idem.WithHasher(hasher))
	id := w.create(t, identity.Create{SchemaID: "person", Traits: raw(`{"email":"ada@example.com"}`)}).ID

	key := func(id, extra string) json.RawMessage {
		return raw(`{"id":%q,"public_key":"cGs=","is_passwordless":true%s}`, id, extra)
	}
	handle := []byte("handle")
	everything := credentials.Import{
		Password:     &credentials.ImportPassword{Password: "another password"},
		OIDC:         &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1"}, {Provider: "google", Subject: "2"}}},
		SAML:         &credentials.ImportSAML{Providers: []credentials.Provider{{Provider: "okta", Subject: "1"}}},
		TOTP:         &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=idem"},
		LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "code-1"}, {Code: "code-2"}}},
		WebAuthn:     &credentials.ImportWebAuthn{Credentials: []json.RawMessage{key("aWQx", ""), key("aWQy", "")}, UserHandle: handle},
		Passkey:      &credentials.ImportPasskey{Credentials: []json.RawMessage{key("aWQz", "")}, UserHandle: handle},
	}
	more := credentials.Import{
		OIDC:         &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1", UseAutoLink: true}, {Provider: "google", Subject: "3"}}},
		LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "code-1", UsedAt: noon}, {Code: "code-3"}}},
		WebAuthn:     &credentials.ImportWebAuthn{Credentials: []json.RawMessage{key("aWQ0", ""), key("aWQx", `,"display_name":"Renamed"`)}},
		Passkey:      &credentials.ImportPasskey{Credentials: []json.RawMessage{key("aWQ1", "")}, UserHandle: handle},
	}
	update := func(u identity.Update) func() error {
		return func() error {
			_, err := w.UpdateIdentity(t.Context(), id, u)
			return err
		}
	}
	patch := func(operations string) func() error {
		return func() error {
			_, err := w.PatchIdentity(t.Context(), id, idem.JSONPatch([]byte(operations)))
			return err
		}
	}
	remove := func(c credentials.Type, identifier string) func() error {
		return func() error { return w.DeleteCredential(t.Context(), id, c, identifier) }
	}
	ada := raw(`{"email":"ada@example.com","name":"Ada"}`)
	for _, operation := range []struct {
		name string
		do   func() error
	}{
		{"an update of other fields", update(identity.Update{SchemaID: "person", Traits: ada, MetadataPublic: raw(`[1]`)})},
		{"an update of identifiers and addresses", update(identity.Update{SchemaID: "person",
			Traits: raw(`{"email":"ada@example.com","username":"ada","phone":"+16502530000"}`)})},
		{"an update with every credential", update(identity.Update{SchemaID: "person", Traits: ada, Credentials: &everything})},
		{"an update with more of them", update(identity.Update{SchemaID: "person", Traits: ada, Credentials: &more})},
		{"an update to another schema", update(identity.Update{SchemaID: "customer", Traits: raw(`{"email":"ada@example.com","number":"C1"}`)})},
		{"an update back", update(identity.Update{SchemaID: "person", Traits: ada})},
		{"a patch of an address", patch(`[{"op":"replace","path":"/verifiable_addresses/0/verified","value":true}]`)},
		{"a patch of a trait", patch(`[{"op":"replace","path":"/traits/email","value":"countess@example.com"}]`)},
		{"a patch of a link", patch(`[{"op":"replace","path":"/credentials/oidc/config/providers/0/use_auto_link","value":false}]`)},
		{"a patch that removes a link", patch(`[{"op":"remove","path":"/credentials/oidc/config/providers/2"}]`)},
		{"the use of a recovery code", func() error {
			_, err := w.EditIdentity(t.Context(), id, func(_ *identity.Identity, e *identity.Edit) error {
				e.LookupCodeUsed = "code-3"
				return nil
			})
			return err
		}},
		{"other recovery codes", func() error {
			_, err := w.ReplaceLookupCodes(t.Context(), id, []credentials.RecoveryCode{{Code: "code-9"}})
			return err
		}},
		{"a verified address", func() error {
			_, err := w.MarkVerified(t.Context(), id, "email", "countess@example.com")
			return err
		}},
		{"a new hash of the same password", func() error {
			_, err := stronger.VerifyPassword(t.Context(), "countess@example.com", "another password")
			return err
		}},
		{"the end of the sign-ins", func() error {
			_, err := w.EndSignIns(t.Context(), id)
			return err
		}},
		{"the removal of a key", remove(credentials.TypeWebAuthn, "aWQ0")},
		{"the removal of the passkeys", remove(credentials.TypePasskey, "")},
		{"the removal of a link", remove(credentials.TypeOIDC, "google:1")},
		{"the removal of the authenticator app", remove(credentials.TypeTOTP, "")},
		{"identifiers and addresses that are derived again", func() error {
			document := strings.Replace(string(personSchema), `"name": { "type": "string"`,
				`"name": { "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } }, "type": "string"`, 1)
			person, err := schema.Parse("person", []byte(document))
			require.NoError(t, err)
			schemas, err := schema.NewRegistry(person)
			require.NoError(t, err)
			require.NoError(t, w.SetSchemas(schemas))
			for rederived, err := range w.Rederive(t.Context(), idem.RederiveQuery{}) {
				require.NoError(t, err)
				require.True(t, rederived.Changed)
			}
			return nil
		}},
	} {
		store.updates = 0
		w.advance()
		before, err := store.Get(t.Context(), id)
		require.NoError(t, err)
		require.NoError(t, operation.do(), operation.name)
		after, err := store.Get(t.Context(), id)
		require.NoError(t, err)
		require.NotZero(t, store.updates, operation.name)
		require.Greater(t, after.Revision, before.Revision, operation.name)
	}
}
