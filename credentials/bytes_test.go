package credentials_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/violation"
)

func numbers(b []byte) string { return strings.ReplaceAll(fmt.Sprint(b), " ", ",") }

// spellings are the ways in which clients write binary data.
func spellings(b []byte) []string {
	all := []string{numbers(b)}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		all = append(all, `"`+encoding.EncodeToString(b)+`"`)
	}
	return append(all, strings.ReplaceAll(`"`+base64.StdEncoding.EncodeToString(b)+`"`, "/", `\/`), strings.ReplaceAll(numbers(b), ",", " ,\n"))
}

func TestParseBytes(t *testing.T) {
	for _, b := range [][]byte{{}, {0}, {255, 254}, {0xfb, 0xff, 0xfe, 1}, []byte("a handle")} {
		for _, raw := range spellings(b) {
			read, err := credentials.ParseBytes([]byte(raw))
			require.NoError(t, err, raw)
			require.Equal(t, b, read, raw)
		}
	}
	for _, none := range []string{"", "null"} {
		read, err := credentials.ParseBytes([]byte(none))
		require.NoError(t, err)
		require.Nil(t, read)
	}
	for _, wrong := range []string{`"a"`, `"a*=="`, `"YQ="`, `"YR=="`, `"YQ==="`, `"YWJj\n"`, `{}`, `1`, `true`, `[256]`, `[-1]`, `[1.5]`, `["1"]`, `[[1]]`, `[1`, `"YQ`, `[null]`} {
		_, err := credentials.ParseBytes([]byte(wrong))
		require.Equal(t, violation.New("", "", "must be base64 or an array of numbers from 0 to 255"), err, wrong)
	}
}

// TestImportedKeysInEverySpelling imports one key in every spelling of its binary members: it is kept in one, and is
// the same key in all.
func TestImportedKeysInEverySpelling(t *testing.T) {
	b := []byte{0xfb, 0xff, 0xfe, 1}
	const layout = `{ "id":%s,"note":"\"id\"", "public_key":%[1]s,"authenticator":{"aaguid": %[1]s ,"sign_count":[1]},"attestation":{"object":%[1]s,"clientDataJSON":%[1]s,"client_data_hash":%[1]s,"transports":[1]},"other":{"id":[1,2]}}`
	want := fmt.Sprintf(layout, `"+//+AQ=="`)
	set := credentials.Set{}
	for _, raw := range spellings(b) {
		imp := passkey("handle", fmt.Sprintf(layout, raw))
		set = apply(t, set, imp, noon)
		require.Equal(t, want, string(set[credentials.TypePasskey].Config.Keys[0].JSON))
		require.Equal(t, "+//+AQ==", set[credentials.TypePasskey].Config.Keys[0].ID)
		require.Len(t, set[credentials.TypePasskey].Config.Keys, 1)
	}

	// A key that was stored in another spelling stays as it is, unless something else of it changes.
	stored := set.Clone()
	old := fmt.Sprintf(layout, `"-__-AQ"`)
	stored[credentials.TypePasskey].Config.Keys[0] = credentials.Key{ID: "-__-AQ", JSON: []byte(old)}
	require.Equal(t, stored, apply(t, stored, passkey("handle", old), later))
	changed := apply(t, stored, passkey("handle", strings.Replace(want, "[1]", "[2]", 1)), later)
	require.Len(t, changed[credentials.TypePasskey].Config.Keys, 1)
	require.Equal(t, strings.Replace(want, "[1]", "[2]", 1), string(changed[credentials.TypePasskey].Config.Keys[0].JSON))

	// What is no base64 stays.
	odd := `{"id":"a","public_key":"not base64"}`
	require.Equal(t, odd, string(apply(t, nil, webauthn(odd), noon)[credentials.TypeWebAuthn].Config.Keys[0].JSON))
	_, err := (&credentials.Import{WebAuthn: webauthn(`{"id":[256]}`).WebAuthn}).Prepare(t.Context(), plainHasher{}, credentials.Limits{})
	require.ErrorContains(t, err, "/webauthn/config/credentials/0/id")
}

// TestUserHandleIdentifier: no two handles have one identifier.
func TestUserHandleIdentifier(t *testing.T) {
	handles := []string{"handle", "AQL/", "\x01\x02\xff", "base64:AQL/", "base64:", "a\x00b", "pässword", "\xff\xfe", "//4="}
	seen := map[string]string{}
	for _, handle := range handles {
		identifier := credentials.UserHandleIdentifier([]byte(handle))
		require.NotContains(t, seen, identifier)
		seen[identifier] = handle
	}
	require.Equal(t, "base64:AQL/", credentials.UserHandleIdentifier([]byte("\x01\x02\xff")))
	require.Equal(t, "base64:YmFzZTY0OkFRTC8=", credentials.UserHandleIdentifier([]byte("base64:AQL/")))
	require.Equal(t, "AQL/", credentials.UserHandleIdentifier([]byte("AQL/")))
	require.Equal(t, "AQL/", credentials.FormerUserHandleIdentifier([]byte("\x01\x02\xff")))
	require.Equal(t, "base64:x", credentials.FormerUserHandleIdentifier([]byte("base64:x")))
}
