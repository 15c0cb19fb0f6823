package identity

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
)

// Edit is what a patch of an identity comes to: a full update, and the few things
// that an update does not set.
type Edit struct {
	Update
	// OrganizationID replaces the organization.
	OrganizationID uuid.NullUUID
	// Replaced are the types of credentials whose imported config takes the place of
	// the current one, rather than being added to it.
	Replaced []credentials.Type
	// Verifications are the changes to addresses, by the id of the address.
	Verifications map[uuid.UUID]Verification
}

// Verification is a change to whether an address is verified. A nil field is kept.
type Verification struct {
	Verified *bool
	Status   *AddressStatus
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
