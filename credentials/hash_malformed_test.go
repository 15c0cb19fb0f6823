package credentials_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

// malformedHash is a hash that no import takes, the format it is recognised as, and
// why. They lie in a file, because package httpapi checks that each is refused over
// HTTP too.
type malformedHash struct {
	Family credentials.Family `json:"family"`
	Hash   string             `json:"hash"`
	Reason string             `json:"reason"`
}

func malformedHashes(t *testing.T) []malformedHash {
	t.Helper()
	document, err := os.ReadFile("testdata/malformed_hashes.json")
	require.NoError(t, err)
	var hashes []malformedHash
	require.NoError(t, json.Unmarshal(document, &hashes))
	require.Greater(t, len(hashes), 100)
	// What JSON cannot hold.
	return append(hashes, malformedHash{credentials.FamilyMD5Crypt, "$1$1234\xff$......................", "has a character that is not printable ASCII"})
}

func TestParseHashRefuses(t *testing.T) {
	for _, c := range malformedHashes(t) {
		t.Run(string(c.Family)+" "+c.Reason, func(t *testing.T) {
			hash, err := credentials.ParseHash(c.Hash)
			require.Equal(t, credentials.Hash{}, hash)
			var refused *credentials.HashError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, credentials.HashError{Family: c.Family, Reason: c.Reason}, *refused)
		})
	}
}
