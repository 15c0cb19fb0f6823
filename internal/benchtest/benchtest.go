// Package benchtest makes the identities that benchmarks work on: people as applications have them, with an e-mail
// address, a phone number, a name, a postal address, a password and some metadata.
package benchtest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// SchemaID is the id of [Schema].
const SchemaID = "person"

// Schema is the identity schema of a person.
const Schema = `{
	"$schema": "http://json-schema.org/draft-07/schema#",
	"title": "Person",
	"type": "object",
	"properties": {"traits": {
		"type": "object",
		"properties": {
			"email": {"type": "string", "format": "email", "title": "E-Mail", "maxLength": 320, "ory.sh/kratos": {
				"credentials": {"password": {"identifier": true}, "webauthn": {"identifier": true}, "code": {"identifier": true, "via": "email"}},
				"verification": {"via": "email"}, "recovery": {"via": "email"}}},
			"phone": {"type": "string", "format": "tel", "title": "Phone", "ory.sh/kratos": {
				"credentials": {"password": {"identifier": true}, "code": {"identifier": true, "via": "sms"}},
				"verification": {"via": "sms"}, "recovery": {"via": "sms"}}},
			"name": {"type": "object", "properties": {"first": {"type": "string"}, "last": {"type": "string"}}, "required": ["last"]},
			"address": {"type": "object", "properties": {
				"street": {"type": "string"}, "city": {"type": "string"}, "postal_code": {"type": "string", "pattern": "^[0-9A-Z -]+$"},
				"country": {"type": "string", "minLength": 2, "maxLength": 2}}, "required": ["city", "country"]},
			"newsletter": {"type": "boolean"},
			"tier": {"enum": ["free", "pro", "enterprise"]}
		},
		"required": ["email"],
		"additionalProperties": false
	}}
}`

// hashedPassword is the Argon2id hash of "landscape-Pa55" at the default cost.
const hashedPassword = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$aRYu2aF0DqOz/wTPd/2ln459Q1e4oQVmK35LG2tJz7o"

// Email is the e-mail address of person n. A round other than 0 gives another address of the same person.
func Email(n, round int) string {
	if round == 0 {
		return fmt.Sprintf("person%d@example.com", n)
	}
	return fmt.Sprintf("person%d.%d@example.com", n, round)
}

// phoneFormat makes the phone number of person n.
const phoneFormat = "+49176%08d"

// Traits are those of person n under email. round changes what is neither identifier nor address.
func Traits(n, round int, email string) json.RawMessage {
	return fmt.Appendf(nil, `{"email":%q,"phone":"`+phoneFormat+`","name":{"first":"Ada %d","last":"Lovelace"},`+
		`"address":{"street":"12 St James's Square","city":"London","postal_code":"SW1Y 4JH","country":"GB"},"newsletter":true,"tier":"pro"}`, email, n, round)
}

// metadata takes 300 bytes.
func metadata(n int) json.RawMessage {
	return fmt.Appendf(nil, `{"customer":"cus_%024d","plan":{"name":"pro","seats":12,"renews":"2027-01-31"},"flags":["beta-editor","eu-region","annual"],`+
		`"consents":{"terms":"2026-03-01T09:30:00Z","privacy":"2026-03-01T09:30:00Z","marketing":null},"referrer":"https://www.example.org/welcome?campaign=spring","score":0.8125}`, n)
}

// Create creates person n, with a password that is hashed already.
func Create(n int) identity.Create {
	return identity.Create{
		SchemaID: SchemaID, Traits: Traits(n, 0, Email(n, 0)), MetadataPublic: metadata(n),
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: hashedPassword}},
	}
}

// Update is person n after a round of changes, under email.
func Update(n, round int, email string) identity.Update {
	return identity.Update{SchemaID: SchemaID, State: identity.StateActive, Traits: Traits(n, round, email), MetadataPublic: metadata(n)}
}

// UpdateBody is the body of a PUT for [Update].
func UpdateBody(n, round int, email string) string {
	return fmt.Sprintf(`{"schema_id":%q,"state":"active","traits":%s,"metadata_public":%s}`, SchemaID, Traits(n, round, email), metadata(n))
}

// CreateBody is the body of a POST for [Create].
func CreateBody(n int) string {
	return fmt.Sprintf(`{"schema_id":%q,"traits":%s,"metadata_public":%s,"credentials":{"password":{"config":{"hashed_password":%q}}}}`,
		SchemaID, Traits(n, 0, Email(n, 0)), metadata(n), hashedPassword)
}

// Identity is person n as a store keeps it.
func Identity(n int) *identity.Identity {
	create, email, phone := Create(n), Email(n, 0), fmt.Sprintf(phoneFormat, n)
	at := time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	i := &identity.Identity{
		SchemaID: SchemaID, State: identity.StateActive, StateChangedAt: at, CreatedAt: at, UpdatedAt: at.Add(time.Hour),
		Traits: create.Traits, MetadataPublic: create.MetadataPublic,
		Credentials: credentials.Set{
			credentials.TypeCode: {Identifiers: []string{phone, email}, Config: credentials.Config{Addresses: []credentials.CodeAddress{
				{Channel: "email", Address: email}, {Channel: "sms", Address: phone},
			}}},
			credentials.TypePassword: {Identifiers: []string{phone, email}, Config: credentials.Config{HashedPassword: hashedPassword}},
			credentials.TypeWebAuthn: {Identifiers: []string{email}},
		},
	}
	for _, address := range [][2]string{{"email", email}, {"sms", phone}} {
		id := uuid.MustParse("158beb6c-e674-59a4-136c-21ee3158ad67")
		via, value := address[0], address[1]
		i.VerifiableAddresses = append(i.VerifiableAddresses, identity.VerifiableAddress{ID: id, Value: value, Via: via, Status: identity.AddressPending, CreatedAt: at, UpdatedAt: at})
		i.RecoveryAddresses = append(i.RecoveryAddresses, identity.RecoveryAddress{ID: id, Value: value, Via: via, CreatedAt: at, UpdatedAt: at})
	}
	for t, c := range i.Credentials {
		c.Type, c.Version, c.CreatedAt, c.UpdatedAt = t, t.Version(), at, at
		i.Credentials[t] = c
	}
	return i
}
