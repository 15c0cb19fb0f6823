package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
)

const absentID = "018f0000-0000-7000-8000-ffffffffffff"

// nested returns a JSON value of that many levels.
func nested(levels int) string {
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

// badBodies are bodies that no update accepts, whatever it is of.
var badBodies = []struct {
	name, body string
	refusal
}{
	{"no body", ``, invalid("")},
	{"white space", ` `, invalid("")},
	{"null", `null`, invalid("")},
	{"an array", `[]`, invalid("")},
	{"a string", `"{}"`, invalid("")},
	{"cut off", `{"traits":{}`, invalid("")},
	{"not JSON", `{traits:{}}`, invalid("")},
	{"trailing comma", `{"traits":{},}`, invalid("")},
	{"a byte order mark", "\ufeff{}", invalid("")},
	{"a second value", `{} {}`, invalid("")},
	{"trailing bytes", `{}x`, invalid("")},
	{"a name twice", `{"state":"active","state":"inactive"}`, invalid("/state")},
	{"a name twice, once escaped", `{"state":"active","\u0073tate":"inactive"}`, invalid("/state")},
	{"a name twice in traits", `{"traits":{"email":"a@example.org","email":"b@example.org"}}`, invalid("/traits/email")},
	{"a name twice in metadata", `{"metadata_admin":{"a":[{"b":1,"b":2}]}}`, invalid("/metadata_admin/a/0/b")},
	{"a name twice in an ignored field", `{"verifiable_addresses":[{"id":1,"id":1}]}`, invalid("/verifiable_addresses/0/id")},
	{"a name twice in a key", `{"credentials":{"webauthn":{"config":{"credentials":[{"id":"a","id":"b"}]}}}}`, invalid("/credentials/webauthn/config/credentials/0/id")},
	{"not UTF-8 in traits", "{\"traits\":{\"name\":\"\xff\"}}", invalid("/traits/name")},
	{"not UTF-8 in an ignored field", "{\"schema_url\":\"\xc3\x28\"}", invalid("/schema_url")},
	{"half a surrogate pair", `{"metadata_public":"\ud800"}`, invalid("/metadata_public")},
	{"101 levels in metadata", `{"metadata_public":` + nested(100) + `}`, invalid("")},
	{"101 levels in an ignored field", `{"schema_url":` + nested(100) + `}`, invalid("")},
	{"a million brackets", strings.Repeat("[", 1_000_000), invalid("")},
	{"one unknown field", `{"metadata":{}}`, invalid("/metadata")},
	{"several unknown fields", `{"trait":{},"State":"active","a/b~c":1}`, invalid("/State", "/a~1b~0c", "/trait")},
	{"an unknown credential type", `{"credentials":{"pasword":{}}}`, invalid("/credentials/pasword")},
	{"an unknown field of a credential", `{"credentials":{"password":{"configuration":{}}}}`, invalid("/credentials/password/configuration")},
	{"an unknown field of a config", `{"credentials":{"password":{"config":{"hashed_pasword":"x"}}}}`, invalid("/credentials/password/config/hashed_pasword")},
	{"an unknown field of a link", `{"credentials":{"oidc":{"config":{"providers":[{"sub":"x"}]}}}}`, invalid("/credentials/oidc/config/providers/0/sub")},
	{"a schema_id that is a number", `{"schema_id":1}`, invalid("/schema_id")},
	{"a state that is an object", `{"state":{}}`, invalid("/state")},
	{"an external_id that is a number", `{"external_id":4711}`, invalid("/external_id")},
	{"credentials that are an array", `{"credentials":[]}`, invalid("/credentials")},
	{"a credential that is a string", `{"credentials":{"password":"secret"}}`, invalid("/credentials/password")},
	{"providers that are an object", `{"credentials":{"oidc":{"config":{"providers":{}}}}}`, invalid("/credentials/oidc/config/providers")},
	{"another state", `{"state":"asleep"}`, invalid("/state")},
	{"a state in capitals", `{"state":"Active"}`, invalid("/state")},
	{"traits that are null", `{"traits":null}`, invalid("/traits")},
	{"traits that are an array", `{"traits":[]}`, invalid("/traits")},
	{"traits that are a string", `{"traits":"x"}`, invalid("/traits")},
	{"traits that are a number", `{"traits":0}`, invalid("/traits")},
	{"an unknown schema", `{"schema_id":"nobody"}`, invalid("/schema_id")},
	{"a schema in capitals", `{"schema_id":"Person"}`, invalid("/schema_id")},
	{"an id that is not one", `{"id":"ada"}`, invalid("/id")},
	{"another id", `{"id":"7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b21"}`, invalid("/id")},
	{"an external_id with a control character", `{"external_id":"a\nb"}`, invalid("/external_id")},
	{"an external_id too long", `{"external_id":"` + strings.Repeat("x", 1025) + `"}`, invalid("/external_id")},
	{"a password config without any secret", `{"credentials":{"password":{"config":{}}}}`, invalid("/credentials/password/config")},
	{"an empty subject", `{"credentials":{"oidc":{"config":{"providers":[{"provider":"google","subject":""}]}}}}`, invalid("/credentials/oidc/config/providers/0/subject")},
}

func TestBadBodyLeavesTheIdentityAsItWas(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		for _, c := range badBodies {
			t.Run(c.name, func(t *testing.T) {
				f.requireRefused(t, c.refusal, id, c.body, "Content-Type", "application/json")
			})
		}
	})
}

