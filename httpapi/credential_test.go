package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// withCredentials is an update that keeps ada's traits.
func withCredentials(credentials string) string {
	return `{"traits":{"email":"ada@example.org"},"credentials":{` + credentials + `}}`
}

func TestImportPassword(t *testing.T) {
	hashOf := func(t *testing.T, d document) string {
		t.Helper()
		var config struct {
			HashedPassword string `json:"hashed_password"`
		}
		require.NoError(t, json.Unmarshal(d.Credentials["password"].Config, &config))
		return config.HashedPassword
	}
	requireMatch := func(t *testing.T, d document, plain string) {
		t.Helper()
		require.NoError(t, bcrypt.CompareHashAndPassword([]byte(hashOf(t, d)), []byte(plain)))
	}
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, ada)
		require.Equal(t, []string{"ada@example.org"}, created.Credentials["password"].Identifiers, "shown before there is a secret")

		r := f.put(t, created.ID, withCredentials(`"password":{"config":{"password":"first secret"}}`))
		require.NotContains(t, string(r.body), "secret")
		require.NotContains(t, string(r.body), "config")
		requireMatch(t, f.read(t, created.ID), "first secret")
		password := r.document(t).Credentials["password"]
		require.Equal(t, created.CreatedAt, password.CreatedAt)
		require.Equal(t, stamp(f.now().Add(-1e9)), password.UpdatedAt)

		f.update(t, created.ID, withCredentials(`"password":{"config":{"password":"second secret","hashed_password":"`+storedHash+`","use_password_migration_hook":true}}`))
		requireMatch(t, f.read(t, created.ID), "second secret")

		f.update(t, created.ID, withCredentials(`"password":{"type":"password","config":{"hashed_password":"`+storedHash+`","password":""}}`))
		require.Equal(t, storedHash, hashOf(t, f.read(t, created.ID)))
		requireMatch(t, f.read(t, created.ID), "allmine")

		f.update(t, created.ID, withCredentials(`"password":{"config":{"use_password_migration_hook":true}}`))
		require.JSONEq(t, `{"use_password_migration_hook":true}`, string(f.read(t, created.ID).Credentials["password"].Config))

		for _, kept := range []string{`{"traits":{"email":"ada@example.org"},"metadata_public":1}`, withCredentials(``), withCredentials(`"password":{}`),
			withCredentials(`"password":null`), `{"traits":{"email":"ada@example.org"},"credentials":null}`} {
			f.update(t, created.ID, kept)
			require.JSONEq(t, `{"use_password_migration_hook":true}`, string(f.read(t, created.ID).Credentials["password"].Config))
		}
	})
}

