package idem_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

const exampleSchema = `{"properties": {"traits": {"type": "object", "properties": {
	"email": {"type": "string", "format": "email", "ory.sh/kratos": {
		"credentials": {"password": {"identifier": true}},
		"verification": {"via": "email"}}},
	"name": {"type": "string", "maxLength": 40}},
	"required": ["email"]}}}`

// newManager is what an application does once, at its start.
func newManager() *idem.Manager {
	person, err := schema.Parse("person", []byte(exampleSchema))
	if err != nil {
		log.Fatal(err)
	}
	schemas, err := schema.NewRegistry(person)
	if err != nil {
		log.Fatal(err)
	}
	manager, err := idem.New(memory.New(), schemas)
	if err != nil {
		log.Fatal(err)
	}
	return manager
}

// create makes an identity with these traits.
func create(ctx context.Context, manager *idem.Manager, traits string) *identity.Identity {
	created, err := manager.CreateIdentity(ctx, identity.Create{Traits: json.RawMessage(traits)})
	if err != nil {
		log.Fatal(err)
	}
	return created
}

// The first update: all that is not named is replaced too, so the new traits are
// whole. The address that comes with them has to be verified.
func Example() {
	ctx, manager := context.Background(), newManager()
	created := create(ctx, manager, `{"email":"ada@example.com"}`)
	updated, err := manager.UpdateIdentity(ctx, created.ID, identity.Update{
		State:  identity.StateInactive,
		Traits: json.RawMessage(`{"email":"ada@lovelace.example","name":"Ada"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(updated.Revision, updated.State, string(updated.Traits))
	fmt.Println(updated.VerifiableAddresses[0].Value, updated.VerifiableAddresses[0].Status)
	// Output:
	// 2 inactive {"email":"ada@lovelace.example","name":"Ada"}
	// ada@lovelace.example pending
}
