package document_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/identitytest"
	"github.com/idemkit/idem/storage/internal/document"
)

// FuzzRoundTrip: what is written is read as it was, for every identity.
func FuzzRoundTrip(f *testing.F) {
	random := rand.NewChaCha8([32]byte{1})
	for size := range 100 {
		seed := make([]byte, 20*size)
		_, _ = random.Read(seed) // it cannot fail
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want := identitytest.Identity(data)
		raw := document.Append(nil, want)
		require.Equal(t, raw, document.Append([]byte("before"), want)[len("before"):])
		written := bytes.Clone(raw)
		got, err := document.Decode(want.ID, want.Revision, raw)
		require.NoError(t, err, "%s", raw)
		lent, err := document.Lend(false)(want.ID, want.Revision, raw)
		require.NoError(t, err, "%s", raw)
		profile := lent.Clone()
		clear(raw) // they share no memory
		requireSame(t, want, got)
		withoutCredentials := *want
		withoutCredentials.Credentials = nil
		requireSame(t, &withoutCredentials, profile)
		require.Equal(t, string(written), string(document.Append(nil, got)), "equal identities have equal documents")
	})
}

// FuzzDecode: whatever the row holds, the answer is an identity or an error.
func FuzzDecode(f *testing.F) {
	random := rand.NewChaCha8([32]byte{2})
	seed := make([]byte, 2000)
	_, _ = random.Read(seed)
	f.Add(document.Append(nil, identitytest.Identity(seed)))
	for _, damaged := range []string{
		``, `null`, `[]`, `{"s":"person"`, `{"s":"person","t":{}`, `{"s":"a","s":"b"}`, `{"v":[{"i":"x"}]}`, `{"o":"x"}`, `{"sa":1.5}`,
		`{"c":{"password":{"c":{"k":[1]}}}}`, `{"c":{"code":{"c":{"uh":"="}}}}`, `{"new":{"in":["a later release"]}}`,
		`{"t":{},"v":[],"r":[]}`,
	} {
		f.Add([]byte(damaged))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		read, err := document.Decode(uuid.Nil, 1, raw)
		if err != nil {
			require.Nil(t, read)
			return
		}
		read.Canonicalize()
		again, err := document.Decode(uuid.Nil, 1, document.Append(nil, read))
		require.NoError(t, err)
		requireSame(t, read, again)
	})
}

func requireSame(t *testing.T, want, got *identity.Identity) {
	t.Helper()
	require.Equal(t, want.Revision, got.Revision)
	require.Equal(t, string(want.Traits), string(got.Traits))
	require.Equal(t, want.VerifiableAddresses, got.VerifiableAddresses)
	require.Equal(t, want.RecoveryAddresses, got.RecoveryAddresses)
	require.Equal(t, len(want.Credentials), len(got.Credentials))
	for name, c := range want.Credentials {
		require.True(t, c.Equal(got.Credentials[name]), "credential %s", name)
	}
	require.True(t, want.Equal(got), "the identities differ in another field")
}
