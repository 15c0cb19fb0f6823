package identity_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
)

func TestCloneKeepsItsJSONApart(t *testing.T) {
	original := &identity.Identity{
		Traits: json.RawMessage(`{"a":1}`), MetadataPublic: json.RawMessage(`{"b":2}`), MetadataAdmin: json.RawMessage(`{"c":3}`),
	}
	clone := original.Clone()
	require.True(t, clone.Equal(original))

	_ = append(clone.Traits, "spilt"...)
	_ = append(clone.MetadataPublic, "spilt"...)
	require.True(t, clone.Equal(original), "what is appended to one value reaches no other")

	copy(clone.Traits, "XXX")
	require.Equal(t, `{"a":1}`, string(original.Traits))

	clone = (&identity.Identity{Traits: json.RawMessage{}}).Clone()
	require.NotNil(t, clone.Traits)
	require.Nil(t, clone.MetadataAdmin, "absent stays absent")
}