func TestBadBodyIsRefusedWithoutAnIdentityToo(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, id := range []string{absentID, "not-an-id"} {
			for _, c := range badBodies {
				t.Run(c.name+" to "+id, func(t *testing.T) {
					requireRefusal(t, c.refusal, f.put(t, id, c.body, "Content-Type", "application/json"))
				})
			}
			t.Run("a good body to "+id, func(t *testing.T) {
				requireRefusal(t, refusal{status: 404}, f.put(t, id, `{"traits":{}}`))
				requireRefusal(t, refusal{status: 404}, f.put(t, id, fullUpdate))
			})
		}
	})
}

func TestBadCreate(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, c := range []struct {
			name, body string
			refusal
		}{
			{"no body", ``, invalid("")},
			{"a name twice", `{"traits":{},"traits":{}}`, invalid("/traits")},
			{"an id", `{"id":"` + absentID + `"}`, invalid("/id")},
			{"fields of an answer", `{"schema_url":"","created_at":"","updated_at":"","state_changed_at":""}`,
				invalid("/created_at", "/schema_url", "/state_changed_at", "/updated_at")},
			{"an unknown schema", `{"schema_id":"nobody"}`, invalid("/schema_id")},
			{"another state", `{"state":"asleep"}`, invalid("/state")},
			{"traits that are null", `{"traits":null}`, invalid("/traits")},
			{"an organization that is no UUID", `{"organization_id":"acme"}`, invalid("/organization_id")},
			{"an address without a value", `{"verifiable_addresses":[{"via":"email"}]}`, invalid("/verifiable_addresses/0/value")},
			{"an address by pigeon", `{"recovery_addresses":[{"value":"a@example.org","via":"pigeon"}]}`, invalid("/recovery_addresses/0/via")},
			{"an address with another status", `{"verifiable_addresses":[{"value":"a@example.org","status":"done"}]}`, invalid("/verifiable_addresses/0/status")},
			{"a time that is none", `{"verifiable_addresses":[{"value":"a@example.org","verified":true,"verified_at":"yesterday"}]}`, invalid("/verifiable_addresses/0/verified_at")},
			{"an unknown field of an address", `{"verifiable_addresses":[{"email":"a@example.org"}]}`, invalid("/verifiable_addresses/0/email")},
			{"too many addresses", `{"verifiable_addresses":[` + strings.Repeat(`{},`, 1000) + `{}],"recovery_addresses":[` + strings.Repeat(`{},`, 1000) + `{}]}`, invalid("/verifiable_addresses", "/recovery_addresses")},
			{"too many links", `{"credentials":{"oidc":{"config":{"providers":[` + strings.Repeat(`{},`, 100) + `{}]}}}}`, invalid("/credentials/oidc/config/providers")},
			{"everything at once", `{"state":"asleep","external_id":"\u0000","traits":{"email":"x","age":"old"},"credentials":{"saml":{"config":{"providers":[{}]}}}}`,
				invalid("/state", "/external_id", "/credentials/saml/config/providers/0/provider", "/credentials/saml/config/providers/0/subject", "/traits/age", "/traits/email")},
		} {
			t.Run(c.name, func(t *testing.T) {
				requireRefusal(t, c.refusal, f.post(t, c.body, "Content-Type", "application/json"))
			})
		}
	})
}

func TestAllViolationsAtOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"traits":{"email":"ada@example.org"}}`).ID
		r := f.requireRefused(t, invalid(
			"/state", "/external_id", "/credentials/password/config", "/credentials/passkey/config/user_handle", "/credentials/passkey/config/credentials",
			"/traits/age", "/traits/colour", "/traits/email", "/traits/name",
		), id, `{
			"state": "asleep", "external_id": "\u0007",
			"traits": {"email": "Ada <ada@example.org>", "age": -1, "colour": "red", "name": "Augusta Ada King, Countess of Lovelace"},
			"credentials": {"password": {"config": {}}, "passkey": {"config": {}}}
		}`)
		keywords := map[string]string{}
		for _, v := range r.error(t).Details.Violations {
			keywords[v.Pointer] = v.Keyword
		}
		require.Equal(t, "minimum", keywords["/traits/age"])
		require.Equal(t, "additionalProperties", keywords["/traits/colour"])
		require.Equal(t, "format", keywords["/traits/email"])
		require.Equal(t, "maxLength", keywords["/traits/name"])
		require.NotContains(t, string(r.body), "Lovelace", "an error must not repeat traits")
	})
}

func TestTraitsThatTheSchemaRefuses(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		for _, c := range []struct {
			name, body string
			refusal
		}{
			{"an email that is none", `{"traits":{"email":"ada"}}`, invalid("/traits/email")},
			{"an email with a name", `{"traits":{"email":"Ada <ada@example.org>"}}`, invalid("/traits/email")},
			{"two emails", `{"traits":{"email":"a@example.org, b@example.org"}}`, invalid("/traits/email")},
			{"a phone that is none", `{"traits":{"phone":"12345"}}`, invalid("/traits/phone")},
			{"an identifier that is no string", `{"traits":{"username":7}}`, invalid("/traits/username")},
			{"the new schema's own rules", `{"schema_id":"b2b/device","traits":{"serial":"abc"}}`, invalid("/traits/serial")},
			{"absent traits where one is required", `{"schema_id":"b2b/device"}`, invalid("/traits/serial")},
			{"traits for another schema", `{"traits":{"serial":"A1"}}`, invalid("/traits/serial")},
		} {
			t.Run(c.name, func(t *testing.T) { f.requireRefused(t, c.refusal, id, c.body) })
		}
	})
}

func TestDepth(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"schema_id":"free"}`).ID
		deepest := `{"traits":{"a":` + nested(98) + `},"metadata_public":` + nested(99) + `,"metadata_admin":` + nested(99) + `,"schema_url":` + nested(99) + `}`
		updated := f.update(t, id, deepest)
		require.Equal(t, nested(99), string(updated.MetadataPublic))
		require.Equal(t, nested(99), string(updated.MetadataAdmin))
		require.Equal(t, `{"a":`+nested(98)+`}`, string(updated.Traits))
		f.requireRefused(t, invalid(""), id, `{"traits":{"a":`+nested(99)+`}}`)
		// Brackets in a string are no levels.
		f.update(t, id, `{"metadata_public":"\"`+strings.Repeat("[", 200)+`"}`)
	})
}

