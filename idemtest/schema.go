package idemtest

import (
	"testing"

	"github.com/idemkit/idem/schema"
)

// DefaultSchema is the identity schema that [New] uses by default. Its id is "default". It has
// four traits, and none is required. The email signs in with a password or a code, is verified,
// and recovers the account. The username signs in with a password. The phone number is verified
// by SMS. The name has no special role.
const DefaultSchema = `{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Person",
  "type": "object",
  "properties": {
    "traits": {
      "type": "object",
      "properties": {
        "email": {
          "type": "string",
          "format": "email",
          "ory.sh/kratos": {
            "credentials": { "password": { "identifier": true }, "code": { "identifier": true, "via": "email" } },
            "verification": { "via": "email" },
            "recovery": { "via": "email" }
          }
        },
        "username": {
          "type": "string",
          "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } }
        },
        "phone": {
          "type": "string",
          "format": "tel",
          "ory.sh/kratos": { "verification": { "via": "sms" } }
        },
        "name": { "type": "string" }
      },
      "additionalProperties": false
    }
  }
}`

func defaultSchemas(t testing.TB) *schema.Registry {
	t.Helper()
	parsed, err := schema.Parse(schema.DefaultID, []byte(DefaultSchema))
	if err != nil {
		t.Fatalf("idemtest: %v", err)
	}
	schemas, err := schema.NewRegistry(parsed)
	if err != nil {
		t.Fatalf("idemtest: %v", err)
	}
	return schemas
}
