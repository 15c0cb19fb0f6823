package identity

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Format implements [fmt.Formatter]. Every verb prints only the id, the revision and
// the state. Traits are personal data and credentials are secret: a stray %+v must
// not put either into a log.
func (i Identity) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "identity(%s revision %d %s)", i.ID, i.Revision, string(i.State))
}

// LogValue implements [slog.LogValuer] with the same three attributes as Format.
func (i Identity) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", i.ID.String()),
		slog.Int64("revision", i.Revision),
		slog.String("state", string(i.State)))
}

// Format implements [fmt.Formatter]: traits and metadata are not printed.
func (c Create) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "identity.Create(schema %q)", c.SchemaID) }

// LogValue implements [slog.LogValuer].
func (c Create) LogValue() slog.Value {
	return slog.GroupValue(slog.String("schema_id", c.SchemaID), slog.String("state", string(c.State)))
}

// Format implements [fmt.Formatter]: traits and metadata are not printed.
func (u Update) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "identity.Update(schema %q)", u.SchemaID) }

// LogValue implements [slog.LogValuer].
func (u Update) LogValue() slog.Value {
	return slog.GroupValue(slog.String("schema_id", u.SchemaID), slog.String("state", string(u.State)))
}

// MarshalJSON returns what the identity itself may see: everything except its
// credentials and its admin metadata. Field names and order are those of the wire
// contract. It leaves out schema_url, which only a server knows.
func (i Identity) MarshalJSON() ([]byte, error) {
	return json.Marshal(ownView{
		ID: i.ID, ExternalID: i.ExternalID, SchemaID: i.SchemaID,
		State: i.State, StateChangedAt: i.StateChangedAt, Traits: i.Traits,
		VerifiableAddresses: i.VerifiableAddresses, RecoveryAddresses: i.RecoveryAddresses,
		MetadataPublic: i.MetadataPublic,
		CreatedAt:      i.CreatedAt, UpdatedAt: i.UpdatedAt, OrganizationID: i.OrganizationID,
	})
}

type ownView struct {
	ID                  uuid.UUID           `json:"id"`
	ExternalID          string              `json:"external_id,omitempty"`
	SchemaID            string              `json:"schema_id"`
	State               State               `json:"state"`
	StateChangedAt      time.Time           `json:"state_changed_at"`
	Traits              json.RawMessage     `json:"traits"`
	VerifiableAddresses []VerifiableAddress `json:"verifiable_addresses,omitempty"`
	RecoveryAddresses   []RecoveryAddress   `json:"recovery_addresses,omitempty"`
	MetadataPublic      json.RawMessage     `json:"metadata_public"`
	CreatedAt           time.Time           `json:"created_at"`
	UpdatedAt           time.Time           `json:"updated_at"`
	OrganizationID      uuid.NullUUID       `json:"organization_id"`
}
