package identity

import (
	"github.com/idemkit/idem/credentials"
)

// Federated is what the application knows when a person returns from an identity provider.
type Federated struct {
	// Linked is the identity that is linked to this account at the provider. Nil means
	// none.
	Linked *Identity
	// ByAddress is the identity that has the e-mail address from the provider. It is nil
	// if no identity has it, or if the provider gave no address.
	ByAddress *Identity
	// Email is the e-mail address from the provider, normalised ([schema.NormalizeAddress]).
	Email string
	// EmailVerified tells whether the provider says that it has verified the address.
	EmailVerified bool
	// Trusted tells whether the application trusts the provider for addresses of this
	// domain, because the provider issues those addresses.
	Trusted bool
}

// LinkDecision is what to do when a person returns from an identity provider.
type LinkDecision string

const (
	// LinkSignIn signs in the linked identity.
	LinkSignIn LinkDecision = "sign_in"
	// LinkJoin links the account to the identity that has its address, and signs in that identity.
	LinkJoin LinkDecision = "join"
	// LinkNeedsProof asks the person to sign in to the identity that has the address, with
	// the credentials of that identity and at its highest level. After that the account can
	// be linked.
	LinkNeedsProof LinkDecision = "needs_proof"
	// LinkNewAccount lets the application create an identity.
	LinkNewAccount LinkDecision = "new_account"
	// LinkRefused refuses the sign-in, because the linked identity is inactive.
	LinkRefused LinkDecision = "refused"
)

// DecideLink returns what to do with f. It protects people from an attacker that creates an
// account in advance, here or at the provider, to take over the victim's account:
//
//   - A link by provider and subject comes first. Nothing else is needed.
//   - An account is joined by its address only if the provider is trusted for that domain,
//     the provider says that the address is verified, and the address is verified here too.
//     An address alone proves nothing: an attacker can create a local account with any
//     address.
//   - An account with a second factor or a passkey is joined only after its owner has
//     signed in with that.
//   - In every other case in which the address is taken, proof is needed.
func DecideLink(f Federated) LinkDecision {
	switch {
	case f.Linked != nil && f.Linked.State != StateActive:
		return LinkRefused
	case f.Linked != nil:
		return LinkSignIn
	case f.ByAddress == nil:
		return LinkNewAccount
	case !f.Trusted, !f.EmailVerified, f.ByAddress.State != StateActive,
		!f.ByAddress.hasVerified(f.Email), f.ByAddress.Credentials.HighestAAL() > credentials.AAL1,
		len(f.ByAddress.Credentials.SecondFactors()) > 0:
		return LinkNeedsProof
	}
	return LinkJoin
}

func (i *Identity) hasVerified(email string) bool {
	for _, a := range i.VerifiableAddresses {
		if a.Via == ViaEmail && a.Value == email && a.Verified {
			return true
		}
	}
	return false
}
