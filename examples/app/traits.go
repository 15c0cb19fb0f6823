package main

import (
	"encoding/json"
	"slices"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// traits are those of person.schema.json.
type traits struct {
	Email string `json:"email"`
	// NewEmail is a pending address. It replaces Email once it is verified. Until then nobody can sign in or recover the
	// account with it, so a mistyped address does not give the account to its owner.
	NewEmail string `json:"new_email,omitempty"`
}

func readTraits(raw json.RawMessage) (t traits, err error) {
	err = json.Unmarshal(raw, &t)
	return t, err
}

func (t traits) json() json.RawMessage {
	raw, _ := json.Marshal(t) // strings alone
	return raw
}

// isVerified reports whether an e-mail address of i is verified.
func isVerified(i *identity.Identity, email string) bool {
	normal, err := schema.NormalizeAddress(identity.ViaEmail, email)
	return err == nil && slices.ContainsFunc(i.VerifiableAddresses, func(address identity.VerifiableAddress) bool {
		return address.Via == identity.ViaEmail && address.Value == normal && address.Verified
	})
}

// sameAddress reports whether two e-mail addresses are one mailbox.
func sameAddress(a, b string) bool {
	one, err := schema.NormalizeAddress(identity.ViaEmail, a)
	other, otherErr := schema.NormalizeAddress(identity.ViaEmail, b)
	return err == nil && otherErr == nil && one == other
}
