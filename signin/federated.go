package signin

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// Claims are the statements of an identity provider about a person who returns from it. The
// application has read and checked them: for OpenID Connect Core 1.0, section 3.1.3.7, the ID
// token with its signature, audience and nonce.
type Claims struct {
	// Type is [credentials.TypeOIDC] or [credentials.TypeSAML]. Empty means oidc.
	Type credentials.Type
	// Provider is the name that the application configured the provider under.
	Provider string
	// Subject is the account's id at the provider ("sub").
	Subject string
	// Email is the account's e-mail address; empty if the provider gave none.
	Email string
	// EmailVerified says whether the provider has verified Email ("email_verified").
	EmailVerified bool
}

// Federated is the result of [Service.DecideFederated].
type Federated struct {
	// Decision is the decision: [identity.LinkSignIn], which sets SignIn, also after the
	// account was joined; [identity.LinkNeedsProof]; [identity.LinkNewAccount].
	Decision identity.LinkDecision
	// SignIn is the sign-in, if Decision is [identity.LinkSignIn].
	SignIn SignIn
	// Joined reports whether this call linked the account at the provider to an identity,
	// by its address. Notify are the addresses to send a notice of that to.
	Joined bool
	Notify []Address
	// Identity is the identity that has the address, if proof is needed. Let the person
	// sign in to it, and then call [Service.LinkFederated]. Do not show it before.
	Identity uuid.UUID
}

// DecideFederated decides what to do when a person comes back from an identity provider, by
// the rules of [identity.DecideLink], and does it: it signs in a linked account, and links
// and signs in an account that may be joined. [WithTrustedProvider] says which providers
// are trusted.
//
// Errors: [idem.ErrInactive] for a linked identity that is inactive; KindInvalid for claims
// without a provider or subject, or with an address that is none.
func (s *Service) DecideFederated(ctx context.Context, claims Claims) (Federated, error) {
	link, err := s.link(claims)
	if err != nil {
		return Federated{}, err
	}
	facts, err := s.federated(ctx, claims, link)
	if err != nil {
		return Federated{}, err
	}
	switch decision := identity.DecideLink(facts); decision {
	case identity.LinkRefused:
		return Federated{}, idem.ErrInactive
	case identity.LinkSignIn:
		return Federated{Decision: decision, SignIn: s.SignedIn(facts.Linked, credentials.MethodFederated)}, nil
	case identity.LinkNeedsProof:
		return Federated{Decision: decision, Identity: facts.ByAddress.ID}, nil
	case identity.LinkJoin:
		return s.join(ctx, facts, link)
	default:
		return Federated{Decision: decision}, nil
	}
}

// link returns the credential that links an account.
func (s *Service) link(claims Claims) (credentials.Import, error) {
	providers := []credentials.Provider{{Provider: claims.Provider, Subject: claims.Subject}}
	imported := credentials.Import{OIDC: &credentials.ImportOIDC{Providers: providers}}
	switch claims.Type {
	case "", credentials.TypeOIDC:
	case credentials.TypeSAML:
		imported = credentials.Import{SAML: &credentials.ImportSAML{Providers: providers}}
	default:
		return imported, credentials.ErrUnknownType
	}
	return imported, imported.Check(credentials.Limits{})
}

// federated finds what the decision needs.
func (s *Service) federated(ctx context.Context, claims Claims, link credentials.Import) (identity.Federated, error) {
	t, provider := credentials.TypeOIDC, credentials.Provider{Provider: claims.Provider, Subject: claims.Subject}
	if link.SAML != nil {
		t = credentials.TypeSAML
	}
	facts := identity.Federated{EmailVerified: claims.EmailVerified}
	var err error
	if facts.Linked, err = s.manager.FindByIdentifier(ctx, t, provider.Identifier()); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return facts, err
	}
	if facts.Linked != nil || claims.Email == "" {
		return facts, nil
	}
	if facts.Email, err = schema.NormalizeAddress(identity.ViaEmail, claims.Email); err != nil {
		return facts, err
	}
	_, domain, _ := strings.Cut(facts.Email, "@")
	facts.Trusted = s.trusted[claims.Provider][domain]
	if facts.ByAddress, err = s.manager.FindByAddress(ctx, storage.TypeVerifiableAddress, identity.ViaEmail, claims.Email); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return facts, err
	}
	return facts, nil
}

// errDecideAgain ends a join that must not be made any more.
var errDecideAgain = errors.New("the account must not be joined any more")

// join links an account to the identity that has its address, if that is still right in the
// store's step.
func (s *Service) join(ctx context.Context, facts identity.Federated, link credentials.Import) (Federated, error) {
	before := facts.ByAddress
	joined, err := s.manager.EditIdentity(ctx, before.ID, func(current *identity.Identity, e *identity.Edit) error {
		now := facts
		now.ByAddress = current
		if identity.DecideLink(now) != identity.LinkJoin {
			return errDecideAgain
		}
		e.Credentials = &link
		return nil
	})
	switch {
	case errors.Is(err, errDecideAgain):
		return Federated{Decision: identity.LinkNeedsProof, Identity: before.ID}, nil
	case err != nil:
		return Federated{}, err
	}
	return Federated{
		Decision: identity.LinkSignIn, SignIn: s.SignedIn(joined, credentials.MethodFederated),
		Joined: true, Notify: verified(before),
	}, nil
}

// LinkFederated links an account at an identity provider to the identity of a proof.
//
// Errors: [ErrSignedOut]; [ErrStepUp]; KindInvalid for claims without a provider or
// subject; KindConflict if the account is linked to another identity.
func (s *Service) LinkFederated(ctx context.Context, proof Proof, claims Claims) (Changed, error) {
	link, err := s.link(claims)
	if err != nil {
		return Changed{}, err
	}
	before, err := s.StepUp(ctx, proof)
	if err != nil {
		return Changed{}, err
	}
	after, err := s.manager.AddCredentials(ctx, before.ID, link, s.IfCurrent(before))
	if err != nil {
		return Changed{}, plain(err)
	}
	return s.Changed(proof, before, after), nil
}
