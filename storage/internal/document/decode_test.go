package document_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

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
