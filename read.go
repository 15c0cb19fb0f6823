package idem

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// GetIdentity returns the identity id. Errors: KindNotFound.
func (m *Manager) GetIdentity(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	return run(ctx, m, "get identity", id, func(ctx context.Context) (*identity.Identity, error) {
		return m.storage.Get(ctx, id)
	})
}

// FindByExternalID returns the identity with that external id, compared byte for
// byte. Errors: KindNotFound.
func (m *Manager) FindByExternalID(ctx context.Context, externalID string) (*identity.Identity, error) {
	return run(ctx, m, "find identity by external id", uuid.Nil, func(ctx context.Context) (*identity.Identity, error) {
		return m.storage.Find(ctx, storage.ExternalIDClaim(externalID))
	})
}

// FindByIdentifier returns the identity that signs in as identifier with a
// credential of type t. Identifiers that come from traits (password, webauthn,
// code) are found in any spelling that normalises alike; "provider:subject" of oidc
// and saml and all others are compared byte for byte. Errors: KindNotFound.
func (m *Manager) FindByIdentifier(ctx context.Context, t credentials.Type, identifier string) (*identity.Identity, error) {
	return run(ctx, m, "find identity by identifier", uuid.Nil, func(ctx context.Context) (*identity.Identity, error) {
		return m.findByIdentifier(ctx, t, identifier)
	})
}

func (m *Manager) findByIdentifier(ctx context.Context, t credentials.Type, identifier string) (*identity.Identity, error) {
	claim := func(form string) storage.Claim { return storage.IdentifierClaim(t, form) }
	if !t.IdentifiersFromTraits() {
		return m.storage.Find(ctx, claim(identifier))
	}
	return m.findTyped(ctx, identifier, schema.Normalize(identifier), claim)
}

// FindByUserHandle returns the identity whose passkeys were registered with that user
// handle, compared byte for byte (WebAuthn Level 2, section 5.4.3). Errors: KindNotFound.
func (m *Manager) FindByUserHandle(ctx context.Context, userHandle []byte) (*identity.Identity, error) {
	return run(ctx, m, "find identity by user handle", uuid.Nil, func(ctx context.Context) (*identity.Identity, error) {
		// The older form is that of credentials that have not changed since.
		for _, identifier := range []string{credentials.UserHandleIdentifier(userHandle), credentials.FormerUserHandleIdentifier(userHandle)} {
			found, err := m.storage.Find(ctx, storage.IdentifierClaim(credentials.TypePasskey, identifier))
			if errors.Is(err, storage.ErrNotFound) {
				continue
			}
			if err != nil || bytes.Equal(found.Credentials[credentials.TypePasskey].Config.UserHandle, userHandle) {
				return found, err
			}
		}
		return nil, storage.ErrNotFound
	})
}

// FindByAddress returns the identity that has an address. An application uses it to
// find the account of a person who forgot their password, also if people sign in with a
// name. kind is [storage.TypeVerifiableAddress] or [storage.TypeRecoveryAddress], via
// is "email" or "sms", and value is found in any spelling that normalises alike.
//
// Errors: KindInvalid for another kind or via, and for a value that is no such
// address; KindNotFound.
func (m *Manager) FindByAddress(ctx context.Context, kind, via, value string) (*identity.Identity, error) {
	return run(ctx, m, "find identity by address", uuid.Nil, func(ctx context.Context) (*identity.Identity, error) {
		return m.findByAddress(ctx, kind, via, value)
	})
}

func (m *Manager) findByAddress(ctx context.Context, kind, via, value string) (*identity.Identity, error) {
	if kind != storage.TypeVerifiableAddress && kind != storage.TypeRecoveryAddress {
		return nil, violation.New("/kind", "enum", fmt.Sprintf("must be %q or %q", storage.TypeVerifiableAddress, storage.TypeRecoveryAddress))
	}
	normal, err := schema.NormalizeAddress(via, value)
	if invalid := (*violation.Error)(nil); errors.As(err, &invalid) {
		field := "/value"
		if via != identity.ViaEmail && via != identity.ViaSMS {
			field = "/via"
		}
		return nil, invalid.Under(field)
	}
	return m.findTyped(ctx, value, normal, func(form string) storage.Claim { return storage.AddressClaim(kind, via, form) })
}
