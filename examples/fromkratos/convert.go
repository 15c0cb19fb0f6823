package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// convertAll converts a page for which the credentials of the types asked were asked for.
func convertAll(ctx context.Context, schemas *schema.Registry, asked []string, page []record) (converted []*identity.Identity, refused []refusal) {
	for _, r := range page {
		i, err := r.convert(ctx, schemas, asked)
		if err != nil {
			refused = append(refused, refusal{r.ID.String(), err.Error()})
			continue
		}
		converted = append(converted, i)
	}
	return converted, refused
}

// convert makes the identity that r describes. A Manager would give it a new id and new
// times, so this does by hand what Manager.CreateIdentity does: check, validate, apply
// the rules. Then it puts back what is to stay.
func (r record) convert(ctx context.Context, schemas *schema.Registry, asked []string) (*identity.Identity, error) {
	imported, importErr := r.imported(asked)
	c := identity.Create{
		State: identity.State(r.State), Traits: r.Traits, MetadataPublic: r.MetadataPublic, MetadataAdmin: r.MetadataAdmin,
		ExternalID: r.ExternalID, OrganizationID: r.OrganizationID, Credentials: imported,
	}
	for _, a := range r.Verifiable {
		c.VerifiableAddresses = append(c.VerifiableAddresses, identity.CreateVerifiableAddress{
			Value: a.Value, Via: a.Via, Verified: a.Verified, Status: identity.AddressStatus(a.Status), VerifiedAt: a.VerifiedAt,
		})
	}
	s, known := schemas.Get(r.SchemaID)
	if !known {
		return nil, fmt.Errorf("there is no schema %q in the folder", r.SchemaID)
	}
	derived, traitsErr := s.Validate(r.Traits)
	// No password is plain, so there is nothing to hash.
	prepared, credentialsErr := imported.Prepare(ctx, nil, credentials.Limits{})
	if err := errors.Join(c.Check(), traitsErr, importErr, credentialsErr); err != nil {
		return nil, err
	}
	made := c.Apply(r.ID, identity.Facts{
		Now: r.UpdatedAt, NewID: func(int) uuid.UUID { return uuid.Must(uuid.NewV7()) },
		SchemaID: r.SchemaID, Derived: derived, Credentials: prepared,
	})
	r.keep(made)
	return made, nil
}

// keep gives made the times of r, and its addresses their ids.
func (r record) keep(made *identity.Identity) {
	made.CreatedAt, made.UpdatedAt, made.StateChangedAt = r.CreatedAt, r.UpdatedAt, r.StateChangedAt
	if made.StateChangedAt.IsZero() { // null, of identities that are older than the field
		made.StateChangedAt = r.CreatedAt
	}
	for n := range made.VerifiableAddresses {
		a := &made.VerifiableAddresses[n]
		if old, ok := find(r.Verifiable, a.Via, a.Value); ok {
			a.ID, a.CreatedAt, a.UpdatedAt = old.ID, old.CreatedAt, old.UpdatedAt
		}
	}
	for n := range made.RecoveryAddresses {
		a := &made.RecoveryAddresses[n]
		if old, ok := find(r.Recovery, a.Via, a.Value); ok {
			a.ID, a.CreatedAt, a.UpdatedAt = old.ID, old.CreatedAt, old.UpdatedAt
		}
	}
	for t, c := range made.Credentials {
		if old, ok := r.Credentials[string(t)]; ok {
			c.CreatedAt, c.UpdatedAt = old.CreatedAt, old.UpdatedAt
			made.Credentials[t] = c
		}
	}
}

func find(addresses []recordAddress, via, value string) (recordAddress, bool) {
	at := slices.IndexFunc(addresses, func(a recordAddress) bool {
		normal, err := schema.NormalizeAddress(via, a.Value)
		return err == nil && a.Via == via && normal == value
	})
	if at < 0 {
		return recordAddress{}, false
	}
	return addresses[at], true
}

// imported are the credentials of r in the form in which they are imported. The error
// names each credential that would be left behind, or whose secret might be, and why.
func (r record) imported(asked []string) (*credentials.Import, error) {
	var (
		imported credentials.Import
		left     []error
	)
	for _, name := range slices.Sorted(maps.Keys(r.Credentials)) {
		config, t := r.Credentials[name].Config, credentials.Type(name)
		switch {
		case t == credentials.TypeCode: // follows from the traits
		case !t.IsKnown():
			left = append(left, fmt.Errorf("%s: idem has no credentials of this type; remove it first", name))
		case config == nil && !slices.Contains(asked, name):
			left = append(left, fmt.Errorf("%s: was not asked for; name it in -credentials", name))
		case config == nil:
			// Old releases of Kratos leave out configs that they have, idem those of credentials without a secret.
			left = append(left, fmt.Errorf("%s: came without a config, which does not tell whether it has a secret; copy from idem with examples/move", name))
		case t == credentials.TypePassword && (config.HashedPassword != "" || config.UsePasswordMigrationHook):
			imported.Password = &credentials.ImportPassword{HashedPassword: config.HashedPassword, UsePasswordMigrationHook: config.UsePasswordMigrationHook}
		case t == credentials.TypeOIDC && len(config.Providers) > 0:
			imported.OIDC = &credentials.ImportOIDC{Providers: providers(config.Providers)}
		case t == credentials.TypeSAML && len(config.Providers) > 0:
			imported.SAML = &credentials.ImportSAML{Providers: providers(config.Providers)}
		case t == credentials.TypeTOTP && config.TOTPURL != "":
			imported.TOTP = &credentials.ImportTOTP{URL: config.TOTPURL}
		case t == credentials.TypeLookupSecret && len(config.RecoveryCodes) > 0:
			imported.LookupSecret = &credentials.ImportLookupSecret{Codes: codes(config.RecoveryCodes)}
		case t == credentials.TypeWebAuthn && len(config.Credentials) > 0:
			imported.WebAuthn = &credentials.ImportWebAuthn{Credentials: config.Credentials, UserHandle: config.UserHandle}
		case t == credentials.TypePasskey && len(config.Credentials) > 0:
			imported.Passkey = &credentials.ImportPasskey{Credentials: config.Credentials, UserHandle: config.UserHandle}
		}
	}
	return &imported, errors.Join(left...)
}

// providers are links without the tokens that came with them: idem keeps no tokens.
func providers(records []recordProvider) []credentials.Provider {
	var links []credentials.Provider
	for _, p := range records {
		links = append(links, credentials.Provider(p))
	}
	return links
}

func codes(records []recordCode) []credentials.RecoveryCode {
	var codes []credentials.RecoveryCode
	for _, c := range records {
		codes = append(codes, credentials.RecoveryCode(c))
	}
	return codes
}
