package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/adminview"
	"github.com/idemkit/idem/violation"
)

// createBody is the body of a create.
type createBody struct {
	SchemaID            string                  `json:"schema_id"`
	State               identity.State          `json:"state"`
	Traits              jsontext.Value          `json:"traits"`
	MetadataPublic      jsontext.Value          `json:"metadata_public"`
	MetadataAdmin       jsontext.Value          `json:"metadata_admin"`
	ExternalID          string                  `json:"external_id"`
	OrganizationID      *string                 `json:"organization_id"`
	Credentials         *adminview.Credentials  `json:"credentials"`
	VerifiableAddresses []verifiableAddressBody `json:"verifiable_addresses"`
	RecoveryAddresses   []recoveryAddressBody   `json:"recovery_addresses"`
}

type verifiableAddressBody struct {
	ID         adminview.Ignored      `json:"id"`
	Value      string                 `json:"value"`
	Via        string                 `json:"via"`
	Verified   bool                   `json:"verified"`
	Status     identity.AddressStatus `json:"status"`
	VerifiedAt *string                `json:"verified_at"`
	CreatedAt  adminview.Ignored      `json:"created_at"`
	UpdatedAt  adminview.Ignored      `json:"updated_at"`
}

type recoveryAddressBody struct {
	ID        adminview.Ignored `json:"id"`
	Value     string            `json:"value"`
	Via       string            `json:"via"`
	CreatedAt adminview.Ignored `json:"created_at"`
	UpdatedAt adminview.Ignored `json:"updated_at"`
}

func (h *Handler) createIdentity(w http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	var b createBody
	if err := h.readJSON(w, r, h.maxBody, &b); err != nil {
		return answer{}, err
	}
	c, err := b.toCreate()
	if err != nil {
		return answer{}, err
	}
	created, err := h.manager.CreateIdentity(r.Context(), c)
	if err != nil {
		return answer{}, err
	}
	a := h.identityAnswer(http.StatusCreated, h.view, created)
	a.location = h.view.BaseURL + "/admin/identities/" + created.ID.String()
	return a, nil
}

func (b createBody) toCreate() (identity.Create, error) {
	c := identity.Create{
		SchemaID:       b.SchemaID,
		State:          b.State,
		Traits:         json.RawMessage(b.Traits),
		MetadataPublic: json.RawMessage(b.MetadataPublic),
		MetadataAdmin:  json.RawMessage(b.MetadataAdmin),
		ExternalID:     b.ExternalID,
	}
	if b.OrganizationID != nil {
		id, ok := parseID(*b.OrganizationID)
		if !ok {
			return c, invalidBody(violation.Violation{Pointer: "/organization_id", Keyword: "format", Message: "must be a UUID or null"})
		}
		c.OrganizationID = uuid.NullUUID{UUID: id, Valid: true}
	}
	for n, a := range b.VerifiableAddresses {
		verifiedAt, err := adminview.ParseTime(fmt.Sprintf("/verifiable_addresses/%d/verified_at", n), a.VerifiedAt)
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
	imported, err := b.Credentials.Import()
	c.Credentials = imported
	return c, err
}
