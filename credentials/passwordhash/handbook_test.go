package passwordhash_test

import (
	_ "embed"
	"encoding/json"
)

// handbookPassword is the password of every hash in handbook.
const handbookPassword = "landscape-Pa55"

//go:embed testdata/handbook_hashes.json
var handbookHashes []byte

// handbook is one hash at least of every format that is compatible with Ory Kratos,
// none of them made with this package.
func handbook() []string {
	var hashes []string
	if err := json.Unmarshal(handbookHashes, &hashes); err != nil {
		panic(err)
	}
	return hashes
}
