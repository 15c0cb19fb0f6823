package idem_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// TestKeyOfAnother imports a WebAuthn key that another identity has, in another spelling of
// its id: the conflict says where in the request it is.
func TestKeyOfAnother(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		keys := func(ids ...string) []json.RawMessage {
			var all []json.RawMessage
			for _, id := range ids {
				all = append(all, raw(`{"id":%q,"public_key":"cHVibGlj"}`, id))
			}
			return all
		}
		first := w.create(t, identity.Create{Credentials: &credentials.Import{WebAuthn: &credentials.ImportWebAuthn{Credentials: keys("+/8=", "a2V5")}}})
		second := w.create(t, identity.Create{})
		for pointer, imported := range map[string]*credentials.Import{
			"/credentials/webauthn/config/credentials/1": {WebAuthn: &credentials.ImportWebAuthn{Credentials: keys("b3du", "-_8")}},
			"/credentials/passkey/config/credentials/0":  {Passkey: &credentials.ImportPasskey{Credentials: keys("a2V5"), UserHandle: []byte("handle")}},
		} {
			_, err := w.UpdateIdentity(t.Context(), second.ID, identity.Update{Credentials: imported})
			requireKind(t, err, idem.KindConflict)
			var conflict *storage.ConflictError
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, storage.ClaimKindKey, conflict.Kind)
			require.Equal(t, pointer, conflict.Pointer)
			require.NotContains(t, err.Error(), "_8")
			require.NotContains(t, err.Error(), "a2V5")
		}
		// The owner may send its own key again.
		_, err := w.UpdateIdentity(t.Context(), first.ID, identity.Update{Credentials: &credentials.Import{WebAuthn: &credentials.ImportWebAuthn{Credentials: keys("-_8")}}})
		require.NoError(t, err)
	})
}
