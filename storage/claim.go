package storage

import (
	"cmp"
	"maps"
	"slices"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// Kinds of claims.
const (
	KindIdentifier = "identifier"
	KindExternalID = "external_id"
	KindAddress    = "address"
	KindID         = "id"
)

// Types of claimed addresses. A verifiable and a recovery address may be the same:
// each is unique among its own.
const (
	TypeVerifiableAddress = "verifiable_address"
	TypeRecoveryAddress   = "recovery_address"
)

// Claim is something that at most one identity may have.
type Claim struct {
	// Kind is KindIdentifier, KindExternalID, KindAddress or KindID.
	Kind string
	// Type is the credential type of an identifier, or the type of an address.
	Type string
	// Value is what is claimed: the identifier, the external id, or the address
	// as AddressClaim writes it.
	Value string
}

// AddressClaim returns the claim on an address. t is [TypeVerifiableAddress] or
// [TypeRecoveryAddress].
func AddressClaim(t, via, value string) Claim {
	return Claim{Kind: KindAddress, Type: t, Value: via + ":" + value}
}

// Claims returns what i claims, each once, in an order that depends on nothing
// but the claims: identifiers by type and value, the external id, addresses by
// type and value. Of several conflicts a store reports the first in this order.
func Claims(i *identity.Identity) []Claim {
	size := 1 + len(i.VerifiableAddresses) + len(i.RecoveryAddresses)
	for _, c := range i.Credentials {
		size += len(c.Identifiers)
	}
	claims := make([]Claim, 0, size)
	for t, c := range i.Credentials {
		for _, identifier := range c.Identifiers {
			claims = append(claims, Claim{Kind: KindIdentifier, Type: string(t), Value: identifier})
		}
	}
	if i.ExternalID != "" {
		claims = append(claims, Claim{Kind: KindExternalID, Value: i.ExternalID})
	}
	for _, a := range i.VerifiableAddresses {
		claims = append(claims, AddressClaim(TypeVerifiableAddress, a.Via, a.Value))
	}
	for _, a := range i.RecoveryAddresses {
		claims = append(claims, AddressClaim(TypeRecoveryAddress, a.Via, a.Value))
	}
	slices.SortFunc(claims, compareClaims)
	return slices.Compact(claims)
}

// ChangedClaims returns what next claims and current does not, and the other way
// around, each in the order of [Claims].
func ChangedClaims(current, next *identity.Identity) (added, removed []Claim) {
	if sameClaims(current, next) {
		return nil, nil
	}
	before, after := Claims(current), Claims(next)
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(before) == 0:
			return append(added, after...), removed
		case len(after) == 0:
			return added, append(removed, before...)
		}
		switch order := compareClaims(before[0], after[0]); {
		case order == 0:
			before, after = before[1:], after[1:]
		case order < 0:
			removed, before = append(removed, before[0]), before[1:]
		default:
			added, after = append(added, after[0]), after[1:]
		}
	}
	return added, removed
}

// sameClaims tells the ordinary case, in which nothing is claimed anew, from the
// others. It may miss it where the same is claimed in another order.
func sameClaims(a, b *identity.Identity) bool {
	return a.ExternalID == b.ExternalID &&
		maps.EqualFunc(a.Credentials, b.Credentials, func(a, b credentials.Credential) bool {
			return slices.Equal(a.Identifiers, b.Identifiers)
		}) &&
		slices.EqualFunc(a.VerifiableAddresses, b.VerifiableAddresses, func(a, b identity.VerifiableAddress) bool {
			return a.Via == b.Via && a.Value == b.Value
		}) &&
		slices.EqualFunc(a.RecoveryAddresses, b.RecoveryAddresses, func(a, b identity.RecoveryAddress) bool {
			return a.Via == b.Via && a.Value == b.Value
		})
}

func compareClaims(a, b Claim) int {
	return cmp.Or(
		cmp.Compare(kindOrder(a.Kind), kindOrder(b.Kind)),
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Value, b.Value))
}

// kindOrder puts first what a person can best act on: an identifier clash says
// that an account exists, which its addresses would only repeat.
func kindOrder(kind string) int {
	return slices.Index([]string{KindID, KindIdentifier, KindExternalID, KindAddress}, kind)
}
