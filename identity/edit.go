package identity

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// Edit is a change to any fields of an identity at once: a full [Update], and the fields that an Update does not set.
// [NewEdit] returns one that changes nothing.
type Edit struct {
	// Update holds the new value of every field. A field that the patch does not change has the identity's current value.
	Update
	// OrganizationID replaces the organization.
	OrganizationID uuid.NullUUID
	// Replaced are the types of credentials whose imported config replaces the current one. For other types the imported
	// config is added to the current one.
	Replaced []credentials.Type
	// Removed are the types of credentials to remove, even if the identity cannot sign in without them.
	// Identifiers that come from traits stay.
	Removed []credentials.Type
	// EndSignIns ends the sign-ins of the identity even if [EndsSignIns] returns false. The Manager ends them; Apply
	// ignores the field.
	EndSignIns bool
	// LookupCodeUsed is the stored text of a recovery code that was used at the time of the change. Empty means none.
	LookupCodeUsed string
	// Verifications are the changes to addresses, by the id of the address.
	Verifications map[uuid.UUID]Verification
	// Identifiers are the identifiers that a patch gives for credentials. They must equal the identifiers that the
	// credentials have after the change.
	Identifiers map[credentials.Type][]string
	// Verifiable and Recovery are the elements of the two lists of addresses that a patch changed.
	Verifiable, Recovery AddressEdits
}

// Verification is a change to whether an address is verified. A nil field is kept.
type Verification struct {
	Verified *bool
	Status   *AddressStatus
}

// NewEdit returns an edit that changes nothing about current. The caller then sets the
// fields to change. The edit shares no memory with current.
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

// AddressEdits are the changes to a list of addresses.
type AddressEdits struct {
	// Elements are the changed elements.
	Elements []AddressEdit
	// Dropped are the ids of addresses that the patch removed from the list.
	Dropped []uuid.UUID
	// Kept are the ids of addresses whose elements the patch left under their values.
	Kept []uuid.UUID
}

// AddressEdit is a changed element of a list of addresses. Addresses come from the traits, so the element must belong to
// one of those: to the address that Value names, or else to the address with the id ID.
type AddressEdit struct {
	// Pointer is where the element is in the patched identity, such as "/verifiable_addresses/0".
	Pointer string
	// ID is the id of the address that the element was before the patch. [uuid.Nil] means none.
	ID uuid.UUID
	// Value and Via are the values in the patch. Empty means that the patch does not change it.
	Value, Via string
	// Verified, Status and VerifiedAt are the values in the patch, for a verifiable address. Nil means that the patch does
	// not change it. A VerifiedAt that is zero means that the patch takes the time away.
	Verified   *bool
	Status     *AddressStatus
	VerifiedAt *time.Time
	// Whole reports that the patch replaced the whole element. Then a value that equals the address's own value counts as
	// not changed.
	Whole bool
}

// Check is [Update.Check] for an edit.
func (e Edit) Check() error { return e.Update.Check() }

// CheckChanges is [Update.Check] for the fields of current that e changes. Stored values that stay are not checked again.
func (e Edit) CheckChanges(current *Identity) error {
	changed := e.Update
	if changed.ExternalID == current.ExternalID {
		changed.ExternalID = ""
	}
	if bytes.Equal(changed.MetadataPublic, current.MetadataPublic) {
		changed.MetadataPublic = nil
	}
	if bytes.Equal(changed.MetadataAdmin, current.MetadataAdmin) {
		changed.MetadataAdmin = nil
	}
	return changed.Check()
}

// Apply returns current with e applied. It does not change current; the result may share memory with it. If nothing
// changes, UpdatedAt stays the same.
//
// The error is a [*violation.Error]. It names each value in the patch that does not agree with the traits or the
// credentials. e must have passed [Edit.Check].
func (e Edit) Apply(current *Identity, facts Facts) (*Identity, error) {
	facts.Now = current.notBefore(facts.Now)
	base := *current
	if len(e.Replaced) > 0 || len(e.Removed) > 0 || e.LookupCodeUsed != "" {
		base.Credentials = maps.Clone(base.Credentials)
	}
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
	e.keepUnchanged(next, current)
	if len(e.Verifications) > 0 {
		next.VerifiableAddresses = slices.Clone(next.VerifiableAddresses) // current's, if the traits give the same
	}
	for n := range next.VerifiableAddresses {
		address := &next.VerifiableAddresses[n]
		if v, changed := e.Verifications[address.ID]; changed {
			v.apply(address, facts.Now)
		}
	}
	err := violation.Join(e.checkIdentifiers(next), e.Verifiable.apply(next, facts.Now), e.Recovery.checkRecovery(next))
	if err != nil {
		return nil, err
	}
	next.UpdatedAt = current.UpdatedAt
	if !next.Equal(current) {
		next.UpdatedAt = facts.Now
	}
	return next, nil
}

// keepUnchanged gives next, whose map is its own, the replaced credentials of current that came out the same.
func (e Edit) keepUnchanged(next, current *Identity) {
	for _, t := range e.Replaced {
		was, existed := current.Credentials[t]
		same := next.Credentials[t]
		same.UpdatedAt = was.UpdatedAt
		if existed && same.Equal(was) {
			next.Credentials[t] = was
		}
	}
}

