package passwordhash_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/violation"
)

// malformedHash is a hash that no import takes, the format it is recognised as, and
// why. They lie in a file, because package httpapi checks that each is refused over
// HTTP too.
type malformedHash struct {
	Format passwordhash.Format `json:"format"`
	Hash   string              `json:"hash"`
	Reason string              `json:"reason"`
}

func malformedHashes(t *testing.T) []malformedHash {
	t.Helper()
	document, err := os.ReadFile("testdata/malformed_hashes.json")
	require.NoError(t, err)
	var hashes []malformedHash
	require.NoError(t, json.Unmarshal(document, &hashes))
	require.Greater(t, len(hashes), 150)
	// What JSON cannot hold.
	return append(hashes, malformedHash{"", "$1$1234\xff$......................", "has a character that is not printable ASCII"})
}

func TestParseRefuses(t *testing.T) {
	for _, c := range malformedHashes(t) {
		t.Run(string(c.Format)+" "+c.Reason, func(t *testing.T) {
			hash, err := passwordhash.Parse(c.Hash)
			require.Equal(t, passwordhash.Hash{}, hash)
			message := "password hash: " + c.Reason
			if c.Format != "" {
				message = "password hash (" + string(c.Format) + "): " + c.Reason
			}
			require.Equal(t, violation.New("", "", message), err)
		})
	}
}
