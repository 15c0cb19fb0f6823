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

// reconcileIdentifiers gives the credential t the identifiers that the traits give
// now. One that has no identifiers left and no config of its own is gone.
func reconcileIdentifiers(set credentials.Set, t credentials.Type, facts Facts) {
	current, exists := set[t]
	next := current
	next.Identifiers = derivedIdentifiers(facts.Derived, t)
	if t == credentials.TypeCode {
		next.Config = credentials.Config{Addresses: codeAddresses(facts.Derived)}
	}
	if len(next.Identifiers) == 0 && next.Config.IsZero() {
		delete(set, t)
		return
	}
	switch {
	case !exists:
		next.Type, next.Version, next.CreatedAt, next.UpdatedAt = t, t.Version(), facts.Now, facts.Now
	case !slices.Equal(current.Identifiers, next.Identifiers) || !current.Config.Equal(next.Config):
		next.UpdatedAt = facts.Now
	}
	set[t] = next
}

func derivedIdentifiers(derived *schema.Derived, t credentials.Type) []string {
	var identifiers []string
	for _, identifier := range derived.Identifiers {
		if identifier.Type == string(t) {
			identifiers = append(identifiers, identifier.Value)
		}
	}
	return identifiers
}

func codeAddresses(derived *schema.Derived) []credentials.CodeAddress {
	var addresses []credentials.CodeAddress
	for _, a := range derived.CodeAddresses {
		addresses = append(addresses, credentials.CodeAddress{Channel: a.Via, Address: a.Value})
	}
	return addresses
}

// reconcileAddresses makes the addresses exactly those that the traits give. One
// that was there keeps its id, its times and whether it is verified.
func (i *Identity) reconcileAddresses(facts Facts) {
	verifiable, recovery := i.VerifiableAddresses, i.RecoveryAddresses
	i.VerifiableAddresses, i.RecoveryAddresses = nil, nil
	fresh := 0
	for _, derived := range facts.Derived.Verifiable {
		at := slices.IndexFunc(verifiable, func(a VerifiableAddress) bool { return a.Via == derived.Via && a.Value == derived.Value })
		if at >= 0 {
			i.VerifiableAddresses = append(i.VerifiableAddresses, verifiable[at])
			continue
		}
		i.VerifiableAddresses = append(i.VerifiableAddresses, VerifiableAddress{
			ID: facts.NewID(fresh), Value: derived.Value, Via: derived.Via, Status: AddressPending,
			CreatedAt: facts.Now, UpdatedAt: facts.Now,
		})
		fresh++
	}
	for _, derived := range facts.Derived.Recovery {
		at := slices.IndexFunc(recovery, func(a RecoveryAddress) bool { return a.Via == derived.Via && a.Value == derived.Value })
		if at >= 0 {
			i.RecoveryAddresses = append(i.RecoveryAddresses, recovery[at])
			continue
		}
		i.RecoveryAddresses = append(i.RecoveryAddresses, RecoveryAddress{
			ID: facts.NewID(fresh), Value: derived.Value, Via: derived.Via,
			CreatedAt: facts.Now, UpdatedAt: facts.Now,
		})
		fresh++
	}
}
