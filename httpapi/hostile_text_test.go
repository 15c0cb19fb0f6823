package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// texts are string literals of JSON that some reader, store or log could trip over.
var texts = []struct {
	name, literal string
	malformed     bool // is no JSON, or not in UTF-8
}{
	{"a NUL", `"a\u0000b"`, false},
	{"nothing but a NUL", `"\u0000"`, false},
	{"a control character", `"a\u0001b"`, false},
	{"a line break", `"a\r\nb"`, false},
	{"a delete", `"a\u007fb"`, false},
	{"a control character beyond ASCII", `"a\u0085b"`, false},
	{"a noncharacter", `"a\ufffeb"`, false},
	{"a replacement character", `"a\ufffdb"`, false},
	{"a reversal of direction", `"a\u202eb"`, false},
	{"a byte order mark", `"\ufeffab"`, false},
	{"line separators", `"a\u2028\u2029b"`, false},
	{"a pair of surrogates", `"\ud83d\ude00"`, false},
	{"combining characters", `"e` + strings.Repeat(`\u0301`, 300) + `"`, false},
	{"a ligature that grows", `"` + strings.Repeat(`\ufdfa`, 300) + `"`, false},
	{"three thousand letters", `"` + strings.Repeat("a", 3_000) + `"`, false},
	{"nothing", `""`, false},
	{"spaces", `"  \t "`, false},
	{"a quote and a backslash", `"\"\\"`, false},
	{"SQL", `"'; DROP TABLE idem_identities; --"`, false},
	{"a wildcard", `"%_*?"`, false},
	{"a format", `"%s%n{{.}}${x}"`, false},

	{"a raw NUL", "\"a\x00b\"", true},
	{"a raw control character", "\"a\x01b\"", true},
	{"a raw line break", "\"a\nb\"", true},
	{"the first half of a pair", `"a\ud800b"`, true},
	{"the second half of a pair", `"a\udc00b"`, true},
	{"a pair the wrong way round", `"\ude00\ud83d"`, true},
	{"a first half and a letter", `"\ud83d\u0061"`, true},
	{"a byte of no text", "\"a\xffb\"", true},
	{"a text cut off", "\"a\xc3\"", true},
	{"an overlong NUL", "\"a\xc0\x80b\"", true},
	{"half a pair in UTF-8", "\"a\xed\xa0\x80b\"", true},
	{"beyond the last character", "\"a\xf4\x90\x80\x80b\"", true},
	{"a bad escape", `"a\x00b"`, true},
	{"half an escape", `"a\u00"`, true},
}

// textFields put a literal into every string that a body can hold, names included.
var textFields = []string{
	`{"schema_id":%s}`, `{"state":%s}`, `{"external_id":%s}`, `{"organization_id":%s}`, `{"id":%s}`, `{"schema_url":%s}`, `{"created_at":%s}`, `{%s:1}`,
	`{"schema_id":"free","traits":{"a":%s}}`, `{"schema_id":"free","traits":{%s:1}}`, `{"schema_id":"free","traits":{"a":[{"b":%s}]}}`,
	`{"schema_id":"person","traits":{"email":%s}}`, `{"schema_id":"person","traits":{"username":%s}}`, `{"schema_id":"person","traits":{"nicknames":["x",%s]}}`,
	`{"schema_id":"person","traits":{"phone":%s}}`, `{"schema_id":"person","traits":{"mailbox":%s}}`, `{"schema_id":"person","traits":{"name":%s}}`,
	`{"schema_id":"person","traits":{%s:1}}`, `{"schema_id":"b2b/device","traits":{"serial":%s}}`,
	`{"metadata_public":%s}`, `{"metadata_public":{%s:%[1]s}}`, `{"metadata_admin":[%s]}`,
	`{"credentials":{%s:{}}}`, `{"credentials":{"password":{"type":%s}}}`, `{"credentials":{"password":{%s:{}}}}`,
	`{"credentials":{"password":{"config":{"password":%s}}}}`, `{"credentials":{"password":{"config":{"hashed_password":%s}}}}`,
	`{"credentials":{"oidc":{"config":{"providers":[{"provider":%s,"subject":"x"}]}}}}`, `{"credentials":{"oidc":{"config":{"providers":[{"provider":"x","subject":%s}]}}}}`,
	`{"credentials":{"oidc":{"config":{"providers":[{"provider":"x","subject":"y","organization":%s,"initial_id_token":%[1]s}]}}}}`,
	`{"credentials":{"oidc":{"config":{"config":{"password":%s}}}}}`,
	`{"credentials":{"saml":{"config":{"providers":[{"provider":%s,"subject":%[1]s,"organization":%[1]s}]}}}}`,
	`{"credentials":{"totp":{"config":{"totp_url":%s}}}}`,
	`{"credentials":{"lookup_secret":{"config":{"codes":[{"code":%s}]}}}}`, `{"credentials":{"lookup_secret":{"config":{"codes":[{"code":"x","used_at":%s}]}}}}`,
	`{"credentials":{"webauthn":{"config":{"credentials":[{"id":%s}],"user_handle":"eA=="}}}}`, `{"credentials":{"webauthn":{"config":{"credentials":[{"id":"x","display_name":%s}],"user_handle":"eA=="}}}}`,
	`{"credentials":{"webauthn":{"config":{"credentials":[{"id":"x",%s:1}],"user_handle":"eA=="}}}}`, `{"credentials":{"webauthn":{"config":{"credentials":[{"id":"x"}],"user_handle":%s}}}}`,
	`{"credentials":{"passkey":{"config":{"credentials":[{"id":%s}],"user_handle":"eQ=="}}}}`, `{"credentials":{"passkey":{"config":{"credentials":[{"id":"x"}],"user_handle":%s}}}}`,
	`{"credentials":{"code":{"config":{"addresses":[{"channel":%s,"address":%[1]s}]}}}}`,
	`{"verifiable_addresses":[{"value":%s}]}`, `{"verifiable_addresses":[{"value":"a@example.org","via":%s}]}`, `{"verifiable_addresses":[{"value":"a@example.org","status":%s}]}`,
	`{"verifiable_addresses":[{"value":"a@example.org","verified":true,"verified_at":%s}]}`, `{"recovery_addresses":[{"value":%s}]}`, `{"recovery_addresses":[{"value":"a@example.org","via":%s}]}`,
}

