package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/violation"
)

// Prepare does what is slow or can fail; Apply is a pure rule.
func ExampleImport_Prepare() {
	hasher, err := passwordhash.NewArgon2id(passwordhash.Argon2{})
	if err != nil {
		panic(err)
	}
	imp := credentials.Import{
		Password: &credentials.ImportPassword{Password: "correct horse"},
		OIDC:     &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1042"}}},
	}
	prepared, err := imp.Prepare(context.Background(), hasher, credentials.Limits{})
	if err != nil {
		panic(err)
	}
	set := prepared.Apply(nil, "0192f0c1-7a6e-7cc0-9d3b-3c1f5c2f9a10", time.Now())
	fmt.Println(set)
	fmt.Println(set[credentials.TypeOIDC].Identifiers)

	imp.OIDC.Providers[0].Subject = ""
	_, err = imp.Prepare(context.Background(), hasher, credentials.Limits{})
	var invalid *violation.Error
	fmt.Println(errors.As(err, &invalid), invalid.Violations[0].Pointer, invalid.Violations[0].Message)
	// Output:
	// map[oidc:[credential oidc] password:[credential password]]
	// [google:1042]
	// true /oidc/config/providers/0/subject must not be empty
}
