package idem

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// locate adds to a conflict the field of the request that it came from. The store knows
// what clashed; the use case knows the field that gave it.
func locate(err error, derived *schema.Derived, imported *credentials.Import) error {
	conflict, ok := errors.AsType[*storage.ConflictError](err)
	if !ok || kindOf(err) != KindConflict {
		return err // the application's own error, which happens to wrap one
	}
	located := *conflict
	located.Pointer = pointerOf(conflict.Claim(), derived, imported)
	return &located
}

func pointerOf(claim storage.Claim, derived *schema.Derived, imported *credentials.Import) string {
	switch claim.Kind {
	case storage.ClaimKindExternalID:
		return "/external_id"
	case storage.ClaimKindAddress:
		addresses := derived.Verifiable
		if claim.Type == storage.TypeRecoveryAddress {
			addresses = derived.Recovery
		}
		for _, a := range addresses {
			if storage.AddressClaim(claim.Type, a.Via, a.Value) == claim {
				return a.Pointer
			}
		}
	case storage.ClaimKindKey:
		return keyPointer(claim, imported)
	case storage.ClaimKindIdentifier:
		for _, i := range derived.Identifiers {
			if i.Type == claim.Type && i.Value == claim.Value {
				return i.Pointer
			}
		}
		return importPointer(credentials.Type(claim.Type), claim.Value, imported)
	}
	return ""
}

// keyPointer returns where an imported credential brought the key of claim.
func keyPointer(claim storage.Claim, imported *credentials.Import) string {
	if imported == nil {
		return ""
	}
	keys := map[credentials.Type][]json.RawMessage{}
	if imported.WebAuthn != nil {
		keys[credentials.TypeWebAuthn] = imported.WebAuthn.Credentials
	}
	if imported.Passkey != nil {
		keys[credentials.TypePasskey] = imported.Passkey.Credentials
	}
	for _, t := range []credentials.Type{credentials.TypeWebAuthn, credentials.TypePasskey} {
		for n, raw := range keys[t] {
			if key, err := credentials.ParseKey(raw); err == nil && storage.KeyClaim(key.ID) == claim {
				return fmt.Sprintf("/credentials/%s/config/credentials/%d", t, n)
			}
		}
	}
	return ""
}

// importPointer is where an imported credential brought the identifier.
func importPointer(t credentials.Type, identifier string, imported *credentials.Import) string {
	if imported == nil {
		return ""
	}
	var providers []credentials.Provider
	switch {
	case t == credentials.TypeOIDC && imported.OIDC != nil:
		providers = imported.OIDC.Providers
	case t == credentials.TypeSAML && imported.SAML != nil:
		providers = imported.SAML.Providers
	}
	for n, p := range providers {
		if p.Provider+":"+p.Subject == identifier {
			return fmt.Sprintf("/credentials/%s/config/providers/%d", t, n)
		}
	}
	return "/credentials/" + string(t)
}
