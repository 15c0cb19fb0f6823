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
)

// Hashes from another system are kept as they are until their owner signs in, with the
// address in any spelling.
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
	_, err = manager.VerifyPassword(ctx, "nobody@example.com", "landscape-Pa55")
	fmt.Println(errors.Is(err, idem.ErrWrongPassword)) // which of the two is wrong is not told
	// Output:
	// $argon2id$
	// true
	// true
}
