package identity

import (
	"maps"
	"slices"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/schema"
)

// derivedTypes are the credential types whose identifiers come from the traits.
var derivedTypes = [...]credentials.Type{credentials.TypePassword, credentials.TypeWebAuthn, credentials.TypeCode}

// mergeCredentials merges the imported credentials and then makes the identifiers
// that come from traits exactly those that the schema derived.
func (i *Identity) mergeCredentials(facts Facts) {
	if facts.Credentials == nil && !i.identifiersMove(facts.Derived) {
		return // nothing to copy for: so most updates are
	}
	// Only the map is copied: rules replace what is in it and modify nothing.
	set := credentials.Set{}
	maps.Copy(set, i.Credentials)
	if facts.Credentials != nil {
		set = facts.Credentials.Apply(set, i.ID.String(), facts.Now)
	}
	for _, t := range derivedTypes {
		reconcileIdentifiers(set, t, facts)
	}
	i.Credentials = set
}

// identifiersMove reports whether derived makes a difference to the credentials.
func (i *Identity) identifiersMove(derived *schema.Derived) bool {
	for _, t := range derivedTypes {
		c, exists := i.Credentials[t]
		if !hasDerived(c, t, derived) || exists && len(c.Identifiers) == 0 && c.Config.IsZero() {
			return true
		}
	}
	return false
}

// hasDerived reports whether c, the credential t, has of derived what it is to have.
func hasDerived(c credentials.Credential, t credentials.Type, derived *schema.Derived) bool {
	return slices.EqualFunc(c.Identifiers, identifiersOf(derived, t), func(has string, i schema.Identifier) bool { return has == i.Value }) &&
		(t != credentials.TypeCode || slices.EqualFunc(c.Config.Addresses, derived.CodeAddresses, func(has credentials.CodeAddress, a schema.Address) bool {
			return has.Channel == a.Via && has.Address == a.Value
		}))
}

// reconcileIdentifiers gives the credential t the identifiers that the traits give
// now. One that has no identifiers left and no config of its own is gone.
func reconcileIdentifiers(set credentials.Set, t credentials.Type, facts Facts) {
	c, exists := set[t]
	if !hasDerived(c, t, facts.Derived) {
		c.Identifiers = valuesOf(identifiersOf(facts.Derived, t))
		if t == credentials.TypeCode {
			c.Config = credentials.Config{Addresses: codeAddresses(facts.Derived)}
		}
		c.UpdatedAt = facts.Now
	}
	if len(c.Identifiers) == 0 && c.Config.IsZero() {
		delete(set, t)
		return
	}
	if !exists {
		c.Type, c.Version, c.CreatedAt, c.UpdatedAt = t, t.Version(), facts.Now, facts.Now
	}
	set[t] = c
}

// identifiersOf returns the identifiers of type t: derived has them sorted by type.
func identifiersOf(derived *schema.Derived, t credentials.Type) []schema.Identifier {
	of := derived.Identifiers
	for len(of) > 0 && of[0].Type != string(t) {
		of = of[1:]
	}
	for len(of) > 0 && of[len(of)-1].Type != string(t) {
		of = of[:len(of)-1]
	}
	return of
}

// valuesOf returns the values of identifiers, nil if there are none.
func valuesOf(identifiers []schema.Identifier) []string {
	values := slices.Grow([]string(nil), len(identifiers))
	for _, i := range identifiers {
		values = append(values, i.Value)
	}
	return values
}

func codeAddresses(derived *schema.Derived) []credentials.CodeAddress {
	addresses := slices.Grow([]credentials.CodeAddress(nil), len(derived.CodeAddresses))
	for _, a := range derived.CodeAddresses {
		addresses = append(addresses, credentials.CodeAddress{Channel: a.Via, Address: a.Value})
	}
	return addresses
}

// Rederived returns i with exactly the identifiers and addresses of facts.Derived, which must be derived from the traits
// of i. It does not change i; the result may share memory with it. If nothing changes, the result equals i. Otherwise
// UpdatedAt is the time of the change. It ignores facts.SchemaID and facts.Credentials.
func (i *Identity) Rederived(facts Facts) *Identity {
	facts.Credentials, facts.Now = nil, i.notBefore(facts.Now)
	next := *i
	next.Traits = trim(facts.Derived.Traits)
	next.mergeCredentials(facts)
	next.reconcileAddresses(facts)
	if !next.Equal(i) {
		next.UpdatedAt = facts.Now
	}
	return &next
}

// derivesOther reports whether derived makes a difference to what i has.
func (i *Identity) derivesOther(derived *schema.Derived) bool {
	return i.identifiersMove(derived) || !i.hasAddresses(derived)
}

func (i *Identity) hasAddresses(derived *schema.Derived) bool {
	return slices.EqualFunc(i.VerifiableAddresses, derived.Verifiable, func(a VerifiableAddress, d schema.Address) bool { return a.Via == d.Via && a.Value == d.Value }) &&
		slices.EqualFunc(i.RecoveryAddresses, derived.Recovery, func(a RecoveryAddress, d schema.Address) bool { return a.Via == d.Via && a.Value == d.Value })
}

// reconcileAddresses makes the addresses exactly those that the traits give. One that was there keeps its id, its times
// and whether it is verified.
func (i *Identity) reconcileAddresses(facts Facts) {
	if i.hasAddresses(facts.Derived) {
		return
	}
	verifiable, recovery := i.VerifiableAddresses, i.RecoveryAddresses
	i.VerifiableAddresses = slices.Grow([]VerifiableAddress(nil), len(facts.Derived.Verifiable))
	i.RecoveryAddresses = slices.Grow([]RecoveryAddress(nil), len(facts.Derived.Recovery))
	fresh := 0
	for _, derived := range facts.Derived.Verifiable {
		at := slices.IndexFunc(verifiable, func(a VerifiableAddress) bool { return isSameAddress(a.Via, a.Value, derived) })
		if at >= 0 {
			kept := verifiable[at]
			if kept.Value != derived.Value {
				kept.Value, kept.UpdatedAt = derived.Value, facts.Now
			}
			i.VerifiableAddresses = append(i.VerifiableAddresses, kept)
			continue
		}
		i.VerifiableAddresses = append(i.VerifiableAddresses, VerifiableAddress{
			ID: facts.NewID(fresh), Value: derived.Value, Via: derived.Via, Status: AddressPending,
			CreatedAt: facts.Now, UpdatedAt: facts.Now,
		})
		fresh++
	}
	for _, derived := range facts.Derived.Recovery {
		at := slices.IndexFunc(recovery, func(a RecoveryAddress) bool { return isSameAddress(a.Via, a.Value, derived) })
		if at >= 0 {
			kept := recovery[at]
			if kept.Value != derived.Value {
				kept.Value, kept.UpdatedAt = derived.Value, facts.Now
			}
			i.RecoveryAddresses = append(i.RecoveryAddresses, kept)
			continue
		}
		i.RecoveryAddresses = append(i.RecoveryAddresses, RecoveryAddress{
			ID: facts.NewID(fresh), Value: derived.Value, Via: derived.Via,
			CreatedAt: facts.Now, UpdatedAt: facts.Now,
		})
		fresh++
	}
}

// isSameAddress reports whether a stored address is the derived one: the same mailbox or number, reached the same way. A
// stored value may have been written by an older rule. Then it is the value that messages were sent to, so its form of
// today is what was verified.
func isSameAddress(via, stored string, derived schema.Address) bool {
	if via != derived.Via {
		return false
	}
	if stored == derived.Value {
		return true
	}
	normal, err := schema.NormalizeAddress(via, stored)
	return err == nil && normal == derived.Value
}
