package credentials_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

const marker = "hush-hush-marker"

// secrets holds the marker in every secret of the package, by the name of its type.
func secrets(t *testing.T) map[string]any {
	t.Helper()
	key := credentials.Key{ID: marker, JSON: json.RawMessage(`{"id":"` + marker + `"}`)}
	config := credentials.Config{
		HashedPassword: marker, TOTPURL: marker, UserHandle: []byte(marker), Keys: []credentials.Key{key},
		RecoveryCodes: []credentials.RecoveryCode{{Code: marker}},
	}
	credential := credentials.Credential{Type: credentials.TypePassword, Config: config}
	imp := credentials.Import{
		Password:     &credentials.ImportPassword{Password: marker, HashedPassword: marker},
		TOTP:         &credentials.ImportTOTP{URL: "otpauth://totp/a?secret=" + base32Marker},
		LookupSecret: &credentials.ImportLookupSecret{Codes: config.RecoveryCodes},
		WebAuthn:     &credentials.ImportWebAuthn{Credentials: []json.RawMessage{key.JSON}, UserHandle: []byte(marker)},
		Passkey:      &credentials.ImportPasskey{Credentials: []json.RawMessage{key.JSON}, UserHandle: []byte(marker)},
	}
	prepared, err := imp.Prepare(t.Context(), plainHasher{}, credentials.Limits{})
	require.NoError(t, err)
	return map[string]any{
		"Config": config, "Credential": credential, "Set": credentials.Set{credentials.TypePassword: credential},
		"Key": key, "RecoveryCode": config.RecoveryCodes[0],
		"Import": imp, "ImportPassword": *imp.Password, "ImportTOTP": *imp.TOTP, "ImportLookupSecret": *imp.LookupSecret,
		"ImportWebAuthn": *imp.WebAuthn, "ImportPasskey": *imp.Passkey,
		"Prepared": *prepared,
	}
}

// The base32 of the marker's first letters.
const base32Marker = "NB2XG2BNNB2XG2A"

func TestNoSecretPrints(t *testing.T) {
	for name, secret := range secrets(t) {
		type holder struct {
			Plain   any
			Pointer *any
			Slice   []any
			Map     map[string]any
			Nested  struct{ Deep any }
		}
		held := holder{Plain: secret, Pointer: &secret, Slice: []any{secret}, Map: map[string]any{"k": secret}}
		held.Nested.Deep = secret
		t.Run(name, func(t *testing.T) {
			for _, value := range []any{secret, &secret, held, &held, []holder{held}, fmt.Errorf("wrapped: %+v", secret)} {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "% X", "%d"} {
					requireNoMarker(t, fmt.Sprintf(verb, value))
				}
				var text, jsons bytes.Buffer
				slog.New(slog.NewTextHandler(&text, nil)).Info("text", "value", value, slog.Group("group", "value", value))
				requireNoMarker(t, text.String())
				if name == "RecoveryCode" {
					continue // encoding/json writes it, and so does slog's JSON handler where it is inside of another value
				}
				slog.New(slog.NewJSONHandler(&jsons, nil)).Info("text", "value", value, slog.Group("group", "value", value))
				requireNoMarker(t, jsons.String())
				if encoded, err := json.Marshal(value); err == nil {
					requireNoMarker(t, string(encoded))
				}
			}
		})
	}
}

// A secret must not print behind a typed pointer or in an unexported field of one of
// the package's own types either.
func TestNoSecretPrintsBehindPointers(t *testing.T) {
	imp := &credentials.Import{Password: &credentials.ImportPassword{Password: marker}}
	prepared, err := imp.Prepare(t.Context(), plainHasher{}, credentials.Limits{})
	require.NoError(t, err)
	hidden := struct{ prepared *credentials.Prepared }{prepared}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		requireNoMarker(t, fmt.Sprintf(verb, imp))
		requireNoMarker(t, fmt.Sprintf(verb, imp.Password))
		requireNoMarker(t, fmt.Sprintf(verb, prepared))
		requireNoMarker(t, fmt.Sprintf(verb, hidden))
		requireNoMarker(t, fmt.Sprintf(verb, &hidden))
	}
}

func TestPlaceholders(t *testing.T) {
	all := secrets(t)
	require.Equal(t, "[credential password]", fmt.Sprint(all["Credential"]))
	require.Equal(t, "[credential totp without config]", fmt.Sprint(credentials.Credential{Type: credentials.TypeTOTP}))
	require.Equal(t, "[credential unknown type without config]", fmt.Sprint(credentials.Credential{Type: marker}))
	require.Equal(t, "[credential import: password totp lookup_secret webauthn passkey]", fmt.Sprint(all["Import"]))
	require.Equal(t, "map[password:[credential password]]", fmt.Sprint(all["Set"]))
}

// TestMarshalRecoveryCode: a code is written whole, and no type that holds codes writes them.
func TestMarshalRecoveryCode(t *testing.T) {
	used := credentials.RecoveryCode{Code: marker, UsedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	for want, value := range map[string]any{
		`{"code":"` + marker + `","used_at":"2026-01-02T03:04:05Z"}`: used,
		`[{"code":"` + marker + `"}]`:                                []credentials.RecoveryCode{{Code: marker}},
		`{}`:                                                         credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{used}},
	} {
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		require.Equal(t, want, string(encoded))
	}
	var read credentials.RecoveryCode
	require.NoError(t, json.Unmarshal([]byte(`{"code":"x","used_at":"2026-01-02T03:04:05Z"}`), &read))
	require.True(t, read.Equal(credentials.RecoveryCode{Code: "x", UsedAt: used.UsedAt}))
}

func TestMarshalCredential(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	encoded, err := json.Marshal(credentials.Credential{
		Type: credentials.TypePassword, Identifiers: []string{"a@b.co"}, CreatedAt: at, UpdatedAt: at.Add(time.Hour),
		Config: credentials.Config{HashedPassword: marker},
	})
	require.NoError(t, err)
	require.Equal(t, `{"type":"password","identifiers":["a@b.co"],"version":0,`+
		`"created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T04:04:05Z"}`, string(encoded))
}

func requireNoMarker(t *testing.T, text string) {
	t.Helper()
	for _, form := range []string{
		marker, base64.StdEncoding.EncodeToString([]byte(marker)), base64.RawStdEncoding.EncodeToString([]byte(marker)),
		hex.EncodeToString([]byte(marker)), strings.ToUpper(hex.EncodeToString([]byte(marker))),
		fmt.Sprintf("% X", marker), strings.Trim(fmt.Sprint([]byte(marker)), "[]"), base32Marker,
	} {
		require.NotContains(t, text, form)
	}
}
