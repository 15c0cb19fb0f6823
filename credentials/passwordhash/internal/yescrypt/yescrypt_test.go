package yescrypt_test

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash/internal/yescrypt"
)

// TestKey compares with crypt(3) of libxcrypt, by way of Perl: crypt("landscape-Pa55", $setting), whose digest is decoded
// here. Package passwordhash has more of its hashes.
func TestKey(t *testing.T) {
	for _, c := range []struct {
		setting string // for crypt(3)
		params  yescrypt.Params
		salt    string // hexadecimal
		want    string // hexadecimal
	}{
		{"$y$j75$abcdefgh", yescrypt.Params{LogN: 10, R: 8, P: 1}, "e689a6eacab6", "710d6b9d7e29c706f661e6271632dbbd49035585ee63aee18e87b8e6ac60fc41"},
		{"$y$j9T$abcdefgh", yescrypt.Params{LogN: 12, R: 32, P: 1}, "e689a6eacab6", "ccf4d842886cac1698f1bcc1e9497de40c193df57ec998c41f0c5c8d94441ebc"},
		{"$y$j8T./$abcdefgh", yescrypt.Params{LogN: 11, R: 32, P: 3}, "e689a6eacab6", "a15897d516e010c7be1e1757e827bb3ca152ab7e635c92110bec6f2993a1a5c9"},
		{"$y$j8T/0$abcdefgh", yescrypt.Params{LogN: 11, R: 32, P: 1, T: 3}, "e689a6eacab6", "824a6fb7a98e44e1456eaf856dbad747e02b5c91e02cce481e7b08d10ea91023"},
		{"$y$j8T0./$abcdefgh", yescrypt.Params{LogN: 11, R: 32, P: 2, T: 2}, "e689a6eacab6", "be31be23b5063ec80f190eaf842f9d2f8a72aa47fce9bd3002d6fbff4450b29a"},
	} {
		salt, err := hex.DecodeString(c.salt)
		require.NoError(t, err)
		key, err := yescrypt.Key(t.Context(), []byte("landscape-Pa55"), salt, c.params)
		require.NoError(t, err)
		require.Equal(t, c.want, hex.EncodeToString(key), c.setting)
	}
}

func TestParams(t *testing.T) {
	for _, wrong := range []yescrypt.Params{
		{}, {LogN: 0, R: 1, P: 1}, {LogN: 41, R: 1, P: 1}, {LogN: 4, R: 0, P: 1}, {LogN: 4, R: 1, P: 0}, {LogN: 4, R: 1 << 15, P: 1 << 15},
		{LogN: 2, R: 1, P: 4}, {LogN: 4, R: 1, P: 1, T: 1<<20 + 1},
	} {
		require.False(t, wrong.Valid(), wrong)
		_, err := yescrypt.Key(t.Context(), nil, nil, wrong)
		require.Error(t, err, wrong)
	}
	require.Equal(t, uint64(128*32*(4096+1+2)+3*512*16), yescrypt.Params{LogN: 12, R: 32, P: 1}.MemoryBytes())
}

func TestKeyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := yescrypt.Key(ctx, []byte("x"), []byte("y"), yescrypt.Params{LogN: 12, R: 8, P: 1})
	require.ErrorIs(t, err, context.Canceled)
}
