package idem

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHasText holds hasText to a decoder: what it finds is one of the strings, and no name and no part of another.
func TestHasText(t *testing.T) {
	for _, text := range []string{"a@b.co", "+16502530000", "7", "a b"} {
		for _, traits := range []string{`{"x":"TEXT"}`, `{"x":["y", "TEXT" ]}`, `{"TEXT":{"TEXT":"TEXT"}}`, `{"x":"\"TEXT\"","y":"TEXT"}`, `{"x":"TEXT","TEXT":1}`} {
			require.True(t, hasText([]byte(strings.ReplaceAll(traits, "TEXT", text)), text), "%s in %s", text, traits)
		}
		for _, traits := range []string{
			`{}`, `{"x":"TEXT "}`, `{"x":"zTEXT"}`, `{"TEXT":"x"}`, `{"TEXT" :"x"}`, "{\"TEXT\"\n:1}", `{"x":"\"TEXT\""}`, `{"x":"say \"TEXT\", please"}`, `{"x":"\\\"TEXT\""}`,
		} {
			require.False(t, hasText([]byte(strings.ReplaceAll(traits, "TEXT", text)), text), "%s in %s", text, traits)
		}
	}
	// These stand between two strings, or would have to be unescaped.
	for _, text := range []string{"", ",", ":", " ", "]", "}", "-", `a\`, `a"b`, "é", "a\n"} {
		traits, err := json.Marshal(map[string]any{"x": text, "y": []string{"z", text}})
		require.NoError(t, err)
		require.False(t, hasText(traits, text), text)
	}
}
