package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPatchByContentType(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, `{"schema_id":"person","traits":{"email":"ada@example.com"}}`)
		path := identityPath(created.ID)
		operations := `[{"op":"replace","path":"/state","value":"inactive"},{"op":"add","path":"/metadata_admin/a/b","value":1}]`
		for n, contentType := range []string{"application/json", "application/json-patch+json; charset=utf-8"} {
			r := f.do(t, http.MethodPatch, path, operations, "Content-Type", contentType)
			require.Equal(t, http.StatusOK, r.status, "%s", r.body)
			require.Equal(t, "inactive", r.document(t).State)
			require.Equal(t, revisionTag(created.ID, 2), r.etag(), "patch number %d", n)
		}
		r := f.do(t, http.MethodPatch, path, `{"state":"active","metadata_admin":{"a":null}}`, "Content-Type", "application/merge-patch+json")
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		require.Equal(t, "active", r.document(t).State)
		require.JSONEq(t, `{}`, string(r.document(t).MetadataAdmin))
		require.Equal(t, string(r.body), string(f.get(t, created.ID).body))

		for name, refused := range map[string]struct {
			status            int
			contentType, body string
			header            []string
		}{
			"media type":       {415, "text/plain", operations, nil},
			"merge as patch":   {400, "application/json", `{"state":"inactive"}`, nil},
			"patch as merge":   {400, "application/merge-patch+json", operations, nil},
			"protected":        {400, "application/json", `[{"op":"replace","path":"/created_at","value":"2020-01-01T00:00:00Z"}]`, nil},
			"failed test":      {409, "application/json", `[{"op":"test","path":"/state","value":"inactive"}]`, nil},
			"precondition":     {412, "application/json", operations, []string{"If-Match", `"2"`}},
			"none match":       {412, "application/json", operations, []string{"If-None-Match", `*`}},
			"bad precondition": {400, "application/json", operations, []string{"If-Match", `2`}},
			"traits":           {400, "application/json", `[{"op":"replace","path":"/traits/email","value":"nobody"}]`, nil},
		} {
			before := f.whole(t, created.ID)
			r := f.do(t, http.MethodPatch, path, refused.body, append([]string{"Content-Type", refused.contentType}, refused.header...)...)
			require.Equal(t, refused.status, r.status, "%s: %s", name, r.body)
			require.Equal(t, string(before.body), string(f.whole(t, created.ID).body), name)
		}
		r = f.do(t, http.MethodPatch, path, operations, "If-Match", `"3"`)
		require.Equal(t, http.StatusOK, r.status)
		r = f.do(t, http.MethodPatch, identityPath("018f0000-0000-7000-8000-0000000fffff"), operations)
		require.Equal(t, http.StatusNotFound, r.status)
		r = f.do(t, http.MethodPatch, identityPath("nonsense"), operations)
		require.Equal(t, http.StatusNotFound, r.status)
	})
}

// TestPatchWithAnAnswer sends back what GET answered, with a change, as a merge patch.
func TestPatchWithAnAnswer(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, `{"schema_id":"person","traits":{"email":"ada@example.com"},"credentials":{"password":{"config":{"password":"a password"}}}}`)
		path := identityPath(created.ID)
		answer := string(f.get(t, created.ID).body)
		require.Contains(t, answer, `"schema_url":"`+baseURL+`/schemas/`)
		merge := func(body string) response {
			return f.do(t, http.MethodPatch, path, body, "Content-Type", "application/merge-patch+json")
		}
		r := merge(answer)
		requireStatus(t, http.StatusOK, r)
		require.Equal(t, answer, string(r.body))
		r = merge(strings.NewReplacer(`"state":"active"`, `"state":"inactive"`, baseURL, "https://another.example").Replace(answer))
		requireStatus(t, http.StatusOK, r)
		require.Equal(t, "inactive", r.document(t).State)

		for _, wrong := range []string{`"x"`, `7`, `"` + baseURL + `/schemas/ZnJlZQ"`, `""`} {
			requireRefusal(t, invalid("/schema_url"), merge(`{"schema_url":`+wrong+`}`))
		}
		// With the schema its URL may change.
		requireStatus(t, http.StatusOK, merge(`{"schema_id":"free","schema_url":"`+baseURL+`/schemas/ZnJlZQ"}`))
	})
}

