package idem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
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

func Example() {
	ctx, manager := context.Background(), newManager()
	created, err := manager.CreateIdentity(ctx, identity.Create{
		Traits: json.RawMessage(`{"email":"ada@example.com"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
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

// A precondition keeps an update from undoing what somebody else did meanwhile.
func ExampleIfRevision() {
	ctx, manager := context.Background(), newManager()
	seen, err := manager.CreateIdentity(ctx, identity.Create{Traits: json.RawMessage(`{"email":"ada@example.com"}`)})
	if err != nil {
		log.Fatal(err)
	}
	rename := func(name string) error {
		_, err := manager.UpdateIdentity(ctx, seen.ID, identity.Update{
			Traits: json.RawMessage(fmt.Sprintf(`{"email":"ada@example.com","name":%q}`, name)),
		}, idem.IfRevision(seen.Revision))
		return err
	}
	fmt.Println(rename("Ada"))
	fmt.Println(errors.Is(rename("Augusta"), storage.ErrRevision))
	// Output:
	// <nil>
	// true
}

// What is wrong comes all at once, each with its place.
func ExampleManager_UpdateIdentity_invalid() {
	ctx, manager := context.Background(), newManager()
	created, err := manager.CreateIdentity(ctx, identity.Create{Traits: json.RawMessage(`{"email":"ada@example.com"}`)})
	if err != nil {
		log.Fatal(err)
	}
	_, err = manager.UpdateIdentity(ctx, created.ID, identity.Update{Traits: json.RawMessage(`{"name":7}`)})
	var invalid *schema.ValidationError
	if errors.As(err, &invalid) {
		for _, v := range invalid.Violations {
			fmt.Println(v.Pointer, v.Keyword)
		}
	}
	// Output:
	// /traits/email required
	// /traits/name type
}

// Hashes from another system are kept as they are until their owner signs in.
func ExampleManager_VerifyPassword() {
	ctx, manager := context.Background(), newManager()
	_, err := manager.CreateIdentity(ctx, identity.Create{
		Traits: json.RawMessage(`{"email":"ada@example.com"}`),
		Credentials: &credentials.Import{Password: &credentials.ImportPassword{
			HashedPassword: "$sha256$pf=e1BBU1NXT1JEfQ==$$x/sjULVJeLjzFTOXir/uxmp/Q/fUvPHq7ViU74C8dYE=",
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	verified, err := manager.VerifyPassword(ctx, "Ada@Example.com", "landscape-Pa55")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verified.Credentials[credentials.TypePassword].Config.HashedPassword[:10])
	_, err = manager.VerifyPassword(ctx, "Ada@Example.com", "landscape-Pa56")
	fmt.Println(errors.Is(err, idem.ErrWrongPassword))
	// Output:
	// $argon2id$
	// true
}

func ExampleManager_PatchIdentity() {
	ctx, manager := context.Background(), newManager()
	created, err := manager.CreateIdentity(ctx, identity.Create{Traits: json.RawMessage(`{"email":"ada@example.com"}`)})
	if err != nil {
		log.Fatal(err)
	}
	patched, err := manager.PatchIdentity(ctx, created.ID, idem.JSONPatch([]byte(`[
		{"op": "test", "path": "/state", "value": "active"},
		{"op": "add", "path": "/metadata_admin/notes/first", "value": "met at a party"}
	]`)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(patched.MetadataAdmin))
	// Output: {"notes":{"first":"met at a party"}}
}

func ExampleManager_Identities() {
	ctx, manager := context.Background(), newManager()
	for _, name := range []string{"ada", "grace", "karen"} {
		if _, err := manager.CreateIdentity(ctx, identity.Create{Traits: json.RawMessage(fmt.Sprintf(`{"email":"%s@example.com"}`, name))}); err != nil {
			log.Fatal(err)
		}
	}
	for i, err := range manager.Identities(ctx, idem.Query{IdentifierPrefix: "gr"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(i.Traits))
	}
	// Output: {"email":"grace@example.com"}
}
