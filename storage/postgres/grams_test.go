package postgres

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGrams: a text has all trigrams of what is in it.
func TestGrams(t *testing.T) {
	text := "zoë 17\nperson17@example.com\n\ufffd𝐀𝐁𝐂 x\nab\n"
	all := gramsOf(text)
	require.True(t, slices.IsSorted(all))
	for _, needle := range []string{"zoë", "person17", "@example.com", "𝐀𝐁𝐂 x", "\ufffd𝐀𝐁"} {
		grams := gramsOfAll([]string{needle})
		require.NotEmpty(t, grams, needle)
		for _, gram := range grams {
			require.Contains(t, all, gram, needle)
		}
	}
	require.NotContains(t, all, gramsOf("abc")[0])
	require.NotContains(t, all, gramsOf("acb")[0])
	require.Empty(t, gramsOf("ab"))
	require.Empty(t, gramsOf("ab\ncd"), "no trigram of two texts")
	require.Empty(t, gramsOfAll([]string{"a\nb"}), "nor one that has none")
	require.Len(t, gramsOfAll([]string{strings.Repeat("abcdefghijklmnopqrstuvwxyz", 4)}), maxGrams)
	require.Len(t, gramsOfAll([]string{"person", "person"}), 4)
}
