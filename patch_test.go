package idem_test

import (
	"errors"
	"fmt"
	"strings"
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
	"github.com/idemkit/idem/violation"
)

// ada is an identity with something in every place that a patch can reach.
func (w *world) ada(t testing.TB) *identity.Identity {
	t.Helper()
	return w.create(t, identity.Create{
		Traits:         raw(`{ "email":"ada@example.com",  "name":"Ada" }`),
		MetadataPublic: raw(`{ "big": 12345678901234567890,  "html":"<&>" }`),
		Credentials: &credentials.Import{
			Password: &credentials.ImportPassword{Password: "a password"},
			OIDC:     &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1"}}},
			TOTP:     &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=idem"},
			LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{
				{Code: "code-1"}, {Code: "code-2", UsedAt: noon},
			}},
		},
	})
}

func TestPatchOperations(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.ada(t)
		later := w.advance()
		patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[
			{"op":"test","path":"/state","value":"active"},
			{"op":"replace","path":"/state","value":"inactive"},
			{"op":"replace","path":"/traits/name","value":"Ada Lovelace"},
			{"op":"add","path":"/metadata_admin/notes/first","value":"met"},
			{"op":"replace","path":"/metadata_admin/plan","value":"pro"},
			{"op":"copy","from":"/metadata_admin/plan","path":"/metadata_admin/was"},
			{"op":"move","from":"/metadata_admin/was","path":"/metadata_admin/before"},
			{"op":"add","path":"/external_id","value":"crm-1"},
			{"op":"replace","path":"/organization_id","value":"018f0000-0000-7000-8000-000000000777"}
		]`)))
		require.NoError(t, err)
		require.Equal(t, int64(2), patched.Revision)
		require.Equal(t, later, patched.UpdatedAt)
		require.Equal(t, identity.StateInactive, patched.State)
		require.Equal(t, later, patched.StateChangedAt)
		require.JSONEq(t, `{"email":"ada@example.com","name":"Ada Lovelace"}`, string(patched.Traits))
		require.JSONEq(t, `{"notes":{"first":"met"},"plan":"pro","before":"pro"}`, string(patched.MetadataAdmin))
		require.Equal(t, string(created.MetadataPublic), string(patched.MetadataPublic), "what a patch does not touch keeps its bytes")
		require.Equal(t, "crm-1", patched.ExternalID)
		require.Equal(t, fixedID(0x777), patched.OrganizationID.UUID)
		require.True(t, created.Credentials.Equal(patched.Credentials))
		require.Equal(t, created.VerifiableAddresses, patched.VerifiableAddresses)
		w.requireUnchanged(t, patched)
	})
}

func TestMergePatch(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.ada(t)
		patched, err := w.PatchIdentity(t.Context(), created.ID, idem.MergePatch(raw(`{
			"state":"inactive", "traits":{"name":null,"age":36}, "metadata_public":{"html":null,"a":{"b":1}}, "external_id":"crm-1"
		}`)))
		require.NoError(t, err)
		require.JSONEq(t, `{"email":"ada@example.com","age":36}`, string(patched.Traits))
		require.Contains(t, string(patched.MetadataPublic), "12345678901234567890", "large numbers keep their digits")
		require.JSONEq(t, `{"big":12345678901234567890,"a":{"b":1}}`, string(patched.MetadataPublic))
		cleared, err := w.PatchIdentity(t.Context(), created.ID, idem.MergePatch(raw(`{"metadata_public":null,"external_id":null}`)))
		require.NoError(t, err)
		require.Nil(t, cleared.MetadataPublic)
		require.Empty(t, cleared.ExternalID)
	})
}

func TestPatchThatChangesNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.ada(t)
		w.advance()
		for name, p := range map[string]idem.Patch{
			"no operations": idem.JSONPatch(raw(`[]`)),
			"no members":    idem.MergePatch(raw(`{}`)),
			"the same":      idem.JSONPatch(raw(`[{"op":"replace","path":"/traits/name","value":"Ada"},{"op":"replace","path":"/id","value":%q}]`, created.ID)),
			"there and back": idem.JSONPatch(raw(`[{"op":"move","from":"/traits/name","path":"/traits/username"},
				{"op":"move","from":"/traits/username","path":"/traits/name"}]`)),
		} {
			patched, err := w.PatchIdentity(t.Context(), created.ID, p)
			require.NoError(t, err, name)
			require.Equal(t, created.Revision, patched.Revision, name)
			w.requireUnchanged(t, created)
		}
	})
}

func TestPatchVerifiesAddresses(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.ada(t)
		later := w.advance()
		patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[{"op":"replace","path":"/verifiable_addresses/0/verified","value":true}]`)))
		require.NoError(t, err)
		address := patched.VerifiableAddresses[0]
		require.True(t, address.Verified)
		require.Equal(t, identity.AddressCompleted, address.Status)
		require.Equal(t, later, address.VerifiedAt)
		require.Equal(t, later, patched.UpdatedAt)
		require.Equal(t, created.VerifiableAddresses[0].ID, address.ID)

		patched, err = w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[
			{"op":"replace","path":"/verifiable_addresses/0/verified","value":false},
			{"op":"replace","path":"/verifiable_addresses/0/status","value":"sent"}]`)))
		require.NoError(t, err)
		require.False(t, patched.VerifiableAddresses[0].Verified)
		require.Zero(t, patched.VerifiableAddresses[0].VerifiedAt)
		require.Equal(t, identity.AddressSent, patched.VerifiableAddresses[0].Status)
	})
}

func TestPatchCredentials(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.ada(t)
		patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[
			{"op":"add","path":"/credentials/password/config/password","value":"another password"},
			{"op":"add","path":"/credentials/oidc/config/providers/-","value":{"provider":"github","subject":"2"}},
			{"op":"remove","path":"/credentials/oidc/config/providers/0"},
			{"op":"replace","path":"/credentials/lookup_secret/config/recovery_codes/0/used_at","value":"2026-11-23T12:00:00Z"},
			{"op":"add","path":"/credentials/saml","value":{"config":{"providers":[{"provider":"okta","subject":"3"}]}}}
		]`)))
		require.NoError(t, err)
		hash, err := passwordhash.Parse(patched.Credentials[credentials.TypePassword].Config.HashedPassword)
		require.NoError(t, err)
		require.NoError(t, passwordhash.Verify(t.Context(), hash, []byte("another password")))
		require.Equal(t, []string{"github:2"}, patched.Credentials[credentials.TypeOIDC].Identifiers)
		require.Equal(t, []string{"okta:3"}, patched.Credentials[credentials.TypeSAML].Identifiers)
		require.Equal(t, noon, patched.Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes[0].UsedAt)
		require.True(t, created.Credentials[credentials.TypeTOTP].Equal(patched.Credentials[credentials.TypeTOTP]))
		_, err = w.FindByIdentifier(t.Context(), credentials.TypeOIDC, "google:1")
		requireKind(t, err, idem.KindNotFound)

		patched, err = w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[{"op":"replace","path":"/credentials/password/config/hashed_password","value":%q}]`, hash.Encoded())))
		require.NoError(t, err)
		require.Equal(t, int64(2), patched.Revision, "the same hash is no change")

		// The codes of a request are called codes, those of an answer recovery_codes: new ones replace none under either name.
		before := patched.Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes
		for n, patch := range []idem.Patch{
			idem.JSONPatch(raw(`[{"op":"add","path":"/credentials/lookup_secret/config/codes/-","value":{"code":"new0"}}]`)),
			idem.MergePatch(raw(`{"credentials":{"lookup_secret":{"config":{"codes":[{"code":"new1"}]}}}}`)),
			idem.JSONPatch(raw(`[{"op":"add","path":"/credentials/lookup_secret/config/recovery_codes/-","value":{"code":"new2"}}]`)),
		} {
			patched, err = w.PatchIdentity(t.Context(), created.ID, patch)
			require.NoError(t, err)
			before = append(before, credentials.RecoveryCode{Code: fmt.Sprintf("new%d", n)})
			require.ElementsMatch(t, before, patched.Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes)
		}
	})
}

// TestPatchPassword: what would count for nothing beside the secret there is, is refused.
func TestPatchPassword(t *testing.T) {
	const hash = "$2a$04$QHiMgqt9zkL5LO0JkgDHDudRsmCPx496gJSRh931pBQTIigbHeZCK"
	hashed, hooked := credentials.ImportPassword{HashedPassword: hash}, credentials.ImportPassword{UsePasswordMigrationHook: true}
	const at = `"path":"/credentials/password/config`
	onBothStores(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			has            credentials.ImportPassword
			patch, refused string
			hash           bool // whether a hash is there afterwards
		}{
			{hashed, `[{"op":"add",` + at + `/password","value":""}]`, "/credentials/password/config/password", true},
			{hooked, `[{"op":"add",` + at + `/password","value":""}]`, "/credentials/password/config/password", false},
			{hashed, `[{"op":"add",` + at + `/use_password_migration_hook","value":true}]`, "/credentials/password/config/use_password_migration_hook", true},
			{hashed, `[{"op":"add",` + at + `/use_password_migration_hook","value":false}]`, "", true},
			{hashed, `[{"op":"remove",` + at + `/hashed_password"},{"op":"add",` + at + `/use_password_migration_hook","value":true}]`, "", false},
			{hashed, `[{"op":"replace",` + at + `","value":{"password":"","hashed_password":"` + hash + `","use_password_migration_hook":true}}]`, "", true},
			{hooked, `[{"op":"add",` + at + `/hashed_password","value":"` + hash + `"}]`, "", true},
			{hooked, `[{"op":"add",` + at + `/password","value":"another password"}]`, "", true},
		} {
			created := w.create(t, identity.Create{Credentials: &credentials.Import{Password: &c.has}})
			patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch([]byte(c.patch)))
			if c.refused == "" {
				require.NoError(t, err, c.patch)
				require.Equal(t, c.hash, patched.Credentials[credentials.TypePassword].Config.HashedPassword != "", c.patch)
				continue
			}
			requireKind(t, err, idem.KindInvalid)
			invalid, ok := errors.AsType[*violation.Error](err)
			require.True(t, ok)
			require.Len(t, invalid.Violations, 1)
			require.Equal(t, c.refused, invalid.Violations[0].Pointer)
			w.requireUnchanged(t, created)
		}
	})
}

