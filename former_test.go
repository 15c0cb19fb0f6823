package idem_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// loginSchema has a name and an e-mail address to sign in with, without a format, and a phone number to recover with.
const loginSchema = `{"properties":{"traits":{"type":"object","properties":{
	"name":{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}},
	"mail":{"type":"string","format":"no-validate","ory.sh/kratos":{"credentials":{"password":{"identifier":true},"code":{"identifier":true,"via":"email"}},"verification":{"via":"email"},"recovery":{"via":"email"}}},
	"phone":{"type":"string","format":"tel","ory.sh/kratos":{"credentials":{"password":{"identifier":true}},"recovery":{"via":"sms"}}},
	"motto":{"type":"string"}}}}}`

func (w *world) use(t testing.TB, id, document string) {
	t.Helper()
	s, err := schema.Parse(id, []byte(document))
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(s)
	require.NoError(t, err)
	require.NoError(t, w.SetSchemas(schemas))
}

// asOlderRulesWrote keeps, past all rules, an identity whose identifiers are what an older rule made of its traits.
func (w *world) asOlderRulesWrote(t testing.TB, traits string, identifiers ...string) *identity.Identity {
	t.Helper()
	i := &identity.Identity{
		ID: w.newID(), SchemaID: "login", State: identity.StateActive, Traits: raw("%s", traits), CreatedAt: noon, UpdatedAt: noon, StateChangedAt: noon,
		Credentials: credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: identifiers, CreatedAt: noon, UpdatedAt: noon,
			Config: credentials.Config{HashedPassword: "$2a$04$zsEP2y3pQ0wI5X6ZzYqEXO1yCmyJ9qCqQmcVtXwvlfQ6oZ1Ck3WQC"},
		}},
	}
	for _, value := range identifiers {
		i.RecoveryAddresses = append(i.RecoveryAddresses, identity.RecoveryAddress{ID: w.newID(), Via: "email", Value: value, CreatedAt: noon, UpdatedAt: noon})
	}
	created, err := w.store.Create(t.Context(), i)
	require.NoError(t, err)
	return created
}

// TestFormerIdentifiers: identifiers that an older rule wrote find their identity, in every spelling that finds it by the
// rule of today, and never another's.
func TestFormerIdentifiers(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "login", loginSchema)
		one := w.asOlderRulesWrote(t, `{"name":"ahmad١"}`, "ahmad")
		shop := w.asOlderRulesWrote(t, `{"mail":"Bob@shop。com"}`, "bob@shop。com")
		capital := w.asOlderRulesWrote(t, `{"mail":"ℍarry@x.com"}`, "Harry@x.com")
		extension := w.asOlderRulesWrote(t, `{"name":"+1 650 253 0000 ext. 5"}`, "+16502530000")

		find := func(identifier string) uuid.UUID {
			found, err := w.FindByIdentifier(t.Context(), credentials.TypePassword, identifier)
			if err != nil {
				requireKind(t, err, idem.KindNotFound)
				return uuid.Nil
			}
			return found.ID
		}
		require.Equal(t, one.ID, find(" Ahmad١"))
		require.Equal(t, shop.ID, find("bob@SHOP。com"))
		require.Equal(t, extension.ID, find("+1 650 253 0000 EXT. 5"))
		require.Zero(t, find("ahmad٢"), "the older rule made it ahmad, which is somebody else's")
		require.Zero(t, find("nobody١"))
		require.Zero(t, find("ahmad"), "the row of ahmad١ has that identifier by the older rule, and is not ahmad's")
		require.Zero(t, find("+16502530000"), "nobody's whole trait is that number")
		_, err := w.FindByIdentifier(t.Context(), credentials.TypePassword, "harry@x.com")
		requireKind(t, err, idem.KindNotFound)
		require.Equal(t, capital.ID, find("ℍarry@x.com"))

		found, err := w.FindByAddress(t.Context(), storage.TypeRecoveryAddress, "email", "bob@shop。com")
		require.NoError(t, err)
		require.Equal(t, shop.ID, found.ID)
		_, err = w.FindByAddress(t.Context(), storage.TypeVerifiableAddress, "email", "bob@shop。com")
		requireKind(t, err, idem.KindNotFound)

		page, err := w.ListIdentities(t.Context(), idem.Query{Identifier: "AHMAD١"})
		require.NoError(t, err)
		require.Len(t, page.Identities, 1)
		page, err = w.ListIdentities(t.Context(), idem.Query{Identifier: "ahmad٢"})
		require.NoError(t, err)
		require.Empty(t, page.Identities)

		w.use(t, "another", loginSchema)
		require.Equal(t, one.ID, find("ahmad١"), "also while the schema is not registered")
		require.Zero(t, find("ahmad٢"))
	})
}

