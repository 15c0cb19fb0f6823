package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/memory"
)

// webauthnKeys is an update with new keys, whose JSON takes a number of bytes each.
func webauthnKeys(from, count, size int) string {
	var keys []string
	for n := range count {
		id := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "key-%d", from+n))
		keys = append(keys, fmt.Sprintf(`{"id":%q,"display_name":%q}`, id, strings.Repeat("x", size)))
	}
	return `{"credentials":{"webauthn":{"config":{"user_handle":"aGk=","credentials":[` + strings.Join(keys, ",") + `]}}}}`
}

func recoveryCodes(from, count int) string {
	var codes []string
	for n := range count {
		codes = append(codes, fmt.Sprintf(`{"code":"code-%d"}`, from+n))
	}
	return `{"credentials":{"lookup_secret":{"config":{"codes":[` + strings.Join(codes, ",") + `]}}}}`
}

func manyLinks(typ string, from, count int) string {
	var providers []string
	for n := range count {
		providers = append(providers, fmt.Sprintf(`{"provider":"p","subject":"%d"}`, from+n))
	}
	return fmt.Sprintf(`{"credentials":{%q:{"config":{"providers":[%s]}}}}`, typ, strings.Join(providers, ","))
}

// requireEcho sends an identity back as it was read with everything: nothing changes.
func (f *fixture) requireEcho(t *testing.T, id string) {
	t.Helper()
	f.requireEchoOf(t, id, f.whole(t, id))
}

// requireEchoOf is requireEcho of what was read.
func (f *fixture) requireEchoOf(t *testing.T, id string, read response) {
	t.Helper()
	require.LessOrEqual(t, len(read.body), identity.MaxSize)
	r := f.put(t, id, string(read.body))
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	require.Equal(t, read.etag(), r.etag(), "what was read and sent back is no change")
}

// TestListsAreBoundedInTheirResult adds to lists again and again.
func TestListsAreBoundedInTheirResult(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for name, c := range map[string]struct {
			body    func(from, count int) string
			pointer string
		}{
			"keys":       {func(from, count int) string { return webauthnKeys(from, count, 10) }, "/credentials/webauthn/config/credentials"},
			"codes":      {recoveryCodes, "/credentials/lookup_secret/config/codes"},
			"oidc links": {func(from, count int) string { return manyLinks("oidc", from, count) }, "/credentials/oidc/config/providers"},
			"saml links": {func(from, count int) string { return manyLinks("saml", from, count) }, "/credentials/saml/config/providers"},
		} {
			id := f.create(t, `{}`).ID
			require.Equal(t, http.StatusOK, f.put(t, id, c.body(0, 60)).status)
			require.Equal(t, http.StatusOK, f.put(t, id, c.body(60, 40)).status)
			for _, body := range []string{c.body(100, 1), c.body(100, 100)} {
				r := f.put(t, id, body)
				require.Equal(t, http.StatusBadRequest, r.status, name)
				require.Contains(t, string(r.body), `"pointer":"`+c.pointer+`"`, name)
			}
			require.Equal(t, http.StatusOK, f.put(t, id, c.body(40, 60)).status, "what is there already adds nothing")
			f.requireEcho(t, id)
		}
	})
}

// fill makes an identity that has no room for anything more.
func (f *fixture) fill(t *testing.T) (id string) {
	t.Helper()
	id = f.create(t, `{"traits":{"email":"full@example.com"},"credentials":{"password":{"config":{"password":"a long password"}},
		"lookup_secret":{"config":{"codes":[{"code":"one"},{"code":"two"}]}}}}`).ID
	require.Equal(t, http.StatusOK, f.put(t, id, `{"traits":{"email":"full@example.com"},"metadata_public":"`+strings.Repeat("x", 700_000)+`"}`).status)
	for size := 1 << 18; size > 0; size /= 2 {
		for {
			current := f.read(t, id)
			admin := strings.Trim(string(current.MetadataAdmin), `"`)
			if admin == "null" {
				admin = ""
			}
			r := f.do(t, http.MethodPatch, identityPath(id), fmt.Sprintf(`{"metadata_admin":%q}`, admin+strings.Repeat("y", size)), "Content-Type", "application/merge-patch+json")
			if r.status != http.StatusOK {
				require.Equal(t, http.StatusBadRequest, r.status, "%s", r.body)
				require.Contains(t, string(r.body), `"pointer":"/metadata_admin"`)
				break
			}
		}
	}
	return id
}

