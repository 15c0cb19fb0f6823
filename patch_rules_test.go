package idem_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// patch applies operations, comma-separated, to a new identity with some public metadata, or to ada where it is empty.
func (w *world) patchNew(t testing.TB, metadata, operations string) (*identity.Identity, error) {
	t.Helper()
	if metadata == "" {
		return w.PatchIdentity(t.Context(), w.ada(t).ID, idem.JSONPatch([]byte(`[`+operations+`]`)))
	}
	created := w.create(t, identity.Create{MetadataPublic: []byte(metadata)})
	return w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch([]byte(`[`+operations+`]`)))
}

// patch applies operations, comma-separated, to i.
func (w *world) patch(t *testing.T, i *identity.Identity, format string, args ...any) (*identity.Identity, error) {
	t.Helper()
	return w.PatchIdentity(t.Context(), i.ID, idem.JSONPatch([]byte(`[`+fmt.Sprintf(format, args...)+`]`)))
}

// TestPatchTests compares values as RFC 6902, section 4.6, says.
func TestPatchTests(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			metadata, path, value string
			equal                 bool
		}{
			{`{"scores":[null,1]}`, "/scores", `[null,1]`, true},
			{`{"scores":[null]}`, "/scores", `[1]`, false},
			{`{"scores":[1]}`, "/scores", `[null]`, false},
			{`{"scores":[[null]]}`, "/scores", `[[null]]`, true},
			{`{"n":1}`, "/n", `1.0`, true},
			{`{"n":100}`, "/n", `1e2`, true},
			{`{"n":0.10}`, "", `{"n":[0.1]}`, false},
			{`{"n":[{"m":0.10}]}`, "/n", `[{"m":0.1}]`, true},
			{`{"":{"":1}}`, "//", `1`, true},
		} {
			_, err := w.patchNew(t, c.metadata, fmt.Sprintf(`{"op":"test","path":"/metadata_public%s","value":%s}`, c.path, c.value))
			if c.equal {
				require.NoError(t, err, "%s %s", c.metadata, c.value)
			} else {
				require.ErrorIs(t, err, idem.ErrTestFailed, "%s %s", c.metadata, c.value)
				requireKind(t, err, idem.KindConflict)
			}
		}
	})
}

// TestPatchMakesParents adds to lists that do not exist.
func TestPatchMakesParents(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"username":"bob"}`)})
		patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[
			{"op":"add","path":"/metadata_public/roles/-","value":"x","fromValue":1},
			{"op":"add","path":"/metadata_public/roles/-","value":"y"},
			{"op":"add","path":"/metadata_admin/a/0/b/-","value":1},
			{"op":"add","path":"/credentials/oidc/config/providers/-","value":{"provider":"google","subject":"1"}},
			{"op":"add","path":"/credentials/lookup_secret/config/recovery_codes/-","value":{"code":"c1"}},
			{"op":"add","path":"/region","value":"eu-central"}]`)))
		require.NoError(t, err)
		require.Equal(t, `{"roles":["x","y"]}`, string(patched.MetadataPublic))
		require.Equal(t, `{"a":[{"b":[1]}]}`, string(patched.MetadataAdmin))
		require.Equal(t, []string{"google:1"}, patched.Credentials[credentials.TypeOIDC].Identifiers)
		require.Equal(t, "c1", patched.Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes[0].Code)
		for _, operation := range []string{
			`{"op":"replace","path":"/metadata_public/roles/-","value":"z"}`, `{"op":"replace","path":"/metadata_public/roles/2","value":"z"}`,
			`{"op":"replace","path":"/metadata_public/roles/01","value":"z"}`, `{"op":"add","path":"/metadata_public/roles/+1","value":"z"}`,
			`{"op":"add","path":"/region","value":"EU"}`, `{"op":"add","path":"/region","value":"a--b"}`, `{"op":"add","path":"/region","value":1}`,
		} {
			_, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch([]byte(`[`+operation+`]`)))
			requireKind(t, err, idem.KindInvalid)
			w.requireUnchanged(t, patched)
		}
	})
}

