package identity

import (
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/schema"
)

// Derived returns the identifiers and addresses that were derived from the traits when the
// traits last changed, as i stores them. A change that keeps traits and schema keeps these
// too, even if the schema would derive others today. The pointers of addresses and
// identifiers, and the names for passkeys and authenticator apps, are not stored and are
// empty. The result shares memory with i.
func (i *Identity) Derived() *schema.Derived {
	derived := &schema.Derived{Traits: i.Traits}
	for _, t := range [...]credentials.Type{credentials.TypeCode, credentials.TypePassword, credentials.TypeWebAuthn} { // sorted
		for _, identifier := range i.Credentials[t].Identifiers {
			derived.Identifiers = append(derived.Identifiers, schema.Identifier{Type: string(t), Value: identifier})
		}
	}
	for _, a := range i.Credentials[credentials.TypeCode].Config.Addresses {
		derived.CodeAddresses = append(derived.CodeAddresses, schema.Address{Via: a.Channel, Value: a.Address})
	}
	for _, a := range i.VerifiableAddresses {
		derived.Verifiable = append(derived.Verifiable, schema.Address{Via: a.Via, Value: a.Value})
	}
	for _, a := range i.RecoveryAddresses {
		derived.Recovery = append(derived.Recovery, schema.Address{Via: a.Via, Value: a.Value})
	}
	return derived
}

// KeptTraits returns current.Derived() if e keeps the traits and the schema of current ([Update.KeepsTraits]), and nil
// otherwise. Kept traits are not validated again.
func (e Edit) KeptTraits(current *Identity) *schema.Derived {
	if e.KeepsTraits(current) {
		return current.Derived()
	}
	return nil
}
