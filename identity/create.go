package identity

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// Create is a new identity as an administrator describes it.
type Create struct {
	// SchemaID is the schema that Traits conform to. Empty means the default one.
	SchemaID string
	// State is the state to begin in. Empty means active.
	State State
	// Traits is the JSON object of traits. Empty means {}.
	Traits json.RawMessage
	// MetadataPublic is any JSON value. Empty means null.
	MetadataPublic json.RawMessage
	// MetadataAdmin is any JSON value. Empty means null.
	MetadataAdmin json.RawMessage
	// ExternalID is the application's own name for the identity. Empty means none.
	ExternalID string
	// OrganizationID is the organization the identity belongs to, if any.
	OrganizationID uuid.NullUUID
	// Credentials are the credentials to import. Nil means none.
	Credentials *credentials.Import
	// VerifiableAddresses sets which addresses from the traits are already
	// verified. An address that is not in the traits is dropped. At most
	// [MaxCreateAddresses].
	VerifiableAddresses []CreateVerifiableAddress
	// RecoveryAddresses are accepted so that an exported identity can be imported
	// unchanged. The recovery addresses of the new identity come from the traits
	// alone. At most [MaxCreateAddresses].
	RecoveryAddresses []CreateRecoveryAddress
}

// CreateVerifiableAddress is the verification of one address in a [Create].
type CreateVerifiableAddress struct {
	// Value is the address; it is normalised before it is compared.
	Value string
	// Via is "email" or "sms". Empty means "email".
	Via string
	// Verified tells whether the address is verified.
	Verified bool
	// Status is the address's status. Empty means completed for a verified
	// address and pending for another. A status that does not agree with Verified
	// is stored as given: other systems set the two one by one, and what they
	// export must not be refused. A patch can correct it.
	Status AddressStatus
	// VerifiedAt is when it was verified. Zero means now; it is ignored unless
	// Verified is set.
	VerifiedAt time.Time
}

// CreateRecoveryAddress is one recovery address in a [Create].
type CreateRecoveryAddress struct {
	// Value is the address.
	Value string
	// Via is "email" or "sms". Empty means "email".
	Via string
}

// MaxCreateAddresses is the largest number of verifiable addresses in a [Create], and of
// recovery addresses.
const MaxCreateAddresses = 1000

// Check reports every field that is invalid under any schema. The error is a [*violation.Error] with all of them. Check
// does not check traits or credentials: the schema checks traits, and [credentials.Import.Prepare] checks credentials.
func (c Create) Check() error {
	errs := []error{checkFields(c.State, c.ExternalID, c.MetadataPublic, c.MetadataAdmin)}
	// Too many are not looked at one by one: what can be wrong with each would add up.
	verifiable, recovery := c.VerifiableAddresses, c.RecoveryAddresses
	if len(verifiable) > MaxCreateAddresses {
		errs, verifiable = append(errs, tooManyAddresses("/verifiable_addresses")), nil
	}
	if len(recovery) > MaxCreateAddresses {
		errs, recovery = append(errs, tooManyAddresses("/recovery_addresses")), nil
	}
	for n, a := range verifiable {
		field := fmt.Sprintf("/verifiable_addresses/%d", n)
		errs = append(errs, checkAddress(field, a.Value, a.Via), checkStatus(field+"/status", a.Status))
	}
	for n, a := range recovery {
		errs = append(errs, checkAddress(fmt.Sprintf("/recovery_addresses/%d", n), a.Value, a.Via))
	}
	return violation.Join(errs...)
}

func tooManyAddresses(field string) error {
	return violation.New(field, "maxItems", fmt.Sprintf("may have at most %d entries", MaxCreateAddresses))
}

func checkAddress(field, value, via string) error {
	var errs []error
	if strings.TrimSpace(value) == "" {
		errs = append(errs, violation.New(field+"/value", "minLength", "must not be empty"))
	}
	if via != "" && via != ViaEmail && via != ViaSMS {
		errs = append(errs, violation.New(field+"/via", "enum", `must be "email" or "sms"`))
	}
	return violation.Join(errs...)
}

func checkStatus(field string, status AddressStatus) error {
	if status == "" || status.IsKnown() {
		return nil
	}
	return violation.New(field, "enum", `must be "pending", "sent" or "completed"`)
}

// Apply returns the new identity with the given id. facts holds its other inputs.
//
// c must have passed [Create.Check].
func (c Create) Apply(id uuid.UUID, facts Facts) *Identity {
	state := c.State
	if state == "" {
		state = StateActive
	}
	created := &Identity{
		ID: id, SchemaID: facts.SchemaID, ExternalID: c.ExternalID,
		State: state, StateChangedAt: facts.Now,
		Traits:         trim(facts.Derived.Traits),
		MetadataPublic: metadata(c.MetadataPublic),
		MetadataAdmin:  metadata(c.MetadataAdmin),
		OrganizationID: c.OrganizationID,
		CreatedAt:      facts.Now, UpdatedAt: facts.Now,
	}
	created.mergeCredentials(facts)
	created.reconcileAddresses(facts)
	for _, given := range c.VerifiableAddresses {
		created.adoptVerification(given, facts.Now)
	}
	return created
}

// adoptVerification sets the verification of an address to that of given, if the traits
// have this address.
func (i *Identity) adoptVerification(given CreateVerifiableAddress, now time.Time) {
	via := given.Via
	if via == "" {
		via = ViaEmail
	}
	value, err := schema.NormalizeAddress(via, given.Value)
	if err != nil {
		return // no trait gives it
	}
	for n := range i.VerifiableAddresses {
		address := &i.VerifiableAddresses[n]
		if address.Via != via || address.Value != value {
			continue
		}
		address.Verified, address.Status, address.VerifiedAt = given.Verified, given.Status, time.Time{}
		if address.Status == "" {
			address.Status = AddressPending
			if given.Verified {
				address.Status = AddressCompleted
			}
		}
		if given.Verified {
			address.VerifiedAt = given.VerifiedAt
			if address.VerifiedAt.IsZero() {
				address.VerifiedAt = now
			}
		}
	}
}
