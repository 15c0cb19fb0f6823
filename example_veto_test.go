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
)

// A hook applies a rule of the application to every change, whichever method makes it.
// Here, a customer with an open invoice cannot be deleted.
func ExampleWithBeforeCommit() {
	person, err := schema.Parse("person", []byte(exampleSchema))
	if err != nil {
		log.Fatal(err)
	}
	schemas, err := schema.NewRegistry(person)
	if err != nil {
		log.Fatal(err)
	}
	manager, err := idem.New(memory.New(), schemas, idem.WithBeforeCommit(func(_ context.Context, c idem.PendingChange) error {
		leaves := c.After == nil || c.After.State == identity.StateInactive
		if leaves && c.Before != nil && string(c.Before.MetadataAdmin) == `{"invoice":"open"}` {
			return idem.Veto("there is an open invoice")
		}
		return nil
	}))
	if err != nil {
		log.Fatal(err)
	}

	ctx, traits := context.Background(), json.RawMessage(`{"email":"ada@example.com"}`)
	ada, err := manager.CreateIdentity(ctx, identity.Create{Traits: traits, MetadataAdmin: json.RawMessage(`{"invoice":"open"}`)})
	if err != nil {
		log.Fatal(err)
	}
	_, err = manager.UpdateIdentity(ctx, ada.ID, identity.Update{Traits: traits, State: identity.StateInactive})
	var veto *idem.VetoError
	if errors.As(err, &veto) {
		fmt.Println("refused:", veto)
	}
	fmt.Println("kind:", idem.KindOf(manager.DeleteIdentity(ctx, ada.ID)))

	if _, err := manager.UpdateIdentity(ctx, ada.ID, identity.Update{Traits: traits, MetadataAdmin: json.RawMessage(`{"invoice":"paid"}`)}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("paid:", manager.DeleteIdentity(ctx, ada.ID))
	// Output:
	// refused: there is an open invoice
	// kind: vetoed
	// paid: <nil>
}