// TestAFullIdentity checks that an identity cannot grow beyond its bound. A full identity can still be blocked, verified,
// given a password and emptied.
func TestAFullIdentity(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.fill(t)
		f.requireEcho(t, id)
		merge := func(body string) response {
			return f.do(t, http.MethodPatch, identityPath(id), body, "Content-Type", "application/merge-patch+json")
		}
		for body, pointer := range map[string]string{
			`{"external_id":"more"}`:                                     "/external_id",
			`{"traits":{"email":"fuller@example.com"}}`:                  "/traits",
			`{"traits":{"email":"full@example.com","name":"Jo"}}`:        "/traits",
			`{"metadata_public":"` + strings.Repeat("x", 800_000) + `"}`: "/metadata_public",
			webauthnKeys(0, 1, 10):                                       "/credentials/webauthn",
			`{"credentials":{"lookup_secret":{"config":{"recovery_codes":[{"code":"one"},{"code":"two"},{"code":"three"}]}}}}`: "/credentials/lookup_secret",
			manyLinks("oidc", 0, 1): "/credentials/oidc",
		} {
			before := f.whole(t, id)
			r := merge(body)
			require.Equal(t, http.StatusBadRequest, r.status, "%.100s: %.200s", body, r.body)
			require.Contains(t, string(r.body), `"pointer":"`+pointer+`"`)
			require.Equal(t, string(before.body), string(f.whole(t, id).body))
		}
		for _, body := range []string{
			`{"state":"inactive"}`,
			`{"verifiable_addresses":[{"verified":true}]}`,
			`{"credentials":{"password":{"config":{"password":"another long password"}}}}`,
			`{"credentials":{"lookup_secret":{"config":{"recovery_codes":[{"code":"one","used_at":"2026-11-23T12:00:00.123456Z"},{"code":"two","used_at":"2026-11-23T12:00:00.123456Z"}]}}}}`,
			`{"credentials":{"totp":{"config":{"totp_url":"otpauth://totp/idem:full?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=idem"}}}}`,
		} {
			r := merge(body)
			require.Equal(t, http.StatusOK, r.status, "%s: %s", body, r.body)
		}
		f.requireEcho(t, id)
		require.Equal(t, http.StatusOK, merge(`{"metadata_admin":null}`).status)
		require.Equal(t, http.StatusOK, merge(`{"external_id":"more"}`).status)
	})
}

// TestAnIdentityFromBefore is beyond every bound, as one of an older release may be. It may stay, and get smaller.
func TestAnIdentityFromBefore(t *testing.T) {
	store := memory.New()
	f := newFixture(t, "memory", store)
	id := f.create(t, `{"traits":{"email":"old@example.com"}}`).ID
	parsed, err := store.Update(t.Context(), uuid.MustParse(id), func(i *identity.Identity) (*identity.Identity, error) {
		i.MetadataPublic = json.RawMessage(`"` + strings.Repeat("x", 1_040_000) + `"`)
		i.MetadataAdmin = json.RawMessage(`"` + strings.Repeat("x", 1_040_000) + `"`)
		var codes []credentials.RecoveryCode
		for n := range 200 {
			codes = append(codes, credentials.RecoveryCode{Code: fmt.Sprint(n)})
		}
		i.Credentials[credentials.TypeLookupSecret] = credentials.Credential{
			Type: credentials.TypeLookupSecret, Identifiers: []string{id}, Config: credentials.Config{RecoveryCodes: codes},
		}
		return i, nil
	})
	require.NoError(t, err)
	require.Greater(t, parsed.Size(), identity.MaxSize)
	merge := func(body string) int {
		return f.do(t, http.MethodPatch, identityPath(id), body, "Content-Type", "application/merge-patch+json").status
	}
	require.Equal(t, http.StatusOK, merge(`{"state":"inactive"}`))
	require.Equal(t, http.StatusBadRequest, merge(`{"external_id":"more"}`))
	require.Equal(t, http.StatusOK, merge(`{"metadata_public":"shorter"}`))
	require.Equal(t, http.StatusOK, f.put(t, id, `{"traits":{"email":"old@example.com"}}`).status)
	require.Equal(t, http.StatusBadRequest, f.put(t, id, recoveryCodes(1000, 1)).status)
}

