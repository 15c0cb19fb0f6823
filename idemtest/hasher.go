package idemtest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// Hasher returns a fast [passwordhash.Hasher] for tests: a hash takes about a microsecond. It
// uses no randomness. The same password always has the same hash, so a test can compare whole
// identities. The hash protects nothing; therefore this function is here and not in package
// credentials.
func Hasher() passwordhash.Hasher { return hasher{} }

type hasher struct{}

// hashPrefix begins the hash that is a SHA-256 digest of the password alone.
const hashPrefix = "$sha256$pf=e1BBU1NXT1JEfQ==$$" // {PASSWORD} in base64, and no salt

// Hash implements [passwordhash.Hasher].
func (hasher) Hash(ctx context.Context, password []byte) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := passwordhash.CheckPassword(password); err != nil {
		return "", err
	}
	digest := sha256.Sum256(password)
	return hashPrefix + base64.StdEncoding.EncodeToString(digest[:]), nil
}

// NeedsRehash implements [passwordhash.Hasher].
func (hasher) NeedsRehash(h passwordhash.Hash) bool { return h.FormatName() != passwordhash.FormatSHA }