func TestRefusedCredentials(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		const ofPassword, ofOIDC, ofSAML = "/credentials/password/config", "/credentials/oidc/config", "/credentials/saml/config"
		for _, c := range []struct {
			name, credentials string
			refusal
		}{
			{"no password at all", `"password":{"config":{}}`, invalid(ofPassword)},
			{"empty passwords", `"password":{"config":{"password":"","hashed_password":"","use_password_migration_hook":false}}`, invalid(ofPassword)},
			{"a hash of no known format", `"password":{"config":{"hashed_password":"plain"}}`, invalid(ofPassword + "/hashed_password")},
			{"a broken hash", `"password":{"config":{"hashed_password":"$2a$10$abc"}}`, invalid(ofPassword + "/hashed_password")},
			{"a hash too cheap", `"password":{"config":{"hashed_password":"` + strings.Replace(storedHash, "$10$", "$03$", 1) + `"}}`, invalid(ofPassword + "/hashed_password")},
			{"a hash too dear", `"password":{"config":{"hashed_password":"` + strings.Replace(storedHash, "$10$", "$31$", 1) + `"}}`, invalid(ofPassword + "/hashed_password")},
			{"a password longer than the hasher reads", `"password":{"config":{"password":"` + strings.Repeat("x", 73) + `"}}`, invalid(ofPassword + "/password")},
			{"a password longer than any", `"password":{"config":{"password":"` + strings.Repeat("x", 1025) + `"}}`, invalid(ofPassword + "/password")},
			{"no provider", `"oidc":{"config":{"providers":[{"subject":"1"}]}}`, invalid(ofOIDC + "/providers/0/provider")},
			{"an empty subject after a good one", `"oidc":{"config":{"providers":[{"provider":"a","subject":"1"},{"provider":"b","subject":" "}]}}`, invalid(ofOIDC + "/providers/1/subject")},
			{"neither", `"saml":{"config":{"providers":[{}]}}`, invalid(ofSAML+"/providers/0/provider", ofSAML+"/providers/0/subject")},
			{"a totp without a URL", `"totp":{"config":{}}`, invalid("/credentials/totp/config/totp_url")},
			{"a totp of another kind", `"totp":{"config":{"totp_url":"otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP"}}`, invalid("/credentials/totp/config/totp_url")},
			{"a totp without a secret", `"totp":{"config":{"totp_url":"otpauth://totp/x"}}`, invalid("/credentials/totp/config/totp_url")},
			{"an empty recovery code", `"lookup_secret":{"config":{"codes":[{"code":"a"},{"code":""}]}}`, invalid("/credentials/lookup_secret/config/codes/1/code")},
			{"a recovery code used at no time", `"lookup_secret":{"config":{"codes":[{"code":"a","used_at":"x"}]}}`, invalid("/credentials/lookup_secret/config/codes/0/used_at")},
			{"a recovery code used after all years", `"lookup_secret":{"config":{"codes":[{"code":"a","used_at":"9999-12-31T23:59:59-12:00"}]}}`, invalid("/credentials/lookup_secret/config/codes/0/used_at")},
			{"a webauthn key without an id", `"webauthn":{"config":{"credentials":[{"public_key":"x"}]}}`, invalid("/credentials/webauthn/config/credentials/0/id")},
			{"a webauthn key that is none", `"webauthn":{"config":{"credentials":[7]}}`, invalid("/credentials/webauthn/config/credentials/0")},
			{"a webauthn user handle that is not base64", `"webauthn":{"config":{"credentials":[{"id":"a"}],"user_handle":"!"}}`, invalid("/credentials/webauthn/config/user_handle")},
			{"a passkey without a user handle", `"passkey":{"config":{"credentials":[{"id":"a"}]}}`, invalid("/credentials/passkey/config/user_handle")},
			{"a passkey without a key", `"passkey":{"config":{"credentials":[],"user_handle":"YQ=="}}`, invalid("/credentials/passkey/config/credentials")},
			{"a code", `"code":{"config":{"addresses":[{"channel":"email","address":"eve@example.org"}]}}`, invalid("/credentials/code/config")},
		} {
			t.Run(c.name, func(t *testing.T) {
				f.requireRefused(t, c.refusal, id, withCredentials(c.credentials))
				requireRefusal(t, c.refusal, f.post(t, `{"credentials":{`+c.credentials+`}}`))
			})
		}
	})
}

func TestImportLinks(t *testing.T) {
	for _, typ := range []string{"oidc", "saml"} {
		t.Run(typ, func(t *testing.T) {
			links := func(providers string) string {
				return withCredentials(`"` + typ + `":{"config":{"providers":[` + providers + `]}}`)
			}
			// What a link says when it is read, without the fields that are always empty.
			read := func(t *testing.T, f *fixture, id string) string {
				t.Helper()
				config := string(f.read(t, id).Credentials[typ].Config)
				const tokens = `,"initial_id_token":"","initial_access_token":"","initial_refresh_token":""`
				require.Equal(t, typ == "oidc", strings.Contains(config, tokens))
				return strings.ReplaceAll(config, tokens, "")
			}
			onBothStores(t, func(t *testing.T, f *fixture) {
				created := f.create(t, ada)
				id := created.ID

				first := f.update(t, id, links(`{"provider":"google","subject":"1","organization":"0b5e3c1e-7b1c-4a52-9c55-0d1d8a1c0aa1"}`)).Credentials[typ]
				require.Equal(t, []string{"google:1"}, first.Identifiers)
				require.Greater(t, first.CreatedAt, created.CreatedAt)
				require.Equal(t, first.CreatedAt, first.UpdatedAt)

				second := f.update(t, id, links(`{"provider":"github","subject":"1"},{"provider":"google","subject":"2"}`)).Credentials[typ]
				require.Equal(t, []string{"github:1", "google:1", "google:2"}, second.Identifiers, "links are added")
				require.Equal(t, first.CreatedAt, second.CreatedAt)
				require.Greater(t, second.UpdatedAt, first.UpdatedAt)

				f.update(t, id, links(`{"provider":"google","subject":"1","use_auto_link":true},{"provider":"google","subject":"1","organization":"7d1f0f8e-3a0b-4f53-8a4c-5f0f3c6b2e10","use_auto_link":true}`))
				require.Equal(t, `{"providers":[{"subject":"1","provider":"google","organization":"7d1f0f8e-3a0b-4f53-8a4c-5f0f3c6b2e10","use_auto_link":true},`+
					`{"subject":"1","provider":"github"},{"subject":"2","provider":"google"}]}`, read(t, f, id), "in place and never doubled")

				before := f.get(t, id)
				r := f.put(t, id, links(`{"provider":"google","subject":"1","organization":"7D1F0F8E-3A0B-4F53-8A4C-5F0F3C6B2E10","use_auto_link":true}`))
				require.Equal(t, string(before.body), string(r.body), "the same id in capitals")
				require.Equal(t, before.etag(), r.etag())
				f.update(t, id, links(`{"provider":"google","subject":"3","organization":"7D1F0F8E-3A0B-4F53-8A4C-5F0F3C6B2E10"}`))
				require.Contains(t, read(t, f, id), `{"subject":"3","provider":"google","organization":"7d1f0f8e-3a0b-4f53-8a4c-5f0f3c6b2e10"}`)
			})
		})
	}
}