func TestFindByAddress(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "login", loginSchema)
		ada := w.create(t, identity.Create{Traits: raw(`{"name":"ada","mail":"Ada@x.com","phone":"+1 650 253 0000"}`)})
		for _, test := range []struct{ kind, via, value string }{
			{storage.TypeRecoveryAddress, "email", " ADA@X.COM "},
			{storage.TypeRecoveryAddress, "email", `"ada"@x。com`},
			{storage.TypeVerifiableAddress, "email", "ada@x.com"},
			{storage.TypeRecoveryAddress, "sms", "tel:+1-650-253-0000"},
			{storage.TypeRecoveryAddress, "sms", "+١٦٥٠٢٥٣٠٠٠٠"},
		} {
			found, err := w.FindByAddress(t.Context(), test.kind, test.via, test.value)
			require.NoError(t, err, test)
			require.Equal(t, ada.ID, found.ID)
		}
		for _, test := range []struct {
			kind, via, value string
			expected         idem.Kind
			pointer          string
		}{
			{storage.TypeVerifiableAddress, "sms", "+1 650 253 0000", idem.KindNotFound, ""},
			{storage.TypeRecoveryAddress, "sms", "ada@x.com", idem.KindNotFound, ""},
			{storage.TypeRecoveryAddress, "email", "ada", idem.KindInvalid, "/value"},
			{storage.TypeRecoveryAddress, "email", " ", idem.KindInvalid, "/value"},
			{storage.TypeRecoveryAddress, "letter", "ada@x.com", idem.KindInvalid, "/via"},
			{"", "email", "ada@x.com", idem.KindInvalid, "/kind"},
		} {
			_, err := w.FindByAddress(t.Context(), test.kind, test.via, test.value)
			e := requireKind(t, err, test.expected)
			require.Contains(t, e.Error(), test.pointer)
		}
	})
}

// TestMarkVerifiedFormerAddress: an address that an older rule wrote is marked in every spelling that is the same mailbox today.
func TestMarkVerifiedFormerAddress(t *testing.T) {
	for _, typed := range []string{"bob@shop。com", "Bob@shop.com", "bob@SHOP。com"} {
		onBothStores(t, func(t *testing.T, w *world) {
			w.use(t, "login", loginSchema)
			kept, err := w.store.Create(t.Context(), &identity.Identity{
				ID: w.newID(), SchemaID: "login", State: identity.StateActive, Traits: raw(`{"mail":"Bob@shop。com"}`),
				CreatedAt: noon, UpdatedAt: noon, StateChangedAt: noon,
				VerifiableAddresses: []identity.VerifiableAddress{{
					ID: w.newID(), Via: "email", Value: "bob@shop。com", Status: identity.AddressPending, CreatedAt: noon, UpdatedAt: noon,
				}},
			})
			require.NoError(t, err)
			marked, err := w.MarkVerified(t.Context(), kept.ID, "email", typed)
			require.NoError(t, err, typed)
			require.True(t, marked.VerifiableAddresses[0].Verified)
			require.Equal(t, kept.VerifiableAddresses[0].ID, marked.VerifiableAddresses[0].ID)
			_, err = w.MarkVerified(t.Context(), kept.ID, "email", "bob@shop.org")
			require.ErrorIs(t, err, idem.ErrNoAddress)
		})
	}
}

// TestFindingInLargeTraits: finding an identity with large traits normalises only the strings that its schema names. The
// others here are slow to normalise.
func TestFindingInLargeTraits(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "login", strings.Replace(loginSchema, `"motto":{"type":"string"}`, `"motto":{"type":"array"}`, 1))
		mottoes := strings.TrimSuffix(strings.Repeat(`"`+strings.Repeat("ﷺ", 14)+`",`, 9_000), ",")
		created := w.create(t, identity.Create{Traits: raw(`{"motto":[%s],"mail":"Bob@shop.com"}`, mottoes)})
		s, _ := w.Schemas().Get("login")
		derive := testing.AllocsPerRun(3, func() {
			_, err := s.Derive(created.Traits)
			require.NoError(t, err)
		})
		for name, find := range map[string]func() (*identity.Identity, error){
			"identifier": func() (*identity.Identity, error) {
				return w.FindByIdentifier(t.Context(), credentials.TypePassword, "bob@shop.com")
			},
			"address": func() (*identity.Identity, error) {
				return w.FindByAddress(t.Context(), storage.TypeRecoveryAddress, "email", "bob@shop.com")
			},
		} {
			found := testing.AllocsPerRun(3, func() {
				i, err := find()
				require.NoError(t, err)
				require.Equal(t, created.ID, i.ID)
			})
			require.Less(t, found, derive+2_000, name)
		}
	})
}