func TestPatchRefusals(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.create(t, identity.Create{Traits: raw(`{"email":"taken@example.com"}`)})
		before := w.ada(t)
		one := func(op string) idem.Patch {
			return idem.JSONPatch(raw(`[{"op":"test","path":"/state","value":"active"},%s]`, op))
		}
		for _, c := range []struct {
			name    string
			patch   idem.Patch
			kind    idem.Kind
			pointer string
		}{
			{"id", one(`{"op":"replace","path":"/id","value":"018f0000-0000-7000-8000-000000000777"}`), idem.KindInvalid, "/id"},
			{"id removed", one(`{"op":"remove","path":"/id"}`), idem.KindInvalid, "/id"},
			{"created_at", one(`{"op":"replace","path":"/created_at","value":"2020-01-01T00:00:00Z"}`), idem.KindInvalid, "/created_at"},
			{"updated_at", idem.MergePatch(raw(`{"updated_at":"2020-01-01T00:00:00Z"}`)), idem.KindInvalid, "/updated_at"},
			{"state_changed_at", one(`{"op":"replace","path":"/state_changed_at","value":null}`), idem.KindInvalid, "/state_changed_at"},
			{"schema_url", one(`{"op":"add","path":"/schema_url","value":"x"}`), idem.KindInvalid, "/schema_url"},
			{"unknown field", one(`{"op":"add","path":"/nickname","value":"x"}`), idem.KindInvalid, "/nickname"},
			{"address id", one(`{"op":"replace","path":"/verifiable_addresses/0/id","value":"x"}`), idem.KindInvalid, "/verifiable_addresses/0/id"},
			{"address value", one(`{"op":"replace","path":"/verifiable_addresses/0/value","value":"eve@example.com"}`), idem.KindInvalid, "/verifiable_addresses/0/value"},
			{"address verified", one(`{"op":"replace","path":"/verifiable_addresses/0/verified","value":"yes"}`), idem.KindInvalid, "/verifiable_addresses/0/verified"},
			{"address status", one(`{"op":"replace","path":"/verifiable_addresses/0/status","value":"lost"}`), idem.KindInvalid, "/verifiable_addresses/0/status"},
			{"address removed", one(`{"op":"remove","path":"/verifiable_addresses/0"}`), idem.KindInvalid, "/verifiable_addresses"},
			{"recovery address", one(`{"op":"replace","path":"/recovery_addresses/0/value","value":"eve@example.com"}`), idem.KindInvalid, "/recovery_addresses"},
			{"identifiers", one(`{"op":"replace","path":"/credentials/password/identifiers/0","value":"eve"}`), idem.KindInvalid, "/credentials/password/identifiers"},
			{"credential removed", one(`{"op":"remove","path":"/credentials/totp"}`), idem.KindInvalid, "/credentials/totp"},
			{"all credentials removed", one(`{"op":"remove","path":"/credentials"}`), idem.KindInvalid, "/credentials/totp"},
			{"links emptied", one(`{"op":"replace","path":"/credentials/oidc/config/providers","value":[]}`), idem.KindInvalid, "/credentials/oidc/config/providers"},
			{"hash", one(`{"op":"replace","path":"/credentials/password/config/hashed_password","value":"$2a$10$short"}`), idem.KindInvalid, "/credentials/password/config/hashed_password"},
			{"unknown config field", one(`{"op":"add","path":"/credentials/password/config/hint","value":"x"}`), idem.KindInvalid, "/credentials/password/config/hint"},
			{"code", one(`{"op":"replace","path":"/credentials/code/config/addresses","value":[]}`), idem.KindInvalid, "/credentials/code/config"},
			{"unknown credential", one(`{"op":"add","path":"/credentials/carrier_pigeon","value":{"config":{}}}`), idem.KindInvalid, "/credentials/carrier_pigeon"},
			{"traits", one(`{"op":"replace","path":"/traits/email","value":"nobody"}`), idem.KindInvalid, "/traits/email"},
			{"traits null", one(`{"op":"replace","path":"/traits","value":null}`), idem.KindInvalid, "/traits"},
			{"state", one(`{"op":"replace","path":"/state","value":"asleep"}`), idem.KindInvalid, "/state"},
			{"state removed", one(`{"op":"remove","path":"/state"}`), idem.KindInvalid, "/state"},
			{"state type", one(`{"op":"replace","path":"/state","value":5}`), idem.KindInvalid, "/state"},
			{"schema", one(`{"op":"replace","path":"/schema_id","value":"nope"}`), idem.KindInvalid, "/schema_id"},
			{"schema removed", one(`{"op":"remove","path":"/schema_id"}`), idem.KindInvalid, "/schema_id"},
			{"organization", one(`{"op":"replace","path":"/organization_id","value":"acme"}`), idem.KindInvalid, "/organization_id"},
			{"everything", one(`{"op":"replace","path":"","value":[]}`), idem.KindInvalid, ""},
			{"remove of nothing", one(`{"op":"remove","path":"/metadata_admin/missing"}`), idem.KindInvalid, "/1/path"},
			{"test of nothing", one(`{"op":"test","path":"/metadata_admin/missing","value":null}`), idem.KindInvalid, "/1/path"},
			{"move of nothing", one(`{"op":"move","from":"/missing","path":"/external_id"}`), idem.KindInvalid, "/1/from"},
			{"move into itself", one(`{"op":"move","from":"/metadata_public","path":"/metadata_public/a"}`), idem.KindInvalid, "/1/path"},
			{"index", one(`{"op":"add","path":"/verifiable_addresses/7/verified","value":true}`), idem.KindInvalid, "/1"},
			{"no operation", one(`{"op":"frobnicate","path":"/state"}`), idem.KindInvalid, "/1/op"},
			{"no value", one(`{"op":"add","path":"/state"}`), idem.KindInvalid, "/1"},
			{"no path", one(`{"op":"remove"}`), idem.KindInvalid, "/1/path"},
			{"no pointer", one(`{"op":"remove","path":"state"}`), idem.KindInvalid, "/1/path"},
			{"bad escape", one(`{"op":"remove","path":"/a~2"}`), idem.KindInvalid, "/1/path"},
			{"an object for operations", idem.JSONPatch(raw(`{"state":"inactive"}`)), idem.KindInvalid, ""},
			{"operations for an object", idem.MergePatch(raw(`[]`)), idem.KindInvalid, ""},
			{"no JSON", idem.JSONPatch(raw(`[`)), idem.KindInvalid, ""},
			{"nothing", idem.JSONPatch(nil), idem.KindInvalid, ""},
			{"duplicate names", idem.MergePatch(raw(`{"state":"inactive","state":"active"}`)), idem.KindInvalid, "/state"},
			{"the zero patch", idem.Patch{}, idem.KindInvalid, ""},
			{"failed test", idem.JSONPatch(raw(`[{"op":"replace","path":"/state","value":"inactive"},{"op":"test","path":"/traits/name","value":"Eve"}]`)), idem.KindConflict, ""},
			{"conflict", one(`{"op":"replace","path":"/traits/email","value":"taken@example.com"}`), idem.KindConflict, ""},
		} {
			_, err := w.PatchIdentity(t.Context(), before.ID, c.patch)
			require.Error(t, err, c.name)
			requireKind(t, err, c.kind)
			require.ErrorContains(t, err, c.pointer, c.name)
			w.requireUnchanged(t, before)
		}
		_, err := w.PatchIdentity(t.Context(), before.ID, idem.JSONPatch(raw(`[{"op":"test","path":"/traits/name","value":"Eve"}]`)))
		require.ErrorIs(t, err, idem.ErrTestFailed)
		_, err = w.PatchIdentity(t.Context(), before.ID, idem.JSONPatch(raw(`[]`)), idem.IfRevision(2))
		require.ErrorIs(t, err, storage.ErrRevision)
		_, err = w.PatchIdentity(t.Context(), uuid.New(), idem.JSONPatch(raw(`[]`)))
		requireKind(t, err, idem.KindNotFound)
		_, err = w.PatchIdentity(t.Context(), uuid.New(), idem.JSONPatch(raw(`{`)))
		requireKind(t, err, idem.KindInvalid)
	})
}

