package trust_test

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
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

func databasePath(t *testing.T) string { return filepath.Join(t.TempDir(), "identities.db") }

func encode(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return raw
}