// TestPatchWithIDsInAnySpelling sends back ids as an update and a path accept them.
func TestPatchWithIDsInAnySpelling(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, `{"schema_id":"person","traits":{"email":"ada@example.com"}}`)
		address := created.Verifiable[0].ID
		for _, spell := range []func(id string) string{strings.ToUpper, func(id string) string { return strings.ReplaceAll(id, "-", "") }} {
			requireStatus(t, http.StatusOK, f.do(t, http.MethodPut, identityPath(created.ID), `{"id":"`+spell(created.ID)+`","traits":{"email":"ada@example.com"}}`))
			for _, c := range []struct{ contentType, patch string }{
				{"application/json", `[{"op":"replace","path":"/id","value":"` + spell(created.ID) + `"}]`},
				{"application/merge-patch+json", `{"id":"` + spell(created.ID) + `"}`},
				{"application/json", `[{"op":"replace","path":"/verifiable_addresses/0/id","value":"` + spell(address) + `"}]`},
				{"application/merge-patch+json", `{"verifiable_addresses":[{"id":"` + spell(address) + `","value":"ada@example.com"}]}`},
				{"application/merge-patch+json", `{"recovery_addresses":[{"id":"` + spell(created.Recovery[0].ID) + `"}]}`},
			} {
				r := f.do(t, http.MethodPatch, identityPath(created.ID), c.patch, "Content-Type", c.contentType)
				require.Equal(t, http.StatusOK, r.status, "%s: %s", c.patch, r.body)
				require.Equal(t, revisionTag(created.ID, 1), r.etag())
			}
		}
		for _, wrong := range []string{`"` + absentID + `"`, `"{` + created.ID + `}"`, `""`, `null`, `1`} {
			for _, pointer := range []string{"/id", "/verifiable_addresses/0/id"} {
				patch := `[{"op":"replace","path":"` + pointer + `","value":` + wrong + `}]`
				requireRefusal(t, invalid(pointer), f.do(t, http.MethodPatch, identityPath(created.ID), patch))
			}
		}
	})
}

func TestDeleteCredential(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, `{"schema_id":"free","traits":{},"credentials":{
			"oidc":{"config":{"providers":[{"provider":"google","subject":"1"},{"provider":"git hub","subject":"a/b"}]}},
			"totp":{"config":{"totp_url":"otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=idem"}}}}`)
		path := identityPath(created.ID) + "/credentials/"
		for _, c := range []struct {
			path   string
			status int
		}{
			{"totp", 204}, {"totp", 404}, {"oidc", 400}, {"oidc?identifier=google:2", 404}, {"passkey", 404}, {"code", 400},
			{"password", 404}, {"nonsense", 404}, {"oidc?identifier=git+hub:a%2Fb", 204}, {"oidc?identifier=google:1", 400}, {"oidc?identifier=%zz", 400},
		} {
			r := f.do(t, http.MethodDelete, path+c.path, "")
			require.Equal(t, c.status, r.status, "%s: %s", c.path, r.body)
			if c.status >= 400 {
				require.NotEmpty(t, r.error(t).Message)
			}
		}
		r := f.do(t, http.MethodGet, path+"totp", "")
		require.Equal(t, http.StatusMethodNotAllowed, r.status)
		require.Equal(t, "DELETE", r.header.Get("Allow"))
		r = f.do(t, http.MethodDelete, identityPath("018f0000-0000-7000-8000-0000000fffff")+"/credentials/totp", "")
		require.Equal(t, http.StatusNotFound, r.status)
		r = f.do(t, http.MethodDelete, path+"oidc?identifier=google:1", "", "If-Match", `"1"`)
		require.Equal(t, http.StatusPreconditionFailed, r.status)
	})
}
