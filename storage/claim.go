package storage

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// ClaimKind is the kind of value that a [Claim] is on.
type ClaimKind string

// The kinds of claims.
const (
	ClaimKindIdentifier ClaimKind = "identifier"
	ClaimKindExternalID ClaimKind = "external_id"
	ClaimKindAddress    ClaimKind = "address"
	// ClaimKindKey is the id of a WebAuthn key, of a webauthn or a passkey credential.
	ClaimKindKey ClaimKind = "key"
	// ClaimKindID is the identity's own id. [Claims] does not list it.
	ClaimKindID ClaimKind = "id"
)

// Types of claimed addresses. A verifiable and a recovery address may be the same:
// each is unique within its type.
const (
	TypeVerifiableAddress = "verifiable_address"
	TypeRecoveryAddress   = "recovery_address"
)

// Claim is a value that at most one identity may have. It can be compared with ==.
type Claim struct {
	Kind ClaimKind
	// Type is the credential type of an identifier or the type of an address. It is
	// empty for the other kinds.
	Type string
	// Value is the claimed value, in the form that the constructors below produce.
	Value string
}

// IdentifierClaim returns the claim on an identifier, in its normalised form, of the
// credentials of type t.
func IdentifierClaim(t credentials.Type, identifier string) Claim {
	return Claim{Kind: ClaimKindIdentifier, Type: string(t), Value: identifier}
}

// ExternalIDClaim returns the claim on an external id.
func ExternalIDClaim(externalID string) Claim {
	return Claim{Kind: ClaimKindExternalID, Value: externalID}
}

// AddressClaim returns the claim on an address. t is [TypeVerifiableAddress] or
// [TypeRecoveryAddress], via is "email" or "sms", and value is the address in its
// normalised form.
func AddressClaim(t, via, value string) Claim {
	return Claim{Kind: ClaimKindAddress, Type: t, Value: via + ":" + value}
}

// KeyClaim returns the claim on a WebAuthn key by its id ([credentials.Key.ID]). Ids are
// bytes written as base64: the same bytes are the same claim in either alphabet, padded
// or not. An id that is not base64 is claimed unchanged.
func KeyClaim(id string) Claim {
	value := id
	text := standardAlphabet.Replace(strings.TrimRight(id, "="))
	if decoded, err := base64.RawStdEncoding.DecodeString(text); err == nil {
		value = base64.StdEncoding.EncodeToString(decoded)
	}
	return Claim{Kind: ClaimKindKey, Value: value}
}

var standardAlphabet = strings.NewReplacer("-", "+", "_", "/")

// Claims returns the claims of i, each once, in an order that depends only on the
// claims: identifiers by type and value, the external id, keys by value, addresses by
// type and value. If a write has several conflicts, a store reports the first in this
// order.
func Claims(i *identity.Identity) []Claim {
	size := 1 + len(i.VerifiableAddresses) + len(i.RecoveryAddresses)
	for _, c := range i.Credentials {
		size += len(c.Identifiers) + len(c.Config.Keys)
	}
	claims := make([]Claim, 0, size)
	for t, c := range i.Credentials {
		for _, identifier := range c.Identifiers {
			claims = append(claims, IdentifierClaim(t, identifier))
		}
		for _, key := range c.Config.Keys {
			claims = append(claims, KeyClaim(key.ID))
		}
	}
	if i.ExternalID != "" {
		claims = append(claims, ExternalIDClaim(i.ExternalID))
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

// ChangedClaims returns the claims that only next has (added) and the claims that only
// current has (removed), each in the order of [Claims].
func ChangedClaims(current, next *identity.Identity) (added, removed []Claim) {
	if sameClaims(current, next) {
		return nil, nil
	}
	before, after := Claims(current), Claims(next)
	added, removed = after[:0], before[:0] // filtered in place: a claim is overwritten only after it was compared
	for len(before) > 0 && len(after) > 0 {
		switch order := compareClaims(before[0], after[0]); {
		case order == 0:
			before, after = before[1:], after[1:]
		case order < 0:
			removed, before = append(removed, before[0]), before[1:]
		default:
			added, after = append(added, after[0]), after[1:]
		}
	}
	return orNone(append(added, after...)), orNone(append(removed, before...))
}

// orNone returns nil for no claims.
func orNone(claims []Claim) []Claim {
	if len(claims) == 0 {
		return nil
	}
	return claims
}

// sameClaims recognises the ordinary case, in which claims stay as they are. It may
// return false where the same is claimed in another order.
func sameClaims(a, b *identity.Identity) bool {
	return a.ExternalID == b.ExternalID &&
		(a.Credentials.Equal(b.Credentials) || maps.EqualFunc(a.Credentials, b.Credentials, func(a, b credentials.Credential) bool {
			return slices.Equal(a.Identifiers, b.Identifiers) &&
				slices.EqualFunc(a.Config.Keys, b.Config.Keys, func(a, b credentials.Key) bool { return a.ID == b.ID })
		})) &&
		slices.EqualFunc(a.VerifiableAddresses, b.VerifiableAddresses, func(a, b identity.VerifiableAddress) bool {
			return a.Via == b.Via && a.Value == b.Value
		}) &&
		slices.EqualFunc(a.RecoveryAddresses, b.RecoveryAddresses, func(a, b identity.RecoveryAddress) bool {
			return a.Via == b.Via && a.Value == b.Value
		})
}

func compareClaims(a, b Claim) int {
	if a.Kind != b.Kind {
		return cmp.Compare(kindOrder(a.Kind), kindOrder(b.Kind))
	}
	if a.Type != b.Type {
		return cmp.Compare(a.Type, b.Type)
	}
	return cmp.Compare(a.Value, b.Value)
}

// kindOrder puts first what a person can best act on: an identifier clash says
// that an account exists, which its addresses would only repeat.
func kindOrder(kind ClaimKind) int {
	return slices.Index([]ClaimKind{ClaimKindIdentifier, ClaimKindExternalID, ClaimKindKey, ClaimKindAddress}, kind)
}
