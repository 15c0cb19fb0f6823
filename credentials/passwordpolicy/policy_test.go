package passwordpolicy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordpolicy"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, password string
		identifiers    []string
		refused        string // part of the text, empty for a password that is accepted
	}{
		{name: "long enough", password: "xk7 vq2p"},
		{name: "eight characters of more bytes", password: "шифрслов"},
		{name: "seven characters of more bytes", password: "шифрсло", refused: "at least 8 characters"},
		{name: "empty", password: "", refused: "at least 8 characters"},
		{name: "at the bound", password: strings.Repeat("ab c", 256)},
		{name: "beyond it", password: strings.Repeat("ab c", 256) + "d", refused: "at most 1024 bytes"},
		{name: "no text", password: "xk7\xffvq2p9", refused: "valid UTF-8"},
		{name: "common", password: "password1", refused: "most common"},
		{name: "common in capitals", password: "PASSWORD1", refused: "most common"},
		{name: "the identifier", password: "ada@example.com", identifiers: []string{"ada@example.com"}, refused: "like what you sign in with"},
		{name: "a few letters off", password: "Ada1example.org", identifiers: []string{"ada@example.com"}, refused: "like what you sign in with"},
		{name: "five letters off", password: "lovelace12345", identifiers: []string{"lovelace"}, refused: "like what you sign in with"}, // more than half of it
		{name: "half of it", password: "lovelace-12345678", identifiers: []string{"lovelace"}},
		{name: "before the @", password: "lovelace99", identifiers: []string{"nobody", "lovelace@example.com"}, refused: "like what you sign in with"},
		{name: "unlike", password: "analytical engine", identifiers: []string{"lovelace@example.com"}},
		{name: "an identifier of nothing", password: "analytical engine", identifiers: []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := passwordpolicy.Policy{}.Check(c.password, c.identifiers)
			if c.refused == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.refused)
			if c.password != "" {
				require.NotContains(t, err.Error(), c.password)
			}
		})
	}
	require.ErrorContains(t, passwordpolicy.Policy{MinLength: passwordpolicy.AloneMinLength}.Check("fourteen chars", nil), "at least 15 characters")
}

// TestCommonPasswords looks at the list: every entry is found, so it must be sorted, and
// none is too short to be asked about.
func TestCommonPasswords(t *testing.T) {
	common := passwordpolicy.Common()
	require.Len(t, common, 3000)
	require.True(t, slices.IsSorted(common))
	for _, password := range common {
		require.ErrorContains(t, passwordpolicy.Policy{}.Check(password, nil), "most common", password)
	}
}

// TestCostIsBounded compares the longest there can be.
func TestCostIsBounded(t *testing.T) {
	began := time.Now()
	identifiers := slices.Repeat([]string{strings.Repeat("b", 1<<20)}, 20)
	require.NoError(t, passwordpolicy.Policy{}.Check(strings.Repeat("a", 1024), identifiers))
	require.Less(t, time.Since(began), 2*time.Second)
}