func TestImportSecondFactors(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, ada).ID
		const firstURL, secondURL = "otpauth://totp/Idem:ada?secret=JBSWY3DPEHPK3PXP&issuer=Idem", "otpauth://totp/Idem:ada?secret=KRSXG5CTMVRXEZLU"

		f.update(t, id, withCredentials(`"totp":{"config":{"totp_url":"`+firstURL+`"}},"lookup_secret":{"config":{"codes":[{"code":"a"},{"code":"b"}]}}`))
		updated := f.update(t, id, withCredentials(`"totp":{"config":{"totp_url":"`+secondURL+`"}},"lookup_secret":{"config":{"codes":[{"code":"b","used_at":"2026-11-01T00:00:00Z"},{"code":"c"}]}}`))
		require.Equal(t, []string{id}, updated.Credentials["totp"].Identifiers)
		require.Equal(t, []string{id}, updated.Credentials["lookup_secret"].Identifiers)

		read := f.read(t, id).Credentials
		require.Equal(t, `{"totp_url":"`+secondURL+`"}`, string(read["totp"].Config), "replaced")
		require.Equal(t, `{"recovery_codes":[{"code":"a","used_at":null},{"code":"b","used_at":"2026-11-01T00:00:00Z"},{"code":"c","used_at":null}]}`,
			string(read["lookup_secret"].Config), "added")

		f.update(t, id, withCredentials(`"lookup_secret":{"config":{"codes":[{"code":"d"}],"recovery_codes":[{"code":"a","used_at":null},{"code":"e"}]}}`))
		require.Equal(t, `{"recovery_codes":[{"code":"a","used_at":null},{"code":"b","used_at":"2026-11-01T00:00:00Z"},{"code":"c","used_at":null},{"code":"d","used_at":null},{"code":"e","used_at":null}]}`,
			string(f.read(t, id).Credentials["lookup_secret"].Config), "from both lists")
	})
}

// TestCodeConfigIsSentBack sends back an answer with all configs and another address: the config of code, which nobody can
// import, is that from before.
func TestCodeConfigIsSentBack(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, ada).ID
		answer := string(f.whole(t, id).body)
		require.Contains(t, answer, `"config":{"addresses":[{"channel":"email","address":"ada@example.org"}]}`)
		f.update(t, id, strings.Replace(answer, `"traits":{"email":"ada@example.org"`, `"traits":{"email":"new@example.org"`, 1))
		require.Equal(t, `{"addresses":[{"channel":"email","address":"new@example.org"}]}`, string(f.read(t, id).Credentials["code"].Config))
		for _, other := range []string{
			`"code":{"config":{"addresses":[{"channel":"email","address":"ada@example.org"}]}}`, `"code":{"config":{"addresses":[]}}`, `"code":{"config":{}}`,
		} {
			f.requireRefused(t, invalid("/credentials/code/config"), id, `{"traits":{"email":"third@example.org"},"credentials":{`+other+`}}`)
			requireRefusal(t, invalid("/credentials/code/config"), f.post(t, `{"traits":{"email":"third@example.org"},"credentials":{`+other+`}}`))
		}
	})
}