// patchFields put a literal into every string of a JSON Patch.
var patchFields = []string{
	`[{"op":%s,"path":"/metadata_public","value":1}]`, `[{"op":"add","path":%s,"value":1}]`, `[{"op":"add","path":"/metadata_public","value":%s}]`,
	`[{"op":"copy","from":%s,"path":"/metadata_public"}]`, `[{"op":"move","from":%s,"path":"/metadata_public"}]`, `[{%s:"add"}]`,
	`[{"op":"replace","path":"/traits/a","value":%s}]`, `[{"op":"replace","path":"/external_id","value":%s}]`, `[{"op":"test","path":"/external_id","value":%s}]`,
	`[{"op":"add","path":"/credentials/totp","value":{"config":{"totp_url":%s}}}]`, `[{"op":"add","path":"/credentials/password/config/password","value":%s}]`, `[%s]`,
}

// TestHostileText sends every text in every field of every body. None is a fault of
// ours; one that is no JSON or no UTF-8 is refused; what was accepted can be read and
// sent back without effect; and both stores answer alike.
func TestHostileText(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	answered := map[string]string{} // by the store that comes first
	onBothStores(t, func(t *testing.T, f *fixture) {
		same := func(t *testing.T, of string, r response) {
			t.Helper()
			got := fmt.Sprint(r.status, " ", strings.Count(string(r.body), "pointer"))
			want, known := answered[of]
			if !known {
				answered[of] = got
				return
			}
			require.Equal(t, want, got, "the stores differ on %.300s", of)
		}
		patched := f.create(t, `{"schema_id":"free"}`).ID
		state := f.everything(t)
		for n, field := range textFields {
			t.Run(field, func(t *testing.T) {
				for m, text := range texts {
					body := fmt.Sprintf(field, text.literal)
					for way, request := range []struct{ name, method, path, mediaType, body string }{
						{"create", http.MethodPost, "/admin/identities", mediaJSON, body},
						{"batch", http.MethodPatch, "/admin/identities", mediaJSON, `{"identities":[{"create":` + body + `}]}`},
						{"update", http.MethodPut, identityPath(patched), mediaJSON, body},
						{"merge", http.MethodPatch, identityPath(patched), mediaMergePatch, body},
					} {
						if f.storeName == "sqlite" && way != (n+m)%4 {
							continue // a disk takes its time: each text and field once, in turns
						}
						r := f.do(t, request.method, request.path, request.body, "Content-Type", request.mediaType)
						of := request.name + " of " + text.name + " in " + field
						same(t, of, r)
						if text.malformed {
							require.Equal(t, http.StatusBadRequest, r.status, "%s: %.500s", of, r.body)
						}
						require.Less(t, r.status, 500, "%s: %.500s", of, r.body)
						if after := f.everything(t); r.status >= 400 {
							require.Equal(t, state, after, of)
						} else if state != after {
							f.requireSound(t, of)
							f.reset(t, patched)
							state = f.everything(t)
						}
					}
				}
			})
		}
		for n, field := range patchFields {
			t.Run(field, func(t *testing.T) {
				for m, text := range texts {
					if f.storeName == "sqlite" && (n+m)%4 != 0 {
						continue
					}
					of := text.name + " in " + field
					r := f.do(t, http.MethodPatch, identityPath(patched), fmt.Sprintf(field, text.literal), "Content-Type", mediaJSONPatch)
					same(t, of, r)
					require.Less(t, r.status, 500, of)
					if text.malformed {
						require.Equal(t, http.StatusBadRequest, r.status, of)
					}
					if r.status < 300 {
						f.requireSound(t, of)
						f.reset(t, patched)
					}
				}
			})
		}
	})
}

