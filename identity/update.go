package identity

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/schema"
)

// Update replaces all fields that an administrator may set on an identity. The
// comment of each field says whether its zero value keeps, clears or empties it.
type Update struct {
	// SchemaID is the schema that Traits conform to. Empty keeps the current one.
	SchemaID string
	// State is the new state. Empty keeps the current one.
	State State
	// Traits is the full new JSON object of traits. Empty means {}.
	Traits json.RawMessage
	// MetadataPublic is any JSON value. Empty clears it.
	MetadataPublic json.RawMessage
	// MetadataAdmin is any JSON value. Empty clears it.
	MetadataAdmin json.RawMessage
	// ExternalID is the application's own name for the identity. Empty clears it.
	ExternalID string
	// Credentials are merged into the existing ones. Nil keeps the existing ones unchanged.
	Credentials *credentials.Import
}

// Facts holds the inputs that a rule needs and must not fetch itself. The same facts
// applied to the same identity give the same result.
type Facts struct {
	// Now is the time of the change.
	Now time.Time
	// NewID returns the n-th id for a new address, counted from 0. It always returns
	// the same id for the same n.
	NewID func(n int) uuid.UUID
	// SchemaID is the schema that accepted the traits.
	SchemaID string
	// Derived is what the schema derived from the traits. It must not be nil.
	Derived *schema.Derived
	// Credentials are the checked and hashed credentials to merge. Nil keeps
	// the existing ones.
	Credentials *credentials.Prepared
}

// Check reports every field that is invalid under any schema: the state, the metadata and the external id. The error is a
// [*violation.Error] with all of them. Check does not check traits or credentials: the schema checks traits, and
// [credentials.Import.Prepare] checks credentials.
func (u Update) Check() error {
	return checkFields(u.State, u.ExternalID, u.MetadataPublic, u.MetadataAdmin)
}

// Apply returns current with u applied. It does not change current; the result may
// share memory with current and with u. If nothing changes, the result equals current,
// UpdatedAt included. Otherwise UpdatedAt is the time of the change.
//
// u must have passed [Update.Check].
func (u Update) Apply(current *Identity, facts Facts) *Identity {
	facts.Now = current.notBefore(facts.Now)
	derivesOther := current.derivesOther(facts.Derived)
	if derivesOther && facts.SchemaID == current.SchemaID && u.KeepsTraits(current) {
		facts.Derived = current.Derived() // the schema or the rules have changed, which is for Rederive to bring about
	}
	next := *current
	next.setState(u.State, facts.Now)
	next.SchemaID = facts.SchemaID
	next.Traits = trim(facts.Derived.Traits)
	next.ExternalID = u.ExternalID
	next.MetadataPublic, next.MetadataAdmin = metadata(u.MetadataPublic), metadata(u.MetadataAdmin)
	if derivesOther || facts.Credentials != nil {
		next.mergeCredentials(facts)
		next.reconcileAddresses(facts)
	}
	if !next.Equal(current) {
		next.UpdatedAt = facts.Now
	}
	return &next
}

// KeepsTraits reports whether u keeps the traits and the schema of current. Traits are compared by JSON value: white
// space, the order of members and the spelling of numbers make no difference. Kept traits are not validated again, and
// nothing is derived from them again. So an update of other fields succeeds even if the schema has changed since.
func (u Update) KeepsTraits(current *Identity) bool {
	if u.SchemaID != "" && u.SchemaID != current.SchemaID {
		return false
	}
	traits := trim(u.Traits)
	if traits == nil {
		traits = json.RawMessage("{}")
	}
	limits := strictjson.Limits{Depth: schema.MaxTraitsDepth, Values: schema.MaxTraitsValues, Pointer: schema.MaxTraitsPointer}
	return bytes.Equal(traits, current.Traits) || len(traits) <= schema.MaxTraitsBytes && strictjson.Equal(traits, current.Traits, limits)
}

// notBefore returns now, or the time of the last change where the clock was set back since: no time of an identity lies
// before an earlier one.
func (i *Identity) notBefore(now time.Time) time.Time {
	if now.Before(i.UpdatedAt) {
		return i.UpdatedAt
	}
	return now
}

func (i *Identity) setState(state State, now time.Time) {
	if state == "" || state == i.State {
		return
	}
	i.State, i.StateChangedAt = state, now
}

// metadata keeps one form of metadata that is unset, since null and absent are one.
func metadata(value json.RawMessage) json.RawMessage {
	if value = trim(value); isUnset(value) {
		return nil
	}
	return value
}

// trim removes the white space around a JSON value, which is no part of it. What
// is left of nothing is nil.
func trim(value json.RawMessage) json.RawMessage {
	value = bytes.Trim(value, " \t\r\n")
	if len(value) == 0 {
		return nil
	}
	return value
}
