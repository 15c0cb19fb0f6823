// Package account has the identities with which tests look for changes that were made by half:
// every part of an account follows from the last change that it has seen.
package account

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// document is the schema of accounts. It gives one identifier, one verifiable and one
// recovery address.
const document = `{"properties":{"traits":{"type":"object","additionalProperties":false,"properties":{
	"email":{"type":"string","format":"email","ory.sh/kratos":{
		"credentials":{"password":{"identifier":true}},"verification":{"via":"email"}}},
	"backup":{"type":"string","format":"email","ory.sh/kratos":{"recovery":{"via":"email"}}},
	"token":{"type":"string"}}}}}`

// NewManager returns a manager of accounts that logs nothing.
func NewManager(store storage.Storage, options ...idem.Option) (*idem.Manager, error) {
	parsed, err := schema.Parse("account", []byte(document))
	if err != nil {
		return nil, err
	}
	schemas, err := schema.NewRegistry(parsed)
	if err != nil {
		return nil, err
	}
	return idem.New(store, schemas, append([]idem.Option{idem.WithLogger(slog.New(slog.DiscardHandler))}, options...)...)
}

// Version is one state of an account. Two versions of an account differ in every part, so
// that one which is half the one and half the other shows.
type Version struct {
	ID       uuid.UUID
	Revision int64
	Email    string
	External string
	// Trail holds the token of every change, so that its length is the revision.
	Trail []string
}

// Before is the first version of the n-th of several accounts.
func Before(n int) Version {
	name := fmt.Sprintf("before %d", n)
	return Version{Revision: 1, Email: fmt.Sprintf("before-%d@example.com", n), External: name, Trail: []string{name}}
}

// Traits are the traits of the account.
func (v Version) Traits() json.RawMessage {
	return Encode(map[string]string{"email": v.Email, "backup": "backup-" + v.Email, "token": v.Token()})
}

func (v Version) public() json.RawMessage { return Encode(map[string]string{"token": v.Token()}) }

func (v Version) admin() json.RawMessage { return Encode(map[string][]string{"trail": v.Trail}) }

// Token is the token of the last change.
func (v Version) Token() string { return v.Trail[len(v.Trail)-1] }

// Create creates the account.
func (v Version) Create() identity.Create {
	return identity.Create{Traits: v.Traits(), MetadataPublic: v.public(), MetadataAdmin: v.admin(), ExternalID: v.External}
}

// Update makes an account what v is.
func (v Version) Update() identity.Update {
	return identity.Update{Traits: v.Traits(), MetadataPublic: v.public(), MetadataAdmin: v.admin(), ExternalID: v.External}
}

// Next is v after a change with token.
func (v Version) Next(token string) Version {
	v.Trail = append(slices.Clone(v.Trail), token)
	v.Revision++
	return v
}

// Same reports whether v and o are the same version, of whichever id.
func (v Version) Same(o Version) bool {
	v.ID, o.ID = uuid.Nil, uuid.Nil
	return string(Encode(v)) == string(Encode(o))
}

// Noon is when all of it happens, where nobody asks a clock.
var Noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Identity is a version as a store is given it.
func (v Version) Identity(id uuid.UUID) *identity.Identity {
	return &identity.Identity{
		ID: id, SchemaID: "account", ExternalID: v.External, State: identity.StateActive, StateChangedAt: Noon,
		Traits: v.Traits(), MetadataPublic: v.public(), MetadataAdmin: v.admin(),
		Credentials: credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: []string{v.Email}, CreatedAt: Noon, UpdatedAt: Noon,
		}},
		CreatedAt: Noon, UpdatedAt: Noon,
	}
}

// PatchTo returns the patch that makes the change with token, whatever the version.
func PatchTo(token string) idem.Patch {
	return idem.JSONPatch(Encode([]map[string]string{
		{"op": "replace", "path": "/traits/token", "value": token},
		{"op": "replace", "path": "/metadata_public/token", "value": token},
		{"op": "add", "path": "/metadata_admin/trail/-", "value": token},
	}))
}

// VersionOf reads a version back. The error says what about it does not fit together.
func VersionOf(i *identity.Identity) (Version, error) {
	v := Version{ID: i.ID, Revision: i.Revision, External: i.ExternalID}
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
	case traits.Token != v.Token(), public.Token != v.Token(), traits.Backup != "backup-"+v.Email:
		return v, fmt.Errorf("identity %s is half of %q, half of %q, half of %q", i.ID, v.Token(), traits.Token, public.Token)
	}
	return v, nil
}

// Encode returns value as JSON. It panics if that cannot be done.
func Encode(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return raw
}
