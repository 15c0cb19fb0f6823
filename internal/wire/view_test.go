package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
)

// TestSchemaURL writes the URL of a schema with what a base URL and an id may hold, and longer than is usual.
func TestSchemaURL(t *testing.T) {
	for _, base := range []string{"", "https://id.example.com/auth", `https://bücher.example/"\`, "https://example.com/" + strings.Repeat("a/", 200)} {
		for _, id := range []string{"", "person", "a/b", "???>>>", `"é`, strings.Repeat("person", 100)} {
			var answer struct {
				URL string `json:"schema_url"`
			}
			view := wire.View{BaseURL: base}
			require.NoError(t, json.Unmarshal(view.Append(nil, &identity.Identity{SchemaID: id, Traits: json.RawMessage(`{}`)}), &answer))
			require.Equal(t, wire.SchemaURL(base, id), answer.URL)
		}
	}
}
