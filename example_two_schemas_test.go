package idem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/violation"
)

const exampleCustomerSchema = `{"properties": {"traits": {"type": "object", "properties": {
	"email": {"type": "string", "format": "email", "ory.sh/kratos": {
		"credentials": {"password": {"identifier": true}}}},
	"customer_number": {"type": "integer"}},
	"required": ["email", "customer_number"]}}}`

// People and customers have schemas of their own. An update that names another schema
// moves an identity there, if its new traits fit: the id, the credentials and the
// history of its addresses stay.
func ExampleManager_UpdateIdentity_twoSchemas() {
	ctx := context.Background()
	person, err := schema.Parse("person", []byte(exampleSchema))
	if err != nil {
		log.Fatal(err)
	}
	customer, err := schema.Parse("customer", []byte(exampleCustomerSchema))
	if err != nil {
		log.Fatal(err)
	}
	schemas, err := schema.NewRegistry(person, customer) // the first is the default
	if err != nil {
		log.Fatal(err)
	}
	manager, err := idem.New(memory.New(), schemas)
	if err != nil {
		log.Fatal(err)
	}
	ada := create(ctx, manager, `{"email":"ada@example.com"}`)
	fmt.Println(ada.SchemaID)

	_, err = manager.UpdateIdentity(ctx, ada.ID, identity.Update{SchemaID: "customer", Traits: ada.Traits})
	var invalid *violation.Error
	if errors.As(err, &invalid) {
		fmt.Println(invalid.Violations[0].Pointer, invalid.Violations[0].Message)
	}
	moved, err := manager.UpdateIdentity(ctx, ada.ID, identity.Update{
		SchemaID: "customer", Traits: json.RawMessage(`{"email":"ada@example.com","customer_number":1}`),
	})
	fmt.Println(moved.SchemaID, err)
	// Output:
	// person
	// /traits/customer_number is required
	// customer <nil>
}