// TestPatchKeepsSecretsInTheirPlace tries to copy, move and compare what is secret.
func TestPatchKeepsSecretsInTheirPlace(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.ada(t)
		for _, operation := range []string{
			`{"op":"copy","from":"","path":"/metadata_public/all"}`,
			`{"op":"test","path":"","value":{}}`,
			`{"op":"copy","from":"/credentials","path":"/metadata_public/all"}`,
			`{"op":"copy","from":"/credentials/password/config/hashed_password","path":"/metadata_public/hash"}`,
			`{"op":"move","from":"/credentials/totp/config/totp_url","path":"/metadata_admin/url"}`,
			`{"op":"test","path":"/credentials/password/config/hashed_password","value":"$2a$"}`,
			`{"op":"test","path":"/credentials/password","value":{}}`,
			`{"op":"test","path":"/credentials","value":{}}`,
			`{"op":"copy","from":"/credentials/lookup_secret/config/recovery_codes/0","path":"/credentials/lookup_secret/config/recovery_codes/-"}`,
			`{"op":"copy","from":"/credentials/oidc/config/providers/0","path":"/metadata_public/link"}`,
			`{"op":"copy","from":"/credentials/oidc/config/providers/0","path":"/credentials/saml/config/providers/-"}`,
			`{"op":"copy","from":"/credentials/oidc","path":"/credentials/oidc/config/x"}`,
			`{"op":"test","path":"/credentials/oidc/identifiers","value":[]}`,
		} {
			_, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch([]byte(`[`+operation+`]`)))
			requireKind(t, err, idem.KindInvalid)
			require.ErrorContains(t, err, "credentials", operation)
			w.requireUnchanged(t, created)
		}
		patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[
			{"op":"test","path":"/credentials/oidc/config/providers/0/subject","value":"1"},
			{"op":"copy","from":"/credentials/oidc/config/providers/0","path":"/credentials/oidc/config/providers/-"},
			{"op":"replace","path":"/credentials/oidc/config/providers/1/subject","value":"2"}]`)))
		require.NoError(t, err)
		require.Equal(t, []string{"google:1", "google:2"}, patched.Credentials[credentials.TypeOIDC].Identifiers)
	})
}

// TestPatchReplacesEntries replaces a credential as a whole.
func TestPatchReplacesEntries(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.ada(t)
		for _, c := range []struct{ members, pointer string }{
			{`"config":{"providers":[{"provider":"google","subject":"2"}]}`, ""},
			{`"type":"oidc","identifiers":["google:3"],"version":0,"config":{"providers":[{"provider":"google","subject":"3"}]}`, ""},
			{`"identifiers":["google:9"],"config":{"providers":[{"provider":"google","subject":"4"}]}`, "/credentials/oidc/identifiers"},
			{`"type":"saml","config":{"providers":[{"provider":"google","subject":"4"}]}`, "/credentials/oidc/type"},
			{`"version":7,"config":{"providers":[{"provider":"google","subject":"4"}]}`, "/credentials/oidc/version"},
			{`"created_at":"2001-01-01T00:00:00Z","config":{"providers":[{"provider":"google","subject":"4"}]}`, "/credentials/oidc/created_at"},
			{`"colour":"red","config":{"providers":[{"provider":"google","subject":"4"}]}`, "/credentials/oidc/colour"},
			{`"identifiers":["google:1"]`, "/credentials/oidc/config"},
		} {
			before, err := w.GetIdentity(t.Context(), created.ID)
			require.NoError(t, err)
			patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch([]byte(`[{"op":"replace","path":"/credentials/oidc","value":{`+c.members+`}}]`)))
			if c.pointer == "" {
				require.NoError(t, err, c.members)
				require.Len(t, patched.Credentials[credentials.TypeOIDC].Identifiers, 1)
				require.Equal(t, created.Credentials[credentials.TypeOIDC].CreatedAt, patched.Credentials[credentials.TypeOIDC].CreatedAt)
				continue
			}
			requireKind(t, err, idem.KindInvalid)
			require.ErrorContains(t, err, c.pointer, c.members)
			w.requireUnchanged(t, before)
		}
	})
}

// TestPatchAddresses changes what is known of addresses, alone and together with the traits that they follow from.
func TestPatchAddresses(t *testing.T) {
	const at = "2025-03-04T05:06:07.123456Z"
	verifiedAt, err := time.Parse(time.RFC3339Nano, at)
	require.NoError(t, err)
	verified := func(t *testing.T, a identity.VerifiableAddress, value string, when time.Time) {
		t.Helper()
		require.Equal(t, value, a.Value)
		require.True(t, a.Verified)
		require.Equal(t, identity.AddressCompleted, a.Status)
		require.Equal(t, when, a.VerifiedAt)
	}
	onBothStores(t, func(t *testing.T, w *world) {
		n := 0
		person := func(t *testing.T) *identity.Identity {
			n++
			return w.create(t, identity.Create{Traits: raw(`{"email":"p%d@example.com","phone":"+4930123%04d"}`, n, n)})
		}
		position := func(i *identity.Identity, via string) int {
			for n, a := range i.VerifiableAddresses {
				if a.Via == via {
					return n
				}
			}
			return -1
		}
		apply := w.patch
		t.Run("all three", func(t *testing.T) {
			i := person(t)
			e := position(i, "email")
			patched, err := apply(t, i, `{"op":"replace","path":"/verifiable_addresses/%[1]d/verified","value":true},
				{"op":"replace","path":"/verifiable_addresses/%[1]d/status","value":"completed"},
				{"op":"replace","path":"/verifiable_addresses/%[1]d/verified_at","value":%[2]q}`, e, at)
			require.NoError(t, err)
			verified(t, patched.VerifiableAddresses[e], i.VerifiableAddresses[e].Value, verifiedAt)
			require.Equal(t, i.VerifiableAddresses[1-e], patched.VerifiableAddresses[1-e])
			again, err := apply(t, i, `{"op":"add","path":"/verifiable_addresses/%d/verified","value":true}`, e)
			require.NoError(t, err)
			require.Equal(t, patched.Revision, again.Revision, "what is so already is no change")
		})
		t.Run("contradictions", func(t *testing.T) {
			i := person(t)
			for _, members := range []string{
				`"verified":true,"status":"sent"`, `"verified":false,"status":"completed"`, `"status":"completed"`, `"verified_at":"` + at + `"`,
				`"verified":false,"verified_at":"` + at + `"`, `"via":"sms"`, `"value":"stranger@example.com"`, `"id":"018f0000-0000-7000-8000-00000000ffff"`,
				`"created_at":"2001-01-01T00:00:00Z"`, `"colour":"red"`, `"verified":null`, `"status":null`, `"verified_at":5`,
			} {
				element := fmt.Sprintf(`{"id":%q,%s}`, i.VerifiableAddresses[position(i, "email")].ID, members)
				if strings.HasPrefix(members, `"id"`) {
					element = `{` + members + `}`
				}
				_, err := apply(t, i, `{"op":"replace","path":"/verifiable_addresses/%d","value":%s}`, position(i, "email"), element)
				requireKind(t, err, idem.KindInvalid)
				require.ErrorContains(t, err, "/verifiable_addresses", members)
				w.requireUnchanged(t, i)
			}
		})
		t.Run("removed members", func(t *testing.T) {
			i := person(t)
			e := position(i, "email")
			i, err := apply(t, i, `{"op":"replace","path":"/verifiable_addresses/%d/verified","value":true}`, e)
			require.NoError(t, err)
			for _, operations := range []string{
				`{"op":"remove","path":"/verifiable_addresses/{e}/verified"}`, `{"op":"remove","path":"/verifiable_addresses/{e}/status"}`,
				`{"op":"remove","path":"/verifiable_addresses/{e}/verified"},{"op":"remove","path":"/verifiable_addresses/{e}/status"},{"op":"remove","path":"/verifiable_addresses/{e}/verified_at"}`,
				`{"op":"remove","path":"/verifiable_addresses/{e}/verified_at"}`, `{"op":"replace","path":"/verifiable_addresses/{e}/verified_at","value":null}`,
				`{"op":"remove","path":"/verifiable_addresses/{e}/value"}`, `{"op":"remove","path":"/verifiable_addresses/{e}/via"}`,
				`{"op":"remove","path":"/verifiable_addresses/{e}/id"}`, `{"op":"remove","path":"/verifiable_addresses/{e}/created_at"}`,
				`{"op":"remove","path":"/recovery_addresses/0/value"}`, `{"op":"remove","path":"/recovery_addresses/0/updated_at"}`,
			} {
				text := strings.ReplaceAll(operations, "{e}", fmt.Sprint(e))
				_, err := apply(t, i, "%s", text)
				requireKind(t, err, idem.KindInvalid)
				require.ErrorContains(t, err, "_addresses", text)
				w.requireUnchanged(t, i)
			}
			i, err = apply(t, i, `{"op":"replace","path":"/verifiable_addresses/%[1]d/verified","value":false},{"op":"remove","path":"/verifiable_addresses/%[1]d/verified_at"}`, e)
			require.NoError(t, err)
			require.False(t, i.VerifiableAddresses[e].Verified)
			require.Zero(t, i.VerifiableAddresses[e].VerifiedAt)
		})
		t.Run("a whole element", func(t *testing.T) {
			for _, members := range []string{
				`"verified":true`, `"value":"P{n}@Example.com","verified":true`, `"id":"{id}","value":"p{n}@example.com","via":"email","status":"pending","verified":true`,
				`"id":"{id}","verified":true,"verified_at":null`,
			} {
				i := person(t)
				e := position(i, "email")
				later := w.advance()
				element := strings.NewReplacer("{n}", fmt.Sprint(n), "{id}", i.VerifiableAddresses[e].ID.String()).Replace(members)
				patched, err := apply(t, i, `{"op":"replace","path":"/verifiable_addresses/%d","value":{%s}}`, e, element)
				require.NoError(t, err, members)
				verified(t, patched.VerifiableAddresses[e], fmt.Sprintf("p%d@example.com", n), later)
				require.Equal(t, i.VerifiableAddresses[e].ID, patched.VerifiableAddresses[e].ID)
			}
		})
		t.Run("with its trait", func(t *testing.T) {
			i := person(t)
			e := position(i, "email")
			later := w.advance()
			patched, err := apply(t, i, `{"op":"replace","path":"/traits/email","value":"New%[2]d@example.com"},
				{"op":"replace","path":"/verifiable_addresses/%[1]d/value","value":"new%[2]d@example.com"},
				{"op":"replace","path":"/verifiable_addresses/%[1]d/verified","value":true},
				{"op":"replace","path":"/recovery_addresses/0/value","value":"new%[2]d@example.com"}`, e, n)
			require.NoError(t, err)
			verified(t, patched.VerifiableAddresses[position(patched, "email")], fmt.Sprintf("new%d@example.com", n), later)
			require.NotEqual(t, i.VerifiableAddresses[e].ID, patched.VerifiableAddresses[e].ID)
			require.Equal(t, fmt.Sprintf("new%d@example.com", n), patched.RecoveryAddresses[0].Value)
		})
		t.Run("an element that the traits do not give", func(t *testing.T) {
			i := person(t)
			e := position(i, "email")
			for _, operations := range []string{
				`{"op":"replace","path":"/traits/email","value":"other{n}@example.com"},{"op":"replace","path":"/verifiable_addresses/{e}/verified","value":true}`,
				`{"op":"replace","path":"/verifiable_addresses/{e}/value","value":"other{n}@example.com"}`,
				`{"op":"add","path":"/verifiable_addresses/-","value":{"value":"other{n}@example.com","via":"email","verified":true}}`,
				`{"op":"add","path":"/verifiable_addresses/-","value":{"value":"p{n}@example.com","via":"email","verified":true}},
				 {"op":"replace","path":"/verifiable_addresses/{e}/verified","value":true}`,
				`{"op":"remove","path":"/verifiable_addresses/{e}"}`, `{"op":"remove","path":"/verifiable_addresses"}`,
				`{"op":"replace","path":"/verifiable_addresses","value":[]}`, `{"op":"remove","path":"/recovery_addresses/0"}`,
				`{"op":"replace","path":"/recovery_addresses/0/value","value":"other{n}@example.com"}`,
				`{"op":"add","path":"/recovery_addresses/0/verified","value":true}`,
			} {
				text := strings.NewReplacer("{e}", fmt.Sprint(e), "{n}", fmt.Sprint(n)).Replace(operations)
				_, err := apply(t, i, "%s", text)
				requireKind(t, err, idem.KindInvalid)
				require.ErrorContains(t, err, "_addresses", text)
				w.requireUnchanged(t, i)
			}
		})
		t.Run("gone with its trait", func(t *testing.T) {
			i := person(t)
			patched, err := apply(t, i, `{"op":"remove","path":"/traits/phone"},{"op":"remove","path":"/verifiable_addresses/%d"}`, position(i, "sms"))
			require.NoError(t, err)
			require.Len(t, patched.VerifiableAddresses, 1)
		})
	})
}

// TestPatchNamesAddresses patches addresses that could be taken for one another.
func TestPatchNamesAddresses(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		apply := w.patch
		position := func(i *identity.Identity, is func(a identity.VerifiableAddress) bool) int {
			return slices.IndexFunc(i.VerifiableAddresses, is)
		}
		t.Run("one value, two kinds", func(t *testing.T) {
			w.use(t, "twins", `{"properties":{"traits":{"type":"object","properties":{
				"mail":{"type":"string","format":"no-validate","ory.sh/kratos":{"verification":{"via":"email"}}},
				"phone":{"type":"string","format":"no-validate","ory.sh/kratos":{"verification":{"via":"sms"}}}}}}}`)
			const value = "twin@example.com"
			created := w.create(t, identity.Create{SchemaID: "twins", Traits: raw(`{"mail":%q,"phone":%q}`, value, value)})
			require.Len(t, created.VerifiableAddresses, 2)
			for _, members := range []string{
				`"id":"{id}","value":"{value}","verified":true`, `"id":"{id}","value":"{value}","via":"sms","verified":true`,
				`"value":"{value}","via":"sms","verified":true`, `"id":"{id}","verified":true`,
			} {
				s := position(created, func(a identity.VerifiableAddress) bool { return a.Via == "sms" })
				element := strings.NewReplacer("{id}", created.VerifiableAddresses[s].ID.String(), "{value}", value).Replace(members)
				patched, err := apply(t, created, `{"op":"replace","path":"/verifiable_addresses/%d","value":{%s}}`, s, element)
				require.NoError(t, err, members)
				require.True(t, patched.VerifiableAddresses[s].Verified, members)
				require.False(t, patched.VerifiableAddresses[1-s].Verified, members)
				created, err = apply(t, patched, `{"op":"replace","path":"/verifiable_addresses/%d/verified","value":false}`, s)
				require.NoError(t, err)
			}
		})
		t.Run("the value of another element", func(t *testing.T) {
			w.use(t, "two", `{"properties":{"traits":{"type":"object","properties":{
				"first":{"type":"string","format":"email","ory.sh/kratos":{"verification":{"via":"email"},"recovery":{"via":"email"}}},
				"second":{"type":"string","format":"email","ory.sh/kratos":{"verification":{"via":"email"},"recovery":{"via":"email"}}}}}}}`)
			const a, b = "a@example.com", "b@example.com"
			i := w.create(t, identity.Create{SchemaID: "two", Traits: raw(`{"first":%q,"second":%q}`, a, b)})
			at := func(value string) int {
				return position(i, func(a identity.VerifiableAddress) bool { return a.Value == value })
			}
			for _, operations := range []string{
				fmt.Sprintf(`{"op":"replace","path":"/verifiable_addresses/%[1]d/value","value":%[2]q},{"op":"replace","path":"/verifiable_addresses/%[1]d/verified","value":true}`, at(a), b),
				fmt.Sprintf(`{"op":"add","path":"/verifiable_addresses/-","value":{"value":%q,"via":"email","verified":true}}`, b),
				fmt.Sprintf(`{"op":"replace","path":"/recovery_addresses/0/value","value":%q}`, i.RecoveryAddresses[1].Value),
				fmt.Sprintf(`{"op":"replace","path":"/recovery_addresses/1/value","value":%q}`, i.RecoveryAddresses[0].Value),
			} {
				_, err := apply(t, i, "%s", operations)
				requireKind(t, err, idem.KindInvalid)
				require.ErrorContains(t, err, "is the address of another element", operations)
				w.requireUnchanged(t, i)
			}
			// Two elements that swap their values each belong to the address that they name.
			patched, err := apply(t, i, `{"op":"replace","path":"/verifiable_addresses/%d/value","value":%q},{"op":"replace","path":"/verifiable_addresses/%d/value","value":%q}`, at(a), b, at(b), a)
			require.NoError(t, err)
			require.Equal(t, i.Revision, patched.Revision)
			// So does an element in the place of both.
			_, err = apply(t, i, `{"op":"replace","path":"/verifiable_addresses","value":[{"value":%q,"via":"email","verified":true},{"value":%q}]}`, b, a)
			require.NoError(t, err)
		})
	})
}

// TestPatchOfCredentialsWithoutAChange sends what a credential has, in other spellings and without what may be left out.
func TestPatchOfCredentialsWithoutAChange(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		i := w.ada(t)
		i, err := w.PatchIdentity(t.Context(), i.ID, idem.JSONPatch(raw(`[
			{"op":"add","path":"/credentials/oidc/config/providers","value":[{"provider":"g","subject":"1"},{"provider":"h","subject":"2"}]},
			{"op":"add","path":"/credentials/lookup_secret/config/recovery_codes","value":[{"code":"c1","used_at":"2026-01-02T03:04:05Z"},{"code":"c2"}]}]`)))
		require.NoError(t, err)
		w.advance()
		for _, patch := range []idem.Patch{
			idem.JSONPatch(raw(`[{"op":"replace","path":"/credentials/oidc/config/providers","value":[{"provider":"g","subject":"1"},{"subject":"2","provider":"h"}]}]`)),
			idem.JSONPatch(raw(`[{"op":"remove","path":"/credentials/oidc/config/providers/0/initial_id_token"}]`)),
			idem.MergePatch(raw(`{"credentials":{"oidc":{"config":{"providers":[{"provider":"g","subject":"1"},{"provider":"h","subject":"2"}]}}}}`)),
			idem.JSONPatch(raw(`[{"op":"replace","path":"/credentials/lookup_secret/config/recovery_codes/0/used_at","value":"2026-01-02T03:04:05.000Z"}]`)),
		} {
			patched, err := w.PatchIdentity(t.Context(), i.ID, patch)
			require.NoError(t, err)
			require.Equal(t, i.Revision, patched.Revision)
			w.requireUnchanged(t, i)
		}
		changed, err := w.PatchIdentity(t.Context(), i.ID, idem.JSONPatch(raw(`[{"op":"remove","path":"/credentials/oidc/config/providers/0"}]`)))
		require.NoError(t, err)
		require.Equal(t, []string{"h:2"}, changed.Credentials[credentials.TypeOIDC].Identifiers)
		require.NotEqual(t, i.Credentials[credentials.TypeOIDC].UpdatedAt, changed.Credentials[credentials.TypeOIDC].UpdatedAt)
	})
}

// restless is a store whose identities change just before every update, so that a change worked out on an earlier read is lost.
type restless struct {
	storage.Storage
	changes atomic.Int64
}

func (s *restless) Update(ctx context.Context, id uuid.UUID, change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	n := s.changes.Add(1)
	_, err := s.Storage.Update(ctx, id, func(current *identity.Identity) (*identity.Identity, error) {
		current.MetadataAdmin = raw(`{"password":"secret number %d","changes":%d}`, (n+1)/2, n)
		return current, nil
	})
	if err != nil {
		return nil, err
	}
	return s.Storage.Update(ctx, id, change)
}

// TestPatchIsNotStarved patches an identity that somebody else changes all the time.
func TestPatchIsNotStarved(t *testing.T) {
	store := &restless{Storage: memory.New()}
	var policed []string
	w := newWorld(t, store, idem.WithPasswordPolicy(func(_ context.Context, c idem.PasswordCandidate) error {
		policed = append(policed, c.Password)
		return nil
	}))
	created := w.ada(t)
	patched, err := w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[{"op":"add","path":"/metadata_public/kept","value":true}]`)))
	require.NoError(t, err)
	require.Contains(t, string(patched.MetadataPublic), `"kept":true`)
	require.Equal(t, int64(3), store.changes.Load(), "two losses, then the step")

	policed = nil
	patched, err = w.PatchIdentity(t.Context(), created.ID, idem.JSONPatch(raw(`[{"op":"copy","from":"/metadata_admin/password","path":"/metadata_public/said"},
		{"op":"remove","path":"/credentials/password/config/hashed_password"},
		{"op":"move","from":"/metadata_admin/password","path":"/credentials/password/config/password"}]`)))
	require.NoError(t, err)
	said := strings.Split(string(patched.MetadataPublic), `"`)
	password := said[len(said)-2]
	require.True(t, strings.HasPrefix(password, "secret number"))
	hash, err := passwordhash.Parse(patched.Credentials[credentials.TypePassword].Config.HashedPassword)
	require.NoError(t, err)
	require.NoError(t, passwordhash.Verify(t.Context(), hash, []byte(password)), "the password is that of the identity as it was changed")
	require.Contains(t, policed, password)
	require.NotContains(t, string(patched.MetadataAdmin), "password")
}
