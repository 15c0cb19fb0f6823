package identity

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
)

// Edit is a change to an identity by everything that can be changed at once: a full
// update, and the few things that an update does not set. [NewEdit] makes one that changes
// nothing.
type Edit struct {
	Update
	// OrganizationID replaces the organization.
	OrganizationID uuid.NullUUID
	// Replaced are the types of credentials whose imported config takes the place of
	// the current one, rather than being added to it.
	Replaced []credentials.Type
	// Removed are the types of credentials that the identity loses, whether or not it
	// could sign in without them. Identifiers that come from traits stay.
	Removed []credentials.Type
	// LookupCodeUsed is a recovery code that was used at the time of the change, as it
	// is stored. Empty means none.
	LookupCodeUsed string
	// Verifications are the changes to addresses, by the id of the address.
	Verifications map[uuid.UUID]Verification
}

// Verification is a change to whether an address is verified. A nil field is kept.
type Verification struct {
	Verified *bool
	Status   *AddressStatus
}

// NewEdit returns an edit that changes nothing about current, to be changed. It shares no
// memory with current.
func NewEdit(current *Identity) Edit {
	own := current.Clone()
	return Edit{
		Update: Update{
			SchemaID: own.SchemaID, State: own.State, Traits: own.Traits,
			MetadataPublic: own.MetadataPublic, MetadataAdmin: own.MetadataAdmin, ExternalID: own.ExternalID,
		},
		OrganizationID: own.OrganizationID,
	}
}

// Check is [Update.Check] for an edit.
func (e Edit) Check() error { return e.Update.Check() }

// Apply returns the identity that current becomes by e, given facts. It leaves
// current as it is, whose memory the result may share, and keeps UpdatedAt if nothing
// changes.
//
// e must have passed [Edit.Check].
func (e Edit) Apply(current *Identity, facts Facts) *Identity {
	base := *current
	base.Credentials = maps.Clone(base.Credentials)
	for _, t := range e.Replaced {
		if c, exists := base.Credentials[t]; exists {
			c.Config = credentials.Config{}
			base.Credentials[t] = c
		}
	}
	for _, t := range e.Removed {
		base.remove(t, facts.Now)
	}
	if e.LookupCodeUsed != "" {
		base.useLookupCode(e.LookupCodeUsed, facts.Now)
	}
	next := e.Update.Apply(&base, facts)
	next.OrganizationID = e.OrganizationID
	if len(e.Verifications) > 0 {
		next.VerifiableAddresses = slices.Clone(next.VerifiableAddresses) // current's, if the traits give the same
	}
	for n := range next.VerifiableAddresses {
		address := &next.VerifiableAddresses[n]
		if v, changed := e.Verifications[address.ID]; changed {
			v.apply(address, facts.Now)
		}
	}
	next.UpdatedAt = current.UpdatedAt
	if !next.Equal(current) {
		next.UpdatedAt = facts.Now
	}
	return next
}

// apply sets the status and the time that go with being verified, unless a status
// is given too.
func (v Verification) apply(address *VerifiableAddress, now time.Time) {
	if v.Verified != nil && *v.Verified != address.Verified {
		address.Verified = *v.Verified
		address.Status, address.VerifiedAt = AddressPending, time.Time{}
		if address.Verified {
			address.Status, address.VerifiedAt = AddressCompleted, now
		}
		address.UpdatedAt = now
	}
	if v.Status != nil && *v.Status != address.Status {
		address.Status = *v.Status
		address.UpdatedAt = now
	}
}

// remove takes the credential t from i, whose map is its own.
func (i *Identity) remove(t credentials.Type, now time.Time) {
	c, exists := i.Credentials[t]
	switch {
	case !exists || c.Config.IsZero() || t == credentials.TypeCode: // code has no secret
	case t.IdentifiersFromTraits() && len(c.Identifiers) > 0:
		c.Config, c.UpdatedAt = credentials.Config{}, now
		i.Credentials[t] = c
	default:
		delete(i.Credentials, t)
	}
}

// useLookupCode marks a recovery code of i, whose map is its own, as used.
func (i *Identity) useLookupCode(code string, now time.Time) {
	c := i.Credentials[credentials.TypeLookupSecret]
	at := slices.IndexFunc(c.Config.RecoveryCodes, func(kept credentials.RecoveryCode) bool {
		return kept.Code == code && kept.UsedAt.IsZero()
	})
	if at < 0 {
		return
	}
	c.Config.RecoveryCodes = slices.Clone(c.Config.RecoveryCodes)
	c.Config.RecoveryCodes[at].UsedAt = now
	c.UpdatedAt = now
	i.Credentials[credentials.TypeLookupSecret] = c
}
