package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/adminview"
	"github.com/idemkit/idem/violation"
)

// updateBody is the body of an update. What an identity is answered with may be
// sent back whole: the fields that an update does not set are ignored.
type updateBody struct {
	ID                  *string                `json:"id"`
	SchemaID            string                 `json:"schema_id"`
	SchemaURL           adminview.Ignored      `json:"schema_url"`
	State               identity.State         `json:"state"`
	StateChangedAt      adminview.Ignored      `json:"state_changed_at"`
	Traits              jsontext.Value         `json:"traits"`
	MetadataPublic      jsontext.Value         `json:"metadata_public"`
	MetadataAdmin       jsontext.Value         `json:"metadata_admin"`
	ExternalID          string                 `json:"external_id"`
	Credentials         *adminview.Credentials `json:"credentials"`
	VerifiableAddresses adminview.Ignored      `json:"verifiable_addresses"`
	RecoveryAddresses   adminview.Ignored      `json:"recovery_addresses"`
	CreatedAt           adminview.Ignored      `json:"created_at"`
	UpdatedAt           adminview.Ignored      `json:"updated_at"`
	OrganizationID      adminview.Ignored      `json:"organization_id"`
}

func (h *Handler) updateIdentity(w http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	var b updateBody
	if err := h.readJSON(w, r, h.maxBody, &b); err != nil {
		return answer{}, err
	}
	// No identity has the nil id, which is what a malformed one stands for: a bad
	// body is refused as such even where there is no identity.
	id, _ := parseID(params[0])
	if b.ID != nil {
		if given, ok := parseID(*b.ID); !ok || given != id {
			return answer{}, invalidBody(violation.Violation{Pointer: "/id", Keyword: "const", Message: "must be the id in the path"})
		}
	}
	imported, err := b.Credentials.Import()
	if err != nil {
		return answer{}, err
	}
	conditions, err := readConditions(r, id)
	if err != nil {
		return answer{}, err
	}
	updated, err := h.manager.UpdateIdentity(r.Context(), id, identity.Update{
		SchemaID:       b.SchemaID,
		State:          b.State,
		Traits:         json.RawMessage(b.Traits),
		MetadataPublic: json.RawMessage(b.MetadataPublic),
		MetadataAdmin:  json.RawMessage(b.MetadataAdmin),
		ExternalID:     b.ExternalID,
		Credentials:    imported,
	}, conditions.preconditions()...)
	if err != nil {
		return answer{}, err
	}
	return h.identityAnswer(http.StatusOK, h.view, updated), nil
}

// parseID reads an id as a path may write it: with dashes or without, in either case.
func parseID(s string) (id uuid.UUID, ok bool) {
	if len(s) != 36 && len(s) != 32 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return uuid.Nil, false
	}
	return id, true
}
