package identity

import (
	"time"

	"github.com/google/uuid"
)

// The channels through which an address is reached.
const (
	ViaEmail = "email"
	ViaSMS   = "sms"
)

// AddressStatus tells how far the verification of an address has come.
type AddressStatus string

const (
	// AddressPending is the status of an address that no message was sent to.
	AddressPending AddressStatus = "pending"
	// AddressSent is the status of an address that a verification message was sent to.
	AddressSent AddressStatus = "sent"
	// AddressCompleted is the status of an address that was verified.
	AddressCompleted AddressStatus = "completed"
)

// IsKnown reports whether s is one of the statuses above.
func (s AddressStatus) IsKnown() bool {
	return s == AddressPending || s == AddressSent || s == AddressCompleted
}

// VerifiableAddress is an address that can be proven to belong to its identity.
// (Via, Value) is unique over the verifiable addresses of all identities.
type VerifiableAddress struct {
	ID uuid.UUID `json:"id"`
	// Value is normalised: an email in lower case, a phone number as E.164.
	Value    string `json:"value"`
	Verified bool   `json:"verified"`
	// Via is "email" or "sms".
	Via    string        `json:"via"`
	Status AddressStatus `json:"status"`
	// VerifiedAt is zero while Verified is false.
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// Equal reports whether a and o have the same content.
func (a VerifiableAddress) Equal(o VerifiableAddress) bool {
	return a.ID == o.ID && a.Value == o.Value && a.Via == o.Via && a.Verified == o.Verified && a.Status == o.Status &&
		a.VerifiedAt.Equal(o.VerifiedAt) && a.CreatedAt.Equal(o.CreatedAt) && a.UpdatedAt.Equal(o.UpdatedAt)
}

// RecoveryAddress is an address that a lost account can be recovered through.
// (Via, Value) is unique over the recovery addresses of all identities.
type RecoveryAddress struct {
	ID uuid.UUID `json:"id"`
	// Value is normalised: an email in lower case, a phone number as E.164.
	Value string `json:"value"`
	// Via is "email" or "sms".
	Via       string    `json:"via"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Equal reports whether a and o have the same content.
func (a RecoveryAddress) Equal(o RecoveryAddress) bool {
	return a.ID == o.ID && a.Value == o.Value && a.Via == o.Via &&
		a.CreatedAt.Equal(o.CreatedAt) && a.UpdatedAt.Equal(o.UpdatedAt)
}
