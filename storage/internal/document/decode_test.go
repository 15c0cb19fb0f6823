package document_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/storage/internal/document"
)

func TestDecodeRefusesDamage(t *testing.T) {
	const sound = `{"s":"person","t":{},"sa":1,"ca":1,"ua":1`
	_, err := document.Decode(uuid.Nil, 1, []byte(sound+`}`))
	require.NoError(t, err)
	for name, rest := range map[string]string{
		"a verifiable address without an id": `,"v":[{"v":"a@example.com","y":"email","ca":1,"ua":1}]}`,
		"a recovery address without an id":   `,"r":[{"v":"a@example.com","y":"email","ca":1,"ua":1}]}`,
		"an id that is none":                 `,"r":[{"i":"7","v":"a@example.com","y":"email","ca":1,"ua":1}]}`,
		"an organization that is none":       `,"o":""}`,
		"an end that is missing":             ``,
		"something after the end":            `}}`,
		"a name given twice":                 `,"s":"person"}`,
		"a time that is no integer":          `,"v":[{"i":"158beb6c-e674-59a4-136c-21ee3158ad67","va":1e3}]}`,
	} {
		read, err := document.Decode(uuid.Nil, 1, []byte(sound+rest))
		require.Error(t, err, name)
		require.Nil(t, read, name)
	}
}

// TestIDs tries every byte at every place of an id, and ids of other lengths: package uuid reads the same, except that an
// id is in lower case and as it is written.
func TestIDs(t *testing.T) {
	const id = "158beb6c-e674-59a4-136c-21ee3158ad67"
	try := func(text string) {
		t.Helper()
		want, err := uuid.Parse(text)
		sound := err == nil && text == want.String()
		read, err := document.Decode(uuid.Nil, 1, fmt.Appendf(nil, `{"s":"person","t":{},"sa":1,"ca":1,"ua":1,"o":%s}`, strictjson.AppendString(nil, text)))
		require.Equal(t, sound, err == nil, "%q", text)
		if sound {
			require.Equal(t, want, read.OrganizationID.UUID)
		}
	}
	for at := range len(id) {
		for c := range 128 {
			try(id[:at] + string(rune(c)) + id[at+1:])
		}
		try(id[:at] + id[at+1:])
		try(id[:at] + "0" + id[at:])
	}
	try(id + "0")
	try("{" + id + "}")
	try("urn:uuid:" + id)
	try(strings.ReplaceAll(id, "-", ""))
}

// TestLend decodes documents one after another into one identity, out of memory that a database uses again: what was cloned
// stays, and what was lent has nothing of the one before.
func TestLend(t *testing.T) {
	const (
		begin   = `{"s":"person","t":{"n":1},"st":"inactive","sa":1,"ca":1,"ua":1,"x":"at example.com","mp":"example.com"`
		address = `{"i":"158beb6c-e674-59a4-136c-21ee3158ad67","v":"%s","y":"email","st":"completed","ca":1,"ua":1}`
	)
	first := begin + `,"v":[` + fmt.Sprintf(address, "a@example.com") + `,` + fmt.Sprintf(address, "b@example.com") + `],"r":[` +
		fmt.Sprintf(address, "a@example.com") + `],"c":{"password":{"i":["a@example.com"],"n":1,"ca":1,"ua":1}}}`
	for _, withCredentials := range []bool{true, false} {
		lent, whole := document.Lend(withCredentials), document.DecodeWithoutCredentials
		if withCredentials {
			whole = document.Decode
		}
		var memory []byte
		read := func(text string) *identity.Identity {
			t.Helper()
			memory = append(memory[:0], text...)
			i, err := lent(uuid.UUID{1}, 1, memory)
			require.NoError(t, err)
			want, err := whole(uuid.UUID{1}, 1, []byte(text))
			require.NoError(t, err)
			require.True(t, want.Equal(i), text)
			return i
		}
		copied := read(first).Clone()
		read(strings.ReplaceAll(first, "example.com", "another.org"))
		read(strings.ReplaceAll(first, "person", "customer"))
		require.Empty(t, read(begin+`}`).VerifiableAddresses)
		clear(memory[:cap(memory)])
		want, err := whole(uuid.UUID{1}, 1, []byte(first))
		require.NoError(t, err)
		require.Equal(t, want, copied)
	}
}
