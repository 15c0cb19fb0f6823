package idem_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// A reader of the change feed keeps the position it has come to, and goes on from there.
// To follow the feed as it grows, take Watch in the place of Changes.
func ExampleManager_Changes() {
	manager := newManager()
	ctx := idem.ContextWithActor(context.Background(), "admin:42")
	ada, err := manager.CreateIdentity(ctx, identity.Create{Traits: json.RawMessage(`{"email":"ada@example.com"}`)})
	if err != nil {
		log.Fatal(err)
	}

	position := int64(0) // the application keeps it with what it makes of the changes
	read := func() {
		for c, err := range manager.Changes(ctx, storage.ChangeQuery{After: position}) {
			if err != nil {
				log.Fatal(err) // of idem.KindGone: changes were missed, read the identities again
			}
			fmt.Println(c.Sequence, c.Operation, c.IdentityID == ada.ID, c.Revision, c.Fields, c.Actor)
			position = c.Sequence
		}
	}
	read()

	_, err = manager.UpdateIdentity(ctx, ada.ID, identity.Update{
		State:  identity.StateInactive,
		Traits: json.RawMessage(`{"email":"ada@example.com","name":"Ada"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := manager.DeleteIdentity(idem.ContextWithActor(ctx, "gdpr-job"), ada.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Println("from", position)
	read()
	// Output:
	// 1 create true 1 [/credentials/password /schema_id /state /traits /verifiable_addresses] admin:42
	// from 1
	// 2 update true 2 [/state /traits /sign_in_epoch] admin:42
	// 3 delete true 3 [] gdpr-job
}
