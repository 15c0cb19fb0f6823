package idemtest

import (
	"encoding/json"
	"testing"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// SeedOption says more of an identity that is made by [Manager.Seed]. The functions of this
// package that return one cover what tests usually need; any other function of this
// type will do as well.
type SeedOption func(*identity.Create)

// Seed creates an identity with these traits, a JSON object, and all else that with
// says. The test ends at once if it is refused.
func (m *Manager) Seed(t testing.TB, traits string, with ...SeedOption) *identity.Identity {
	t.Helper()
	c := identity.Create{Traits: json.RawMessage(traits)}
	for _, w := range with {
		w(&c)
	}
	seeded, err := m.CreateIdentity(t.Context(), c)
	if err != nil {
		t.Fatalf("Seed: %v", err)
	}
	return seeded
}

// Schema names the schema that the traits conform to, where it is not the default.
func Schema(id string) SeedOption {
	return func(c *identity.Create) { c.SchemaID = id }
}

// ExternalID gives the identity the application's own name.
func ExternalID(id string) SeedOption {
	return func(c *identity.Create) { c.ExternalID = id }
}

// Inactive makes an identity that may not sign in.
func Inactive() SeedOption {
	return func(c *identity.Create) { c.State = identity.StateInactive }
}

// Metadata gives the identity public and admin metadata, each any JSON value or
// empty for none.
func Metadata(public, admin string) SeedOption {
	return func(c *identity.Create) {
		c.MetadataPublic, c.MetadataAdmin = json.RawMessage(public), json.RawMessage(admin)
	}
}

// Password gives the identity a password.
func Password(plain string) SeedOption {
	return func(c *identity.Create) {
		imported(c).Password = &credentials.ImportPassword{Password: plain}
	}
}

// Link links the identity to an account at an OpenID Connect provider. It can be
// given more than once.
func Link(provider, subject string) SeedOption {
	return func(c *identity.Create) {
		if imported(c).OIDC == nil {
			c.Credentials.OIDC = &credentials.ImportOIDC{}
		}
		c.Credentials.OIDC.Providers = append(c.Credentials.OIDC.Providers, credentials.Provider{Provider: provider, Subject: subject})
	}
}

// Verified makes the email addresses verified, as of now. Each must be one that the
// traits give.
func Verified(emails ...string) SeedOption {
	return func(c *identity.Create) {
		for _, email := range emails {
			c.VerifiableAddresses = append(c.VerifiableAddresses, identity.CreateVerifiableAddress{
				Value: email, Via: identity.ViaEmail, Verified: true,
			})
		}
	}
}

func imported(c *identity.Create) *credentials.Import {
	if c.Credentials == nil {
		c.Credentials = &credentials.Import{}
	}
	return c.Credentials
}
