package passwordhash_test

import (
	"context"
	"fmt"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// Read a hash that another system made, and see whether it is time for a new one.
func ExampleVerify() {
	ctx := context.Background()
	hash, err := passwordhash.Parse("$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a.")
	if err != nil {
		panic(err)
	}
	err = passwordhash.Verify(ctx, hash, []byte("passw0rd"))
	fmt.Println("passw0rd:", err)
	err = passwordhash.Verify(ctx, hash, []byte("password"))
	fmt.Println("password:", err)

	hasher, err := passwordhash.NewArgon2id(passwordhash.Argon2{})
	if err != nil {
		panic(err)
	}
	fmt.Println(hash, "needs another:", hasher.NeedsRehash(hash))
	// Output:
	// passw0rd: the password does not match
	// password: <nil>
	// [password hash md5-crypt] needs another: true
}
