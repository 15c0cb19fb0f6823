package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSecretsThatAreMissing creates identities whose credentials came without their secrets: a migration that lost them
// must not be told that it went well.
func TestSecretsThatAreMissing(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for entry, pointer := range map[string]string{
			`"password":{"config":null}`:               "/credentials/password/config",
			`"password":{}`:                            "/credentials/password/config",
			`"password":{"config":{}}`:                 "/credentials/password/config",
			`"totp":{}`:                                "/credentials/totp/config",
			`"totp":{"config":{}}`:                     "/credentials/totp/config",
			`"oidc":{}`:                                "/credentials/oidc/config",
			`"oidc":{"config":{}}`:                     "/credentials/oidc/config/providers",
			`"oidc":{"config":{"providers":null}}`:     "/credentials/oidc/config/providers",
			`"saml":{"config":{}}`:                     "/credentials/saml/config/providers",
			`"lookup_secret":{"config":{}}`:            "/credentials/lookup_secret/config/codes",
			`"webauthn":{"config":{"user_handle":""}}`: "/credentials/webauthn/config/credentials",
			`"passkey":{"type":"passkey"}`:             "/credentials/passkey/config",
		} {
			body := `{"credentials":{` + entry + `}}`
			r := f.post(t, body)
			require.Equal(t, http.StatusBadRequest, r.status, "%s: %s", entry, r.body)
			require.Contains(t, string(r.body), `"pointer":"`+pointer, entry)
			r = f.do(t, http.MethodPatch, "/admin/identities", `{"identities":[{"create":`+body+`},{"create":{}}]}`)
			require.Equal(t, http.StatusOK, r.status)
			require.Contains(t, string(r.body), `"pointer":"/identities/0/create`+pointer, entry)
			require.Equal(t, 1, strings.Count(string(r.body), `"action":"create"`), "the other item is created")
		}
		created := f.create(t, `{"credentials":{"code":{}}}`)
		for _, entry := range []string{`"password":{}`, `"totp":{"config":null}`, `"oidc":{"type":"oidc"}`, `"code":{}`} {
			r := f.put(t, created.ID, `{"credentials":{`+entry+`}}`)
			require.Equal(t, http.StatusOK, r.status, "an update takes the echo of an answer: %s", r.body)
		}
	})
}

// TestRegion sends the region that clients send.
func TestRegion(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"region":"eu-central"}`).ID
		for region, accepted := range map[string]bool{
			`"eu-central"`: true, `"us"`: true, `"global"`: true, `null`: true, `""`: true, `"` + strings.Repeat("a", 32) + `"`: true,
			`"` + strings.Repeat("a", 33) + `"`: false, `"EU"`: false, `"eu--central"`: false, `"-eu"`: false, `"eu_central"`: false, `1`: false,
		} {
			want := http.StatusBadRequest
			if accepted {
				want = http.StatusOK
			}
			r := f.put(t, id, `{"region":`+region+`}`)
			require.Equal(t, want, r.status, "%s: %s", region, r.body)
			require.NotContains(t, string(r.body), `"region":`)
			if accepted {
				require.Equal(t, revisionTag(id, 1), r.etag(), "it changes nothing")
			} else {
				require.Contains(t, string(r.body), "/region", region)
			}
		}
	})
}

// TestOctets imports keys whose bytes are written in every way that clients write them.
func TestOctets(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		want := `"id":"+/8=","public_key":"AQID","authenticator":{"aaguid":"AAD//w==","sign_count":3},"attestation":{"object":"/w==","client_dataJSON":"e30="}`
		id := f.create(t, `{}`).ID
		for _, form := range []string{
			`"id":[251,255],"public_key":[1,2,3],"authenticator":{"aaguid":[0,0,255,255],"sign_count":3},"attestation":{"object":[255],"client_dataJSON":[123,125]}`,
			`"id":"-_8","public_key":"AQID","authenticator":{"aaguid":"AAD__w==","sign_count":3},"attestation":{"object":"_w","client_dataJSON":"e30"}`,
			`"id":"+/8","public_key":"AQID","authenticator":{"aaguid":"AAD//w","sign_count":3},"attestation":{"object":"/w","client_dataJSON":"e30="}`,
			want,
		} {
			for _, handle := range []string{`[104,105]`, `"aGk="`, `"aGk"`} {
				r := f.put(t, id, `{"credentials":{"passkey":{"config":{"user_handle":`+handle+`,"credentials":[{`+form+`}]}}}}`)
				require.Equal(t, http.StatusOK, r.status, "%s", r.body)
				r = f.do(t, http.MethodGet, identityPath(id)+"?include_credential=passkey", "")
				require.Contains(t, string(r.body), `"config":{"credentials":[{`+want+`}],"user_handle":"aGk="}`, form)
			}
		}
		for _, form := range []string{`"id":[256]`, `"id":[-1]`, `"id":[1.5]`, `"id":["1"]`, `"id":{}`, `"id":"AQ==","public_key":7`, `"id":"AQ==","authenticator":{"aaguid":[1,300]}`} {
			r := f.put(t, id, `{"credentials":{"webauthn":{"config":{"user_handle":"aGk=","credentials":[{`+form+`}]}}}}`)
			require.Equal(t, http.StatusBadRequest, r.status, form)
			require.Contains(t, string(r.body), "/credentials/webauthn/config/credentials/0/", form)
		}
		r := f.put(t, id, `{"credentials":{"webauthn":{"config":{"user_handle":[300],"credentials":[]}}}}`)
		require.Equal(t, http.StatusBadRequest, r.status)
		require.Contains(t, string(r.body), "/credentials/webauthn/config/user_handle")
	})
}

// TestOrganizationOfLink wants a UUID where a link has an organization.
func TestOrganizationOfLink(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{}`).ID
		for n, c := range []struct {
			organization string
			accepted     bool
		}{
			{`"018f0000-0000-7000-8000-0000000000aa"`, true}, {`""`, true}, {`null`, true}, {`"acme"`, false}, {`"{018f0000-0000-7000-8000-0000000000aa}"`, false},
		} {
			for _, typ := range []string{"oidc", "saml"} {
				links := fmt.Sprintf(`{"credentials":{%q:{"config":{"providers":[{"provider":"p","subject":"%s-%d","organization":%s}]}}}}`, typ, typ, n, c.organization)
				create, update := f.post(t, strings.Replace(links, `-`, `-c`, 1)), f.put(t, id, links)
				if c.accepted {
					require.Equal(t, http.StatusCreated, create.status, "%s", create.body)
					require.Equal(t, http.StatusOK, update.status, "%s", update.body)
					continue
				}
				for _, r := range []response{create, update} {
					require.Equal(t, http.StatusBadRequest, r.status, "%s", r.body)
					require.Contains(t, string(r.body), `"pointer":"/credentials/`+typ+`/config/providers/0/organization"`)
				}
			}
		}
	})
}
