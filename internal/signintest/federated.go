package signintest

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
)

// TestDecideFederated comes back from a provider, to everybody it could be.
func (stores Stores) TestDecideFederated(t *testing.T) {
	stores.each(t, func(t *testing.T, plain *office) {
		o := newOffice(t, plain.store, signin.WithTrustedProvider("google", "Example.com"))
		ada := o.ada(t)
		claims := signin.Claims{Provider: "google", Subject: "1815", Email: "ADA@example.com", EmailVerified: true}
		with := func(edit func(c *signin.Claims)) signin.Claims {
			changed := claims
			edit(&changed)
			return changed
		}
		for name, c := range map[string]struct {
			claims signin.Claims
			want   identity.LinkDecision
		}{
			"another provider":    {with(func(c *signin.Claims) { c.Provider = "github" }), identity.LinkNeedsProof},
			"not verified":        {with(func(c *signin.Claims) { c.EmailVerified = false }), identity.LinkNeedsProof},
			"nobody's address":    {with(func(c *signin.Claims) { c.Email = "grace@example.com" }), identity.LinkNewAccount},
			"no address":          {with(func(c *signin.Claims) { c.Email = "" }), identity.LinkNewAccount},
			"a domain like it":    {with(func(c *signin.Claims) { c.Email = "ada@mail.example.com" }), identity.LinkNewAccount},
			"another kind of one": {with(func(c *signin.Claims) { c.Type, c.Provider = credentials.TypeSAML, "okta" }), identity.LinkNeedsProof},
		} {
			decided, err := o.DecideFederated(t.Context(), c.claims)
			require.NoError(t, err, name)
			require.Equal(t, c.want, decided.Decision, name)
			require.Zero(t, decided.SignIn, name)
			if c.want == identity.LinkNeedsProof {
				require.Equal(t, ada.ID, decided.Identity)
			}
		}
		for _, bad := range []signin.Claims{{}, {Provider: "google"}, {Provider: "a:b", Subject: "1"}, {Provider: "google", Subject: "1", Email: "no address"}} {
			_, err := o.DecideFederated(t.Context(), bad)
			require.Equal(t, idem.KindInvalid, idem.KindOf(err), bad)
		}
		_, err := o.DecideFederated(t.Context(), signin.Claims{Type: credentials.TypeCode, Provider: "google", Subject: "1"})
		require.ErrorIs(t, err, credentials.ErrUnknownType)
		require.True(t, ada.Equal(o.get(t, ada)), "nobody was joined")

		before := o.signIn(t).Proof
		joined, err := o.DecideFederated(t.Context(), claims)
		require.NoError(t, err)
		require.Equal(t, identity.LinkSignIn, joined.Decision)
		require.True(t, joined.Joined)
		require.Equal(t, []signin.Address{{Via: "email", Value: email}}, joined.Notify)
		require.Equal(t, credentials.AAL1, joined.SignIn.Proof.AAL)
		require.NoError(t, o.Current(t.Context(), joined.SignIn.Proof))
		require.ErrorIs(t, o.Current(t.Context(), before), signin.ErrSignedOut, "a session that a stranger may have prepared ends")

		again, err := o.DecideFederated(t.Context(), with(func(c *signin.Claims) { c.Email, c.EmailVerified = "", false }))
		require.NoError(t, err)
		require.Equal(t, identity.LinkSignIn, again.Decision)
		require.False(t, again.Joined)
		require.Equal(t, ada.ID, again.SignIn.Identity.ID)
		_, err = o.SetState(t.Context(), ada.ID, identity.StateInactive)
		require.NoError(t, err)
		_, err = o.DecideFederated(t.Context(), claims)
		require.ErrorIs(t, err, idem.ErrInactive)
	})
}

