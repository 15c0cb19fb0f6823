package passwordhash_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// TestHashPrintsAsPlaceholder looks for a part of every hash in what fmt, log/slog and encoding/json make of it, also
// where it is in an unexported field, whose methods fmt does not call.
func TestHashPrintsAsPlaceholder(t *testing.T) {
	for _, encoded := range handbook() {
		secret := encoded[len(encoded)-12:]
		hash := parse(t, encoded)
		hidden := struct{ hash passwordhash.Hash }{hash}
		for _, value := range []any{hash, &hash, []any{hash}, map[string]any{"k": hash}, hidden, &hidden} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "% X", "%d"} {
				require.NotContains(t, fmt.Sprintf(verb, value), secret)
			}
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("text", "value", value)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("text", "value", value)
			require.NotContains(t, log.String(), secret)
			if encoded, err := json.Marshal(value); err == nil {
				require.NotContains(t, string(encoded), secret)
			}
		}
		require.Equal(t, "[password hash "+string(hash.FormatName())+"]", fmt.Sprintf("%q", hash))
	}
}
