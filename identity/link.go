package identity

import (
	"github.com/idemkit/idem/credentials"
)

// Federated is what is known when somebody comes back from an identity provider.
type Federated struct {
	// Linked is the identity that is linked to this account at the provider, nil if none
	// is.
	Linked *Identity
	// ByAddress is the identity that has the e-mail address which the provider gave, nil
	// if none has or the provider gave none.
	ByAddress *Identity
	// Email is that address, normalised ([schema.NormalizeAddress]).
	Email string
	// EmailVerified tells whether the provider says that it has verified the address.
	EmailVerified bool
	// Trusted tells whether the application trusts the provider for addresses of this
	// domain: that the provider is who gives them out.
	Trusted bool
}

// LinkDecision is what follows when somebody comes back from an identity provider.
type LinkDecision string

const (
	// LinkSignIn signs in the linked identity.
	LinkSignIn LinkDecision = "sign_in"
	// LinkJoin links the account to the identity that has its address, and signs that in.
	LinkJoin LinkDecision = "join"
	// LinkNeedsProof asks the person to sign in to the identity that has the address, by
	// what it has, at its highest level; then the account can be linked.
	LinkNeedsProof LinkDecision = "needs_proof"
	// LinkNewAccount lets the application create an identity.
	LinkNewAccount LinkDecision = "new_account"
	// LinkRefused turns the person away: the linked identity is inactive.
	LinkRefused LinkDecision = "refused"
)

// DecideLink decides what follows. It protects an account from whoever prepared it, or
// another one, for its victim:
//
//   - The link by provider and subject comes first, and is all that is needed.
//   - An account is joined by its address only if the provider is trusted for that domain
//     and says that the address is verified, and the address is verified here as well. An
//     address alone proves nothing: whoever made the local account may have typed it.
//   - An account with a second factor, or with a passkey, is joined only after its owner
//     has signed in with that.
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