// TestOneMailboxOnePerson: two spellings of one mailbox or number are one person, and two that look different are two.
func TestOneMailboxOnePerson(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "login", loginSchema)
		for _, traits := range []string{
			`{"mail":"harry@x.com"}`, `{"mail":"carol@x.com"}`, `{"mail":"bob@shop.com"}`, `{"mail":"x@öry.sh"}`, `{"name":"ahmad١"}`, `{"phone":"+16502530001"}`, `{"phone":"+966551234567"}`,
		} {
			w.create(t, identity.Create{Traits: raw("%s", traits)})
		}
		for _, traits := range []string{
			`{"mail":"ℍarry@x.com"}`, `{"mail":"𝐇arry@x.com"}`, `{"mail":"\"carol\"@x.com"}`, `{"mail":"bob@shop。com"}`, `{"mail":"x@xn--ry-eka.sh"}`,
			`{"phone":"+٩٦٦٥٥١٢٣٤٥٦٧"}`, `{"phone":"tel:+1 (650) 253-0001"}`, `{"name":"+1 650.253.0001"}`,
		} {
			_, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw("%s", traits)})
			requireKind(t, err, idem.KindConflict)
		}
		for _, traits := range []string{
			`{"mail":"+16502530001/x@evil.com"}`, `{"name":"ahmad٢"}`, `{"name":"ahmad"}`, `{"name":"٠٥٥١٢٣٤٥٦٧"}`, `{"mail":"x١@öry.sh"}`, `{"mail":"a·b@x.com"}`, `{"mail":"ab@x.com"}`,
			`{"mail":"١@x.com"}`, `{"phone":"+966551234568"}`,
		} {
			_, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw("%s", traits)})
			require.NoError(t, err, traits)
		}
		for _, traits := range []string{`{"mail":"\"a\tb\"@x.com"}`, `{"mail":"+16502530000"}`, `{"mail":"@x.com"}`, `{"name":"\u200b"}`, `{"name":""}`} {
			_, err := w.CreateIdentity(t.Context(), identity.Create{Traits: raw("%s", traits)})
			requireKind(t, err, idem.KindInvalid)
			require.ErrorContains(t, err, "/traits/")
		}
		_, err := w.ListIdentities(t.Context(), idem.Query{IdentifierPrefix: " \u200b"})
		requireKind(t, err, idem.KindInvalid)
	})
}

// TestVerifiedDoesNotMove: somebody else's mailbox is not verified because mine was.
func TestVerifiedDoesNotMove(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "login", loginSchema)
		created := w.create(t, identity.Create{
			Traits:              raw(`{"mail":"+16502530001/x@mine.org"}`),
			VerifiableAddresses: []identity.CreateVerifiableAddress{{Value: "+16502530001/X@mine.org", Verified: true}},
		})
		require.True(t, created.VerifiableAddresses[0].Verified)
		updated := w.update(t, created.ID, identity.Update{Traits: raw(`{"mail":"+16502530001/X@MINE.org","motto":"x"}`)})
		require.True(t, updated.VerifiableAddresses[0].Verified, "letter case alone loses nothing")
		updated = w.update(t, created.ID, identity.Update{Traits: raw(`{"mail":"+16502530001/x@someone-else.org"}`)})
		require.False(t, updated.VerifiableAddresses[0].Verified)
		require.Equal(t, identity.AddressPending, updated.VerifiableAddresses[0].Status)
	})
}

