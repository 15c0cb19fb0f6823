package idem

import (
	"context"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// limitedHasher hashes within the Manager's limit.
type limitedHasher struct {
	passwordhash.Hasher
	limiter *passwordhash.Limiter
}

// Hash implements [passwordhash.Hasher].
func (h limitedHasher) Hash(ctx context.Context, password []byte) (string, error) {
	return h.limiter.Hash(ctx, h.Hasher, password)
}

// rememberingHasher hashes a password once, however often a use case must start over.
type rememberingHasher struct {
	passwordhash.Hasher
	password, hash string
}

// Hash implements [passwordhash.Hasher].
func (h *rememberingHasher) Hash(ctx context.Context, password []byte) (string, error) {
	if h.hash != "" && h.password == string(password) {
		return h.hash, nil
	}
	hash, err := h.Hasher.Hash(ctx, password)
	if err == nil {
		h.password, h.hash = string(password), hash
	}
	return hash, err
}

// rememberedHash hashes nothing: it returns the hash of the password that was hashed before, and errMoved for any other.
// It is for the store's step, where hashing would hold the write lock.
type rememberedHash struct{ *rememberingHasher }

// Hash implements [passwordhash.Hasher].
func (h rememberedHash) Hash(_ context.Context, password []byte) (string, error) {
	if h.hash == "" || h.password != string(password) {
		return "", errMoved
	}
	return h.hash, nil
}
