package wire

import (
	"encoding/json"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/violation"
)

// createBody is the body of a create.
type createBody struct {
	SchemaID            string                  `json:"schema_id"`
	State               identity.State          `json:"state"`
	Traits              jsontext.Value          `json:"traits"`
	MetadataPublic      jsontext.Value          `json:"metadata_public"`
	MetadataAdmin       jsontext.Value          `json:"metadata_admin"`
	Region              string                  `json:"region"`
	ExternalID          string                  `json:"external_id"`
	OrganizationID      *string                 `json:"organization_id"`
	Credentials         *credentialsBody        `json:"credentials"`
	VerifiableAddresses []verifiableAddressBody `json:"verifiable_addresses"`
	RecoveryAddresses   []recoveryAddressBody   `json:"recovery_addresses"`
}

type verifiableAddressBody struct {
	ID         ignored                `json:"id"`
	Value      string                 `json:"value"`
	Via        string                 `json:"via"`
	Verified   bool                   `json:"verified"`
	Status     identity.AddressStatus `json:"status"`
	VerifiedAt *string                `json:"verified_at"`
	CreatedAt  ignored                `json:"created_at"`
	UpdatedAt  ignored                `json:"updated_at"`
}

type recoveryAddressBody struct {
	ID        ignored `json:"id"`
	Value     string  `json:"value"`
	Via       string  `json:"via"`
	CreatedAt ignored `json:"created_at"`
	UpdatedAt ignored `json:"updated_at"`
}

// ReadCreate reads the body of a create. The result shares no memory with body. The error is a [*violation.Error].
func ReadCreate(body []byte) (identity.Create, error) {
	var b createBody
	if err := decode(body, &b); err != nil {
		return identity.Create{}, err
	}
	c := identity.Create{
		SchemaID:       b.SchemaID,
		State:          b.State,
		Traits:         json.RawMessage(b.Traits),
		MetadataPublic: json.RawMessage(b.MetadataPublic),
		MetadataAdmin:  json.RawMessage(b.MetadataAdmin),
		ExternalID:     b.ExternalID,
	}
	if b.OrganizationID != nil {
		id, ok := ParseID(*b.OrganizationID)
		if !ok {
			return c, violation.New("/organization_id", "format", "must be a UUID or null")
		}
		c.OrganizationID = uuid.NullUUID{UUID: id, Valid: true}
	}
	for n, a := range b.VerifiableAddresses {
		verifiedAt, err := parseTime(fmt.Sprintf("/verifiable_addresses/%d/verified_at", n), a.VerifiedAt)
		if err != nil {
			return c, err
		}
		c.VerifiableAddresses = append(c.VerifiableAddresses, identity.CreateVerifiableAddress{
			Value: a.Value, Via: a.Via, Verified: a.Verified, Status: a.Status, VerifiedAt: verifiedAt,
		})
	}
	for _, a := range b.RecoveryAddresses {
		c.RecoveryAddresses = append(c.RecoveryAddresses, identity.CreateRecoveryAddress{Value: a.Value, Via: a.Via})
	}
	if err := checkRegion(b.Region); err != nil {
		return identity.Create{}, err
	}
	if err := b.Credentials.requireConfigs(); err != nil {
		return c, err
	}
	imported, err := b.Credentials.toImport()
	c.Credentials = imported
	return c, err
}