func TestMediaType(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		for _, contentType := range []string{
			"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json-patch+json",
			"application/json, text/plain", "json", "multipart/form-data; boundary=x",
		} {
			t.Run("refused "+contentType, func(t *testing.T) {
				f.requireRefused(t, refusal{status: 415}, id, `{"state":"inactive"}`, "Content-Type", contentType)
				requireRefusal(t, refusal{status: 415}, f.post(t, `{}`, "Content-Type", contentType))
				// Of a body in another language nothing can be said: not even that it is bad.
				requireRefusal(t, refusal{status: 415}, f.put(t, absentID, `{`, "Content-Type", contentType))
			})
		}
		for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8;v=1"} {
			t.Run("accepted "+contentType, func(t *testing.T) {
				require.Equal(t, http.StatusOK, f.put(t, id, fullUpdate, "Content-Type", contentType).status)
			})
		}
	})
}

func TestBodySize(t *testing.T) {
	ofSize := func(size int) string {
		const frame = `{"metadata_public":"x"}`
		return frame + strings.Repeat(" ", size-len(frame))
	}
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{}`).ID
		require.Equal(t, 1<<20, httpapi.DefaultMaxBody)
		f.update(t, id, ofSize(1<<20))
		f.requireRefused(t, refusal{status: 413}, id, ofSize(1<<20+1))
		requireRefusal(t, refusal{status: 413}, f.put(t, absentID, ofSize(1<<20+1)))
		requireRefusal(t, refusal{status: 413}, f.post(t, ofSize(1<<20+1)))

		const larger = 1<<20 + 100
		f.handler = httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithMaxBody(larger))
		f.update(t, id, ofSize(larger))
		r := f.requireRefused(t, refusal{status: 413}, id, ofSize(larger+1))
		require.Contains(t, r.error(t).Reason, fmt.Sprint(larger))
		// White space counts, and the rest of a body is not looked at.
		f.requireRefused(t, refusal{status: 413}, id, `{}`+strings.Repeat(" ", larger-1))
		f.requireRefused(t, refusal{status: 413}, id, `nonsense`+strings.Repeat("x", larger))
	})
}

func TestErrorsDoNotRepeatSecrets(t *testing.T) {
	const secret = "hunter2-hunter2"
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		for n, body := range []string{
			`{"credentials":{"password":{"config":{"password":"` + secret + `"}}},"state":"asleep"}`,
			`{"credentials":{"password":{"config":{"hashed_password":"` + secret + `"}}}}`,
			`{"credentials":{"password":{"config":"` + secret + `"}}}`,
			`{"credentials":{"password":{"config":{"password":["` + secret + `"]}}}}`,
			`{"credentials":{"password":{"config":{"password":"` + secret + `}}}`,
			`{"credentials":{"totp":{"config":{"totp_url":"otpauth://totp/x?secret=` + secret + `%zz"}}}}`,
			`{"credentials":{"totp":{"config":{"totp_url":"http://` + secret + `"}}}}`,
			`{"credentials":{"lookup_secret":{"config":{"codes":["` + secret + `"]}}}}`,
			`{"credentials":{"webauthn":{"config":{"credentials":["` + secret + `"]}}}}`,
			`{"credentials":{"webauthn":{"config":{"user_handle":"` + secret + `!"}}}}`,
			`{"traits":{"email":"` + secret + `","age":"` + secret + `"}}`,
			`{"external_id":"` + secret + `\u0000","metadata_admin":"` + secret + `"}`,
			`{"schema_id":"` + secret + `"}`,
		} {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				r := f.put(t, id, body)
				require.Equal(t, 400, r.status)
				require.NotContains(t, string(r.body), "hunter2")
			})
		}
	})
}

func TestABodyThatBreaksOff(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		before := f.whole(t, id)
		r := newRequest(t, http.MethodPut, identityPath(id), "")
		r.Header.Set("Content-Type", "application/json")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"state":"inactive"}`), iotest.ErrReader(io.ErrUnexpectedEOF)))
		requireRefusal(t, invalid(""), f.serve(r))
		require.Equal(t, string(before.body), string(f.whole(t, id).body))
	})
}
