package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bob has one of everything that must be unique.
const bob = `{
	"external_id": "bobs-external-id",
	"traits": {"email": "bob@private.example", "username": "bobby", "phone": "+1 650 253 0000", "contact": "contact@private.example", "rescue": "rescue@private.example"},
	"credentials": {
		"oidc": {"config": {"providers": [{"provider": "google", "subject": "bobs-subject"}]}},
		"saml": {"config": {"providers": [{"provider": "okta", "subject": "bobs-subject"}]}},
		"passkey": {"config": {"credentials": [{"id": "cGs="}], "user_handle": "Ym9iYnk="}}
	}
}`

func TestConflict(t *testing.T) {
	conflict := func(kind, typ, pointer string) map[string]string {
		c := map[string]string{"kind": kind, "pointer": pointer}
		if typ != "" {
			c["type"] = typ
		}
		return c
	}
	cases := []struct {
		name, body string
		conflict   map[string]string
	}{
		{"the external id", `{"external_id":"bobs-external-id"}`, conflict("external_id", "", "/external_id")},
		{"an identifier", `{"traits":{"username":"bobby"}}`, conflict("identifier", "password", "/traits/username")},
		{"an identifier in other letters", `{"traits":{"username":" BOBBY "}}`, conflict("identifier", "password", "/traits/username")},
		{"an identifier from another trait", `{"traits":{"nicknames":["free","bob@private.example"]}}`, conflict("identifier", "password", "/traits/nicknames/1")},
		{"an email of several types", `{"traits":{"email":"Bob@Private.Example"}}`, conflict("identifier", "code", "/traits/email")},
		{"a verifiable email", `{"traits":{"contact":"CONTACT@private.example"}}`, conflict("address", "verifiable_address", "/traits/contact")},
		{"a verifiable email from another trait", `{"traits":{"contact":"bob@private.example"}}`, conflict("address", "verifiable_address", "/traits/contact")},
		{"a phone", `{"traits":{"phone":"+1 (650) 253-0000"}}`, conflict("address", "recovery_address", "/traits/phone")},
		{"a recovery email", `{"traits":{"rescue":"rescue@private.example"}}`, conflict("address", "recovery_address", "/traits/rescue")},
		{"an oidc link", `{"credentials":{"oidc":{"config":{"providers":[{"provider":"github","subject":"1"},{"provider":"google","subject":"bobs-subject"}]}}}}`,
			conflict("identifier", "oidc", "/credentials/oidc/config/providers/1")},
		{"a saml link", `{"credentials":{"saml":{"config":{"providers":[{"provider":"okta","subject":"bobs-subject"}]}}}}`,
			conflict("identifier", "saml", "/credentials/saml/config/providers/0")},
		{"a user handle", `{"credentials":{"passkey":{"config":{"credentials":[{"id":"YQ=="}],"user_handle":"Ym9iYnk="}}}}`,
			conflict("identifier", "passkey", "/credentials/passkey")},
	}
	onBothStores(t, func(t *testing.T, f *fixture) {
		bobID := f.create(t, bob).ID
		bobBefore := f.whole(t, bobID)
		id := f.create(t, fullCreateWithout(`"phone": "+1 650 253 0000", `)).ID
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				onUpdate := f.requireRefused(t, refusal{status: 409}, id, c.body)
				onCreate := f.post(t, c.body)
				requireRefusal(t, refusal{status: 409}, onCreate)
				for _, r := range []response{onUpdate, onCreate} {
					require.Equal(t, c.conflict, r.error(t).Details.Conflict)
					for _, private := range []string{bobID, "private.example", "bobby", "bobs", "650", "253"} {
						require.NotContains(t, strings.ToLower(string(r.body)), private)
					}
				}
			})
		}
		bobAfter := f.whole(t, bobID)
		require.Equal(t, string(bobBefore.body), string(bobAfter.body))
		require.Equal(t, bobBefore.etag(), bobAfter.etag())
	})
}

// fullCreateWithout is fullCreate less a part of its text.
func fullCreateWithout(part string) string { return strings.Replace(fullCreate, part, "", 1) }

func TestNoConflict(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.create(t, bob)
		for _, c := range []struct{ name, body string }{
			{"a recovery address that another can be verified by", `{"traits":{"rescue":"contact@private.example"}}`},
			{"a verifiable address that another can recover with", `{"traits":{"contact":"rescue@private.example"}}`},
			{"an identifier that is another's address only", `{"traits":{"username":"contact@private.example"}}`},
			{"an external id in other letters", `{"external_id":"Bobs-External-ID"}`},
			{"a subject at another provider", `{"credentials":{"oidc":{"config":{"providers":[{"provider":"okta","subject":"bobs-subject"}]}}}}`},
			{"a subject in other letters", `{"credentials":{"oidc":{"config":{"providers":[{"provider":"google","subject":"Bobs-Subject"}]}}}}`},
			{"a link of another type", `{"credentials":{"saml":{"config":{"providers":[{"provider":"google","subject":"bobs-subject"}]}}}}`},
		} {
			t.Run(c.name, func(t *testing.T) {
				id := f.create(t, `{}`).ID
				f.update(t, id, c.body)
			})
		}
	})
}

func TestWhatIsGivenUpIsFree(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		bobID := f.create(t, bob).ID
		id := f.create(t, `{}`).ID
		const wanted = `{"external_id":"bobs-external-id","traits":{"email":"bob@private.example","contact":"contact@private.example","phone":"+16502530000"}}`

		f.requireRefused(t, refusal{status: 409}, id, wanted)
		f.update(t, bobID, `{"external_id":"other","traits":{"email":"new@private.example"}}`)
		f.update(t, id, wanted)
		f.requireRefused(t, refusal{status: 409}, bobID, wanted)

		require.Equal(t, http.StatusNoContent, f.do(t, http.MethodDelete, identityPath(id), "").status)
		f.update(t, bobID, wanted)
		requireRefusal(t, refusal{status: 409}, f.post(t, `{"credentials":{"oidc":{"config":{"providers":[{"provider":"google","subject":"bobs-subject"}]}}}}`))
	})
}

func TestOwnValuesAreNoConflict(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, bob).ID
		// The same address for two purposes, the same identifier from two traits.
		updated := f.update(t, id, `{"external_id":"bobs-external-id","traits":{"email":"bob@private.example","username":"BOB@private.example","contact":"Bob@Private.example","rescue":"bob@private.example"}}`)
		require.Equal(t, []string{"bob@private.example"}, updated.Credentials["password"].Identifiers)
		require.Len(t, updated.Verifiable, 1)
		require.Len(t, updated.Recovery, 1)
	})
}
