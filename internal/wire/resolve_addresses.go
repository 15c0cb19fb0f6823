package wire

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire/jsonpatch"
)

// addressBefore is what the patch must leave alone of an address.
type addressBefore struct {
	id                   uuid.UUID
	createdAt, updatedAt time.Time
	verifiedAt           time.Time // zero where there is none
}

func (r *resolution) verifiableAddresses(v jsonpatch.Value) {
	before := make([]addressBefore, len(r.current.VerifiableAddresses))
	for n, a := range r.current.VerifiableAddresses {
		before[n] = addressBefore{a.ID, a.CreatedAt, a.UpdatedAt, a.VerifiedAt}
	}
	r.edit.Verifiable = r.addresses("/verifiable_addresses", v, before, true)
}

func (r *resolution) recoveryAddresses(v jsonpatch.Value) {
	before := make([]addressBefore, len(r.current.RecoveryAddresses))
	for n, a := range r.current.RecoveryAddresses {
		before[n] = addressBefore{id: a.ID, createdAt: a.CreatedAt, updatedAt: a.UpdatedAt}
	}
	r.edit.Recovery = r.addresses("/recovery_addresses", v, before, false)
}

// addresses reads the changed elements of a list, and finds what the list lost.
func (r *resolution) addresses(pointer string, v jsonpatch.Value, before []addressBefore, verifiable bool) (edits identity.AddressEdits) {
	if v.Exists() && v.Kind() != '[' && v.Kind() != 'n' {
		r.fail(pointer, "type", "must be an array")
		return edits
	}
	has := map[uuid.UUID]bool{}
	for n, element := range v.Elements() {
		at := pointer + "/" + strconv.Itoa(n)
		was := r.addressOf(element, n, before)
		has[was.id] = true
		var edit identity.AddressEdit
		if element.Changed() {
			edit = r.address(at, element, was, verifiable)
			edits.Elements = append(edits.Elements, edit)
		}
		if was.id != uuid.Nil && edit.Value == "" {
			edits.Kept = append(edits.Kept, was.id)
		}
	}
	for _, a := range before {
		if !has[a.id] {
			edits.Dropped = append(edits.Dropped, a.id)
		}
	}
	return edits
}

// addressOf finds what an element was before the patch: by its id, or, where it has none, by its position.
func (r *resolution) addressOf(element jsonpatch.Value, n int, before []addressBefore) addressBefore {
	if named := element.Member("id"); named.Kind() == '"' {
		id, _ := readID(named) // the nil id is no address's
		for _, a := range before {
			if a.id == id {
				return a
			}
		}
		return addressBefore{}
	}
	if !element.Member("value").Exists() && n < len(before) {
		return before[n]
	}
	return addressBefore{}
}

// address reads a changed element.
func (r *resolution) address(at string, element jsonpatch.Value, was addressBefore, verifiable bool) identity.AddressEdit {
	edit := identity.AddressEdit{Pointer: at, ID: was.id, Whole: element.Made()}
	if element.Kind() != '{' {
		r.fail(at, "type", "must be an object")
		return edit
	}
	for name, v := range element.Members() {
		if !v.Changed() {
			continue
		}
		field := at + "/" + escapeToken(name)
		switch {
		case name == "id":
			if was.id == uuid.Nil {
				r.protected(field)
			}
		case name == "created_at" || name == "updated_at":
			expected := was.createdAt
			if name == "updated_at" {
				expected = was.updatedAt
			}
			r.keepsTime(field, v, expected)
		case name == "value":
			if edit.Value = r.text(field, v); edit.Value == "" {
				r.fail(field, "minLength", "must be an address that the traits give")
			}
		case name == "via":
			edit.Via = r.text(field, v)
		case verifiable && r.verification(name, field, v, &edit):
		default:
			r.fail(field, "additionalProperties", "is not a field of an address")
		}
	}
	if !edit.Whole {
		r.keepsMembers(at, element, verifiable)
		if !was.verifiedAt.IsZero() && !element.Member("verified_at").Exists() {
			edit.VerifiedAt = new(time.Time)
		}
	}
	return edit
}

// keepsMembers refuses the removal of a member that every address has: to ignore it would look as if it had been reset.
func (r *resolution) keepsMembers(at string, element jsonpatch.Value, verifiable bool) {
	members := []string{"id", "value", "via", "created_at", "updated_at"}
	if verifiable {
		members = append(members, "verified", "status")
	}
	for _, name := range members {
		if !element.Member(name).Exists() {
			r.fail(at+"/"+name, "required", "cannot be removed")
		}
	}
}

// verification reads a field of an element that tells whether its address is verified, if name is one.
func (r *resolution) verification(name, field string, v jsonpatch.Value, edit *identity.AddressEdit) bool {
	switch name {
	case "verified":
		if v.Kind() != 't' && v.Kind() != 'f' {
			r.fail(field, "type", "must be true or false")
			return true
		}
		verified := v.Kind() == 't'
		edit.Verified = &verified
	case "status":
		text, _ := v.String()
		status := identity.AddressStatus(text)
		if !status.IsKnown() {
			r.fail(field, "enum", `must be "pending", "sent" or "completed"`)
			return true
		}
		edit.Status = &status
	case "verified_at":
		if v.Kind() == 'n' {
			if !edit.Whole {
				edit.VerifiedAt = new(time.Time)
			}
			return true
		}
		text, ok := v.String()
		if !ok {
			r.fail(field, "type", "must be a date and time as RFC 3339 has it, or null")
			return true
		}
		t, err := parseTime(field, &text)
		if err != nil {
			r.errs = append(r.errs, err)
			return true
		}
		t = t.UTC().Truncate(time.Microsecond)
		edit.VerifiedAt = &t
	default:
		return false
	}
	return true
}
