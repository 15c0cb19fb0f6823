package webauthn

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/idemkit/idem/credentials"
)

// storedKey is a key in the JSON of Kratos.
type storedKey struct {
	ID              octets        `json:"id"`
	PublicKey       octets        `json:"public_key"`
	AttestationType string        `json:"attestation_type,omitempty"`
	Authenticator   authenticator `json:"authenticator"`
	Transport       []string      `json:"transport,omitempty"`
	// Flags are absent in older data.
	Flags        *flags    `json:"flags,omitempty"`
	DisplayName  string    `json:"display_name,omitempty"`
	AddedAt      time.Time `json:"added_at,omitzero"`
	Passwordless bool      `json:"is_passwordless"`
}

type authenticator struct {
	AAGUID       octets `json:"aaguid"`
	SignCount    uint32 `json:"sign_count"`
	CloneWarning bool   `json:"clone_warning"`
}

type flags struct {
	UserPresent    bool `json:"user_present"`
	UserVerified   bool `json:"user_verified"`
	BackupEligible bool `json:"backup_eligible"`
	BackupState    bool `json:"backup_state"`
}

// octets are bytes: base64 in either alphabet, padded or not, or an array of numbers.
type octets []byte

// MarshalJSON implements [json.Marshaler].
func (o octets) MarshalJSON() ([]byte, error) {
	return json.Marshal(base64.StdEncoding.EncodeToString(o))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *octets) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '[' {
		var numbers []uint8
		var wide []uint16
		if err := json.Unmarshal(raw, &wide); err != nil {
			return err
		}
		for _, n := range wide {
			if n > 255 {
				return errors.New("a byte is above 255")
			}
			numbers = append(numbers, uint8(n))
		}
		*o = numbers
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	*o = decoded
	return err
}

// readKeys returns those of keys that can be read and that want asks for. One that cannot be read is
// passed over: it must not keep its owner from using another.
func readKeys(keys []credentials.Key, want func(storedKey) bool) []storedKey {
	var read []storedKey
	for _, k := range keys {
		var stored storedKey
		if json.Unmarshal(k.JSON, &stored) == nil && len(stored.ID) > 0 && want(stored) {
			read = append(read, stored)
		}
	}
	return read
}

// library returns the key as the library has it. assertion is what the key has answered;
// nil if it has not. Backup eligibility is taken from it where it is not known, and where
// it has become true since.
func (k storedKey) library(assertion *protocol.AuthenticatorFlags) webauthn.Credential {
	c := webauthn.Credential{
		ID: k.ID, PublicKey: k.PublicKey, AttestationType: k.AttestationType,
		Authenticator: webauthn.Authenticator{AAGUID: k.Authenticator.AAGUID, SignCount: k.Authenticator.SignCount},
	}
	if protocol.IsAttestationFormatString(k.AttestationType) { // older data has the format there
		c.AttestationFormat, c.AttestationType = k.AttestationType, ""
	}
	for _, t := range k.Transport {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	if k.Flags != nil {
		c.Flags.UserPresent, c.Flags.UserVerified = k.Flags.UserPresent, k.Flags.UserVerified
		c.Flags.BackupEligible, c.Flags.BackupState = k.Flags.BackupEligible, k.Flags.BackupState
	}
	if assertion != nil && (k.Flags == nil || !k.Flags.BackupEligible) {
		c.Flags.BackupEligible = assertion.HasBackupEligible()
	}
	return c
}

// newKey returns the JSON of a key that was registered.
func newKey(c *webauthn.Credential, displayName string, passkey bool, now time.Time) (json.RawMessage, error) {
	k := storedKey{
		ID: c.ID, PublicKey: c.PublicKey, AttestationType: c.AttestationType,
		Authenticator: authenticator{AAGUID: c.Authenticator.AAGUID, SignCount: c.Authenticator.SignCount},
		Flags: &flags{
			UserPresent: c.Flags.UserPresent, UserVerified: c.Flags.UserVerified,
			BackupEligible: c.Flags.BackupEligible, BackupState: c.Flags.BackupState,
		},
		DisplayName: displayName, AddedAt: now, Passwordless: passkey,
	}
	for _, t := range c.Transport {
		k.Transport = append(k.Transport, string(t))
	}
	return json.Marshal(k)
}

// usedKey returns the JSON of a stored key after it was used: its counter and flags are
// those of the assertion, and every other member is as it was.
func usedKey(raw json.RawMessage, count uint32, seen protocol.AuthenticatorFlags) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	var a map[string]json.RawMessage
	if members["authenticator"] != nil {
		if err := json.Unmarshal(members["authenticator"], &a); err != nil {
			return nil, err
		}
	}
	if a == nil {
		a = map[string]json.RawMessage{}
	}
	var err error
	if a["sign_count"], err = json.Marshal(count); err != nil {
		return nil, err
	}
	if members["authenticator"], err = json.Marshal(a); err != nil {
		return nil, err
	}
	members["flags"], err = json.Marshal(flags{
		UserPresent: seen.HasUserPresent(), UserVerified: seen.HasUserVerified(),
		BackupEligible: seen.HasBackupEligible(), BackupState: seen.HasBackupState(),
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(members)
}

// find returns the key with that id, as it is stored.
func find(keys []credentials.Key, id []byte) (credentials.Key, storedKey, bool) {
	for _, k := range keys {
		var stored storedKey
		if json.Unmarshal(k.JSON, &stored) == nil && slices.Equal(stored.ID, id) {
			return k, stored, true
		}
	}
	return credentials.Key{}, storedKey{}, false
}
