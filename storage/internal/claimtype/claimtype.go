// Package claimtype names the types under which stores keep claims in one table.
package claimtype

import (
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/storage"
)

// Types of claims that are no identifiers. No credential has such a type.
const (
	typeExternalID = "external_id"
	typeKey        = "key"
)

// Of returns the type under which a claim is kept among the identifiers. known is false if
// the claim is of a kind or type that is not kept, and nobody can have it.
func Of(claim storage.Claim) (t string, known bool) {
	switch claim.Kind {
	case storage.ClaimKindIdentifier:
		return claim.Type, credentials.Type(claim.Type).IsKnown()
	case storage.ClaimKindExternalID:
		return typeExternalID, true
	case storage.ClaimKindKey:
		return typeKey, true
	case storage.ClaimKindAddress:
		return claim.Type, claim.Type == storage.TypeVerifiableAddress || claim.Type == storage.TypeRecoveryAddress
	}
	return "", false
}

// Kept is Of for a claim of [storage.Claims].
func Kept(claim storage.Claim) string {
	t, _ := Of(claim)
	return t
}