// TestLockingOutNeverDependsOnTraits: what leaves traits and schema alone succeeds whatever has become of the schema.
func TestLockingOutNeverDependsOnTraits(t *testing.T) {
	const tightened = `{"properties":{"traits":{"type":"object","required":["motto"],"additionalProperties":false,"properties":{"motto":{"type":"string"}}}}}`
	for name, use := range map[string]func(t *testing.T, w *world){
		"tightened":             func(t *testing.T, w *world) { w.use(t, "login", tightened) },
		"not registered":        func(t *testing.T, w *world) { w.use(t, "another", loginSchema) },
		"derives other":         func(t *testing.T, w *world) { w.use(t, "login", `{"properties":{"traits":{"type":"object"}}}`) },
		"accepts as it used to": func(t *testing.T, w *world) { w.use(t, "login", loginSchema) },
	} {
		t.Run(name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, w *world) {
				w.use(t, "login", loginSchema)
				created := w.create(t, identity.Create{
					Traits: raw(`{"name":"ada","mail":"ada@x.com"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "old"}},
				})
				use(t, w)
				for _, u := range []identity.Update{
					{State: identity.StateInactive, Traits: raw(`{"name":"ada","mail":"ada@x.com"}`)},
					{SchemaID: "login", State: identity.StateActive, Traits: raw(`{ "mail": "ada@x.com", "name": "\u0061da" }`)},
					{SchemaID: "login", MetadataAdmin: raw(`{"why":"abuse"}`), ExternalID: "42", Traits: raw(`{"name":"ada","mail":"ada@x.com"}`)},
					{Traits: raw(`{"name":"ada","mail":"ada@x.com"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "new"}, Code: &credentials.ImportCode{Addresses: []credentials.CodeAddress{{Channel: "email", Address: "ada@x.com"}}}}},
				} {
					updated := w.update(t, created.ID, u)
					require.JSONEq(t, string(created.Traits), string(updated.Traits))
					require.Equal(t, created.Credentials[credentials.TypePassword].Identifiers, updated.Credentials[credentials.TypePassword].Identifiers)
					require.Equal(t, created.VerifiableAddresses, updated.VerifiableAddresses)
					require.Equal(t, created.RecoveryAddresses, updated.RecoveryAddresses)
				}
				patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[{"op":"replace","path":"/state","value":"inactive"},{"op":"add","path":"/metadata_admin","value":{"why":"abuse"}}]`)))
				require.NoError(t, err)
				require.Equal(t, identity.StateInactive, patched.State)
				require.Equal(t, created.RecoveryAddresses, patched.RecoveryAddresses)
				_, err = w.PatchIdentity(t.Context(), created.ID, idem.MergePatch(raw(`{"state":"active","verifiable_addresses":null}`)))
				requireKind(t, err, idem.KindInvalid)
				_, err = w.PatchIdentity(t.Context(), created.ID, idem.MergePatch(raw(`{"state":"active"}`)))
				require.NoError(t, err)
				verified, err := w.VerifyPassword(t.Context(), "ada", "new")
				require.NoError(t, err)
				require.Equal(t, created.ID, verified.ID)
				_, err = w.UpdateIdentity(t.Context(), created.ID, identity.Update{
					Traits: raw(`{"name":"ada","mail":"ada@x.com"}`), Credentials: &credentials.Import{Code: &credentials.ImportCode{}},
				})
				requireKind(t, err, idem.KindInvalid)
				if name == "tightened" || name == "not registered" {
					_, err = w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{"name":"ada2","mail":"ada@x.com"}`)})
					requireKind(t, err, idem.KindInvalid)
				}
			})
		})
	}
}

// TestKeptTraitsThatMove: traits that somebody else changes between the look and the step are not kept by mistake.
func TestKeptTraitsThatMove(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "login", loginSchema)
		created := w.create(t, identity.Create{Traits: raw(`{"name":"ada"}`)})
		w.use(t, "another", loginSchema) // so the traits can be kept, and nothing else
		moved := false
		updated, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{SchemaID: "login", Traits: raw(`{"name":"ada"}`), ExternalID: "x",
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "x"}}}, func(current *identity.Identity) error {
			if !moved {
				moved = true
				current.Traits = raw(`{"name":"eve"}`) // as a change in between would have it
			}
			return nil
		})
		require.NoError(t, err)
		require.True(t, moved)
		require.JSONEq(t, `{"name":"ada"}`, string(updated.Traits))
	})
}

// TestFindByUserHandle finds the owners of passkeys by the bytes of their handle, also where the identifier was written
// by an older rule, which gave some handles the identifier of another.
func TestFindByUserHandle(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		withHandle := func(name, handle, id string) *identity.Identity {
			return w.create(t, identity.Create{Traits: raw(`{"username":%q}`, name), Credentials: &credentials.Import{
				Passkey: &credentials.ImportPasskey{UserHandle: []byte(handle), Credentials: []json.RawMessage{json.RawMessage(`{"id":"` + id + `"}`)}},
			}})
		}
		random, text := withHandle("ada", "\x01\x02\xff", "YWRh"), withHandle("eve", "AQL/", "ZXZl")
		for handle, want := range map[string]*identity.Identity{"\x01\x02\xff": random, "AQL/": text} {
			found, err := w.FindByUserHandle(t.Context(), []byte(handle))
			require.NoError(t, err)
			require.Equal(t, want.ID, found.ID)
		}
		for _, none := range []string{"", "base64:AQL/", "AQL", "\x01\x02"} {
			_, err := w.FindByUserHandle(t.Context(), []byte(none))
			requireKind(t, err, idem.KindNotFound)
		}

		old := withHandle("old", "\xff\xfe", "b2xk")
		_, err := w.store.Update(t.Context(), old.ID, func(current *identity.Identity) (*identity.Identity, error) {
			passkey := current.Credentials[credentials.TypePasskey]
			passkey.Identifiers = []string{"//4="}
			current.Credentials[credentials.TypePasskey] = passkey
			return current, nil
		})
		require.NoError(t, err)
		found, err := w.FindByUserHandle(t.Context(), []byte("\xff\xfe"))
		require.NoError(t, err)
		require.Equal(t, old.ID, found.ID)
		_, err = w.FindByUserHandle(t.Context(), []byte("//4="))
		requireKind(t, err, idem.KindNotFound)
	})
}
