package idemtest

import (
	"encoding/json"
	"testing"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// SeedOption changes an identity before [Manager.Seed] creates it. The functions of this
// package that return a SeedOption cover what tests usually need. A test may also pass its own
// function of this type.
type SeedOption func(*identity.Create)

// Seed creates an identity with the given traits, which are a JSON object, and applies the
// options in with. It ends the test at once if the identity is refused.
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

// Schema sets the id of the identity's schema. Without it, the default schema is used.
func Schema(id string) SeedOption {
	return func(c *identity.Create) { c.SchemaID = id }
}

// ExternalID sets the external id: the application's own name for the identity.
func ExternalID(id string) SeedOption {
	return func(c *identity.Create) { c.ExternalID = id }
}

// Inactive makes the identity inactive, so that it cannot sign in.
func Inactive() SeedOption {
	return func(c *identity.Create) { c.State = identity.StateInactive }
}

// Metadata sets the public and the admin metadata of the identity. Each is any JSON value; the
// empty string means none.
func Metadata(public, admin string) SeedOption {
	return func(c *identity.Create) {
		c.MetadataPublic, c.MetadataAdmin = json.RawMessage(public), json.RawMessage(admin)
	}
}

// Password sets the password of the identity.
func Password(plain string) SeedOption {
	return func(c *identity.Create) {
		imported(c).Password = &credentials.ImportPassword{Password: plain}
	}
}

// Link links the identity to an account at an OpenID Connect provider. Link can be given more
// than once.
func Link(provider, subject string) SeedOption {
	return func(c *identity.Create) {
		if imported(c).OIDC == nil {
			c.Credentials.OIDC = &credentials.ImportOIDC{}
		}
		c.Credentials.OIDC.Providers = append(c.Credentials.OIDC.Providers, credentials.Provider{Provider: provider, Subject: subject})
	}
}

// Verified marks the email addresses as verified at the current time of the clock. Each must be
// an address from the traits.
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
