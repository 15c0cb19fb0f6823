package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// TestDecideLinkFiveClasses goes through the classes of account pre-hijacking, and through
// what must work in spite of them.
func TestDecideLinkFiveClasses(t *testing.T) {
	const email = "ada@example.com"
	account := func(edit func(i *identity.Identity)) *identity.Identity {
		i := &identity.Identity{
			State: identity.StateActive,
			Credentials: credentials.Set{credentials.TypePassword: {
				Type: credentials.TypePassword, Identifiers: []string{email}, Config: credentials.Config{HashedPassword: "x"},
			}},
			VerifiableAddresses: []identity.VerifiableAddress{{Value: email, Via: identity.ViaEmail, Verified: true}},
		}
		if edit != nil {
			edit(i)
		}
		return i
	}
	unverified := func(i *identity.Identity) { i.VerifiableAddresses[0].Verified = false }
	inactive := func(i *identity.Identity) { i.State = identity.StateInactive }
	vouched := func(byAddress *identity.Identity) identity.Federated {
		return identity.Federated{ByAddress: byAddress, Email: email, EmailVerified: true, Trusted: true}
	}
	with := func(f identity.Federated, edit func(f *identity.Federated)) identity.Federated {
		edit(&f)
		return f
	}
	for _, c := range []struct {
		name string
		in   identity.Federated
		want identity.LinkDecision
	}{
		{"classic-federated merge: a stranger made an account with the victim's address and a password",
			vouched(account(unverified)), identity.LinkNeedsProof},
		{"trojan identifier: the stranger verified another address of the account",
			vouched(account(func(i *identity.Identity) {
				unverified(i)
				i.VerifiableAddresses = append(i.VerifiableAddresses, identity.VerifiableAddress{Value: "eve@example.com", Via: identity.ViaEmail, Verified: true})
			})), identity.LinkNeedsProof},
		{"unexpired e-mail change: the address is about to become the account's, and not verified yet",
			vouched(account(func(i *identity.Identity) {
				i.VerifiableAddresses = append(i.VerifiableAddresses, identity.VerifiableAddress{Value: "other@example.com", Via: identity.ViaEmail, Verified: true})
				unverified(i)
			})), identity.LinkNeedsProof},
		{"non-verifying provider: it does not say that the address is verified",
			with(vouched(account(nil)), func(f *identity.Federated) { f.EmailVerified = false }), identity.LinkNeedsProof},
		{"non-verifying provider: it says so of a domain that is not its own",
			with(vouched(account(nil)), func(f *identity.Federated) { f.Trusted = false }), identity.LinkNeedsProof},
		{"unexpired session: joining is allowed, and ends the sign-ins that there are, as every new link does",
			vouched(account(nil)), identity.LinkJoin},

		{"the same address by SMS is another address", vouched(account(func(i *identity.Identity) { i.VerifiableAddresses[0].Via = identity.ViaSMS })), identity.LinkNeedsProof},
		{"an account that was never used, with an address that nobody verified",
			vouched(account(func(i *identity.Identity) { unverified(i); i.Credentials = nil })), identity.LinkNeedsProof},
		{"an account with a second factor", vouched(account(func(i *identity.Identity) {
			i.Credentials[credentials.TypeTOTP] = credentials.Credential{Type: credentials.TypeTOTP, Config: credentials.Config{TOTPURL: appURL}}
		})), identity.LinkNeedsProof},
		{"an account with a second factor and no first", vouched(account(func(i *identity.Identity) {
			i.Credentials = credentials.Set{credentials.TypeTOTP: {Type: credentials.TypeTOTP, Config: credentials.Config{TOTPURL: appURL}}}
		})), identity.LinkNeedsProof},
		{"an account with a passkey", vouched(account(func(i *identity.Identity) {
			i.Credentials[credentials.TypePasskey] = credentials.Credential{Type: credentials.TypePasskey, Config: credentials.Config{Keys: []credentials.Key{{ID: "a"}}}}
		})), identity.LinkNeedsProof},
		{"an inactive account with the address", vouched(account(inactive)), identity.LinkNeedsProof},
		{"a linked account", identity.Federated{Linked: account(unverified), ByAddress: account(nil)}, identity.LinkSignIn},
		{"a linked account, inactive", identity.Federated{Linked: account(inactive), ByAddress: account(nil)}, identity.LinkRefused},
		{"nobody", identity.Federated{Email: email, EmailVerified: true, Trusted: true}, identity.LinkNewAccount},
	} {
		require.Equal(t, c.want, identity.DecideLink(c.in), c.name)
	}
}

const appURL = "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP"