func TestImportKeys(t *testing.T) {
	for _, typ := range []string{"webauthn", "passkey"} {
		t.Run(typ, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, f *fixture) {
				id := f.create(t, ada).ID
				f.update(t, id, withCredentials(`"`+typ+`":{"config":{"credentials":[{"id":"a","n":1.0},{"id":"b"}],"user_handle":"_-8"}}`))
				updated := f.update(t, id, withCredentials(`"`+typ+`":{"config":{"credentials":[{"id":"c"},{ "id" : "\u0061", "n":2 }],"user_handle":"/+8="}}`))
				require.Equal(t, `{"credentials":[{ "id" : "\u0061", "n":2 },{"id":"b"},{"id":"c"}],"user_handle":"/+8="}`,
					string(f.read(t, id).Credentials[typ].Config), "the same id in place, the others added")
				if typ == "webauthn" {
					require.Equal(t, []string{"ada@example.org"}, updated.Credentials[typ].Identifiers)
				} else {
					require.Equal(t, []string{"base64:/+8="}, updated.Credentials[typ].Identifiers)
				}
			})
		})
	}
}

func TestIdentifiersFollowTheTraits(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, `{"traits":{"email":" Ada@Example.org","username":"ADA"},"credentials":{"password":{"config":{"password":"secret"}}}}`)
		id := created.ID
		require.Equal(t, []string{"ada", "ada@example.org"}, created.Credentials["password"].Identifiers)
		require.Equal(t, []string{"ada@example.org"}, created.Credentials["webauthn"].Identifiers)
		require.Equal(t, []string{"ada@example.org"}, created.Credentials["code"].Identifiers)

		same := f.update(t, id, `{"traits":{"email":"ada@EXAMPLE.org","username":"ada"}}`)
		require.Equal(t, created.Credentials, same.Credentials, "other letters are the same identifiers")

		moved := f.update(t, id, `{"traits":{"email":"new@example.org","username":"ada","nicknames":["Countess","ada"]}}`)
		require.Equal(t, []string{"ada", "countess", "new@example.org"}, moved.Credentials["password"].Identifiers)
		require.Equal(t, []string{"new@example.org"}, moved.Credentials["code"].Identifiers)
		require.Equal(t, `{"addresses":[{"channel":"email","address":"new@example.org"}]}`, string(f.read(t, id).Credentials["code"].Config))
		for typ, c := range moved.Credentials {
			require.Equal(t, created.CreatedAt, c.CreatedAt, typ)
			require.Equal(t, moved.UpdatedAt, c.UpdatedAt, typ)
		}

		none := f.update(t, id, `{"traits":{}}`)
		require.Len(t, none.Credentials, 1, "what has neither identifiers nor a secret is gone")
		require.Equal(t, []string{}, none.Credentials["password"].Identifiers)
		require.Contains(t, string(f.read(t, id).Credentials["password"].Config), "hashed_password", "a secret stays")

		back := f.update(t, id, `{"traits":{"username":"ada"}}`)
		require.Equal(t, []string{"ada"}, back.Credentials["password"].Identifiers)
		require.Equal(t, created.CreatedAt, back.Credentials["password"].CreatedAt)
	})
}

func TestIncludeCredential(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		types := []string{"code", "lookup_secret", "oidc", "passkey", "password", "saml", "totp", "webauthn"}
		shown := func(t *testing.T, path string) []string {
			t.Helper()
			r := f.do(t, http.MethodGet, path, "")
			require.Equal(t, http.StatusOK, r.status, "%s", r.body)
			var with []string
			for _, typ := range types {
				if r.document(t).Credentials[typ].Config != nil {
					with = append(with, typ)
				}
			}
			return with
		}
		for _, path := range []string{identityPath(id), "/admin/identities/by/external/crm%2F4711"} {
			require.Empty(t, shown(t, path))
			for _, typ := range types {
				require.Equal(t, []string{typ}, shown(t, path+"?include_credential="+typ))
			}
			require.Equal(t, []string{"oidc", "totp"}, shown(t, path+"?include_credential=totp&include_credential=oidc&include_credential=totp"))
			require.Equal(t, types, shown(t, path+allConfigs))
			for _, bad := range []string{"?include_credential=pasword", "?include_credential=", "?include_credential=OIDC", "?include_credential=oidc,totp",
				"?include_credential=oidc&include_credential=x", "?include_credential=%zz"} {
				requireRefusal(t, refusal{status: 400, id: "bad_request"}, f.do(t, http.MethodGet, path+bad, ""))
			}
		}
		require.NotContains(t, string(f.put(t, id+"?include_credential=password", fullUpdate).body), "config", "an update never shows secrets")
	})
}

