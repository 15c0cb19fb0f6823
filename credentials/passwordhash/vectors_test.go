package passwordhash_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/violation"
)

// vector is a hash that another implementation made.
type vector struct {
	Format   passwordhash.Format `json:"format"`
	Hash     string              `json:"hash"`
	Password string              `json:"password"`
	By       string              `json:"by"`
}

// vectors reads the hashes that testdata/make_vectors.py made with other implementations.
func vectors(t testing.TB) []vector {
	t.Helper()
	document, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var all []vector
	require.NoError(t, json.Unmarshal(document, &all))
	require.Greater(t, len(all), 300)
	return all
}

// TestVectors verifies the hashes of other implementations with the right and, where that is cheap, a wrong password.
func TestVectors(t *testing.T) {
	read := map[passwordhash.Format]bool{}
	for _, v := range vectors(t) {
		hash, err := passwordhash.Parse(v.Hash)
		require.NoError(t, err, v.Hash)
		require.Equal(t, v.Format, hash.FormatName(), v.Hash)
		require.Equal(t, v.Hash, hash.Encoded())
		require.NoError(t, passwordhash.Verify(t.Context(), hash, []byte(v.Password)), v.Hash)
		if hash.Cost(len(v.Password)).Time < 5*time.Millisecond {
			require.ErrorIs(t, passwordhash.Verify(t.Context(), hash, []byte(v.Password+"x")), passwordhash.ErrMismatch, v.Hash)
		}
		read[hash.FormatName()] = true
	}
	for _, layout := range passwordhash.Formats() {
		require.True(t, layout.Format == "" || read[layout.Format], "no vector of %s", layout.Format)
	}
}

// TestSharedVectors verifies a file of hashes that lies beside the repository, where it is there. Each says whether it
// is accepted, whether its password matches, and what a refusal must say.
func TestSharedVectors(t *testing.T) {
	file, err := os.Open("../../../shared/reports/hashes.jsonl")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the file is not there")
	}
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v struct {
			vector
			Format string `json:"format"`
			Import any    `json:"import"`
			Verify bool   `json:"verify"`
			Error  string `json:"error"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &v))
		t.Run(v.Format, func(t *testing.T) {
			hash, err := passwordhash.Parse(v.Hash)
			if v.Import == false {
				require.ErrorAs(t, err, new(*violation.Error))
				require.Regexp(t, regexp.MustCompile(v.Error), err.Error())
				return
			}
			require.NoError(t, err)
			require.NoError(t, passwordhash.Verify(t.Context(), hash, []byte(v.Password)))
			if hash.Cost(len(v.Password)).Time < 50*time.Millisecond {
				require.ErrorIs(t, passwordhash.Verify(t.Context(), hash, []byte(v.Password+"x")), passwordhash.ErrMismatch)
			}
		})
	}
	require.NoError(t, lines.Err())
}

// TestRefusedByName checks that a hash that is recognised and cannot be accepted is refused with a remedy.
func TestRefusedByName(t *testing.T) {
	for encoded, want := range map[string]string{
		"{noop}secret":          "send it as password",
		"{PLAIN}secret":         "send it as password",
		"{cleartext}secret":     "send it as password",
		"rlBrzAiotJdIw":         "DES crypt is not accepted",
		"{CRYPT}rlBrzAiotJdIw":  "DES crypt is not accepted",
		"{DES-CRYPT}rlBrzAiotJ": "DES crypt is not accepted",
		"_J9..rasmBYk8r9AiWNc":  "DES crypt is not accepted",
		"$argon2d$v=19$m=1024,t=2,p=1$6FRz/7wLNXY/Q7HhJImjTA$SiO2jIcFwyvs1UhId4zuVw/dyLPXfdXKVIOkL2NY99Q":       "argon2d is not accepted",
		"{ARGON2}$argon2d$v=19$m=1024,t=2,p=1$6FRz/7wLNXY/Q7HhJImjTA$SiO2jIcFwyvs1UhId4zuVw/dyLPXfdXKVIOkL2NY9": "argon2d is not accepted",
		"$gy$j9T$5zeWrNz3UfUxhZwJm4zBS.$o9TMaoDRfjnlTH7RQXpd9Jo66w2ESZmFS28iEy2OId3":                            "gost-yescrypt",
		"{CRYPT}$gy$j9T$5zeWrNz3UfUxhZwJm4zBS.$o9TMaoDRfjnlTH7RQXpd9Jo66w2ESZmFS28iEy2OId3":                     "gost-yescrypt",
		"$2x$05$abcdefghijklmnopqrstuuBOjMsE9vMSJ8iDG4QFM.GX50hCJDraK":                                          "faulty bcrypt",
		strings.Repeat("0a", 16): "MD5 of the password alone, send {MD5.HEX} before it",
		strings.Repeat("0A", 20): "SHA1 of the password alone, send {SHA.HEX} before it",
		strings.Repeat("0a", 28): "send {SHA224.HEX} before it",
		strings.Repeat("0a", 32): "send {SHA256.HEX} before it",
		strings.Repeat("0a", 48): "send {SHA384.HEX} before it",
		strings.Repeat("0a", 64): "send {SHA512.HEX} before it",
	} {
		_, err := passwordhash.Parse(encoded)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), encoded)
	}
}