// TestWhatIsStoredCanBeSentBack has an identity that holds what an import is refused today, in number and in kind. Read
// with everything, it can be sent back, with another change beside it; more of the same is refused.
func TestWhatIsStoredCanBeSentBack(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"traits":{"email":"old@example.com"}}`).ID
		var keys []credentials.Key
		var codes []credentials.RecoveryCode
		var links []credentials.Provider
		for n := range 150 {
			keyID := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "old key %d", n))
			keys = append(keys, credentials.Key{ID: keyID, JSON: fmt.Appendf(nil, `{"id": %q,"authenticator":{"sign_count":%d}}`, keyID, n)})
			codes = append(codes, credentials.RecoveryCode{Code: fmt.Sprintf("old-%d", n)})
			links = append(links, credentials.Provider{Provider: "google", Subject: fmt.Sprint(n)})
		}
		codes = append(codes, credentials.RecoveryCode{Code: strings.Repeat("long ", credentials.MaxCodeBytes)})
		links = append(links, credentials.Provider{Provider: "with:colon", Subject: "s"}, credentials.Provider{Provider: "x", Subject: "y", Organization: "acme"})
		keys[0].JSON = []byte(`{"id":"` + keys[0].ID + `","public_key":{"no":"bytes"}}`)
		_, err := f.store.Update(t.Context(), uuid.MustParse(id), func(i *identity.Identity) (*identity.Identity, error) {
			for kind, config := range map[credentials.Type]credentials.Config{
				credentials.TypeWebAuthn:     {Keys: keys, UserHandle: bytes.Repeat([]byte{1}, credentials.MaxUserHandleBytes+1)},
				credentials.TypeLookupSecret: {RecoveryCodes: codes},
				credentials.TypeOIDC:         {Providers: links},
				credentials.TypeTOTP:         {TOTPURL: "otpauth://totp/old"},
			} {
				c := credentials.Credential{Type: kind, Config: config, Version: kind.Version()}
				switch kind {
				case credentials.TypeOIDC:
					for _, p := range links {
						c.Identifiers = append(c.Identifiers, p.Identifier())
					}
					slices.Sort(c.Identifiers)
				case credentials.TypeWebAuthn:
					c.Identifiers = i.Credentials[kind].Identifiers
				default:
					c.Identifiers = []string{id}
				}
				i.Credentials[kind] = c
			}
			return i, nil
		})
		require.NoError(t, err)
		f.requireEcho(t, id)

		whole := f.read(t, id)
		edited := strings.Replace(string(f.whole(t, id).body), `"state":"active"`, `"state":"inactive"`, 1)
		require.Equal(t, http.StatusOK, f.put(t, id, edited).status)
		require.JSONEq(t, jsonOf(t, whole.Credentials), jsonOf(t, f.read(t, id).Credentials))
		require.Equal(t, http.StatusOK, f.do(t, http.MethodPatch, identityPath(id), `{"metadata_admin":{"checked":true}}`, "Content-Type", "application/merge-patch+json").status)
		f.requireEcho(t, id)

		for name, body := range map[string]string{
			"credentials": webauthnKeys(0, 1, 1), "codes": recoveryCodes(0, 1), "providers": manyLinks("oidc", 0, 1),
			"totp_url":       `{"credentials":{"totp":{"config":{"totp_url":"otpauth://totp/new"}}}}`,
			"user_handle":    `{"credentials":{"webauthn":{"config":{"user_handle":"` + base64.StdEncoding.EncodeToString(make([]byte, credentials.MaxUserHandleBytes+1)) + `","credentials":[]}}}}`,
			"1/public_key":   `{"credentials":{"webauthn":{"config":{"credentials":[` + string(keys[0].JSON) + `,{"id":"bmV3","public_key":{"no":"bytes"}}]}}}}`,
			"1/code":         `{"credentials":{"lookup_secret":{"config":{"codes":[{"code":"old-1"},{"code":"` + strings.Repeat("new", credentials.MaxCodeBytes) + `"}]}}}}`,
			"0/provider":     `{"credentials":{"oidc":{"config":{"providers":[{"provider":"new:colon","subject":"s"}]}}}}`,
			"0/organization": `{"credentials":{"oidc":{"config":{"providers":[{"provider":"x","subject":"y","organization":"other"}]}}}}`,
		} {
			r := f.put(t, id, body)
			require.Equal(t, http.StatusBadRequest, r.status, "%s: %.300s", name, r.body)
			require.Contains(t, string(r.body), "/"+name+`"`)
		}
		f.requireEcho(t, id)

		// A patch changes one of them, and takes one away.
		for _, patch := range []string{
			`[{"op":"add","path":"/credentials/lookup_secret/config/recovery_codes/3/used_at","value":"2026-11-23T12:00:00.123456Z"}]`,
			`[{"op":"remove","path":"/credentials/oidc/config/providers/7"}]`,
			`[{"op":"remove","path":"/credentials/webauthn/config/credentials/149"}]`,
		} {
			before := f.whole(t, id).etag()
			r := f.do(t, http.MethodPatch, identityPath(id), patch, "Content-Type", "application/json-patch+json")
			require.Equal(t, http.StatusOK, r.status, "%s: %.300s", patch, r.body)
			require.NotEqual(t, before, r.etag(), patch)
			f.requireEcho(t, id)
		}
	})
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