// TestPatchCannotGrowWithoutBound doubles a value by copying it, over and over.
func TestPatchCannotGrowWithoutBound(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.ada(t)
		operations := []string{`{"op":"add","path":"/metadata_admin","value":{"a":["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]}}`}
		for range 40 {
			operations = append(operations, `{"op":"copy","from":"/metadata_admin/a","path":"/metadata_admin/a/-"}`)
		}
		_, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[%s]`, strings.Join(operations, ","))))
		requireKind(t, err, idem.KindInvalid)
		_, err = w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[%s{"op":"test","path":"/state","value":"active"}]`,
			strings.Repeat(`{"op":"test","path":"/state","value":"active"},`, 1000))))
		requireKind(t, err, idem.KindInvalid)
		w.requireUnchanged(t, created)
	})
}

func TestConcurrentPatchesAllSurvive(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		for _, inFlight := range []int{1, 8, 32} {
			created := w.create(t, identity.Create{Traits: raw(`{}`)})
			work := make(chan int)
			var running sync.WaitGroup
			for range inFlight {
				running.Go(func() {
					for n := range work {
						_, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[{"op":"add","path":"/metadata_admin/key%d","value":%d}]`, n, n)))
						assert.NoError(t, err)
					}
				})
			}
			for n := range 60 {
				work <- n
			}
			close(work)
			running.Wait()
			found, err := w.GetIdentity(t.Context(), created.ID)
			require.NoError(t, err)
			for n := range 60 {
				require.Contains(t, string(found.MetadataAdmin), fmt.Sprintf(`"key%d":%d`, n, n))
			}
			require.Equal(t, int64(61), found.Revision)
		}
	})
}

// TestPatchCostIsBounded sends what is small to write and large to do.
func TestPatchCostIsBounded(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{MetadataPublic: raw(`"%s"`, strings.Repeat("x", 600_000))})
		deep := strings.Repeat("/a", 8000)
		test := `{"op":"test","path":"/state","value":"active"}`
		for name, patch := range map[string]string{
			"a deep path":                `[{"op":"add","path":"/metadata_admin` + deep + `","value":1}]`,
			"a deep source":              `[{"op":"copy","from":"/metadata_admin` + deep + `","path":"/metadata_admin"}]`,
			"a nesting that is too deep": `[{"op":"add","path":"/metadata_admin` + strings.Repeat("/a", 99) + `","value":[1]}]`,
		} {
			_, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch([]byte(patch)))
			requireKind(t, err, idem.KindInvalid)
			require.Less(t, len(err.Error()), 2000, "%s: the error repeats the path", name)
			w.requireUnchanged(t, created)
		}
		_, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch([]byte(`[`+strings.Repeat(test+",", 999)+test+`]`)))
		require.NoError(t, err, "operations that read little cost little, however large the identity is")
		large := strings.Repeat("y", 900_000)
		for n := range 3 {
			_, err := w.PatchIdentity(t.Context(), created.ID, idem.MergePatch(raw(`{"metadata_admin":{"k%d":%q}}`, n, large)))
			if n > 0 {
				requireKind(t, err, idem.KindInvalid)
			}
		}
		_, err = w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[{"op":"replace","path":"/state","value":"inactive"}]`)))
		require.NoError(t, err, "an identity that became large can still be patched")
	})
}

