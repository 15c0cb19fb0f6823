package schema

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// No value of traits is left out of what they can cost.
func TestMarks(t *testing.T) {
	for _, test := range []struct {
		traits          string
		members, values int
	}{
		{`{}`, 1, 2}, {`{"a":1}`, 2, 3}, {`{"a":[1]}`, 2, 4}, {`{"a":[1,2,3]}`, 2, 6}, {`{"a":[[1],[2,3]]}`, 2, 8},
	} {
		members, values := marks([]byte(test.traits))
		require.Equal(t, test.members, members, test.traits)
		require.Equal(t, test.values, values, test.traits)
	}
	members, values := marks([]byte(`{"a":1,"b":{"c":"x:y,z"}}`))
	require.Equal(t, 5, members, "with the colon of the string")
	require.Equal(t, 8, values, "with the commas between members")
}
