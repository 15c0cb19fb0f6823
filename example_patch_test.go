package idem_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/idemkit/idem"
)

// A patch changes what it names and leaves the rest, where an update replaces all. It
// comes as RFC 6902 has it, with tests that must hold, or as RFC 7396.
func ExampleManager_PatchIdentity() {
	ctx, manager := context.Background(), newManager()
	ada := create(ctx, manager, `{"email":"ada@example.com","name":"Ada"}`)

	patched, err := manager.PatchIdentity(ctx, ada.ID, idem.JSONPatch([]byte(`[
		{"op": "test", "path": "/state", "value": "active"},
		{"op": "remove", "path": "/traits/name"},
		{"op": "add", "path": "/metadata_admin/notes/first", "value": "met at a party"}
	]`)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(patched.Traits), string(patched.MetadataAdmin))

	patched, err = manager.PatchIdentity(ctx, ada.ID, idem.MergePatch([]byte(`{"state": "inactive", "metadata_public": {"plan": "pro"}}`)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(patched.State, string(patched.MetadataPublic))

	_, err = manager.PatchIdentity(ctx, ada.ID, idem.JSONPatch([]byte(`[{"op": "test", "path": "/state", "value": "active"}]`)))
	fmt.Println(errors.Is(err, idem.ErrTestFailed))
	// Output:
	// {"email":"ada@example.com"} {"notes":{"first":"met at a party"}}
	// inactive {"plan":"pro"}
	// true
}