func (e Edit) checkIdentifiers(next *Identity) error {
	var errs []error
	for _, t := range slices.Sorted(maps.Keys(e.Identifiers)) {
		named := slices.Sorted(slices.Values(e.Identifiers[t]))
		if !slices.Equal(slices.Compact(named), next.Credentials[t].Identifiers) {
			errs = append(errs, violation.New("/credentials/"+string(t)+"/identifiers", "const",
				"must be left out, or be the identifiers that follow from the traits and the config"))
		}
	}
	return violation.Join(errs...)
}

// apply makes the changes to the verifiable addresses of next, whose list may be another identity's too.
func (e AddressEdits) apply(next *Identity, now time.Time) error {
	if len(e.Elements) == 0 && len(e.Dropped) == 0 {
		return nil
	}
	addresses := slices.Clone(next.VerifiableAddresses)
	edited := make([]address, len(addresses))
	for n, a := range addresses {
		edited[n] = address{a.ID, a.Value, a.Via}
	}
	err := e.match("/verifiable_addresses", edited, func(edit AddressEdit, n int) error { return edit.verify(&addresses[n], now) })
	next.VerifiableAddresses = addresses
	return err
}

func (e AddressEdits) checkRecovery(next *Identity) error {
	if len(e.Elements) == 0 && len(e.Dropped) == 0 {
		return nil
	}
	edited := make([]address, len(next.RecoveryAddresses))
	for n, a := range next.RecoveryAddresses {
		edited[n] = address{a.ID, a.Value, a.Via}
	}
	return e.match("/recovery_addresses", edited, func(AddressEdit, int) error { return nil })
}

// address is what tells addresses of one list apart.
type address struct {
	id         uuid.UUID
	value, via string
}

// match finds the address that each element belongs to and calls change with its position.
func (e AddressEdits) match(list string, addresses []address, change func(edit AddressEdit, n int) error) error {
	var errs []error
	taken := make([]bool, len(addresses))
	for _, edit := range e.Elements {
		n := edit.find(addresses)
		switch {
		case n < 0:
			errs = append(errs, violation.New(edit.Pointer+"/value", "const", "is not an address that the traits give; change the trait with it"))
			continue
		case edit.Via != "" && edit.Via != addresses[n].via:
			errs = append(errs, violation.New(edit.Pointer+"/via", "const", "follows from the traits and cannot be changed"))
		case taken[n], addresses[n].id != edit.ID && slices.Contains(e.Kept, addresses[n].id):
			errs = append(errs, violation.New(edit.Pointer+"/value", "uniqueItems", "is the address of another element"))
		default:
			errs = append(errs, change(edit, n))
		}
		taken[n] = true
	}
	for _, id := range e.Dropped {
		n := slices.IndexFunc(addresses, func(a address) bool { return a.id == id })
		if n >= 0 && !taken[n] {
			errs = append(errs, violation.New(list, "", "follow from the traits; a patch can neither add nor remove one"))
			break
		}
	}
	return violation.Join(errs...)
}

// find returns the position of the address that the element belongs to, -1 if there is none. Addresses of different kinds
// may have one value: then it is the one with the id of the element, or else with its via.
func (e AddressEdit) find(addresses []address) int {
	if e.Value == "" {
		return slices.IndexFunc(addresses, func(a address) bool { return a.id == e.ID })
	}
	normal := schema.Normalize(strings.TrimSpace(e.Value))
	found, best := -1, 0
	for n, a := range addresses {
		if a.value != e.Value && a.value != normal {
			continue
		}
		likeness := 1
		if a.via == e.Via {
			likeness = 2
		}
		if a.id == e.ID {
			likeness = 3
		}
		if likeness > best {
			found, best = n, likeness
		}
	}
	return found
}

// verify changes an address as the element says. Verified sets the status and the time that go with it, unless they are
// given too.
func (e AddressEdit) verify(a *VerifiableAddress, now time.Time) error {
	if e.Whole {
		e.leaveOut(*a)
	}
	next := *a
	if e.Verified != nil && *e.Verified != a.Verified {
		next.Verified, next.Status, next.VerifiedAt = *e.Verified, AddressPending, time.Time{}
		if next.Verified {
			next.Status, next.VerifiedAt = AddressCompleted, now
		}
	}
	if e.Status != nil {
		next.Status = *e.Status
	}
	taken := e.VerifiedAt != nil && e.VerifiedAt.IsZero()
	if e.VerifiedAt != nil && !taken {
		next.VerifiedAt = *e.VerifiedAt
	}
	switch {
	case e.Status != nil && next.Verified != (next.Status == AddressCompleted):
		return violation.New(e.Pointer+"/status", "", `contradicts verified: an address is verified exactly if its status is "completed"`)
	case taken && next.Verified && e.Verified == nil && !a.VerifiedAt.IsZero():
		return violation.New(e.Pointer+"/verified_at", "", "contradicts verified: an address that is verified has such a time; set verified to false")
	case e.VerifiedAt != nil && !taken && !next.Verified:
		return violation.New(e.Pointer+"/verified_at", "", "contradicts verified: an address that is not verified has no such time")
	}
	if !next.Equal(*a) {
		next.UpdatedAt = now
		*a = next
	}
	return nil
}

// leaveOut leaves out of an element what the address has.
func (e *AddressEdit) leaveOut(a VerifiableAddress) {
	if e.Verified != nil && *e.Verified == a.Verified {
		e.Verified = nil
	}
	if e.Status != nil && *e.Status == a.Status {
		e.Status = nil
	}
	if e.VerifiedAt != nil && e.VerifiedAt.Equal(a.VerifiedAt) {
		e.VerifiedAt = nil
	}
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