// TestMergePatchKeepsWhatItDoesNotMean holds the merge to RFC 7396, appendix A, where
// libraries differ: arrays are replaced as they are, nulls inside them included.
func TestMergePatchKeepsWhatItDoesNotMean(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"name":"a"}`), MetadataPublic: raw(`{"z":1e999,"a":{"keep":1.50}}`)})
		for _, c := range []struct{ patch, want string }{
			{`[{"a":null},null,1]`, `[{"a":null},null,1]`},
			{`{"a":{"b":null,"c":"<&>"}}`, `{"a":{"c":"<&>"}}`},
			{`{"a":[1]}`, `{"a":[1]}`},
			{`{"a":{"a":{"x":null}}}`, `{"a":{"a":{}}}`},
			{`{"a":"text"}`, `{"a":"text"}`},
			{`{"b":1e999}`, `{"a":"text","b":1e999}`},
		} {
			patched, err := w.PatchIdentity(t.Context(), created.ID, idem.MergePatch(raw(`{"metadata_admin":%s}`, c.patch)))
			require.NoError(t, err)
			require.Equal(t, c.want, string(patched.MetadataAdmin))
			require.Equal(t, string(created.MetadataPublic), string(patched.MetadataPublic))
		}
		patched, err := w.PatchIdentity(t.Context(), created.ID, idem.MergePatch(raw(`{"traits":{"name":"a&b"}}`)))
		require.NoError(t, err)
		require.Equal(t, `{"name":"a&b"}`, string(patched.Traits))
		patched, err = w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[{"op":"replace","path":"/state","value":"inactive"}]`)))
		require.NoError(t, err, "a number that no float holds is no obstacle")
		require.Equal(t, `{"a":"text","b":1e999}`, string(patched.MetadataAdmin))
	})
}
