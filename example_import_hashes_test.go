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

// Identities of another system come along with their password hashes, and their
// owners notice nothing. Each stands alone: the one whose hash is of no known format is
// refused, and says why.
func ExampleManager_CreateIdentities() {
	ctx, manager := context.Background(), newManager()
	var creates []identity.Create
	for n, hash := range []string{
		"$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq", // bcrypt
		"$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a.",                           // crypt(3) with MD5
		"swordfish",
	} {
		creates = append(creates, identity.Create{
			Traits:      json.RawMessage(fmt.Sprintf(`{"email":"user%d@example.com"}`, n)),
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: hash}},
		})
	}

	results, err := manager.CreateIdentities(ctx, creates)
	if err != nil {
		log.Fatal(err)
	}
	for n, result := range results {
		var refused *idem.Error
		if errors.As(result.Err, &refused) {
			fmt.Println(n, refused.Kind, errors.Unwrap(refused))
			continue
		}
		fmt.Println(n, string(result.Identity.Traits))
	}
	_, err = manager.VerifyPassword(ctx, "user1@example.com", "password")
	fmt.Println("signs in:", err == nil)
	// Output:
	// 0 {"email":"user0@example.com"}
	// 1 {"email":"user1@example.com"}
	// 2 invalid /credentials/password/config/hashed_password: password hash: not in a known format
	// signs in: true
}
