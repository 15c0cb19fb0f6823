package document

import (
	"encoding/json"
	"fmt"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
)

// record is the document as it is read.
type record struct {
	SchemaID       string                `json:"s"`
	Traits         jsontext.Value        `json:"t"`
	State          string                `json:"st"`
	StateChangedAt int64                 `json:"sa"`
	CreatedAt      int64                 `json:"ca"`
	UpdatedAt      int64                 `json:"ua"`
	ExternalID     string                `json:"x"`
	MetadataPublic jsontext.Value        `json:"mp"`
	MetadataAdmin  jsontext.Value        `json:"ma"`
	OrganizationID string                `json:"o"`
	Verifiable     []verifiableAddress   `json:"v"`
	Recovery       []recoveryAddress     `json:"r"`
	Credentials    map[string]credential `json:"c"`
}

type verifiableAddress struct {
	ID         string `json:"i"`
	Value      string `json:"v"`
	Via        string `json:"y"`
	Verified   bool   `json:"ok"`
	Status     string `json:"st"`
	VerifiedAt *int64 `json:"va"`
	CreatedAt  int64  `json:"ca"`
	UpdatedAt  int64  `json:"ua"`
}

type recoveryAddress struct {
	ID        string `json:"i"`
	Value     string `json:"v"`
	Via       string `json:"y"`
	CreatedAt int64  `json:"ca"`
	UpdatedAt int64  `json:"ua"`
}

// Decode returns the identity that document holds, with the given id and
// revision. It shares no memory with document. An error means that the document
// is damaged or was written by a newer release; it shows nothing of its content.
func Decode(id uuid.UUID, revision int64, document []byte) (*identity.Identity, error) {
	var r record
	if err := jsonv2.Unmarshal(document, &r); err != nil {
		return nil, fmt.Errorf("the stored document of identity %s cannot be read", id)
	}
	i := &identity.Identity{
		ID: id, Revision: revision, SchemaID: r.SchemaID, ExternalID: r.ExternalID,
		State: identity.StateActive, StateChangedAt: microseconds(r.StateChangedAt),
		Traits:         json.RawMessage(r.Traits),
		MetadataPublic: json.RawMessage(r.MetadataPublic), MetadataAdmin: json.RawMessage(r.MetadataAdmin),
		CreatedAt: microseconds(r.CreatedAt), UpdatedAt: microseconds(r.UpdatedAt),
	}
	if r.State != "" {
		i.State = identity.State(r.State)
	}
	if r.OrganizationID != "" {
		organization, err := uuid.Parse(r.OrganizationID)
		if err != nil {
			return nil, fmt.Errorf("the stored document of identity %s has a malformed organization id", id)
		}
		i.OrganizationID = uuid.NullUUID{UUID: organization, Valid: true}
	}
	if err := decodeAddresses(i, &r); err != nil {
		return nil, err
	}
	return i, decodeCredentials(i, r.Credentials)
}

func decodeAddresses(i *identity.Identity, r *record) error {
	for _, a := range r.Verifiable {
		address := identity.VerifiableAddress{
			Value: a.Value, Via: a.Via, Verified: a.Verified, Status: identity.AddressPending,
			CreatedAt: microseconds(a.CreatedAt), UpdatedAt: microseconds(a.UpdatedAt),
		}
		if err := address.ID.UnmarshalText([]byte(a.ID)); err != nil {
			return fmt.Errorf("the stored document of identity %s has a malformed address id", i.ID)
		}
		if a.Status != "" {
			address.Status = identity.AddressStatus(a.Status)
		}
		if a.VerifiedAt != nil {
			address.VerifiedAt = microseconds(*a.VerifiedAt)
		}
		i.VerifiableAddresses = append(i.VerifiableAddresses, address)
	}
	for _, a := range r.Recovery {
		address := identity.RecoveryAddress{
			Value: a.Value, Via: a.Via,
			CreatedAt: microseconds(a.CreatedAt), UpdatedAt: microseconds(a.UpdatedAt),
		}
		if err := address.ID.UnmarshalText([]byte(a.ID)); err != nil {
			return fmt.Errorf("the stored document of identity %s has a malformed address id", i.ID)
		}
		i.RecoveryAddresses = append(i.RecoveryAddresses, address)
	}
	return nil
}

func microseconds(n int64) time.Time { return time.UnixMicro(n).UTC() }
