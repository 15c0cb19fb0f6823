package credentials_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/violation"
)

func FuzzParseKey(f *testing.F) {
	f.Add([]byte(`{"id":"AAA=","is_passwordless":true,"authenticator":{"aaguid":"","sign_count":0}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		key, err := credentials.ParseKey(raw)
		if err != nil {
			require.ErrorAs(t, err, new(*violation.Error))
			return
		}
		var object struct {
			ID           string `json:"id"`
			Passwordless bool   `json:"is_passwordless"`
		}
		var names map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &names))
		require.NoError(t, json.Unmarshal(names["id"], &object.ID))
		if names["is_passwordless"] != nil {
			require.NoError(t, json.Unmarshal(names["is_passwordless"], &object.Passwordless))
		}
		require.Equal(t, credentials.Key{ID: object.ID, Passwordless: object.Passwordless, JSON: raw}, key)
	})
}
