package idemtest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// Hasher returns a [passwordhash.Hasher] that takes a microsecond and no randomness:
// the same password has the same hash, so that a test can compare whole identities.
// It protects nothing; that is why it is here and not in package credentials.
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
