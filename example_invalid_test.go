package idem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/violation"
)

// What is wrong comes all at once, each with its place.
func ExampleManager_UpdateIdentity_invalid() {
	ctx, manager := context.Background(), newManager()
	created := create(ctx, manager, `{"email":"ada@example.com"}`)

	_, err := manager.UpdateIdentity(ctx, created.ID, identity.Update{Traits: json.RawMessage(`{"name":7}`)})
	var invalid *violation.Error
	if errors.As(err, &invalid) {
		for _, v := range invalid.Violations {
			fmt.Println(v.Pointer, v.Keyword)
		}
	}
	// Output:
	// /traits/email required
	// /traits/name type
}