// TestCreateRefusesCredentialsWithoutConfig creates identities, alone and in a batch, with entries that hold nothing. In
// an update such an entry is kept.
func TestCreateRefusesCredentialsWithoutConfig(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, typ := range []string{"password", "oidc", "saml", "totp", "lookup_secret", "webauthn", "passkey"} {
			for _, entry := range []string{`{}`, `{"config":null}`, `{"type":"` + typ + `","identifiers":["x"],"version":0}`} {
				body := `{"schema_id":"person","traits":{"email":"ada@example.com"},"credentials":{"` + typ + `":` + entry + `}}`
				requireRefusal(t, invalid("/credentials/"+typ+"/config"), f.post(t, body))
				r := f.do(t, http.MethodPatch, "/admin/identities", `{"identities":[{"create":`+body+`}]}`)
				requireStatus(t, http.StatusOK, r)
				require.Contains(t, string(r.body), `"action":"error"`)
			}
		}
		created := f.create(t, `{"schema_id":"person","traits":{"email":"ada@example.com"},"credentials":{"code":{},"password":{"config":{"password":"a password"}}}}`)
		before := f.whole(t, created.ID)
		requireStatus(t, http.StatusOK, f.put(t, created.ID, `{"schema_id":"person","traits":{"email":"ada@example.com"},"credentials":{"password":{},"totp":{"config":null}}}`))
		require.Equal(t, string(before.body), string(f.whole(t, created.ID).body))
	})
}

// TestImportedBytesInEverySpelling imports a user handle and a key as official SDKs and browsers write them.
func TestImportedBytesInEverySpelling(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, `{"schema_id":"person","traits":{"email":"ada@example.com"}}`)
		for _, spelling := range []string{`"+//+AQ=="`, `"+//+AQ"`, `"-__-AQ=="`, `"-__-AQ"`, `[251,255,254,1]`} {
			f.update(t, created.ID, `{"schema_id":"person","traits":{"email":"ada@example.com"},"credentials":{"passkey":{"config":{"credentials":[{"id":`+spelling+
				`,"public_key":`+spelling+`,"authenticator":{"aaguid":`+spelling+`}}],"user_handle":`+spelling+`}}}}`)
			require.Equal(t, `{"credentials":[{"id":"+//+AQ==","public_key":"+//+AQ==","authenticator":{"aaguid":"+//+AQ=="}}],"user_handle":"+//+AQ=="}`,
				string(f.read(t, created.ID).Credentials["passkey"].Config), spelling)
		}
		for _, wrong := range []string{`"a"`, `[256]`, `{}`, `7`, `true`} {
			requireRefusal(t, invalid("/credentials/passkey/config/user_handle"), f.put(t, created.ID,
				`{"schema_id":"person","traits":{"email":"ada@example.com"},"credentials":{"passkey":{"config":{"credentials":[{"id":"YWRh"}],"user_handle":`+wrong+`}}}}`))
		}
		r := f.do(t, http.MethodDelete, identityPath(created.ID)+"/credentials/passkey?identifier=-__-AQ", "")
		requireStatus(t, http.StatusNoContent, r)
		require.NotContains(t, f.read(t, created.ID).Credentials, "passkey")
	})
}

// TestDeleteOfACredentialIsNotMisunderstood names what is to be deleted wrongly: that must not delete all.
func TestDeleteOfACredentialIsNotMisunderstood(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, `{"schema_id":"person","traits":{"email":"ada@example.com"},"credentials":{"oidc":{"config":{"providers":[{"provider":"g","subject":"1"},{"provider":"h","subject":"2"}]}}}}`)
		path := identityPath(created.ID) + "/credentials/oidc"
		for _, query := range []string{"?identifer=g%3A1", "?identifier=g%3A1&identifier=h%3A2", "?identifier=g%3A1&all=true", "?identifier="} {
			requireRefusal(t, refusal{status: 400, id: "bad_request"}, f.do(t, http.MethodDelete, path+query, ""))
		}
		require.Equal(t, []string{"g:1", "h:2"}, f.read(t, created.ID).Credentials["oidc"].Identifiers)
		requireStatus(t, http.StatusNoContent, f.do(t, http.MethodDelete, path+"?identifier=g%3A1", ""))
		require.Equal(t, []string{"h:2"}, f.read(t, created.ID).Credentials["oidc"].Identifiers)
	})
}
