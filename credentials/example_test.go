package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/idemkit/idem/credentials"
)

// Read a hash that another system made, and see whether it is time for a new one.
func ExampleVerify() {
	ctx := context.Background()
	hash, err := credentials.ParseHash("$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a.")
	if err != nil {
		panic(err)
	}
	err = credentials.Verify(ctx, hash, []byte("passw0rd"))
	fmt.Println("passw0rd:", err)
	err = credentials.Verify(ctx, hash, []byte("password"))
	fmt.Println("password:", err)

	hasher, err := credentials.NewArgon2id(credentials.Argon2{})
	if err != nil {
		panic(err)
	}
	fmt.Println(hash, "needs another:", hasher.NeedsRehash(hash))
	// Output:
	// passw0rd: the password does not match
	// password: <nil>
	// [password hash md5-crypt] needs another: true
}

// Prepare does what is slow or can fail; Apply is a pure rule.
func ExampleImport_Prepare() {
	hasher, err := credentials.NewArgon2id(credentials.Argon2{})
	if err != nil {
		panic(err)
	}
	imp := credentials.Import{
		Password: &credentials.ImportPassword{Password: "correct horse"},
		OIDC:     &credentials.ImportOIDC{Providers: []credentials.ImportProvider{{Provider: "google", Subject: "1042"}}},
	}
	prepared, err := imp.Prepare(context.Background(), hasher)
	if err != nil {
		panic(err)
	}
	set := prepared.Apply(nil, "0192f0c1-7a6e-7cc0-9d3b-3c1f5c2f9a10", time.Now())
	fmt.Println(set)
	fmt.Println(set[credentials.TypeOIDC].Identifiers)

	imp.OIDC.Providers[0].Subject = ""
	_, err = imp.Prepare(context.Background(), hasher)
	var invalid *credentials.InvalidError
	fmt.Println(errors.As(err, &invalid), invalid.Field, invalid.Reason)
	// Output:
	// map[oidc:[credential oidc] password:[credential password]]
	// [google:1042]
	// true /oidc/config/providers/0/subject must not be empty
}
