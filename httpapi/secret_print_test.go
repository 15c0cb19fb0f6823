package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

// requirePrinted prints a value in every way there is, alone and within others, and
// checks that nothing planted shows. In JSON, what admins see may show: traits are meant
// to be there. What fmt makes of an unexported field of somebody else's struct is not
// looked at: it asks such a value nothing.
func (p *plants) requirePrinted(t *testing.T, value any) {
	t.Helper()
	type holder struct {
		Plain   any
		Pointer *any
		Slice   []any
		Map     map[string]any
	}
	held := holder{value, &value, []any{value}, map[string]any{"k": value}}
	where := fmt.Sprintf("a printed %T", value)
	for _, v := range []any{value, &value, held, &held, []holder{held}} {
		for _, verb := range printVerbs {
			p.requireUnseen(t, where+" with "+verb, fmt.Sprintf(verb, v))
		}
		var text, jsons bytes.Buffer
		timeless := &slog.HandlerOptions{ReplaceAttr: withoutTime} // a code is six digits, as a part of a time may be
		slog.New(slog.NewTextHandler(&text, timeless)).Info("text", "value", v, slog.Group("group", "value", v))
		p.requireUnseen(t, where+" with slog", text.String())
		slog.New(slog.NewJSONHandler(&jsons, timeless)).Info("text", "value", v, slog.Group("group", "value", v))
		p.requireUnseen(t, where+" with slog in JSON", jsons.String(), admins)
		if encoded, err := json.Marshal(v); err == nil {
			p.requireUnseen(t, where+" in JSON", string(encoded), admins)
		}
	}
}

// TestNothingPrintsSecrets prints everything that can hold a secret, the parts that work
// with them included.
func TestNothingPrintsSecrets(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) storage.Storage{
		"memory": func(*testing.T) storage.Storage { return memory.New() },
		"sqlite": func(t *testing.T) storage.Storage {
			store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
			require.NoError(t, err)
			return store
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &plants{}
			store := open(t)
			f := newFixture(t, name, store, idem.WithHasher(&secretHasher{plants: p}), idem.WithLogger(p.logger()))
			created := f.post(t, p.secretCreate())
			requireStatus(t, 201, created)
			id := created.document(t).ID
			f.update(t, id, `{"traits":{"username":"ada"},"credentials":{"password":{"config":{"password":"`+p.plant(nobody)+`"}}}}`)
			page, err := f.manager.ListIdentities(t.Context(), idem.Query{})
			require.NoError(t, err)
			i := page.Identities[0]
			require.Len(t, i.Credentials, 6)

			imported := &credentials.Import{Password: &credentials.ImportPassword{Password: p.plant(nobody)}, TOTP: &credentials.ImportTOTP{URL: "otpauth://totp/x?secret=MFRA"}}
			prepared, err := imported.Prepare(t.Context(), &secretHasher{plants: p}, credentials.Limits{})
			require.NoError(t, err)
			hash, err := passwordhash.Parse(i.Credentials[credentials.TypePassword].Config.HashedPassword)
			require.NoError(t, err)
			argon, err := passwordhash.NewArgon2id(passwordhash.Argon2{})
			require.NoError(t, err)
			bcrypt, err := passwordhash.NewBcrypt(4)
			require.NoError(t, err)
			merge := []byte(`{"credentials":{"password":{"config":{"password":"` + p.plant(nobody) + `"}}}}`)

			for _, value := range []any{
				i, *i, []*identity.Identity{i}, page, i.Credentials, prepared, *prepared, imported, *imported, hash,
				identity.Create{Credentials: imported, MetadataAdmin: i.MetadataAdmin, Traits: i.Traits}, identity.Update{Credentials: imported, MetadataAdmin: i.MetadataAdmin},
				identity.Edit{Update: identity.Update{Credentials: imported}}, identity.Facts{Credentials: prepared},
				idem.JSONPatch(merge), idem.MergePatch(merge), idem.CreateResult{Identity: i}, idem.PendingChange{Before: i, After: i},
				argon, bcrypt, store, f.manager, f.handler, httpapi.Schemas(f.manager), httpapi.Forbidden("no"), httpapi.Unauthorized("", ""),
			} {
				p.requirePrinted(t, value)
			}
			for _, c := range i.Credentials {
				p.requirePrinted(t, c)
				p.requirePrinted(t, c.Config)
				p.requirePrinted(t, &c.Config)
				p.requirePrinted(t, c.Config.Keys)
				for _, code := range c.Config.RecoveryCodes { // encoding/json alone writes one, to be shown to its owner
					for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
						p.requireUnseen(t, "a printed recovery code", fmt.Sprintf(verb, []any{code, &code, c.Config.RecoveryCodes}))
					}
					var jsons bytes.Buffer
					slog.New(slog.NewJSONHandler(&jsons, nil)).Info("text", "value", code)
					p.requireUnseen(t, "a recovery code with slog in JSON", jsons.String())
				}
			}
			p.requireOwnView(t, i)
		})
	}
}
