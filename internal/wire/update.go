package wire

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/violation"
)

// updateBody is the body of an update. An answer may be sent back whole: the fields that an update does not set are
// ignored.
type updateBody struct {
	ID                  *string          `json:"id"`
	SchemaID            string           `json:"schema_id"`
	SchemaURL           ignored          `json:"schema_url"`
	State               identity.State   `json:"state"`
	StateChangedAt      ignored          `json:"state_changed_at"`
	Traits              jsontext.Value   `json:"traits"`
	MetadataPublic      jsontext.Value   `json:"metadata_public"`
	MetadataAdmin       jsontext.Value   `json:"metadata_admin"`
	Region              string           `json:"region"`
	ExternalID          string           `json:"external_id"`
	Credentials         *credentialsBody `json:"credentials"`
	VerifiableAddresses ignored          `json:"verifiable_addresses"`
	RecoveryAddresses   ignored          `json:"recovery_addresses"`
	CreatedAt           ignored          `json:"created_at"`
	UpdatedAt           ignored          `json:"updated_at"`
	OrganizationID      ignored          `json:"organization_id"`
}

// ReadUpdate reads the body of an update of the identity id, and refuses a body that names another id. The result shares
// no memory with body. The error is a [*violation.Error].
func ReadUpdate(body []byte, id uuid.UUID) (identity.Update, error) {
	var b updateBody
	if err := decode(body, &b); err != nil {
		return identity.Update{}, err
	}
	if b.ID != nil {
		if given, ok := ParseID(*b.ID); !ok || given != id {
			return identity.Update{}, violation.New("/id", "const", "must be the id in the path")
		}
	}
	if err := checkRegion(b.Region); err != nil {
		return identity.Update{}, err
	}
	imported, err := b.Credentials.toImport()
	return identity.Update{
		SchemaID:       b.SchemaID,
		State:          b.State,
		Traits:         json.RawMessage(b.Traits),
		MetadataPublic: json.RawMessage(b.MetadataPublic),
		MetadataAdmin:  json.RawMessage(b.MetadataAdmin),
		ExternalID:     b.ExternalID,
		Credentials:    imported,
	}, err
}

// ParseID reads an id: 36 characters with dashes or 32 without, in either case.
func ParseID(s string) (id uuid.UUID, ok bool) {
	if len(s) != 36 && len(s) != 32 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return uuid.Nil, false
	}
	return id, true
}