// requireSound checks that each identity can be sent back as it is read, without effect.
func (f *fixture) requireSound(t *testing.T, of string) {
	t.Helper()
	for _, id := range f.allIDs(t) {
		read := f.whole(t, id)
		again := f.put(t, id, string(read.body))
		require.Equal(t, http.StatusOK, again.status, "%s: %s of %s", of, again.body, read.body)
		require.Equal(t, read.etag(), again.etag(), of)
	}
}

func (f *fixture) allIDs(t *testing.T) []string {
	t.Helper()
	var all []struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(f.everything(t)), &all))
	var ids []string
	for _, i := range all {
		ids = append(ids, i.ID)
	}
	return ids
}

// reset leaves nothing but the identity id, with nothing in it.
func (f *fixture) reset(t *testing.T, id string) {
	t.Helper()
	for _, other := range f.allIDs(t) {
		if other != id {
			requireStatus(t, http.StatusNoContent, f.do(t, http.MethodDelete, identityPath(other), ""))
		}
	}
	requireStatus(t, http.StatusOK, f.put(t, id, `{"schema_id":"free","state":"active"}`))
}

// TestHostilePaths sends odd texts, escaped and as they are, wherever a path or a query
// holds one.
func TestHostilePaths(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	segments := []string{
		"%00", "a%00b", "%01", "%0a", "%0d%0aX:%20y", "%7f", "%c2%85", "%ff", "%c3", "%c0%80", "%ed%a0%80", "%f4%90%80%80", "%ef%bf%bd", "%e2%80%ae", "%f0%9f%98%80",
		strings.Repeat("a", 20_000), strings.Repeat("%CC%81", 5000), strings.Repeat("%EF%B7%BA", 2000), "%27%3B%20DROP%20TABLE%20idem_identities%3B--", "%25", "%5F%25", "*", "+", "%20", "-1", "1e9", "0x10", "%D9%A3",
		"99999999999999999999999999", "9223372036854775807", "-9223372036854775808", "null", "%22", "%5c", "%2F", "%2e%2e", "..", ";", "=", "%26",
	}
	answered := map[string]string{}
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		for _, place := range []struct{ method, path string }{
			{"GET", "/admin/identities/%s"}, {"PUT", "/admin/identities/%s"}, {"PATCH", "/admin/identities/%s"}, {"DELETE", "/admin/identities/%s"},
			{"GET", "/admin/identities/by/external/%s"}, {"GET", "/schemas/%s"}, {"DELETE", "/admin/identities/" + id + "/credentials/%s"},
			{"DELETE", "/admin/identities/" + id + "/credentials/oidc?identifier=%s"}, {"DELETE", "/admin/identities/" + id + "/credentials/saml?identifier=%s"},
			{"GET", "/admin/identities/" + id + "?include_credential=%s"}, {"GET", "/admin/identities/" + id + "?%s"},
			{"GET", "/admin/identities?credentials_identifier=%s"}, {"GET", "/admin/identities?preview_credentials_identifier_similar=%s"}, {"GET", "/admin/identities?ids=%s"},
			{"GET", "/admin/identities?organization_id=%s"}, {"GET", "/admin/identities?page_token=%s"}, {"GET", "/admin/identities?page_size=%s"},
			{"GET", "/admin/identities?page=%s"}, {"GET", "/admin/identities?per_page=%s"}, {"GET", "/admin/identities?per_page=1&page=%s"}, {"GET", "/admin/identities?include_credential=%s"},
			{"GET", "/admin/identities?%s"}, {"GET", "/admin/identities?%s=1"}, {"GET", "/admin/identities?consistency=%s"}, {"GET", "/%s"},
		} {
			t.Run(place.method+" "+place.path, func(t *testing.T) {
				for _, segment := range segments {
					of := fmt.Sprintf(strings.ReplaceAll(place.method+" "+place.path, "%s", "%[1]s"), segment)
					before := f.everything(t)
					r := f.do(t, place.method, strings.ReplaceAll(place.path, "%s", segment), `{}`)
					require.Less(t, r.status, 500, "%.300s: %.500s", of, r.body)
					require.Equal(t, before, f.everything(t), "%.300s", of)
					if want, known := answered[of]; known {
						require.Equal(t, want, string(r.body), "the stores differ on %.300s", of)
					}
					answered[of] = string(r.body)
					for name, values := range r.header {
						for _, value := range values {
							require.NotContains(t, value, "\n", "%s of %.300s", name, of)
							require.NotContains(t, value, "\x00", "%s of %.300s", name, of)
						}
					}
				}
			})
		}
		// An external id of any text that is accepted is found by it.
		for _, text := range []string{"\u202e", "\u2028", "\ufeff", "\ufffd", "😀", "a%00", " ", "%", "..", "'", `"`, "\\"} {
			literal, err := json.Marshal(text)
			require.NoError(t, err)
			created := f.post(t, `{"external_id":`+string(literal)+`}`)
			requireStatus(t, http.StatusCreated, created)
			found := f.do(t, http.MethodGet, "/admin/identities/by/external/"+url.PathEscape(text), "")
			require.Equal(t, string(created.body), string(found.body), "%q", text)
		}
	})
}
