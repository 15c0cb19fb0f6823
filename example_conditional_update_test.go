package idem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// A precondition keeps an update from undoing what somebody else did meanwhile: two
// administrators have the same revision on their screens, and the second one to save
// is told.
func ExampleIfRevision() {
	ctx, manager := context.Background(), newManager()
	seen := create(ctx, manager, `{"email":"ada@example.com"}`)
	save := func(name string) error {
		_, err := manager.UpdateIdentity(ctx, seen.ID, identity.Update{
			Traits: json.RawMessage(fmt.Sprintf(`{"email":"ada@example.com","name":%q}`, name)),
		}, idem.IfRevision(seen.Revision))
		return err
	}

	fmt.Println("the first:", save("Ada"))
	fmt.Println("the second is refused:", errors.Is(save("Augusta"), storage.ErrRevision))

	// A caller whose update is refused reads the identity again and decides again.
	current, err := manager.GetIdentity(ctx, seen.ID)
	fmt.Println(current.Revision, string(current.Traits), err)
	// Output:
	// the first: <nil>
	// the second is refused: true
	// 2 {"email":"ada@example.com","name":"Ada"} <nil>
}
