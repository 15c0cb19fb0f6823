// Package pwned refuses passwords that are known from breaches (NIST SP 800-63B-4, section
// 3.1.1.2), by the lists of Have I Been Pwned: from its service, to which only the first
// five characters of a hash are sent, or from a file.
//
//	manager, err := idem.New(store, schemas, idem.WithPasswordPolicy(pwned.Policy(pwned.NewService(client), 1, nil)))
package pwned

import (
	"context"
	"crypto/sha1"
	"errors"

	"github.com/idemkit/idem"
)

// Hash is the SHA-1 digest of a password, by which the lists are kept. It protects nothing.
type Hash [sha1.Size]byte

// HashOf returns the hash of a password in UTF-8.
func HashOf(password string) Hash { return sha1.Sum([]byte(password)) }

// Source knows how often a password was found in breaches. It is safe for concurrent use.
type Source interface {
	// Count returns how often, 0 for a password that is not on the list.
	Count(ctx context.Context, hash Hash) (int, error)
}

// ErrPwned is the error of a password that is known from breaches. Its text is for the
// person who has chosen it.
var ErrPwned = errors.New("was found in data that was stolen elsewhere: choose another")

// Policy returns a policy for [idem.WithPasswordPolicy] that refuses passwords which source
// has found least times or more; less than 1 means 1.
//
// onError decides what becomes of a password while source does not answer: nil accepts it,
// and an error refuses it with its text. It should log err. A nil onError accepts: a
// service that is down must not keep people from changing a password.
func Policy(source Source, least int, onError func(ctx context.Context, err error) error) idem.PasswordPolicy {
	return func(ctx context.Context, candidate idem.PasswordCandidate) error {
		count, err := source.Count(ctx, HashOf(candidate.Password))
		switch {
		case err != nil && onError != nil:
			return onError(ctx, err)
		case err == nil && count >= max(1, least):
			return ErrPwned
		}
		return nil
	}
}
