//go:build unix

package faulttest_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// account gives one identifier, one verifiable and one recovery address.
const account = `{"properties":{"traits":{"type":"object","additionalProperties":false,"properties":{
	"email":{"type":"string","format":"email","ory.sh/kratos":{
		"credentials":{"password":{"identifier":true}},"verification":{"via":"email"}}},
	"backup":{"type":"string","format":"email","ory.sh/kratos":{"recovery":{"via":"email"}}},
	"token":{"type":"string"}}}}}`

func newManager(store storage.Storage, options ...idem.Option) (*idem.Manager, error) {
	parsed, err := schema.Parse("account", []byte(account))
	if err != nil {
		return nil, err
	}
	schemas, err := schema.NewRegistry(parsed)
	if err != nil {
		return nil, err
	}
	return idem.New(store, schemas, append([]idem.Option{idem.WithLogger(slog.New(slog.DiscardHandler))}, options...)...)
}

// openManager opens the file at path and returns a manager over it and its store.
func openManager(path string) (*idem.Manager, *sqlitedb.Store, error) {
	store, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return nil, nil, err
	}
	manager, err := newManager(store)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return manager, store, nil
}

func databasePath(t *testing.T) string { return filepath.Join(t.TempDir(), "identities.db") }

// openDatabase opens a database as an application might, with what settings say.
func openDatabase(t *testing.T, path, settings string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?"+settings)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// version is one state of an identity, every part of which follows from its last
// token: an identity that is half one version and half another shows.
type version struct {
	ID       uuid.UUID
	Revision int64
	Email    string
	External string
	// Trail holds the token of every change, so that its length is the revision.
	Trail []string
}

// traits and the two metadata of a version.
func (v version) traits() json.RawMessage {
	return encode(map[string]string{"email": v.Email, "backup": "backup-" + v.Email, "token": v.token()})
}

func (v version) public() json.RawMessage { return encode(map[string]string{"token": v.token()}) }

func (v version) admin() json.RawMessage { return encode(map[string][]string{"trail": v.Trail}) }

func (v version) token() string { return v.Trail[len(v.Trail)-1] }

func (v version) create() identity.Create {
	return identity.Create{Traits: v.traits(), MetadataPublic: v.public(), MetadataAdmin: v.admin(), ExternalID: v.External}
}

func (v version) update() identity.Update {
	return identity.Update{Traits: v.traits(), MetadataPublic: v.public(), MetadataAdmin: v.admin(), ExternalID: v.External}
}

// next is v after a change with token.
func (v version) next(token string) version {
	v.Trail = append(slices.Clone(v.Trail), token)
	v.Revision++
	return v
}

// patchTo returns the patch that makes the same change whatever the version.
func patchTo(token string) idem.Patch {
	return idem.JSONPatch(encode([]map[string]string{
		{"op": "replace", "path": "/traits/token", "value": token},
		{"op": "replace", "path": "/metadata_public/token", "value": token},
		{"op": "add", "path": "/metadata_admin/trail/-", "value": token},
	}))
}

// versionOf reads a version back, and says what about it does not fit together.
func versionOf(i *identity.Identity) (version, error) {
	v := version{ID: i.ID, Revision: i.Revision, External: i.ExternalID}
	var (
		traits struct{ Email, Backup, Token string }
		public struct{ Token string }
		admin  struct{ Trail []string }
	)
	for _, part := range []struct {
		raw  json.RawMessage
		into any
	}{{i.Traits, &traits}, {i.MetadataPublic, &public}, {i.MetadataAdmin, &admin}} {
		if err := json.Unmarshal(part.raw, part.into); err != nil {
			return v, fmt.Errorf("identity %s: %w", i.ID, err)
		}
	}
	v.Email, v.Trail = traits.Email, admin.Trail
	switch {
	case len(v.Trail) == 0:
		return v, fmt.Errorf("identity %s has no trail", i.ID)
	case traits.Token != v.token(), public.Token != v.token(), traits.Backup != "backup-"+v.Email:
		return v, fmt.Errorf("identity %s is half of %q, half of %q, half of %q", i.ID, v.token(), traits.Token, public.Token)
	}
	return v, nil
}

func encode(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return raw
}

// emailOf is an address that no other token has.
func emailOf(token string) string { return strings.ReplaceAll(token, "/", "-") + "@example.com" }

// newStore returns a store in a database of the application's.
func newStore(t *testing.T, db *sql.DB, options ...sqlitedb.Option) *sqlitedb.Store {
	t.Helper()
	store, err := sqlitedb.New(t.Context(), db, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}