// TestTrustedDomain trusts a provider for a domain, in every spelling that normalises alike.
func (stores Stores) TestTrustedDomain(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		for n, domain := range []string{"bücher.example", "BÜCHER.Example", "xn--bcher-kva.example", "XN--BCHER-KVA.example", "bu\u0308cher.example", "bücher。example", " bücher.example "} {
			desk, err := signin.New(o.Manager.Manager, key, signin.WithTrustedProvider("google", domain))
			require.NoError(t, err)
			address := fmt.Sprintf("ada%d@xn--bcher-kva.example", n)
			o.Seed(t, `{"email":"`+address+`"}`, idemtest.Password(password), idemtest.Verified(address))
			decided, err := desk.DecideFederated(t.Context(), signin.Claims{Provider: "google", Subject: address, Email: address, EmailVerified: true})
			require.NoError(t, err, domain)
			require.True(t, decided.Joined, domain)
		}
		for _, domain := range []string{"", " ", "a@b.example", "*.example", "\u200b"} {
			_, err := signin.New(o.Manager.Manager, key, signin.WithTrustedProvider("google", domain))
			require.ErrorContains(t, err, "WithTrustedProvider", "%q", domain)
		}
	})
}

// TestPreHijacking is what a stranger prepares for Ada, who then comes by a provider that is
// trusted: she never gets into an account that is also theirs.
func (stores Stores) TestPreHijacking(t *testing.T) {
	stores.each(t, func(t *testing.T, plain *office) {
		o := newOffice(t, plain.store, signin.WithTrustedProvider("google", "example.com"))
		eve := o.unverified(t, idemtest.Link("google", "eve")) // an account with Ada's address, a password, and a link
		claims := signin.Claims{Provider: "google", Subject: "1815", Email: email, EmailVerified: true}
		decided, err := o.DecideFederated(t.Context(), claims)
		require.NoError(t, err)
		require.Equal(t, identity.LinkNeedsProof, decided.Decision)

		// She recovers it, by her mailbox: what the stranger has is worth nothing then.
		planted := o.signIn(t).Proof
		pending := o.issue(t, signin.Verification, email)
		sent, err := o.IssueCode(t.Context(), signin.Recovery, "email", email)
		requireThrottled(t, err, 60e9)
		require.Zero(t, sent)
		o.Clock.Advance(60e9)
		sent = o.issue(t, signin.Recovery, email)
		who, err := o.Recover(t.Context(), sent.Handle, sent.Code, "a new engine, at last")
		require.NoError(t, err)
		require.ErrorIs(t, o.Current(t.Context(), planted), signin.ErrSignedOut)
		_, err = o.CompleteVerification(t.Context(), pending.Handle, pending.Code)
		require.ErrorIs(t, err, signin.ErrWrongCode)
		_, err = o.Password(t.Context(), email, password)
		require.ErrorIs(t, err, idem.ErrWrongPassword)
		strangers, err := o.DecideFederated(t.Context(), signin.Claims{Provider: "google", Subject: "eve", Email: "eve@example.com", EmailVerified: true})
		require.NoError(t, err)
		require.Equal(t, identity.LinkNewAccount, strangers.Decision)

		changed, err := o.LinkFederated(t.Context(), who.Proof, claims)
		require.NoError(t, err)
		require.NoError(t, o.Current(t.Context(), changed.Proof))
		decided, err = o.DecideFederated(t.Context(), claims)
		require.NoError(t, err)
		require.Equal(t, eve.ID, decided.SignIn.Identity.ID)
	})
}

// meddlingStore changes an identity just before the next update of it.
type meddlingStore struct {
	storage.Storage
	meddle func() error
}

func (s *meddlingStore) Update(ctx context.Context, id uuid.UUID, change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	if meddle := s.meddle; meddle != nil {
		s.meddle = nil
		if err := meddle(); err != nil {
			return nil, err
		}
	}
	return s.Storage.Update(ctx, id, change)
}

// TestJoinDecidesInTheStep takes the verification away between the decision and the join.
func (stores Stores) TestJoinDecidesInTheStep(t *testing.T) {
	stores.each(t, func(t *testing.T, plain *office) {
		store := &meddlingStore{Storage: plain.store}
		o := newOffice(t, store, signin.WithTrustedProvider("google", "example.com"))
		ada := o.ada(t)
		store.meddle = func() error {
			_, err := plain.store.Update(t.Context(), ada.ID, func(i *identity.Identity) (*identity.Identity, error) {
				i.VerifiableAddresses[0].Verified = false
				return i, nil
			})
			return err
		}
		decided, err := o.DecideFederated(t.Context(), signin.Claims{Provider: "google", Subject: "1815", Email: email, EmailVerified: true})
		require.NoError(t, err)
		require.Equal(t, identity.LinkNeedsProof, decided.Decision)
		require.NotContains(t, o.get(t, ada).Credentials, credentials.TypeOIDC)
	})
}
